//! Whether the account's quotas leave room for what the stack is set to.

use serde::Deserialize;

use crate::fact::Fact;
use crate::finding::{Area, Finding};

/// As many functions at once as new accounts often have.
const FEW_FUNCTIONS: u64 = 10;
/// Below so many calls of a model a minute, an upload waits for its turn.
const FEW_CALLS: u64 = 10;

/// What is known of the account's quotas.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) lambda: Fact<AccountSettings>,
    pub(crate) reserved: Vec<Reserved>,
    pub(crate) models: Vec<ModelQuotas>,
}

/// What `GetAccountSettings` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountSettings {
    account_limit: AccountLimit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountLimit {
    concurrent_executions: u64,
    unreserved_concurrent_executions: u64,
}

/// A function's share of the account's concurrency.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) function: String,
    /// The stack's parameter, and its value; 0 reserves none.
    pub(crate) parameter: &'static str,
    pub(crate) wanted: u64,
    pub(crate) found: Fact<Concurrency>,
}

/// What `GetFunctionConcurrency` answers.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Concurrency {
    reserved_concurrent_executions: Option<u64>,
}

/// A model, and the quotas of Bedrock in its Region.
#[derive(Debug)]
pub(crate) struct ModelQuotas {
    pub(crate) id: String,
    /// Its name as quotas have it, such as `Claude Haiku 5.5`.
    pub(crate) name: Option<String>,
    pub(crate) scope: Scope,
    /// The tokens that Bedrock reserves for one call: those of the question and `MAX_TOKENS`.
    pub(crate) tokens_a_call: u64,
    pub(crate) quotas: Fact<Vec<Quota>>,
}

/// Which of a model's quotas a call counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Global,
    CrossRegion,
    OnDemand,
}

impl Scope {
    /// The scope of an inference profile or model.
    pub(crate) fn of(model: &str) -> Self {
        if model.starts_with("global.") {
            Self::Global
        } else if model.starts_with("anthropic.") || model.starts_with("amazon.") || model.contains("foundation-model/")
        {
            Self::OnDemand
        } else {
            Self::CrossRegion
        }
    }
}

/// A member of what `ListServiceQuotas` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Quota {
    quota_name: String,
    value: f64,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![check_lambda(&facts.lambda)];
    findings.extend(facts.reserved.iter().filter_map(check_reserved));
    findings.extend(facts.models.iter().map(check_model));
    findings
}

fn check_lambda(settings: &Fact<AccountSettings>) -> Finding {
    const AREA: Area = Area::Quotas;
    let limit = match settings {
        Ok(settings) => &settings.account_limit,
        Err(unknown) => return unknown.finding(AREA, "the concurrency of Lambda"),
    };
    let AccountLimit { concurrent_executions: all, unreserved_concurrent_executions: free } = limit;
    let said = format!("the account runs {all} functions at once, {free} of them not reserved");
    if *free <= FEW_FUNCTIONS {
        let remedy = "Ask for more \"Concurrent executions\" of AWS Lambda in Service Quotas: a burst of uploads waits until then";
        Finding::warning(AREA, said, remedy)
    } else {
        Finding::ok(AREA, said)
    }
}

fn check_reserved(reserved: &Reserved) -> Option<Finding> {
    const AREA: Area = Area::Quotas;
    let Reserved { function, parameter, wanted, found } = reserved;
    let found = match found {
        Ok(found) => found.reserved_concurrent_executions,
        Err(unknown) => return Some(unknown.finding(AREA, &format!("the concurrency of {function}"))),
    };
    let again = "Deploy the template again";
    match found {
        Some(0) => Some(Finding::failure(
            AREA,
            format!("{function} is switched off: its reserved concurrency is 0"),
            format!("Run `aws lambda delete-function-concurrency --function-name {function}`, and find out who set it"),
        )),
        found if found.unwrap_or(0) == *wanted => None,
        Some(found) => {
            Some(Finding::warning(AREA, format!("{function} has {found} reserved, and {parameter} is {wanted}"), again))
        }
        None => {
            Some(Finding::warning(AREA, format!("{function} has none reserved, and {parameter} is {wanted}"), again))
        }
    }
}

fn check_model(model: &ModelQuotas) -> Finding {
    const AREA: Area = Area::Quotas;
    const REMEDY: &str =
        "Ask for more \"tokens per minute\" of the model in Service Quotas, Amazon Bedrock, or lower MAX_TOKENS";
    let id = &model.id;
    let quotas = match &model.quotas {
        Ok(quotas) => quotas,
        Err(unknown) => return unknown.finding(AREA, &format!("the quotas of {id}")),
    };
    let name = model.name.as_deref().unwrap_or(id);
    let ours = quotas.iter().filter(|quota| is_of(&quota.quota_name, name, model.scope));
    // Each with how many calls a minute it allows.
    let ours = ours.filter_map(|quota| {
        let lower = quota.quota_name.to_lowercase();
        let tokens = lower.contains("tokens per minute");
        let a_call = if tokens { model.tokens_a_call.max(1) } else { 1 };
        (tokens || lower.contains("requests per minute")).then(|| (quota, whole(quota.value) / a_call))
    });
    let Some((quota, calls)) = ours.min_by_key(|(_, calls)| *calls) else {
        let said = format!("no quota of tokens per minute is named after {name}");
        return Finding::warning(AREA, said, "Look for it in Service Quotas, Amazon Bedrock: names differ by Region");
    };
    let said = format!(
        "{} is {}: {calls} calls a minute of {id}, each reserving {} tokens",
        quota.quota_name, quota.value, model.tokens_a_call
    );
    match calls {
        0 => Finding::failure(AREA, said, REMEDY),
        few if few < FEW_CALLS => Finding::warning(AREA, said, REMEDY),
        _ => Finding::ok(AREA, said),
    }
}

/// Whether a quota is the model's and of the scope. Longer contexts, batches and another endpoint have quotas of their own.
fn is_of(quota: &str, model: &str, scope: Scope) -> bool {
    let (quota, model) = (quota.to_lowercase(), model.to_lowercase());
    let ends = |rest: &str| !rest.starts_with(|next: char| next == '.' || next.is_alphanumeric());
    let names_it = quota.split_once(&model).is_some_and(|(_, rest)| ends(rest));
    let of_another = ["context", "batch", "mantle", "latency", "per day"].iter().any(|word| quota.contains(word));
    let found = if quota.contains("global") {
        Scope::Global
    } else if quota.contains("cross-region") {
        Scope::CrossRegion
    } else {
        Scope::OnDemand
    };
    names_it && !of_another && found == scope
}

/// A quota's value as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "quotas are whole, and as a cast saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    const CROSS_REGION: &str = "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5";

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn lambda(all: u64, free: u64) -> AccountSettings {
        read(
            json!({"AccountLimit": {"ConcurrentExecutions": all, "UnreservedConcurrentExecutions": free}, "AccountUsage": {}}),
        )
    }

    fn model(quotas: &[(&str, f64)]) -> ModelQuotas {
        let quotas =
            quotas.iter().map(|(name, value)| read(json!({"QuotaName": name, "Value": value, "Adjustable": true})));
        ModelQuotas {
            id: "us.anthropic.claude-haiku-5-5".into(),
            name: Some("Claude Haiku 5.5".into()),
            scope: Scope::CrossRegion,
            tokens_a_call: 10_000,
            quotas: Ok(quotas.collect()),
        }
    }

    #[test]
    fn few_functions_at_once_are_a_warning() {
        for (settings, level) in [
            (Ok(lambda(1000, 1000)), Level::Ok),
            (Ok(lambda(10, 10)), Level::Warning),
            (Ok(lambda(110, 10)), Level::Warning),
            (Err(Unknown::Denied { action: "lambda:GetAccountSettings" }), Level::Warning),
        ] {
            assert_eq!(check_lambda(&settings).level, level, "{settings:?}");
        }
    }

    #[test]
    fn a_reserved_share_is_held_against_its_parameter() {
        let denied = Unknown::Denied { action: "lambda:GetFunctionConcurrency" };
        for (found, wanted, level) in [
            (Ok(json!({})), 0, None),
            (Ok(json!({"ReservedConcurrentExecutions": 5})), 5, None),
            (Ok(json!({"ReservedConcurrentExecutions": 0})), 0, Some(Level::Failure)),
            (Ok(json!({"ReservedConcurrentExecutions": 5})), 7, Some(Level::Warning)),
            (Ok(json!({})), 7, Some(Level::Warning)),
            (Err(denied), 0, Some(Level::Warning)),
        ] {
            let reserved =
                Reserved { function: "f".into(), parameter: "PiiDetectorConcurrency", wanted, found: found.map(read) };
            assert_eq!(check_reserved(&reserved).map(|finding| finding.level), level, "{reserved:?}");
        }
    }

    #[test]
    fn a_models_quota_is_told_as_calls_a_minute_and_few_are_a_warning() {
        for (quotas, level, said) in [
            (
                &[
                    (CROSS_REGION, 4_000_000.0),
                    ("Cross-region model inference requests per minute for Anthropic Claude Haiku 5.5", 1000.0),
                ][..],
                Level::Ok,
                "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5 is 4000000: 400 calls a minute",
            ),
            (
                &[(CROSS_REGION, 0.0)],
                Level::Failure,
                "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5 is 0: 0",
            ),
            (
                &[(CROSS_REGION, 50_000.0)],
                Level::Warning,
                "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5 is 50000: 5",
            ),
            (
                &[
                    ("Global cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5", 9e9),
                    ("On-demand model inference tokens per minute for Anthropic Claude Haiku 5.5", 9e9),
                    ("Cross-region model inference tokens per minute for Anthropic Claude Haiku 5", 9e9),
                    (
                        "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5 1M Context Length",
                        9e9,
                    ),
                ],
                Level::Warning,
                "no quota of tokens per minute is named after Claude Haiku 5.5",
            ),
        ] {
            let found = check_model(&model(quotas));
            assert!(found.level == level && found.said.starts_with(said), "{found}");
        }
        let denied = Unknown::Denied { action: "servicequotas:ListServiceQuotas" };
        assert_eq!(check_model(&ModelQuotas { quotas: Err(denied), ..model(&[]) }).level, Level::Warning);
    }

    #[test]
    fn a_call_counts_against_the_quota_of_its_profile() {
        for (id, scope) in [
            ("global.anthropic.claude-haiku-5-5", Scope::Global),
            ("us.anthropic.claude-haiku-5-5", Scope::CrossRegion),
            ("arn:aws:bedrock:us-west-2:1:application-inference-profile/a", Scope::CrossRegion),
            ("anthropic.claude-haiku-5-5", Scope::OnDemand),
            ("amazon.nova-lite-v1:0", Scope::OnDemand),
        ] {
            assert_eq!(Scope::of(id), scope);
        }
    }
}
