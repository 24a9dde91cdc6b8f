//! Which calls the audit's stack hears: the `EventBridge` rules of its template,
//! written from what the Sigma rules can match.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};
use warden_core::threat::{Calls, Name, RuleSet};

/// Most characters of a pattern, by `EventBridge`'s default, with its ARNs filled in.
pub const MAX_PATTERN_CHARS: usize = 2_048;

/// An ARN of a role at its longest: 64 characters are a role's name.
const LONGEST_ROLE: &str =
    "arn:aws-us-gov:iam::111122223333:role/0123456789012345678901234567890123456789012345678901234567890123";

/// Calls that are recorded as data events, object by object, or as sign-ins.
/// The template's own patterns name them, with conditions of their own.
const HEARD_APART: [(&str, &str); 3] =
    [("s3.amazonaws.com", "UploadRule"), ("s3.amazonaws.com", "ObjectRule"), ("signin.amazonaws.com", "SignInRule")];

/// Calls on objects.
const OF_OBJECTS: [&str; 9] = [
    "PutObject",
    "PostObject",
    "POST Object",
    "CopyObject",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "PutObjectAcl",
    "DeleteObject",
    "DeleteObjects",
];

/// How a name begins that `CloudTrail` takes for a read, with the exceptions.
const READS: [&str; 4] = ["Get", "BatchGet", "List", "Describe"];
const NO_READS: [&str; 1] = ["GetFederationToken"];

/// What one or more `EventBridge` rules listen for.
struct Group {
    /// The name of the rule in the template.
    resource: &'static str,
    description: &'static str,
    services: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Calls that change something, whoever makes them.
    Writes,
    /// Calls that services make all day: of others alone.
    ByPeople(&'static [&'static str]),
    /// Calls that read, by people and from outside, if they are watched.
    Reads,
    /// One call that reads, by anybody but services, if reads are watched.
    ReadByAnybody(&'static str),
}

/// Services that one pattern names share its calls, so those of a group have
/// few names in common that only one of them is watched for.
const GROUPS: [Group; 12] = [
    Group {
        resource: "AuditTrailRule",
        description: "Starts the security audit when somebody turns off what watches or bounds the account.",
        services: &["cloudtrail", "config", "network-firewall", "organizations", "route53", "route53resolver", "wafv2"],
        kind: Kind::Writes,
    },
    Group {
        resource: "FindingRule",
        description: "Starts the security audit when somebody turns off what looks for attacks and weaknesses, or hides what it found.",
        services: &["access-analyzer", "guardduty", "inspector2", "macie2", "securityhub"],
        kind: Kind::Writes,
    },
    Group {
        resource: "AlarmRule",
        description: "Starts the security audit when somebody silences an alarm, a rule of EventBridge or a log, or opens a bus.",
        services: &["events", "logs", "monitoring"],
        kind: Kind::Writes,
    },
    Group {
        resource: "BedrockRule",
        description: "Starts the security audit when somebody changes Bedrock's logging, guardrails, models or who may use them.",
        services: &["bedrock"],
        kind: Kind::Writes,
    },
    Group {
        resource: "BucketRule",
        description: "Starts the security audit when somebody changes who may read a bucket, a file system or a warehouse, or what it keeps.",
        services: &[
            "elasticfilesystem",
            "es",
            "glacier",
            "glue",
            "kinesis",
            "ram",
            "redshift",
            "redshift-serverless",
            "s3",
            "s3-control",
            "s3tables",
            "s3vectors",
        ],
        kind: Kind::Writes,
    },
    Group {
        resource: "LaunchRule",
        description: "Starts the security audit when somebody, rather than a service, starts instances or copies a disk.",
        services: &["ec2"],
        kind: Kind::ByPeople(&[
            "CopySnapshot",
            "CreateFleet",
            "RequestSpotFleet",
            "RequestSpotInstances",
            "RunInstances",
        ]),
    },
    Group {
        resource: "KeyAndNetworkRule",
        description: "Starts the security audit when somebody opens a network, a key or a disk, or takes one away.",
        services: &["ec2", "ec2-instance-connect", "kms"],
        kind: Kind::Writes,
    },
    Group {
        resource: "ComputeRule",
        description: "Starts the security audit when somebody opens a function, replaces its code, or runs commands on machines.",
        services: &["codebuild", "ecr", "ecs", "eks", "lambda", "sagemaker", "ssm"],
        kind: Kind::Writes,
    },
    Group {
        resource: "DataStoreRule",
        description: "Starts the security audit when somebody opens or deletes a database, a backup, a secret, a queue or a domain.",
        services: &["backup", "dynamodb", "ecr-public", "rds", "route53domains", "secretsmanager", "sns", "sqs"],
        kind: Kind::Writes,
    },
    Group {
        resource: "IdentityRule",
        description: "Starts the security audit when somebody makes or widens an identity. IAM reports to us-east-1 alone.",
        services: &["account", "iam", "rolesanywhere", "sso", "sts"],
        kind: Kind::Writes,
    },
    Group {
        resource: "PasswordReadRule",
        description: "Starts the security audit when anybody but a service reads the administrator's password of an instance.",
        services: &["ec2"],
        kind: Kind::ReadByAnybody("GetPasswordData"),
    },
    Group {
        resource: "ReadRule",
        description: "Starts the security audit when a person, or somebody from outside, reads what opens more.",
        services: &["cloudtrail", "ec2", "guardduty", "iam", "secretsmanager", "servicequotas", "ses", "ssm"],
        kind: Kind::Reads,
    },
];

/// A call by service and name.
type Call = (String, Name);

/// The calls that rules name one by one, and the files of those that can match
/// calls which they do not name.
#[must_use]
pub fn named<'a>(rules: &[(&'a str, &[Calls])]) -> (BTreeSet<Call>, Vec<&'a str>) {
    let (mut calls, mut unnamed) = (BTreeSet::new(), Vec::new());
    for (file, alternatives) in rules {
        for alternative in *alternatives {
            let (Some(services), Some(names)) = (&alternative.services, &alternative.names) else {
                if !unnamed.contains(file) {
                    unnamed.push(*file);
                }
                continue;
            };
            for service in services {
                let (Name::Is(service) | Name::Begins(service)) = service;
                calls.extend(names.iter().map(|name| (service.clone(), name.clone())));
            }
        }
    }
    (calls, unnamed)
}

/// A resource of the template.
struct Resource {
    name: String,
    group: &'static Group,
    services: Vec<String>,
    names: Vec<Name>,
}

/// The `EventBridge` rules that hear what the program's rules can match, as they
/// stand in the template.
///
/// # Errors
/// Says which service belongs to no group, or which rule cannot be read.
pub fn resources() -> Result<String, String> {
    let rules = RuleSet::shipped();
    let rules = rules.calls().map_err(|error| error.to_string())?;
    let (mut calls, _) = named(&rules);
    calls.retain(|call| !heard_apart(call));

    let mut text = String::new();
    for group in &GROUPS {
        for resource in split(group, &mut calls) {
            text.push_str(&resource.yaml());
            text.push('\n');
        }
    }
    match calls.first() {
        None => Ok(text),
        Some((service, _)) => Err(format!("{service} belongs to no group of patterns")),
    }
}

/// The resources of a group, each with a pattern that is short enough.
fn split(group: &'static Group, calls: &mut BTreeSet<Call>) -> Vec<Resource> {
    let (own, others) = std::mem::take(calls).into_iter().partition(|call| group.is_of(call));
    *calls = others;

    let mut by_service: BTreeMap<String, Vec<Name>> = BTreeMap::new();
    for (service, name) in own {
        by_service.entry(service).or_default().push(name);
    }
    let mut resources: Vec<Resource> = Vec::new();
    for (service, names) in by_service {
        for name in names {
            let mut room = resources.pop().unwrap_or_else(|| group.resource(1));
            let mut fuller =
                Resource { names: room.names.clone(), services: room.services.clone(), name: room.name.clone(), group };
            fuller.add(&service, &name);
            if fuller.pattern().to_string().len() <= MAX_PATTERN_CHARS {
                resources.push(fuller);
            } else {
                let mut next = group.resource(resources.len() + 2);
                next.add(&service, &name);
                resources.push(std::mem::replace(&mut room, next));
                resources.push(room);
            }
        }
    }
    resources
}

fn heard_apart((service, name): &Call) -> bool {
    let Name::Is(name) = name else { return service == "signin.amazonaws.com" };
    service == "signin.amazonaws.com" || (service == "s3.amazonaws.com" && OF_OBJECTS.contains(&name.as_str()))
}

fn is_read(name: &Name) -> bool {
    let (Name::Is(name) | Name::Begins(name)) = name;
    READS.iter().any(|start| name.starts_with(start)) && !NO_READS.contains(&name.as_str())
}

impl Group {
    fn is_of(&self, (service, name): &Call) -> bool {
        let service = service.trim_end_matches(".amazonaws.com");
        self.services.contains(&service)
            && match self.kind {
                Kind::Writes => !is_read(name),
                Kind::Reads => is_read(name),
                Kind::ByPeople(calls) => calls.iter().any(|call| *name == Name::Is((*call).to_owned())),
                Kind::ReadByAnybody(call) => *name == Name::Is(call.to_owned()),
            }
    }

    fn resource(&'static self, number: usize) -> Resource {
        let number = if number == 1 { String::new() } else { number.to_string() };
        Resource { name: format!("{}{number}", self.resource), group: self, services: Vec::new(), names: Vec::new() }
    }
}

impl Resource {
    fn add(&mut self, service: &str, name: &Name) {
        if !self.services.iter().any(|known| known == service) {
            self.services.push(service.to_owned());
        }
        if !self.names.contains(name) {
            self.names.push(name.clone());
            self.names.sort();
        }
    }

    /// The pattern with everything filled in, at its longest.
    fn pattern(&self) -> Value {
        let names: Vec<Value> = self
            .names
            .iter()
            .map(|name| match name {
                Name::Is(name) => json!(name),
                Name::Begins(start) => json!({"prefix": start}),
            })
            .collect();
        let mut detail = json!({"eventSource": self.services, "eventName": names});
        let issuer = |test: Value| json!({"userIdentity": {"sessionContext": {"sessionIssuer": test}}});
        detail["$or"] = match self.group.kind {
            Kind::Writes | Kind::ByPeople(_) | Kind::ReadByAnybody(_) => json!([
                issuer(json!({"arn": [{"exists": false}]})),
                issuer(json!({"arn": [{"anything-but": [LONGEST_ROLE, LONGEST_ROLE]}]})),
            ]),
            Kind::Reads => json!([
                {"userIdentity": {"type": ["Root", "IAMUser", "FederatedUser", "SAMLUser", "IdentityCenterUser"]}},
                {"userIdentity": {"accountId": [{"anything-but": ["111122223333"]}]}},
                {"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": ["true"]}}}},
                {"sessionCredentialFromConsole": ["true"]},
                issuer(json!({"userName": [{"prefix": "AWSReservedSSO_"}]})),
                {"userIdentity": {"arn": [{"wildcard": "*:assumed-role/*/i-*"}]}},
            ]),
        };
        if self.group.kind != Kind::Writes {
            detail["userIdentity"] = json!({"invokedBy": [{"exists": false}]});
        }
        json!({
            "source": [{"prefix": "aws."}],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": detail,
        })
    }

    fn yaml(&self) -> String {
        let reads = matches!(self.group.kind, Kind::Reads | Kind::ReadByAnybody(_));
        let mut text = format!("  {}:\n    Type: AWS::Events::Rule\n", self.name);
        if reads {
            text.push_str("    Condition: WatchesReads\n");
        }
        let _ = write!(text, "    Properties:\n      Description: {}\n", self.group.description);
        if reads {
            text.push_str("      State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS\n");
        }
        text.push_str("      EventPattern:\n        source: [{prefix: aws.}]\n        detail-type: [AWS API Call via CloudTrail]\n        detail:\n          eventSource:\n");
        for service in &self.services {
            let _ = writeln!(text, "            - {service}");
        }
        text.push_str("          eventName:\n");
        for name in &self.names {
            let _ = match name {
                Name::Is(name) => writeln!(text, "            - {name}"),
                Name::Begins(start) => writeln!(text, "            - {{prefix: {start}}}"),
            };
        }
        if self.group.kind != Kind::Writes {
            text.push_str("          userIdentity: {invokedBy: [{exists: false}]}\n");
        }
        text.push_str(if self.group.kind == Kind::Reads { WHO_READS } else { NOT_OURSELVES });
        text.push_str(TARGET);
        text
    }
}

const NOT_OURSELVES: &str = "          $or:
            - userIdentity: {sessionContext: {sessionIssuer: {arn: [{exists: false}]}}}
            - userIdentity:
                sessionContext:
                  sessionIssuer:
                    arn: [{anything-but: [!GetAtt StateMachineRole.Arn, !GetAtt StartExecutionRole.Arn]}]
";

const WHO_READS: &str = "          $or:
            - userIdentity: {type: [Root, IAMUser, FederatedUser, SAMLUser, IdentityCenterUser]}
            - userIdentity: {accountId: [{anything-but: [!Ref AWS::AccountId]}]}
            - userIdentity: {sessionContext: {attributes: {mfaAuthenticated: [\"true\"]}}}
            - sessionCredentialFromConsole: [\"true\"]
            - userIdentity: {sessionContext: {sessionIssuer: {userName: [{prefix: AWSReservedSSO_}]}}}
            - userIdentity: {arn: [{wildcard: \"*:assumed-role/*/i-*\"}]}
";

const TARGET: &str = "      Targets:
        - Id: security-audit
          Arn: !Sub arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${StateMachineName}:live
          RoleArn: !GetAtt StartExecutionRole.Arn
          RetryPolicy: {MaximumRetryAttempts: 24, MaximumEventAgeInSeconds: 21600}
          DeadLetterConfig: {Arn: !GetAtt DeadLetterQueue.Arn}
";

/// How the audit's stack comes to hear of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It does.
    Heard,
    /// It does with the parameter `WatchReads`.
    WithReads,
    /// It does not.
    Unheard,
}

/// How the audit's stack hears of calls, by the rules of the program.
pub struct Stack {
    resources: Vec<Resource>,
}

impl Stack {
    /// What a stack without parameters of its own hears.
    ///
    /// # Errors
    /// Says which rule cannot be read.
    pub fn by_default() -> Result<Self, String> {
        let rules = RuleSet::shipped();
        let rules = rules.calls().map_err(|error| error.to_string())?;
        let (mut calls, _) = named(&rules);
        Ok(Self { resources: GROUPS.iter().flat_map(|group| split(group, &mut calls)).collect() })
    }

    /// Whether and how a call reaches the audit.
    #[must_use]
    pub fn hears(&self, service: &str, name: &Name) -> Hearing {
        let (Name::Is(text) | Name::Begins(text)) = name;
        if HEARD_APART.iter().any(|(apart, _)| *apart == service) && heard_apart(&(service.to_owned(), name.clone())) {
            return Hearing::Heard;
        }
        let named = |resource: &&Resource| {
            resource.services.iter().any(|known| known == service)
                && resource.names.iter().any(|known| match (known, name) {
                    (Name::Is(_), Name::Begins(_)) => false,
                    (known, _) => known.fits(text),
                })
        };
        match self.resources.iter().find(named).map(|resource| resource.group.kind) {
            None => Hearing::Unheard,
            Some(Kind::Reads | Kind::ReadByAnybody(_)) => Hearing::WithReads,
            Some(_) => Hearing::Heard,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use super::*;

    const BEGIN: &str = "  # >>> What the rules in rules/ can match: written by `WARDEN_WRITE=1 cargo test -p warden-rules event_patterns`.\n";
    const END: &str = "  # <<<\n";

    fn template() -> (std::path::PathBuf, String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/audit.yaml");
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    }

    #[test]
    fn the_template_hears_what_the_rules_can_match() {
        let (path, text) = template();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (written, after) = rest.split_once(END).unwrap();
        let expected = resources().unwrap();
        if env::var_os("WARDEN_WRITE").is_some() {
            fs::write(path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        } else {
            assert_eq!(
                written, expected,
                "the rules changed: WARDEN_WRITE=1 cargo test -p warden-rules event_patterns"
            );
        }
    }

    #[test]
    fn every_pattern_is_short_enough_and_every_resource_sends_to_the_dead_letter_queue() {
        let (_, text) = template();
        let mut calls = named(&RuleSet::shipped().calls().unwrap()).0;
        for group in &GROUPS {
            for resource in split(group, &mut calls) {
                let pattern = resource.pattern().to_string();
                assert!(pattern.len() <= MAX_PATTERN_CHARS, "{}: {}", resource.name, pattern.len());
                assert!(!resource.names.is_empty(), "{} hears nothing", resource.name);
                assert!(
                    text.contains(&format!("GetAtt {}.Arn", resource.name)),
                    "{} may not send to the queue",
                    resource.name
                );
            }
        }
    }

    #[test]
    fn what_is_heard_apart_stands_in_a_pattern_of_the_template() {
        let (_, text) = template();
        let by_hand: String = HEARD_APART
            .iter()
            .map(|(_, resource)| {
                let (_, rest) = text.split_once(&format!("\n  {resource}:\n")).unwrap();
                rest.split("\n      Targets:").next().unwrap()
            })
            .collect();
        let words: BTreeSet<_> = by_hand.split(|char: char| !char.is_ascii_alphanumeric()).collect();
        // An upload in parts is heard of when it is completed.
        let later = ["CreateMultipartUpload", "POST Object"];
        for call in named(&RuleSet::shipped().calls().unwrap()).0 {
            if heard_apart(&call) {
                let Name::Is(name) = &call.1 else { panic!("{call:?}") };
                assert!(words.contains(name.as_str()) || later.contains(&name.as_str()), "{name}");
            }
        }
    }

    /// An event that starts no execution is never held against a rule.
    #[test]
    fn every_event_that_a_rule_of_the_program_matches_is_heard() {
        let stack = Stack::by_default().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/tests");
        for rule in fs::read_dir(folder).unwrap() {
            for event in fs::read_dir(rule.unwrap().path().join("match")).unwrap() {
                let path = event.unwrap().path();
                let event: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
                let record = event.get("detail").unwrap_or(&event);
                let (service, name) = (record["eventSource"].as_str().unwrap(), record["eventName"].as_str().unwrap());
                let hearing = stack.hears(service, &Name::Is(name.to_owned()));
                assert_ne!(hearing, Hearing::Unheard, "{}", path.display());
            }
        }
    }

    #[test]
    fn a_call_is_heard_as_the_template_says() {
        let stack = Stack::by_default().unwrap();
        let is = |name: &str| Name::Is(name.to_owned());
        for (service, name, expected) in [
            ("cloudtrail.amazonaws.com", is("StopLogging"), Hearing::Heard),
            ("lambda.amazonaws.com", is("UpdateFunctionCode20150331v2"), Hearing::Heard),
            ("secretsmanager.amazonaws.com", is("GetSecretValue"), Hearing::WithReads),
            ("s3.amazonaws.com", is("PutObject"), Hearing::Heard),
            ("signin.amazonaws.com", is("ConsoleLogin"), Hearing::Heard),
            ("s3.amazonaws.com", is("GetObject"), Hearing::Unheard),
            ("iam.amazonaws.com", is("StopLogging"), Hearing::Unheard),
            ("iam.amazonaws.com", Name::Begins("Create".to_owned()), Hearing::Unheard),
            ("glue.amazonaws.com", is("CreateDevEndpoint"), Hearing::Unheard),
        ] {
            assert_eq!(stack.hears(service, &name), expected, "{service} {name:?}");
        }
    }
}
