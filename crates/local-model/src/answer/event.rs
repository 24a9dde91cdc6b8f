//! What can be said of a CloudTrail record or an EventBridge event: what its own
//! fields say.

use serde_json::Value;

use super::fill::{Knowledge, Path, has, named};
use super::polarity;
use super::shape::Shape;

/// An event, as its fields tell it.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Event {
    name: String,
    source: String,
    actor: Option<String>,
    actor_type: Option<String>,
    account: Option<String>,
    region: Option<String>,
    address: Option<String>,
    time: Option<String>,
    agent: Option<String>,
    error: Option<String>,
    bucket: Option<String>,
    key: Option<String>,
    resource: Option<String>,
    record_id: Option<String>,
    version_id: Option<String>,
    /// The parameters as text, in small letters, for general cues alone.
    parameters: String,
    without_mfa: bool,
    about_self: bool,
}

/// Whether JSON is an event rather than an example of an answer.
pub(super) fn is_event(value: &Value) -> bool {
    record(value).is_some()
}

/// The record inside an envelope, a log file, or by itself.
fn record(value: &Value) -> Option<&Value> {
    if value["eventName"].is_string() && (value["eventSource"].is_string() || value["userIdentity"].is_object()) {
        return Some(value);
    }
    if let Some(first) = value["Records"].as_array().and_then(|records| records.first()) {
        return record(first);
    }
    let detail = &value["detail"];
    if detail.is_object() && (value["detail-type"].is_string() || detail["eventName"].is_string()) {
        return Some(detail);
    }
    None
}

impl Event {
    /// Reads the fields of an event.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let record = record(value)?;
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let envelope = |name: &str| value[name].as_str().map(str::to_owned);
        let identity = &record["userIdentity"];
        let actor =
            ["/userIdentity/arn", "/userIdentity/userName", "/userIdentity/invokedBy", "/userIdentity/principalId"]
                .iter()
                .find_map(|pointer| text(pointer))
                .or_else(|| identity["accountId"].as_str().map(|account| format!("account {account}")))
                .or_else(|| text("/requester"));
        let user = text("/userIdentity/userName");
        let target = text("/requestParameters/userName");
        Some(Self {
            name: text("/eventName").or_else(|| envelope("detail-type")).unwrap_or_default(),
            source: text("/eventSource").or_else(|| envelope("source")).unwrap_or_default(),
            actor,
            actor_type: text("/userIdentity/type"),
            account: text("/recipientAccountId")
                .or_else(|| envelope("account"))
                .or_else(|| text("/userIdentity/accountId")),
            region: text("/awsRegion").or_else(|| envelope("region")),
            address: text("/sourceIPAddress").or_else(|| text("/source-ip-address")),
            time: text("/eventTime").or_else(|| envelope("time")),
            agent: text("/userAgent"),
            error: text("/errorCode").or_else(|| {
                text("/responseElements/ConsoleLogin")
                    .filter(|outcome| outcome == "Failure")
                    .map(|_| "Failure".to_owned())
            }),
            bucket: text("/requestParameters/bucketName").or_else(|| text("/bucket/name")),
            key: text("/requestParameters/key").or_else(|| text("/object/key")),
            resource: text("/resources/0/ARN").or_else(|| first_text(&record["requestParameters"])),
            record_id: text("/eventID").or_else(|| envelope("id")),
            version_id: text("/responseElements/x-amz-version-id").or_else(|| text("/object/version-id")),
            parameters: record["requestParameters"].to_string().to_lowercase(),
            without_mfa: text("/additionalEventData/MFAUsed").is_some_and(|used| used == "No"),
            about_self: target.is_none() || target == user,
        })
    }

    fn is_upload(&self) -> bool {
        let write =
            ["PutObject", "CompleteMultipartUpload", "CopyObject", "PostObject", "POST Object", "Object Created"];
        write.contains(&self.name.as_str()) && self.error.is_none() && self.key.is_some()
    }

    fn media_type(&self) -> Option<&'static str> {
        let (_, extension) = self.key.as_deref()?.rsplit_once('.')?;
        match extension.to_lowercase().as_str() {
            "jpg" | "jpeg" => Some("image/jpeg"),
            "png" => Some("image/png"),
            "gif" => Some("image/gif"),
            "webp" => Some("image/webp"),
            "bmp" => Some("image/bmp"),
            "tif" | "tiff" => Some("image/tiff"),
            "heic" => Some("image/heic"),
            "svg" => Some("image/svg+xml"),
            _ => None,
        }
    }

    fn service(&self) -> &str {
        self.source.trim_end_matches(".amazonaws.com").trim_start_matches("aws.")
    }

    /// How grave it is, 0 to 1, and by which cue.
    fn gravity(&self) -> (f64, &'static str) {
        let (gravity, cue) = self.gravity_of_success();
        match self.error {
            // It did not happen; that it was tried is worth a look.
            Some(_) if gravity > 0.6 => (0.5, cue),
            Some(_) => (0.5, "the request was refused"),
            None => (gravity, cue),
        }
    }

    fn gravity_of_success(&self) -> (f64, &'static str) {
        let name = self.name.to_lowercase();
        let verb = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
        let says = |words: &[&str]| words.iter().any(|word| self.parameters.contains(word));
        let removes =
            verb(&["stop", "delete", "disable", "deactivate", "disassociate", "remove", "detach", "schedule"]);
        let watches = [
            "cloudtrail",
            "guardduty",
            "config",
            "securityhub",
            "access-analyzer",
            "macie2",
            "inspector2",
            "detective",
        ]
        .contains(&self.service());
        let guards = [
            "logging",
            "guardrail",
            "trail",
            "detector",
            "recorder",
            "flowlog",
            "publicaccessblock",
            "mfadevice",
            "loggroup",
            "alarm",
            "webacl",
            "key",
        ];
        if self.actor_type.as_deref() == Some("Root") {
            return (0.9, "it was done by the root user");
        }
        if removes && (watches || guards.iter().any(|word| name.contains(word))) {
            return (0.9, "it takes away logging, a guardrail or a safeguard");
        }
        if says(&[
            "allusers",
            "authenticatedusers",
            "public-read",
            "\"principal\":\"*\"",
            "\\\"principal\\\":\\\"*\\\"",
            "\"aws\":\"*\"",
            "\\\"aws\\\":\\\"*\\\"",
        ]) || (name.contains("publicaccessblock") && says(&["false"]))
        {
            return (0.9, "it opens a resource to the public");
        }
        if says(&["0.0.0.0/0", "::/0"]) {
            return (0.8, "it opens a network to everybody");
        }
        if says(&["administratoraccess"]) {
            return (0.9, "it gives an administrator's rights");
        }
        if verb(&["createaccesskey", "createloginprofile", "updateloginprofile"]) && !self.about_self {
            return (0.8, "it makes credentials of somebody else");
        }
        if (watches && verb(&["update", "put"]))
            || guards.iter().take(2).any(|word| name.contains(word) && verb(&["update", "put"]))
        {
            return (0.6, "it changes how the account is watched");
        }
        let permissions = [
            "policy",
            "acl",
            "role",
            "permission",
            "accesskey",
            "user",
            "group",
            "securitygroup",
            "versioning",
            "lifecycle",
        ];
        if verb(&["put", "attach", "create", "update", "add", "authorize", "delete", "modify"])
            && (self.service() == "iam" || permissions.iter().any(|word| name.contains(word)))
        {
            return (0.5, "it changes who may do what");
        }
        if self.without_mfa {
            return (0.5, "the sign-in used no second factor");
        }
        if removes {
            return (0.5, "it removes something");
        }
        (0.2, "nothing about it stands out")
    }

    /// Who did what, to what, from where, when.
    fn summary(&self) -> String {
        let target = match (&self.bucket, &self.key) {
            (Some(bucket), Some(key)) => Some(format!("the object {key} in the bucket {bucket}")),
            (Some(bucket), None) => Some(format!("the bucket {bucket}")),
            _ => self.resource.clone(),
        };
        let service = Some(self.service().to_owned()).filter(|service| !service.is_empty());
        let circumstances: String = [
            ("on", &service),
            ("for", &target),
            ("in account", &self.account),
            ("in", &self.region),
            ("from", &self.address),
            ("with", &self.agent),
            ("at", &self.time),
        ]
        .into_iter()
        .filter_map(|(preposition, value)| value.as_ref().map(|value| [" ", preposition, " ", value].concat()))
        .collect();
        let outcome = match &self.error {
            Some(error) => format!("It failed with {error}."),
            None => "It succeeded.".to_owned(),
        };
        let actor = self.actor.as_deref().unwrap_or("An unnamed caller");
        let (name, level, cue) = (&self.name, self.rating(), self.gravity().1);
        format!("{actor} called {name}{circumstances}. {outcome} Threat: {level}, because {cue}.")
    }

    /// Its gravity in a word.
    fn rating(&self) -> &'static str {
        match self.gravity().0 {
            0.7.. => "high",
            0.4.. => "medium",
            _ => "low",
        }
    }

    /// Fills the brackets of an example such as `[Event][Account][Identity]`.
    fn bracketed(&self, example: &str) -> Option<String> {
        let mut text = String::new();
        let mut rest = example.get(example.find('[')?..)?;
        while let Some(inner) = rest.strip_prefix('[') {
            let (name, after) = inner.split_once(']')?;
            let path = vec![super::fill::tokens(name)];
            let value = self.field(&path).unwrap_or_else(|| "unknown".to_owned());
            text.extend(["[", value.as_str(), "]"]);
            let separator = after.len() - after.trim_start_matches([' ', '-', '/', ':']).len();
            rest = &after[separator..];
            if rest.starts_with('[') {
                text.push_str(&after[..separator]);
            }
        }
        Some(text)
    }

    /// A field by the words of its name.
    fn field(&self, path: &Path) -> Option<String> {
        let is = |words: &[&str]| named(path, words);
        if is(&["bucket"]) {
            return self.bucket.clone();
        }
        if is(&["version"]) {
            return self.version_id.clone();
        }
        if is(&["account"]) {
            return self.account.clone();
        }
        if is(&["region"]) {
            return self.region.clone();
        }
        if is(&["ip", "address", "origin"]) || (is(&["source"]) && !is(&["event"])) {
            return self.address.clone();
        }
        if is(&["time", "timestamp", "date", "when"]) {
            return self.time.clone();
        }
        if is(&["agent"]) {
            return self.agent.clone();
        }
        if is(&["identity", "actor", "user", "principal", "who", "caller", "performer", "performed", "username"]) {
            return self.actor.clone();
        }
        if is(&["error"]) {
            return self.error.clone();
        }
        if is(&["service"]) || (is(&["source"]) && is(&["event"])) {
            return Some(self.source.clone());
        }
        if is(&["media", "mime", "content"]) {
            return self.media_type().filter(|_| self.is_upload()).map(str::to_owned);
        }
        if is(&["key", "object", "file"]) {
            return self.key.clone();
        }
        if is(&["resource", "target"]) {
            return self.resource.clone();
        }
        if is(&["id"]) {
            return self.record_id.clone();
        }
        if is(&["event", "action", "operation", "api", "call", "name"]) {
            return Some(self.name.clone());
        }
        None
    }
}

impl Knowledge for Event {
    fn text(&self, path: &Path, hint: &str) -> Option<String> {
        if let Some(text) = self.bracketed(hint) {
            return Some(text);
        }
        if named(path, &["title", "headline", "subject"]) {
            let parts = [Some(&self.name), self.account.as_ref(), self.actor.as_ref()];
            return Some(parts.into_iter().flatten().map(|part| ["[", part, "]"].concat()).collect());
        }
        if named(path, &["reason", "rationale", "why", "justification"]) {
            return Some(format!("Because {}.", self.gravity().1));
        }
        let tells = [
            "summary",
            "summarize",
            "summarise",
            "description",
            "describe",
            "details",
            "detail",
            "explanation",
            "analysis",
            "message",
            "text",
            "what",
        ];
        if named(path, &tells) {
            return Some(self.summary());
        }
        if named(path, &["level", "severity", "risk", "threat", "priority"]) {
            return Some(self.rating().to_owned());
        }
        self.field(path)
    }

    fn truth(&self, path: &Path, _: &str) -> Option<bool> {
        if named(path, &["image", "picture", "photo"]) {
            return Some(self.is_upload() && self.media_type().is_some());
        }
        if named(path, &["upload", "uploaded"]) {
            return Some(self.is_upload());
        }
        if named(path, &["error", "failed", "denied", "refused"]) {
            return Some(self.error.is_some());
        }
        if named(path, &["success", "succeeded", "successful"]) {
            return Some(self.error.is_none());
        }
        if named(path, &["root"]) {
            return Some(self.actor_type.as_deref() == Some("Root"));
        }
        let grave = self.gravity().0 >= 0.7;
        Some(grave != polarity::is_inverted(&path.last().cloned().unwrap_or_default()))
    }

    fn number(&self, path: &Path, _: &str) -> Option<f64> {
        if named(path, &["confidence", "certainty", "probability"]) {
            return Some(0.8);
        }
        named(path, &["score", "risk", "threat", "severity"]).then(|| self.gravity().0)
    }

    fn level(&self, path: &Path) -> Option<f64> {
        if named(path, &["confidence", "certainty"]) {
            return Some(0.8);
        }
        Some(self.gravity().0)
    }

    fn choice(&self, path: &Path, choices: &[Value]) -> Option<Value> {
        let fields =
            [self.field(path), Some(self.name.clone()), Some(self.service().to_owned()), self.actor_type.clone()];
        let equal = |value: &&Value| {
            value.as_str().is_some_and(|text| fields.iter().flatten().any(|field| field.eq_ignore_ascii_case(text)))
        };
        choices
            .iter()
            .find(equal)
            .or_else(|| choices.iter().find(|value| *value == "other" || *value == "unknown"))
            .cloned()
    }

    fn items(&self, path: &Path, _: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        let listed = has(path, &["resource", "resources", "events", "findings", "reasons", "indicators"]);
        if listed { vec![Box::new(self.clone())] } else { Vec::new() }
    }
}

/// The first text among some parameters: what names the thing acted on.
fn first_text(parameters: &Value) -> Option<String> {
    let parameters = parameters.as_object()?;
    let naming = |name: &str| name.to_lowercase().ends_with("name") || name.to_lowercase().ends_with("arn");
    let by_name = parameters.iter().find(|(name, value)| value.is_string() && naming(name));
    let any = by_name.or_else(|| parameters.iter().find(|(_, value)| value.is_string()));
    any.and_then(|(_, value)| value.as_str()).map(str::to_owned)
}

/// The plain words about an event when no form was asked for.
pub(super) fn in_words(event: &Event) -> String {
    event.summary()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn level(event: &Value) -> String {
        let event = Event::read(event).unwrap();
        event.text(&vec![vec!["threat".into(), "level".into()]], "").unwrap()
    }

    fn management(name: &str, source: &str, parameters: &Value) -> Value {
        json!({
            "eventName": name, "eventSource": format!("{source}.amazonaws.com"), "requestParameters": parameters,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", "userName": "Alice"},
        })
    }

    #[test]
    fn what_harms_the_account_is_rated_by_general_cues() {
        for (expected, event) in [
            ("high", management("StopLogging", "cloudtrail", &json!({"name": "main"}))),
            ("high", management("DeleteGuardrail", "bedrock", &json!({"guardrailIdentifier": "g"}))),
            ("high", management("PutBucketAcl", "s3", &json!({"bucketName": "b", "x-amz-acl": "public-read"}))),
            ("high", management("CreateAccessKey", "iam", &json!({"userName": "Bob"}))),
            (
                "high",
                json!({"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "userIdentity": {"type": "Root"}}),
            ),
            ("medium", management("CreateAccessKey", "iam", &json!({"userName": "Alice"}))),
            ("medium", management("PutBucketPolicy", "s3", &json!({"bucketName": "b"}))),
            ("medium", management("DeleteTable", "dynamodb", &json!({"tableName": "t"}))),
            ("low", management("PutObject", "s3", &json!({"bucketName": "b", "key": "a.png"}))),
            ("low", management("DescribeInstances", "ec2", &json!({}))),
        ] {
            assert_eq!(level(&event), expected, "{}", event["eventName"]);
        }
    }

    #[test]
    fn what_was_refused_is_worth_a_look_and_no_more() {
        let mut event = management("StopLogging", "cloudtrail", &json!({"name": "main"}));
        event["errorCode"] = json!("AccessDenied");
        assert_eq!(level(&event), "medium");
    }

    #[test]
    fn an_upload_is_told_with_its_target() {
        let event = Event::read(&json!({
            "detail-type": "Object Created", "source": "aws.s3", "account": "111122223333", "region": "ca-central-1",
            "detail": {"bucket": {"name": "photos"}, "object": {"key": "uploads/a 1.JPG", "version-id": "v1"},
                       "requester": "111122223333", "source-ip-address": "1.2.3.4"},
        }))
        .unwrap();
        let path = |name: &str| vec![super::super::fill::tokens(name)];
        assert_eq!(event.text(&path("s3_bucket"), "").as_deref(), Some("photos"));
        assert_eq!(event.text(&path("s3_key"), "").as_deref(), Some("uploads/a 1.JPG"));
        assert_eq!(event.text(&path("mediaType"), "").as_deref(), Some("image/jpeg"));
        assert_eq!(event.truth(&path("is_image_upload"), ""), Some(true));
        assert_eq!(event.text(&path("source_ip"), "").as_deref(), Some("1.2.3.4"));
    }

    #[test]
    fn an_example_with_brackets_is_filled_in_order() {
        let event = Event::read(&management("StopLogging", "cloudtrail", &json!({}))).unwrap();
        assert_eq!(
            event.text(&vec![vec!["headline".into()]], "as [Event Name] - [Identity]").as_deref(),
            Some("[StopLogging] - [arn:aws:iam::111122223333:user/Alice]"),
        );
    }
}
