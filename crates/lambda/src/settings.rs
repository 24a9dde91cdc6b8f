//! Settings, read once at start. A value that cannot be read stops the start;
//! nothing falls back silently.

use std::{fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use warden_core::{
    audit::{JudgeDocuments, LedgerSettings, summary::SummarizeWithModel},
    bedrock::{AskedModel, Capabilities, Guardrail, ModelId, NoPrices, TokenPrices, profile},
    budget::{DailyBudget, LedgerDown},
    chat::Offer,
    cloudtrail::UploadsToJudge,
    image::TokenBudget,
    pii::{Category, OnDisagreement, Policy},
};

/// Where settings come from.
pub trait Variables {
    /// The value of a setting; `None` when it is not set or empty.
    fn get(&self, name: &str) -> Option<String>;
}

/// The process's environment.
pub struct Environment;

impl Variables for Environment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

/// Given settings, for tests of code that reads them. As in an
/// environment, an empty one is not set.
pub struct Given<'a>(pub &'a [(&'a str, &'a str)]);

impl Variables for Given<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let value = self.0.iter().find_map(|(known, value)| (*known == name).then_some(*value));
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

/// A setting that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct SettingError {
    /// The setting.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl SettingError {
    fn of(name: &'static str, problem: &impl Display) -> Self {
        Self { name, problem: problem.to_string() }
    }
}

/// Which model a function asks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// `MODEL_ID` and `BASE_MODEL_ID`.
    pub model: ModelId,
    /// `BEDROCK_REGION`: the Region whose Bedrock is called.
    pub region: Option<String>,
    /// `MAX_TOKENS` of an answer, thinking included.
    pub max_tokens: u32,
    /// `THINKING`: whether a model that thinks unless told otherwise is left to it.
    pub thinks: bool,
    /// `MODEL_TIMEOUT_SECONDS` for the model's answer, retries of the SDK included.
    pub timeout: Duration,
}

/// Tokens of an answer when `MAX_TOKENS` is not set. Models that always think
/// would be cut well below it; Bedrock reserves it from the quota per minute.
const DEFAULT_MAX_TOKENS: u32 = 4_096;

/// Seconds for an answer when `MODEL_TIMEOUT_SECONDS` is not set: the first use
/// of an answer's schema may take minutes. With the 15 seconds that S3 may take
/// it stays below the functions' own limit of 240.
const DEFAULT_MODEL_TIMEOUT_SECONDS: u64 = 200;

impl ModelSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`] for what is not a number, or not within its range, and for what [`model`] refuses.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingError> {
        Ok(Self {
            model: model(variables)?,
            region: bedrock_region(variables),
            max_tokens: max_tokens(variables)?,
            thinks: flag(variables, "THINKING", false)?,
            timeout: model_timeout(variables, DEFAULT_MODEL_TIMEOUT_SECONDS)?,
        })
    }

    /// The model, reached through `models`.
    #[must_use]
    pub fn of<M>(self, models: M) -> AskedModel<M> {
        let of_model = Capabilities::of(&self.model.base);
        let capabilities = Capabilities { thinking_off: of_model.thinking_off && !self.thinks, ..of_model };
        AskedModel { models, id: self.model.called, capabilities, max_tokens: self.max_tokens }
    }
}

/// `BEDROCK_REGION`: the Region whose Bedrock is called; `None` for the function's own.
#[must_use]
pub fn bedrock_region(variables: &impl Variables) -> Option<String> {
    variables.get("BEDROCK_REGION")
}

/// `MODEL_ID` and `BASE_MODEL_ID`: the function's own model.
///
/// # Errors
/// [`SettingError`] when neither `MODEL_ID` nor a Region to derive it from is set, for an application inference profile
/// without the model behind it, and for that beside any other id of a model.
pub fn model(variables: &impl Variables) -> Result<ModelId, SettingError> {
    let base = variables.get("BASE_MODEL_ID");
    ModelId::paired(&model_id(variables)?, base.as_deref())
        .map_err(|unpaired| SettingError::of("BASE_MODEL_ID", &unpaired))
}

/// `MODEL_ID`, or the default model by the inference profile of the Region's geography.
///
/// # Errors
/// [`SettingError`] when neither it nor a Region is set.
pub fn model_id(variables: &impl Variables) -> Result<String, SettingError> {
    let by_region = || bedrock_region(variables).or_else(|| variables.get("AWS_REGION"));
    variables.get("MODEL_ID").or_else(|| by_region().map(|region| profile::default_model_id(&region))).ok_or_else(
        || SettingError {
            name: "MODEL_ID",
            problem: "is not set, and neither is BEDROCK_REGION nor AWS_REGION, from which it could be derived".into(),
        },
    )
}

/// `MODEL_TIMEOUT_SECONDS`, or these seconds. Lambda runs for 900 at most.
///
/// # Errors
/// [`SettingError`] for what is not a number, or not within its range.
pub fn model_timeout(variables: &impl Variables, default_seconds: u64) -> Result<Duration, SettingError> {
    number(variables, "MODEL_TIMEOUT_SECONDS", default_seconds, 1..=880).map(Duration::from_secs)
}

fn max_tokens(variables: &impl Variables) -> Result<u32, SettingError> {
    number(variables, "MAX_TOKENS", DEFAULT_MAX_TOKENS, 1..=128_000)
}

/// What callers may ask for: that model and those of `ALLOWED_MODEL_IDS`, and `MAX_TOKENS`.
///
/// # Errors
/// [`SettingError`] for a number of tokens that is out of range or not one, and for an entry of the list that is not paired
/// as [`model`] is.
pub fn offer(variables: &impl Variables, default_model: ModelId) -> Result<Offer, SettingError> {
    let mut models = vec![default_model.clone()];
    for model in listed_models(variables)? {
        if models.iter().all(|known| known.name() != model.name()) {
            models.push(model);
        }
    }
    Ok(Offer { default_model, models, max_tokens: max_tokens(variables)? })
}

/// The models of `ALLOWED_MODEL_IDS`, separated by commas.
fn listed_models(variables: &impl Variables) -> Result<Vec<ModelId>, SettingError> {
    const NAME: &str = "ALLOWED_MODEL_IDS";
    let model = |entry: &str| {
        ModelId::listed(entry)
            .map_err(|unpaired| SettingError::of(NAME, &format_args!("{entry}: the model after = {unpaired}")))
    };
    let listed = variables.get(NAME).unwrap_or_default();
    ModelId::entries(&listed).map(model).collect()
}

/// `GUARDRAIL_ID` and `GUARDRAIL_VERSION`, both or neither.
///
/// # Errors
/// [`SettingError`] for one without the other.
pub fn guardrail(variables: &impl Variables) -> Result<Option<Guardrail>, SettingError> {
    match (variables.get("GUARDRAIL_ID"), variables.get("GUARDRAIL_VERSION")) {
        (Some(id), Some(version)) => Ok(Some(Guardrail { id, version })),
        (None, None) => Ok(None),
        _ => Err(SettingError {
            name: "GUARDRAIL_ID",
            problem: "and GUARDRAIL_VERSION belong together: set both or none".into(),
        }),
    }
}

/// `IMAGE_TOKEN_BUDGET`: most tokens of an image that must be scaled or cut up for the model.
///
/// # Errors
/// [`SettingError`] for anything but a whole number within its range.
pub fn image_token_budget(variables: &impl Variables) -> Result<TokenBudget, SettingError> {
    let range = TokenBudget::MIN.0..=1_000_000;
    number(variables, "IMAGE_TOKEN_BUDGET", TokenBudget::DEFAULT.0, range).map(TokenBudget)
}

/// `MINIMUM_CONFIDENCE` of a finding that counts as personal data,
/// `ALLOWED_CATEGORIES` whose findings do not count, separated by commas, and
/// whether the name of who made a picture counts alone: `AUTHORSHIP_COUNTS`.
///
/// # Errors
/// [`SettingError`] for anything but a number from 0 to 1, for an unknown category, and
/// for a flag that is neither true nor false.
pub fn pii_policy(variables: &impl Variables) -> Result<Policy, SettingError> {
    let confidence = variables.get("MINIMUM_CONFIDENCE").unwrap_or_else(|| "0".into());
    let minimum_confidence =
        confidence.parse().ok().filter(|number| (0.0..=1.0).contains(number)).ok_or_else(|| SettingError {
            name: "MINIMUM_CONFIDENCE",
            problem: format!("is {confidence:?}, not a number from 0 to 1"),
        })?;
    let allowed = variables.get("ALLOWED_CATEGORIES").unwrap_or_default();
    let names = allowed.split(',').map(str::trim).filter(|name| !name.is_empty());
    let category = |name: &str| {
        Category::named(name).ok_or_else(|| {
            let known: Vec<_> = Category::ALL.iter().map(|category| category.as_str()).collect();
            let problem = format!("{name:?} is not a category; they are {}", known.join(", "));
            SettingError { name: "ALLOWED_CATEGORIES", problem }
        })
    };
    Ok(Policy {
        minimum_confidence,
        allowed_categories: names.map(category).collect::<Result<_, _>>()?,
        authorship_counts: flag(variables, "AUTHORSHIP_COUNTS", false)?,
    })
}

/// `DISAGREEMENT`: what is said where code finds what the model does not.
///
/// # Errors
/// [`SettingError`] for another word than those of [`OnDisagreement`].
pub fn on_disagreement(variables: &impl Variables) -> Result<OnDisagreement, SettingError> {
    let Some(text) = variables.get("DISAGREEMENT") else { return Ok(OnDisagreement::default()) };
    OnDisagreement::named(&text).ok_or_else(|| {
        let known: Vec<_> = OnDisagreement::ALL.iter().map(|known| known.as_str()).collect();
        SettingError { name: "DISAGREEMENT", problem: format!("is {text:?}, none of {}", known.join(", ")) }
    })
}

/// `RECOGNIZER_WEIGHTS_DIR`: the folder of the models that text is read with; without it none is read.
pub fn recognizer_weights(variables: &impl Variables) -> Option<PathBuf> {
    variables.get("RECOGNIZER_WEIGHTS_DIR").map(PathBuf::from)
}

/// `LEDGER_DAYS`, `PII_DETECTOR_TOKEN_PRICES` and `PII_DETECTOR_MODEL_ID`: how long a record is kept, and US dollars for a
/// million tokens into and out of the model that judges, such as `0.11/0.55`; without them those of the model.
///
/// # Errors
/// [`SettingError`] for days that are not from 1 to 3650, and for prices that are not two numbers.
pub fn ledger_settings(variables: &impl Variables) -> Result<LedgerSettings, SettingError> {
    const PRICES: &str = "PII_DETECTOR_TOKEN_PRICES";
    let prices = |text: String| text.parse().map_err(|problem: NoPrices| SettingError::of(PRICES, &problem));
    let of_model = || TokenPrices::of_model(&variables.get("PII_DETECTOR_MODEL_ID")?);
    Ok(LedgerSettings {
        days: number(variables, "LEDGER_DAYS", LedgerSettings::default().days, 1..=3650)?,
        token_prices: variables.get(PRICES).map(prices).transpose()?.or_else(of_model),
    })
}

/// `INPUT_TOKEN_PRICE` and `OUTPUT_TOKEN_PRICE`: US dollars for a million tokens into and out of the model; without them
/// those of the model that `MODEL_ID` and `BASE_MODEL_ID` name, or of the default model, where its prices are known.
///
/// # Errors
/// [`SettingError`] for a price that is not a number from 0 to 10,000, and for one without the other.
pub fn token_prices(variables: &impl Variables) -> Result<Option<TokenPrices>, SettingError> {
    const INPUT: &str = "INPUT_TOKEN_PRICE";
    match (variables.get(INPUT), variables.get("OUTPUT_TOKEN_PRICE")) {
        (Some(input), Some(output)) => format!("{input}/{output}")
            .parse()
            .map(Some)
            .map_err(|problem: NoPrices| SettingError::of("INPUT_TOKEN_PRICE and OUTPUT_TOKEN_PRICE", &problem)),
        (None, None) => {
            // An endpoint of SageMaker is billed by the hour, whatever model it runs.
            let is_asked_by_id = || variables.get("SAGEMAKER_ENDPOINT_NAME").is_none();
            let default = || model_id(variables).ok().filter(|_| is_asked_by_id());
            let model = variables.get("BASE_MODEL_ID").or_else(|| variables.get("MODEL_ID")).or_else(default);
            Ok(model.and_then(|model| TokenPrices::of_model(&model)))
        }
        _ => Err(SettingError::of(INPUT, &"and OUTPUT_TOKEN_PRICE belong together: set both or none")),
    }
}

/// What tokens of each model cost that a function may ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelPrices {
    /// Those of [`token_prices`], which are of one model.
    pub(crate) own: Option<TokenPrices>,
    /// `ALLOWED_MODEL_IDS` beside that model.
    pub(crate) further: Vec<ModelId>,
}

impl ModelPrices {
    /// Reads them.
    ///
    /// # Errors
    /// Those of [`token_prices`] and of [`offer`].
    pub fn read(variables: &impl Variables) -> Result<Self, SettingError> {
        let own_id = model_id(variables).ok();
        let mut further = listed_models(variables)?;
        further.retain(|model| Some(&model.called) != own_id.as_ref());
        Ok(Self { own: token_prices(variables)?, further })
    }

    /// What a model's tokens cost: for a further one what is known of it, if anything is.
    #[must_use]
    pub fn of(&self, model_id: &str) -> Option<TokenPrices> {
        let further = self.further.iter().find(|further| further.called == model_id);
        further.map_or(self.own, |further| TokenPrices::of_model(&further.base))
    }
}

/// What the models of the stack may cost in a day, and what this function's costs.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetSettings {
    /// `DAILY_BUDGET` in US dollars, and `LEDGER_DOWN`.
    pub daily: DailyBudget,
    /// What the model's tokens cost.
    pub prices: TokenPrices,
    /// `LEDGER_NAME`: where days are summed.
    pub ledger_name: String,
}

/// `DAILY_BUDGET`, US dollars that the models of the stack may cost in a day, with `LEDGER_NAME`, `LEDGER_DOWN` and
/// [`token_prices`]. None where it is not set or 0.
///
/// # Errors
/// [`SettingError`] for a budget that is not a number from 0 to 1,000,000, another word than those of [`LedgerDown`],
/// a model whose prices nobody named, and a ledger that is missing.
pub fn daily_budget(variables: &impl Variables) -> Result<Option<BudgetSettings>, SettingError> {
    const NAME: &str = "DAILY_BUDGET";
    let Some(text) = variables.get(NAME) else { return Ok(None) };
    let usd = text.parse().ok().filter(|usd| (0.0..=1_000_000.0).contains(usd));
    let usd: f64 =
        usd.ok_or_else(|| SettingError::of(NAME, &format_args!("is {text:?}, not US dollars from 0 to 1000000")))?;
    if usd == 0.0 {
        return Ok(None);
    }
    let ledger_down = ledger_down(variables)?;
    let prices = token_prices(variables)?.ok_or_else(|| {
        SettingError::of(NAME, &"needs the model's prices: set INPUT_TOKEN_PRICE and OUTPUT_TOKEN_PRICE")
    })?;
    Ok(Some(BudgetSettings { daily: DailyBudget { usd, ledger_down }, prices, ledger_name: ledger_name(variables)? }))
}

/// Where events are claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSettings {
    /// `LEDGER_NAME`.
    pub ledger_name: String,
    /// `LEDGER_DOWN`.
    pub down: LedgerDown,
}

/// `LEDGER_NAME` and `LEDGER_DOWN`: where events are claimed; without a ledger none are.
///
/// # Errors
/// [`SettingError`] for another word than those of [`LedgerDown`].
pub fn claims(variables: &impl Variables) -> Result<Option<ClaimSettings>, SettingError> {
    let Some(ledger_name) = variables.get("LEDGER_NAME") else { return Ok(None) };
    Ok(Some(ClaimSettings { ledger_name, down: ledger_down(variables)? }))
}

fn ledger_down(variables: &impl Variables) -> Result<LedgerDown, SettingError> {
    let Some(down) = variables.get("LEDGER_DOWN") else { return Ok(LedgerDown::Judge) };
    LedgerDown::named(&down)
        .ok_or_else(|| SettingError::of("LEDGER_DOWN", &format_args!("is {down:?}; write judge or hold")))
}

/// Where verdicts on bytes are kept, and the code that judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVerdictSettings {
    /// `LEDGER_NAME`.
    pub ledger_name: String,
    /// The function's version, where Lambda sets one.
    pub code: String,
}

/// `REUSE_VERDICTS`: whether verdicts answer for the same bytes, which they do by default where there is a ledger.
///
/// # Errors
/// [`SettingError`] for anything but `true` and `false`.
pub fn known_verdicts(variables: &impl Variables) -> Result<Option<KnownVerdictSettings>, SettingError> {
    let reuses = flag(variables, "REUSE_VERDICTS", true)?;
    let code = || variables.get("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default();
    let ledger = variables.get("LEDGER_NAME").filter(|_| reuses);
    Ok(ledger.map(|ledger_name| KnownVerdictSettings { ledger_name, code: code() }))
}

/// `REPLAY_BUS_NAME`: the event bus on which uploads are reported to the audit.
///
/// # Errors
/// [`SettingError`] where it is missing.
pub fn replay_bus_name(variables: &impl Variables) -> Result<String, SettingError> {
    required(variables, "REPLAY_BUS_NAME")
}

/// `LEDGER_NAME`: the ledger's table.
///
/// # Errors
/// [`SettingError`] where it is missing.
pub fn ledger_name(variables: &impl Variables) -> Result<String, SettingError> {
    required(variables, "LEDGER_NAME")
}

/// `BACKFILL_BUCKET_NAME`: the bucket of the lists of what backfills audit.
///
/// # Errors
/// [`SettingError`] where it is missing.
pub fn backfill_bucket_name(variables: &impl Variables) -> Result<String, SettingError> {
    required(variables, "BACKFILL_BUCKET_NAME")
}

fn required(variables: &impl Variables, name: &'static str) -> Result<String, SettingError> {
    variables.get(name).ok_or_else(|| SettingError { name, problem: "is missing".into() })
}

/// `JUDGE_EVERY_UPLOAD`: which uploads are opened.
///
/// # Errors
/// [`SettingError`] for anything but `true` and `false`.
pub fn uploads_to_judge(variables: &impl Variables) -> Result<UploadsToJudge, SettingError> {
    let every = flag(variables, "JUDGE_EVERY_UPLOAD", false)?;
    Ok(if every { UploadsToJudge::All } else { UploadsToJudge::LikelyImages })
}

/// `JUDGE_DOCUMENTS`: what is done with an uploaded PDF.
///
/// # Errors
/// [`SettingError`] for anything but `tell`, `act` and `off`.
pub fn judge_documents(variables: &impl Variables) -> Result<JudgeDocuments, SettingError> {
    let Some(value) = variables.get("JUDGE_DOCUMENTS") else { return Ok(JudgeDocuments::default()) };
    JudgeDocuments::named(&value).ok_or_else(|| SettingError {
        name: "JUDGE_DOCUMENTS",
        problem: format!("is {value:?}; write tell, act or off"),
    })
}

/// `SUMMARIZE_WITH_MODEL`: which events a model is asked about.
///
/// # Errors
/// [`SettingError`] for anything but `true`, `risky` and `false`.
pub fn summarize_with_model(variables: &impl Variables) -> Result<SummarizeWithModel, SettingError> {
    const NAME: &str = "SUMMARIZE_WITH_MODEL";
    let Some(value) = variables.get(NAME) else { return Ok(SummarizeWithModel::All) };
    SummarizeWithModel::named(&value)
        .ok_or_else(|| SettingError { name: NAME, problem: format!("is {value:?}; write true, risky or false") })
}

/// A setting that is `true` or `false`.
///
/// # Errors
/// [`SettingError`] for anything else.
pub fn flag(variables: &impl Variables, name: &'static str, default: bool) -> Result<bool, SettingError> {
    match variables.get(name).as_deref() {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(SettingError { name, problem: format!("is {other:?}, neither true nor false") }),
    }
}

/// A whole number within a range.
///
/// # Errors
/// [`SettingError`] for anything else.
pub fn number<N: FromStr + PartialOrd + Display>(
    variables: &impl Variables,
    name: &'static str,
    default: N,
    range: RangeInclusive<N>,
) -> Result<N, SettingError> {
    let Some(text) = variables.get(name) else { return Ok(default) };
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| SettingError {
        name,
        problem: format!("is {text:?}, not a whole number from {} to {}", range.start(), range.end()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_model_follows_from_the_region_that_is_called() {
        let settings = ModelSettings::read(&Given(&[("AWS_REGION", "ap-northeast-1")])).unwrap();
        assert_eq!(settings.model.called, "jp.anthropic.claude-haiku-5-5");
        let settings =
            ModelSettings::read(&Given(&[("AWS_REGION", "ap-northeast-1"), ("BEDROCK_REGION", "us-west-2")])).unwrap();
        assert_eq!(settings.model.called, "us.anthropic.claude-haiku-5-5");
        assert_eq!((settings.max_tokens, settings.timeout), (4096, Duration::from_secs(200)));
    }

    #[test]
    fn further_models_stand_behind_the_default_one_each_once() {
        let models = |given: &[(&str, &str)]| offer(&Given(given), "us.a".into()).unwrap().models;
        assert_eq!(models(&[]), ["us.a".into()]);
        assert_eq!(models(&[("ALLOWED_MODEL_IDS", " us.b, us.a,,us.b ")]), ["us.a".into(), "us.b".into()]);
    }

    #[test]
    fn an_application_inference_profile_is_paired_with_the_model_behind_it() {
        let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
        let settings =
            ModelSettings::read(&Given(&[("MODEL_ID", arn), ("BASE_MODEL_ID", "anthropic.claude-sonnet-5")])).unwrap();
        assert_eq!((&*settings.model.called, &*settings.model.base), (arn, "anthropic.claude-sonnet-5"));
        let plain = ("MODEL_ID", "us.anthropic.claude-sonnet-5");
        for unpaired in [&[("MODEL_ID", arn)][..], &[plain, ("BASE_MODEL_ID", "anthropic.claude-sonnet-5")]] {
            assert_eq!(ModelSettings::read(&Given(unpaired)).unwrap_err().name, "BASE_MODEL_ID", "{unpaired:?}");
        }
        let listed = |entry: &str| offer(&Given(&[("ALLOWED_MODEL_IDS", entry)]), "us.a".into());
        let profile = ModelId { called: arn.into(), base: "amazon.nova-lite-v1:0".into() };
        let offered = listed(&format!("{arn}=amazon.nova-lite-v1:0")).unwrap();
        assert_eq!(offered.named("amazon.nova-lite-v1:0"), Some(&profile));
        assert_eq!(offered.named(arn), None);
        for unpaired in [arn, "us.anthropic.claude-sonnet-5=anthropic.claude-sonnet-5"] {
            assert_eq!(listed(unpaired).unwrap_err().name, "ALLOWED_MODEL_IDS", "{unpaired}");
        }
        let global = [("MODEL_ID", arn), ("BASE_MODEL_ID", "global.anthropic.claude-sonnet-5")];
        let prices = token_prices(&Given(&global)).unwrap().unwrap();
        assert_eq!((prices.input, prices.output), (2.0, 10.0));
    }

    #[test]
    fn a_model_costs_what_a_setting_says_and_else_what_is_known_of_it() {
        let prices =
            |given: &[(&str, &str)]| token_prices(&Given(given)).map(|prices| prices.map(|it| (it.input, it.output)));
        let model = ("MODEL_ID", "us.anthropic.claude-haiku-5-5");
        assert_eq!(prices(&[model, ("INPUT_TOKEN_PRICE", "1.25"), ("OUTPUT_TOKEN_PRICE", "6")]), Ok(Some((1.25, 6.0))));
        assert_eq!(prices(&[model]), Ok(Some((0.11, 0.55))));
        assert_eq!(prices(&[model, ("BASE_MODEL_ID", "amazon.nova-lite-v1:0")]), Ok(Some((0.06, 0.24))));
        assert_eq!(prices(&[("MODEL_ID", "meta.llama4")]), Ok(None));
        let region = ("AWS_REGION", "us-east-1");
        assert_eq!(prices(&[region]), Ok(Some((0.11, 0.55))));
        assert_eq!(prices(&[region, ("SAGEMAKER_ENDPOINT_NAME", "chat")]), Ok(None));
        for wrong in [
            &[("INPUT_TOKEN_PRICE", "1")][..],
            &[("OUTPUT_TOKEN_PRICE", "-1")],
            &[("INPUT_TOKEN_PRICE", "$1"), ("OUTPUT_TOKEN_PRICE", "1")],
        ] {
            assert!(prices(wrong).is_err(), "{wrong:?}");
        }
        let of_ledger =
            |given: &[(&str, &str)]| ledger_settings(&Given(given)).unwrap().token_prices.map(|it| it.input);
        let judge = ("PII_DETECTOR_MODEL_ID", "us.anthropic.claude-haiku-5-5");
        assert_eq!(of_ledger(&[judge]), Some(0.11));
        assert_eq!(of_ledger(&[judge, ("PII_DETECTOR_TOKEN_PRICES", "0.2/0.9")]), Some(0.2));
        assert_eq!(of_ledger(&[]), None);
    }

    #[test]
    fn the_prices_that_are_set_are_those_of_the_functions_own_model() {
        let own = "us.anthropic.claude-haiku-5-5";
        let profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
        let listed = format!("{own}, us.anthropic.claude-opus-5-5,meta.llama4,{profile}=amazon.nova-lite-v1:0");
        let set = [("INPUT_TOKEN_PRICE", "1"), ("OUTPUT_TOKEN_PRICE", "5"), ("ALLOWED_MODEL_IDS", &listed)];
        for given in [[("MODEL_ID", own)], [("AWS_REGION", "us-east-1")]] {
            let prices = ModelPrices::read(&Given(&[&set[..], &given].concat())).unwrap();
            let input = |model: &str| prices.of(model).map(|prices| prices.input);
            assert_eq!(input(own), Some(1.0));
            assert_eq!(input("us.anthropic.claude-opus-5-5"), Some(4.4));
            assert_eq!(input("meta.llama4"), None);
            assert_eq!(input(profile), Some(0.06));
        }
    }

    #[test]
    fn events_are_claimed_where_there_is_a_ledger() {
        let (ledger, down) = (("LEDGER_NAME", "ledger"), |word| ("LEDGER_DOWN", word));
        let of = |down| Some(ClaimSettings { ledger_name: "ledger".into(), down });
        assert_eq!(claims(&Given(&[])), Ok(None));
        assert_eq!(claims(&Given(&[ledger])), Ok(of(LedgerDown::Judge)));
        assert_eq!(claims(&Given(&[ledger, down("hold")])), Ok(of(LedgerDown::Hold)));
        assert_eq!(claims(&Given(&[ledger, down("perhaps")])).unwrap_err().name, "LEDGER_DOWN");
    }

    #[test]
    fn a_budget_is_kept_in_the_ledger_at_known_prices() {
        let budget = |given: &[(&str, &str)]| daily_budget(&Given(given)).map_err(|error| error.name);
        let (model, ledger) = (("MODEL_ID", "us.anthropic.claude-haiku-5-5"), ("LEDGER_NAME", "ledger"));
        assert_eq!(budget(&[model]), Ok(None));
        assert_eq!(budget(&[model, ("DAILY_BUDGET", "0")]), Ok(None));
        let kept = budget(&[model, ledger, ("DAILY_BUDGET", "2.5"), ("LEDGER_DOWN", "hold")]).unwrap().unwrap();
        assert_eq!(kept.daily, DailyBudget { usd: 2.5, ledger_down: LedgerDown::Hold });
        assert!(budget(&[("AWS_REGION", "eu-west-1"), ledger, ("DAILY_BUDGET", "1")]).unwrap().is_some());
        for (given, named) in [
            (&[model, ledger, ("DAILY_BUDGET", "much")][..], "DAILY_BUDGET"),
            (&[model, ledger, ("DAILY_BUDGET", "-1")], "DAILY_BUDGET"),
            (&[model, ledger, ("DAILY_BUDGET", "NaN")], "DAILY_BUDGET"),
            (&[("MODEL_ID", "meta.llama4"), ledger, ("DAILY_BUDGET", "1")], "DAILY_BUDGET"),
            (&[model, ("DAILY_BUDGET", "1")], "LEDGER_NAME"),
            (&[model, ledger, ("DAILY_BUDGET", "1"), ("LEDGER_DOWN", "perhaps")], "LEDGER_DOWN"),
        ] {
            assert_eq!(budget(given), Err(named), "{given:?}");
        }
    }

    #[test]
    fn verdicts_are_reused_where_there_is_a_ledger_unless_a_setting_says_otherwise() {
        let known = |given: &[(&str, &str)]| known_verdicts(&Given(given)).map(|known| known.is_some());
        assert_eq!(known(&[("LEDGER_NAME", "ledger")]), Ok(true));
        assert_eq!(known(&[("LEDGER_NAME", "ledger"), ("REUSE_VERDICTS", "false")]), Ok(false));
        assert_eq!(known(&[]), Ok(false));
    }

    #[test]
    fn every_finding_counts_unless_a_setting_says_otherwise() {
        assert_eq!(pii_policy(&Given(&[])).unwrap(), Policy::default());
        let policy = pii_policy(&Given(&[("MINIMUM_CONFIDENCE", "0.6"), ("ALLOWED_CATEGORIES", "FACE , location,")]));
        assert_eq!(
            policy,
            Ok(Policy {
                minimum_confidence: 0.6,
                allowed_categories: vec![Category::Face, Category::Location],
                authorship_counts: false,
            })
        );
        assert!(pii_policy(&Given(&[("AUTHORSHIP_COUNTS", "true")])).unwrap().authorship_counts);
    }

    #[test]
    fn half_a_guardrail_stops_the_start() {
        let both = Given(&[("GUARDRAIL_ID", "gr1"), ("GUARDRAIL_VERSION", "2")]);
        assert_eq!(guardrail(&both), Ok(Some(Guardrail { id: "gr1".into(), version: "2".into() })));
        assert_eq!(guardrail(&Given(&[])), Ok(None));
        for half in ["GUARDRAIL_ID", "GUARDRAIL_VERSION"] {
            let error = guardrail(&Given(&[(half, "1")])).unwrap_err();
            assert_eq!(error.to_string(), "GUARDRAIL_ID: and GUARDRAIL_VERSION belong together: set both or none");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_read_stops_the_start_and_is_named() {
        for (name, value, expected) in [
            ("MAX_TOKENS", "many", "MAX_TOKENS: is \"many\", not a whole number from 1 to 128000"),
            ("MAX_TOKENS", "0", "MAX_TOKENS: is \"0\", not a whole number from 1 to 128000"),
            ("MODEL_TIMEOUT_SECONDS", "-1", "MODEL_TIMEOUT_SECONDS: is \"-1\", not a whole number from 1 to 880"),
        ] {
            let error = ModelSettings::read(&Given(&[("MODEL_ID", "m"), (name, value)])).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let error = image_token_budget(&Given(&[("IMAGE_TOKEN_BUDGET", "1000")])).unwrap_err();
        assert_eq!(error.to_string(), "IMAGE_TOKEN_BUDGET: is \"1000\", not a whole number from 1600 to 1000000");
        for confidence in ["1.1", "-0.1", "NaN", "high"] {
            let error = pii_policy(&Given(&[("MINIMUM_CONFIDENCE", confidence)])).unwrap_err();
            assert_eq!(error.to_string(), format!("MINIMUM_CONFIDENCE: is {confidence:?}, not a number from 0 to 1"));
        }
        let error = pii_policy(&Given(&[("ALLOWED_CATEGORIES", "FACE, FACES")])).unwrap_err();
        assert!(
            error.to_string().starts_with("ALLOWED_CATEGORIES: \"FACES\" is not a category; they are PERSON, FACE,")
        );
        let error = flag(&Given(&[("READ_BARCODES", "yes")]), "READ_BARCODES", true).unwrap_err();
        assert_eq!(error.to_string(), "READ_BARCODES: is \"yes\", neither true nor false");
        let error = on_disagreement(&Given(&[("DISAGREEMENT", "maybe")])).unwrap_err();
        assert_eq!(error.to_string(), "DISAGREEMENT: is \"maybe\", none of undetermined, pii, clean");
        assert!(ModelSettings::read(&Given(&[])).unwrap_err().to_string().starts_with("MODEL_ID: is not set"));
    }
}
