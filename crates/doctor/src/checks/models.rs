//! Whether the models that the functions ask answer.

use serde::Deserialize;
use warden_call_errors::CallError;
use warden_core::bedrock::profile::Unpaired;

use crate::fact::{Fact, Unknown};
use crate::finding::{Area, Finding};

/// What is known of the models.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) models: Vec<Model>,
}

/// A model as a function names it.
#[derive(Debug)]
pub(crate) struct Model {
    /// The id or ARN of an inference profile, or of a model.
    pub(crate) id: String,
    pub(crate) region: String,
    /// Whether the functions are told an endpoint of Bedrock's.
    pub(crate) has_endpoint: bool,
    /// The functions that ask it.
    pub(crate) by: Vec<String>,
    /// The model behind it by the functions' settings, where they say.
    pub(crate) told: Option<String>,
    /// The functions whose `MODEL_ID` and `BASE_MODEL_ID` do not belong together.
    pub(crate) unpaired: Vec<(String, Unpaired)>,
    /// The profile, if it is one.
    pub(crate) profile: Option<Fact<Profile>>,
    pub(crate) foundation: Fact<Foundation>,
    pub(crate) access: Access,
}

/// How it is known whether the account may use a model.
#[derive(Debug)]
pub(crate) enum Access {
    /// It was called: no better proof is needed.
    Called(Result<Answered, Trouble>),
    /// It was not called, and Bedrock says this of it.
    Said(Fact<Offer>),
}

/// What a trial call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Answered {
    #[serde(alias = "inputTokens")]
    pub(crate) input_tokens: u64,
    #[serde(alias = "outputTokens")]
    pub(crate) output_tokens: u64,
}

/// What `GetInferenceProfile` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Profile {
    models: Vec<ProfileModel>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileModel {
    model_arn: String,
}

impl Profile {
    /// The Regions that it hands calls to, each once.
    fn regions(&self) -> Vec<&str> {
        let mut regions: Vec<_> = self
            .models
            .iter()
            .filter_map(|model| model.model_arn.split(':').nth(3))
            // A global profile names its model without a Region, too.
            .map(|region| if region.is_empty() { "any Region" } else { region })
            .collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// The id of the model behind it.
    pub(crate) fn foundation_model(&self) -> Option<&str> {
        self.models.first()?.model_arn.split_once("foundation-model/").map(|(_, id)| id)
    }
}

/// What `GetFoundationModel` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Foundation {
    model_details: Details,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    model_name: Option<String>,
    model_lifecycle: Lifecycle,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lifecycle {
    status: Option<String>,
    end_of_life_time: Option<String>,
}

impl Foundation {
    /// The model's name as quotas have it, such as `Claude Haiku 5.5`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.model_details.model_name.as_deref()
    }
}

/// What `GetFoundationModelAvailability` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offer {
    agreement_availability: Agreement,
    authorization_status: String,
    entitlement_availability: String,
    region_availability: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Agreement {
    status: String,
    error_message: Option<String>,
}

/// Why a model did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The use case form for Anthropic's models was not submitted.
    UseCaseForm,
    /// The agreement in AWS Marketplace is not concluded yet.
    Agreement { said: String },
    /// An organization's policy denies it.
    ServiceControlPolicy { said: String },
    /// Whoever runs this may not call models; the functions may all the same.
    CallerDenied,
    /// The account has no access to it.
    NoAccess { said: String },
    /// The quota is used up, or zero.
    Throttled,
    /// There is no such model or profile, or no longer.
    NoSuchModel { said: String },
    /// The model is called through an inference profile alone.
    NeedsProfile,
    /// Nothing answered.
    Unreachable { said: String },
    /// Something else.
    Other { said: String },
}

impl Trouble {
    pub(crate) fn of(error: &CallError) -> Self {
        match error {
            CallError::Throttled { .. } => Self::Throttled,
            CallError::Unreachable { problem, .. } => Self::Unreachable { said: problem.clone() },
            CallError::Denied { message, .. } => {
                let (said, lower) = (message.clone(), message.to_lowercase());
                if ["marketplace", "agreement", "subscri"].iter().any(|word| lower.contains(word)) {
                    Self::Agreement { said }
                } else if lower.contains("service control policy") || lower.contains("resource control policy") {
                    Self::ServiceControlPolicy { said }
                } else if lower.contains("not authorized to perform") {
                    Self::CallerDenied
                } else {
                    Self::NoAccess { said }
                }
            }
            CallError::Refused { code, message, .. } => {
                let (said, lower) = (message.clone(), message.to_lowercase());
                match code.as_str() {
                    _ if lower.contains("use case details") || code == "FTUFormNotFilled" => Self::UseCaseForm,
                    "ResourceNotFoundException" => Self::NoSuchModel { said },
                    "ValidationException" if lower.contains("model identifier") => Self::NoSuchModel { said },
                    "ValidationException" if lower.contains("on-demand throughput") => Self::NeedsProfile,
                    _ => Self::Other { said: format!("{said} ({code})") },
                }
            }
            other => Self::Other { said: other.to_string() },
        }
    }
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    facts.models.iter().flat_map(check_model).collect()
}

fn check_model(model: &Model) -> Vec<Finding> {
    let mut findings = vec![match &model.access {
        Access::Called(Ok(answered)) => Finding::ok(
            Area::Models,
            format!(
                "{} answers in {}, for {} ({} tokens in, {} out)",
                model.id,
                model.region,
                model.by.join(", "),
                answered.input_tokens,
                answered.output_tokens
            ),
        ),
        Access::Called(Err(trouble)) => trouble_with(model, trouble),
        Access::Said(availability) => check_availability(model, availability),
    }];
    let answers = matches!(model.access, Access::Called(Ok(_)));
    findings.extend(model.unpaired.iter().map(|(function, why)| {
        Finding::failure(
            Area::Models,
            format!("{function} does not start: the model behind {} {why}", model.id),
            "Deploy with the ARN of an application inference profile as …ModelId and its model as …BaseModelId, or with a model's id and no …BaseModelId",
        )
    }));
    findings.extend(check_profile(model, answers));
    findings.extend(check_lifecycle(model, answers));
    findings
}

fn trouble_with(model: &Model, trouble: &Trouble) -> Finding {
    const AREA: Area = Area::Models;
    let Model { id, region, .. } = model;
    let failure = |said: String, remedy: String| {
        Finding::failure(AREA, format!("{id} does not answer in {region}: {said}"), remedy)
    };
    match trouble {
        Trouble::UseCaseForm => failure(
            "the use case form for Anthropic's models was not submitted".into(),
            "Submit it in the Bedrock console, Model catalog, any Anthropic model; it takes some minutes to count"
                .into(),
        ),
        Trouble::Agreement { said } => failure(
            format!("its agreement in AWS Marketplace is not concluded ({said})"),
            "Run `warden doctor` again in some minutes; your credentials need aws-marketplace:Subscribe".into(),
        ),
        Trouble::ServiceControlPolicy { said } => failure(
            format!("a policy of your organization denies it ({said})"),
            "Ask who administers it to allow bedrock:InvokeModel in every Region of the inference profile".into(),
        ),
        Trouble::CallerDenied => Finding::warning(
            AREA,
            format!("{id} was not tried: your credentials may not call bedrock:InvokeModel"),
            "Allow it on the inference profile and its models, or leave the call out with --no-model",
        ),
        Trouble::NoAccess { said } => failure(
            format!("the account has no access ({said})"),
            "See Model catalog in the Bedrock console, and ask AWS Support if the model is shown as available".into(),
        ),
        Trouble::Throttled => failure(
            "it is throttled; at the first call of a new account that means a quota of zero".into(),
            "Ask for more \"tokens per minute\" of the model in Service Quotas, Amazon Bedrock".into(),
        ),
        Trouble::NoSuchModel { said } => failure(
            format!("there is no such model or profile, or no longer ({said})"),
            format!(
                "Choose one of `aws bedrock list-inference-profiles --region {region}` and deploy with its …ModelId and InferenceGeography"
            ),
        ),
        Trouble::NeedsProfile => failure(
            "it is called through an inference profile alone".into(),
            format!("Choose one of `aws bedrock list-inference-profiles --region {region}`"),
        ),
        // An endpoint in a VPC answers nobody outside of it.
        Trouble::Unreachable { said } if model.has_endpoint => Finding::warning(
            AREA,
            format!("{id} was not tried: the endpoint that the stack names does not answer here ({said})"),
            "Run it from inside the VPC, or leave the call out with --no-model",
        ),
        Trouble::Unreachable { said } => {
            failure(format!("nothing answers ({said})"), "Check the network, the Region and the endpoint URL".into())
        }
        Trouble::Other { said } => failure(said.clone(), "See docs/errors.md for the name in brackets".into()),
    }
}

/// Of a model that was not called.
fn check_availability(model: &Model, availability: &Fact<Offer>) -> Finding {
    const AREA: Area = Area::Models;
    let Model { id, region, .. } = model;
    let available = match availability {
        Ok(available) => available,
        Err(unknown) => return unknown.finding(AREA, &format!("the access to {id}")),
    };
    let agreement = &available.agreement_availability;
    let why = agreement.error_message.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let refused = [
        ("agreement", &agreement.status, "AVAILABLE"),
        ("authorization", &available.authorization_status, "AUTHORIZED"),
        ("entitlement", &available.entitlement_availability, "AVAILABLE"),
        ("Region", &available.region_availability, "AVAILABLE"),
    ];
    let refused: Vec<_> = refused
        .into_iter()
        .filter(|(_, status, wanted)| status != wanted)
        .map(|(what, status, _)| format!("{what} {status}"))
        .collect();
    if refused.is_empty() {
        return Finding::ok(
            AREA,
            format!("the account has access to {id} in {region}, by what Bedrock says; it was not called"),
        );
    }
    Finding::failure(
        AREA,
        format!("the account has no access to {id} in {region}: {}{why}", refused.join(", ")),
        "Run `warden doctor` without --no-model: the first call may conclude the agreement. See \"Access to the model\" in docs/deploy.md",
    )
}

fn check_profile(model: &Model, answers: bool) -> Option<Finding> {
    const AREA: Area = Area::Models;
    let id = &model.id;
    Some(match model.profile.as_ref()? {
        Ok(profile) if is_another(model.told.as_deref(), profile.foundation_model()) => Finding::failure(
            AREA,
            format!(
                "the inference profile {id} is of {}, and {} ask it as {}",
                profile.foundation_model().unwrap_or_default(),
                model.by.join(", "),
                model.told.as_deref().unwrap_or_default()
            ),
            "Deploy with the …BaseModelId of that model: it decides which fields are sent, and what an answer costs",
        ),
        Ok(profile) => {
            Finding::ok(AREA, format!("the inference profile {id} hands calls to {}", profile.regions().join(", ")))
        }
        // The answer is a better proof than the list.
        Err(Unknown::Absent { .. }) if !answers => Finding::failure(
            AREA,
            format!("there is no inference profile {id} in {}", model.region),
            format!(
                "Choose one of `aws bedrock list-inference-profiles --region {}` and deploy with its …ModelId and InferenceGeography",
                model.region
            ),
        ),
        Err(Unknown::Absent { .. }) => Finding::warning(
            AREA,
            format!("Bedrock lists no inference profile {id} in {}, though it answers", model.region),
            "Which Regions it hands calls to is not known: see the model's page in AWS's documents",
        ),
        Err(unknown) => unknown.finding(AREA, &format!("the Regions of the inference profile {id}")),
    })
}

/// Whether a profile is of another model than a function is told.
fn is_another(told: Option<&str>, found: Option<&str>) -> bool {
    told.zip(found).is_some_and(|(told, found)| told != found)
}

fn check_lifecycle(model: &Model, answers: bool) -> Option<Finding> {
    const AREA: Area = Area::Models;
    let id = &model.id;
    match &model.foundation {
        Ok(foundation) => {
            let lifecycle = &foundation.model_details.model_lifecycle;
            let end = lifecycle
                .end_of_life_time
                .as_ref()
                .map_or_else(String::new, |end| format!(" and ends on {}", end.split('T').next().unwrap_or(end)));
            (lifecycle.status.as_deref() == Some("LEGACY")).then(|| {
                let said = format!("the model of {id} is Legacy{end}; after 15 days without a call it is refused");
                Finding::warning(AREA, said, "Choose a newer …ModelId, with its …TokenPrices, and deploy again")
            })
        }
        Err(Unknown::Absent { .. }) if answers => None,
        Err(unknown) => Some(unknown.finding(AREA, &format!("the lifecycle of the model of {id}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;

    const ID: &str = "us.anthropic.claude-haiku-5-5";

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn availability(agreement: &str, entitlement: &str) -> Offer {
        read(json!({"modelId": "anthropic.claude-haiku-5-5", "agreementAvailability": {"status": agreement},
                       "authorizationStatus": "AUTHORIZED", "entitlementAvailability": entitlement, "regionAvailability": "AVAILABLE"}))
    }

    fn foundation(status: &str) -> Foundation {
        read(
            json!({"modelDetails": {"modelArn": "a", "modelId": "m", "modelName": "Claude Haiku 5.5", "modelLifecycle":
            {"status": status, "endOfLifeTime": "2027-04-08T00:00:00Z"}}}),
        )
    }

    fn said() -> Access {
        Access::Said(Ok(availability("AVAILABLE", "AVAILABLE")))
    }

    fn model(access: Access) -> Model {
        let arn = |region: &str| json!({"modelArn": format!("arn:aws:bedrock:{region}::foundation-model/anthropic.claude-haiku-5-5")});
        Model {
            id: ID.into(),
            region: "us-west-2".into(),
            has_endpoint: false,
            by: vec!["a-pii-detector".into(), "a-log-summarizer".into()],
            told: None,
            unpaired: Vec::new(),
            profile: Some(Ok(read(
                json!({"inferenceProfileId": ID, "models": [arn("us-west-2"), arn("us-east-1"), arn("us-east-1")]}),
            ))),
            foundation: Ok(foundation("ACTIVE")),
            access,
        }
    }

    fn found(model: Model) -> Vec<(Level, String)> {
        check(&Facts { models: vec![model] }).into_iter().map(|finding| (finding.level, finding.said)).collect()
    }

    #[test]
    fn a_model_that_answers_is_ok_with_its_regions() {
        let answered = Answered { input_tokens: 10, output_tokens: 4 };
        let regions = (Level::Ok, format!("the inference profile {ID} hands calls to us-east-1, us-west-2"));
        let answers = format!("{ID} answers in us-west-2, for a-pii-detector, a-log-summarizer (10 tokens in, 4 out)");
        assert_eq!(found(model(Access::Called(Ok(answered)))), [(Level::Ok, answers), regions.clone()]);
        let access = format!("the account has access to {ID} in us-west-2, by what Bedrock says; it was not called");
        assert_eq!(found(model(said())), [(Level::Ok, access), regions]);
    }

    #[test]
    fn why_a_model_does_not_answer_is_told_by_what_bedrock_says() {
        const ACTION: &str = "bedrock:InvokeModel";
        let denied = |message: &str| CallError::Denied { action: ACTION, message: message.into() };
        let refused = |code: &str, message: &str| CallError::Refused {
            action: ACTION,
            code: code.into(),
            message: message.into(),
        };
        for (error, level, said) in [
            (
                refused("ResourceNotFoundException", "Model use case details have not been submitted for this account"),
                Level::Failure,
                "the use case form for Anthropic's models was not submitted",
            ),
            (
                denied(
                    "Model access is denied due to IAM user is not authorized to perform the required AWS Marketplace actions",
                ),
                Level::Failure,
                "its agreement in AWS Marketplace is not concluded",
            ),
            (
                denied(
                    "User: u is not authorized to perform: bedrock:InvokeModel on resource: r with an explicit deny in a service control policy",
                ),
                Level::Failure,
                "a policy of your organization denies it",
            ),
            (
                denied(
                    "User: u is not authorized to perform: bedrock:InvokeModel on resource: r because no identity-based policy allows it",
                ),
                Level::Warning,
                "was not tried: your credentials may not call bedrock:InvokeModel",
            ),
            (
                denied("You don't have access to the model with the specified model ID"),
                Level::Failure,
                "the account has no access",
            ),
            (
                CallError::Throttled { action: ACTION, code: "ThrottlingException".into() },
                Level::Failure,
                "it is throttled; at the first call of a new account that means a quota of zero",
            ),
            (
                refused("ResourceNotFoundException", "This model version has reached the end of its life"),
                Level::Failure,
                "there is no such model or profile, or no longer",
            ),
            (
                refused("ValidationException", "The provided model identifier is invalid"),
                Level::Failure,
                "there is no such model",
            ),
            (
                refused("ValidationException", "Invocation of model ID m with on-demand throughput isn't supported"),
                Level::Failure,
                "it is called through an inference profile alone",
            ),
            (
                refused("ValidationException", "max_tokens: too low"),
                Level::Failure,
                "max_tokens: too low (ValidationException)",
            ),
            (
                CallError::Unreachable { action: ACTION, problem: "dns error".into() },
                Level::Failure,
                "nothing answers (dns error)",
            ),
        ] {
            let found = found(model(Access::Called(Err(Trouble::of(&error)))));
            assert!(found[0].0 == level && found[0].1.contains(said), "{said}: {found:?}");
        }
    }

    #[test]
    fn an_endpoint_in_a_vpc_that_does_not_answer_from_outside_is_a_warning() {
        let unreachable = Trouble::Unreachable { said: "timed out".into() };
        let found = found(Model { has_endpoint: true, ..model(Access::Called(Err(unreachable))) });
        assert!(found[0].0 == Level::Warning && found[0].1.contains("does not answer here (timed out)"), "{found:?}");
    }

    #[test]
    fn without_a_call_what_bedrock_says_of_the_access_counts() {
        for (agreement, entitlement, said) in [
            ("NOT_AVAILABLE", "AVAILABLE", "agreement NOT_AVAILABLE"),
            ("PENDING", "NOT_AVAILABLE", "agreement PENDING, entitlement NOT_AVAILABLE"),
        ] {
            let found = found(model(Access::Said(Ok(availability(agreement, entitlement)))));
            assert!(found[0].0 == Level::Failure && found[0].1.ends_with(said), "{found:?}");
        }
        let denied = Unknown::Denied { action: "bedrock:GetFoundationModelAvailability" };
        assert_eq!(found(model(Access::Said(Err(denied))))[0].0, Level::Warning);
    }

    #[test]
    fn a_function_whose_base_model_belongs_to_no_profile_is_a_failure() {
        let unpaired = vec![("audit-pii-detector".to_owned(), Unpaired::NoBase)];
        let (level, said) = found(Model { unpaired, ..model(said()) })[1].clone();
        assert_eq!(level, Level::Failure);
        assert!(
            said.starts_with(
                "audit-pii-detector does not start: the model behind us.anthropic.claude-haiku-5-5 is missing"
            ),
            "{said}"
        );
    }

    #[test]
    fn a_profile_of_another_model_than_the_functions_are_told_is_a_failure() {
        let told = |base: &str| found(Model { told: Some(base.into()), ..model(said()) })[1].clone();
        assert_eq!(told("anthropic.claude-haiku-5-5").0, Level::Ok);
        let (level, said) = told("anthropic.claude-haiku-5");
        assert_eq!(level, Level::Failure);
        assert!(said.contains("is of anthropic.claude-haiku-5-5, and a-pii-detector"), "{said}");
    }

    #[test]
    fn a_profile_that_is_missing_and_a_model_that_ends_are_told() {
        let absent = || Unknown::Absent { action: "bedrock:GetInferenceProfile" };
        let missing = |access| Model { profile: Some(Err(absent())), ..model(access) };
        assert_eq!(
            found(missing(said()))[1],
            (Level::Failure, format!("there is no inference profile {ID} in us-west-2"))
        );
        assert_eq!(found(missing(Access::Called(Ok(Answered::default()))))[1].0, Level::Warning);
        let legacy = found(Model { foundation: Ok(foundation("LEGACY")), ..model(said()) });
        assert_eq!(legacy[2].0, Level::Warning);
        assert!(legacy[2].1.contains("is Legacy and ends on 2027-04-08"), "{legacy:?}");
        let denied = Unknown::Denied { action: "bedrock:GetFoundationModel" };
        assert_eq!(found(Model { foundation: Err(denied), ..model(said()) })[2].0, Level::Warning);
    }
}
