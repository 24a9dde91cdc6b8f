//! Metrics: lines in CloudWatch's embedded metric format among the logs, from
//! which CloudWatch takes them. `docs/operations.md` lists them.
//!
//! Whoever has something to count emits an event under the target [`TARGET`],
//! whose fields are metrics and their dimension as [`Kind`] knows them. On
//! Lambda they become lines; elsewhere, nothing.

use std::{
    fmt,
    io::{self, Write as _},
};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{
        format::Writer,
        time::{FormatTime, UtcTime},
    },
    layer::Context,
    registry::LookupSpan,
};
use warden_core::{
    bedrock::{TokenPrices, Usage},
    pii::{Reason, Verdict},
    threat::ThreatLevel,
};

use crate::{
    clock,
    settings::{ModelPrices, SettingError, Variables},
};

/// The target of events that are metrics.
pub const TARGET: &str = "metrics";

const NAMESPACE: &str = "BedrockWarden";

/// Counts an image's verdict.
pub fn verdict(verdict: Verdict, reason: Option<Reason>) {
    tracing::info!(target: TARGET, Verdict = verdict.as_str(), Verdicts = 1_u64);
    // Under no reason one or zero, so that its average is the share of undetermined images.
    match verdict {
        Verdict::Undetermined => {
            tracing::info!(target: TARGET, Undetermined = 1_u64);
            tracing::info!(target: TARGET, Reason = reason.map_or("unknown", Reason::as_str), Undetermined = 1_u64);
        }
        Verdict::Pii | Verdict::Clean => tracing::info!(target: TARGET, Undetermined = 0_u64),
        Verdict::NotImage | Verdict::Gone => {}
    }
}

/// Counts an event by its threat level.
pub fn event(level: ThreatLevel) {
    tracing::info!(target: TARGET, ThreatLevel = level.as_str(), Events = 1_u64);
}

/// Counts a model's answer, be it whole or cut: what it used and how long it took.
pub fn model_answer(model_id: &str, usage: Usage, latency_ms: u64) {
    tracing::info!(
        target: TARGET,
        ModelId = model_id,
        InputTokens = usage.input_tokens,
        OutputTokens = usage.output_tokens,
        ModelLatency = latency_ms,
    );
}

/// Counts a streamed answer that broke off: its HTTP status says nothing of it.
pub fn answer_cut() {
    tracing::info!(target: TARGET, AnswersCut = 1_u64);
}

/// Counts an image of which not all could be read in code: the model's word stands for the rest.
pub fn floor_failed() {
    tracing::info!(target: TARGET, FloorFailed = 1_u64);
}

/// Counts a try to claim an event for which the ledger could not be written.
pub fn ledger_down() {
    tracing::info!(target: TARGET, LedgerDown = 1_u64);
}

/// Where metrics go: on Lambda, which names the function, to standard output; elsewhere nowhere.
///
/// What a model's answers cost is added by [`ModelPrices`].
///
/// # Errors
/// Those of [`ModelPrices::read`].
pub(crate) fn layer<S>(variables: &impl Variables) -> Result<Option<impl Layer<S>>, SettingError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let prices = ModelPrices::read(variables)?;
    Ok(variables.get("AWS_LAMBDA_FUNCTION_NAME").map(|function| {
        EmbeddedMetrics { function, prices, write: |line: &str| io::stdout().lock().write_all(line.as_bytes()) }
            .with_filter(Targets::new().with_target(TARGET, Level::INFO))
    }))
}

struct EmbeddedMetrics<W> {
    function: String,
    prices: ModelPrices,
    write: W,
}

impl<S: Subscriber, W: Fn(&str) -> io::Result<()> + 'static> Layer<S> for EmbeddedMetrics<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut values = Values::default();
        event.record(&mut values);
        let prices = self.prices.of(values.texts.get("ModelId").and_then(Value::as_str).unwrap_or_default());
        let cost = prices.and_then(|prices| values.cost(prices));
        let dimensions = [Some(&*values.dimension).filter(|name| !name.is_empty()), None];
        // Cost is reported by model, and for the whole function, which has the alarm.
        let sets: &[Option<&str>] = if cost.is_some() { &dimensions } else { &dimensions[..1] };
        for (at, dimension) in sets.iter().enumerate() {
            let mut metrics = if at == 0 { values.metrics.clone() } else { Map::new() };
            metrics.extend(cost.map(|cost| ("EstimatedCost".to_owned(), cost.into())));
            // If the log cannot be written there is nowhere to report it.
            let _ = (self.write)(&self.line(*dimension, &values.texts, metrics));
        }
    }
}

impl<W> EmbeddedMetrics<W> {
    fn line(&self, dimension: Option<&str>, texts: &Map<String, Value>, metrics: Map<String, Value>) -> String {
        let mut timestamp = String::new();
        // Without it CloudWatch takes the time of arrival.
        let _ = UtcTime::rfc_3339().format_time(&mut Writer::new(&mut timestamp));
        let dimensions: Vec<_> = ["Function"].into_iter().chain(dimension).collect();
        let definitions: Vec<_> = metrics
            .keys()
            .map(|name| json!({"Name": name, "Unit": Kind::of(name).map_or("None", Kind::unit)}))
            .collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": clock::millis(),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": definitions},
                ],
            },
            "timestamp": timestamp,
            "level": "INFO",
            "Function": self.function,
        });
        for (name, value) in texts.clone().into_iter().filter(|_| dimension.is_some()).chain(metrics) {
            line[name] = value;
        }
        let mut line = line.to_string();
        line.push('\n');
        line
    }
}

/// What a field of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Count,
    Milliseconds,
    Dollars,
    Dimension,
}

impl Kind {
    /// By the field's name; `None` for one that is not known.
    fn of(name: &str) -> Option<Self> {
        match name {
            "Verdicts" | "Undetermined" | "Events" | "InputTokens" | "OutputTokens" | "ModelRetries"
            | "FieldsRefused" | "AnswersCut" | "LedgerDown" | "FloorFailed" => Some(Self::Count),
            "ModelLatency" => Some(Self::Milliseconds),
            "EstimatedCost" => Some(Self::Dollars),
            "Verdict" | "Reason" | "ThreatLevel" | "ModelId" => Some(Self::Dimension),
            _ => None,
        }
    }

    /// As CloudWatch knows it.
    const fn unit(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            // CloudWatch has no unit of money.
            Self::Dollars | Self::Dimension => "None",
        }
    }
}

/// The fields of an event that is a metric.
#[derive(Default)]
struct Values {
    dimension: String,
    texts: Map<String, Value>,
    metrics: Map<String, Value>,
}

impl Values {
    fn cost(&self, prices: TokenPrices) -> Option<f64> {
        let tokens = |name: &str| self.metrics.get(name).and_then(Value::as_f64);
        Some((tokens("InputTokens")? * prices.input + tokens("OutputTokens")? * prices.output) / 1e6)
    }
}

impl Values {
    fn number(&mut self, field: &Field, number: Value) {
        let kind = Kind::of(field.name());
        debug_assert!(kind.is_some_and(|kind| kind != Kind::Dimension), "{} is not a metric", field.name());
        self.metrics.insert(field.name().to_owned(), number);
    }
}

impl Visit for Values {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        debug_assert_eq!(Kind::of(field.name()), Some(Kind::Dimension), "{}", field.name());
        field.name().clone_into(&mut self.dimension);
        self.texts.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;
    use warden_core::image::Unreadable;

    use super::*;

    /// The lines that are emitted, without their times.
    fn lines(own: Option<TokenPrices>, emit: impl FnOnce()) -> Vec<Value> {
        let prices = ModelPrices { own, further: vec!["us.anthropic.claude-opus-5-5".into(), "meta.llama4".into()] };
        let written = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&written);
        let write = move |line: &str| {
            sink.lock().unwrap().push_str(line);
            Ok(())
        };
        let metrics = EmbeddedMetrics { function: "audit-pii-detector".into(), prices, write };
        let filtered = metrics.with_filter(Targets::new().with_target(TARGET, Level::INFO));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(filtered), emit);
        let written = written.lock().unwrap();
        written
            .lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
                assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
                line["_aws"]["Timestamp"] = Value::Null;
                line["timestamp"] = Value::Null;
                line
            })
            .collect()
    }

    fn line(dimensions: &Value, metrics: &Value, fields: &Value) -> Value {
        let mut line = json!({
            "_aws": {"Timestamp": null, "CloudWatchMetrics": [
                {"Namespace": "BedrockWarden", "Dimensions": [dimensions], "Metrics": metrics},
            ]},
            "timestamp": null, "level": "INFO", "Function": "audit-pii-detector",
        });
        for (name, value) in fields.as_object().unwrap() {
            line[name] = value.clone();
        }
        line
    }

    #[test]
    fn a_verdict_is_counted_by_its_name_and_as_a_share_of_what_nobody_can_tell() {
        let count = |name: &str| json!([{"Name": name, "Unit": "Count"}]);
        assert_eq!(
            lines(None, || verdict(Verdict::Clean, None)),
            [
                line(&json!(["Function", "Verdict"]), &count("Verdicts"), &json!({"Verdict": "clean", "Verdicts": 1})),
                line(&json!(["Function"]), &count("Undetermined"), &json!({"Undetermined": 0})),
            ]
        );
        let told = lines(None, || verdict(Verdict::Undetermined, Some(Unreadable::TooLarge.into())));
        assert_eq!(
            told[1..],
            [
                line(&json!(["Function"]), &count("Undetermined"), &json!({"Undetermined": 1})),
                line(
                    &json!(["Function", "Reason"]),
                    &count("Undetermined"),
                    &json!({"Reason": "too_large", "Undetermined": 1})
                ),
            ]
        );
        assert_eq!(lines(None, || verdict(Verdict::Gone, None)).len(), 1);
    }

    #[test]
    fn a_models_answer_is_counted_with_its_units_and_what_it_costs() {
        let usage = Usage { input_tokens: 2_000_000, output_tokens: 100_000 };
        let emit = || model_answer("us.anthropic.claude-haiku-5-5", usage, 812);
        let fields = json!({
            "ModelId": "us.anthropic.claude-haiku-5-5", "InputTokens": 2_000_000, "OutputTokens": 100_000,
            "ModelLatency": 812,
        });
        let metrics = json!([
            {"Name": "InputTokens", "Unit": "Count"}, {"Name": "ModelLatency", "Unit": "Milliseconds"},
            {"Name": "OutputTokens", "Unit": "Count"},
        ]);
        let sorted = |mut lines: Vec<Value>| {
            for line in &mut lines {
                let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array_mut().unwrap();
                metrics.sort_by_key(|metric| metric["Name"].as_str().unwrap().to_owned());
            }
            lines
        };
        assert_eq!(sorted(lines(None, emit)), [line(&json!(["Function", "ModelId"]), &metrics, &fields)]);

        let told = sorted(lines(Some(TokenPrices { input: 1.0, output: 5.0 }), emit));
        assert_eq!((told.len(), &told[0]["EstimatedCost"]), (2, &json!(2.5)));
        let cost = json!([{"Name": "EstimatedCost", "Unit": "None"}]);
        assert_eq!(told[1], line(&json!(["Function"]), &cost, &json!({"EstimatedCost": 2.5})));
    }

    #[test]
    fn a_further_model_is_counted_at_its_own_price_or_at_none() {
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 1_000_000 };
        let own = Some(TokenPrices { input: 0.11, output: 0.55 });
        for (model, cost) in [("m", Some(0.66)), ("us.anthropic.claude-opus-5-5", Some(26.4)), ("meta.llama4", None)] {
            let told = lines(own, || model_answer(model, usage, 1));
            assert_eq!(told[0].get("EstimatedCost").and_then(Value::as_f64), cost, "{model}");
        }
    }

    #[cfg(feature = "streaming")]
    #[test]
    fn the_tokens_of_an_answer_count_however_it_ends() {
        use std::time::Duration;

        use futures_util::StreamExt as _;
        use warden_core::{
            Error,
            chat::{Conversation, Encoding, Offer, Protocol},
            fake::{FakeStreamingModel, Step},
        };

        use crate::streaming::{Asker, StreamLimits, Streamer};

        let broken = || Step::Fails(Error::ModelUnavailable { code: "x".into(), hint: "x" });
        let limits = StreamLimits { receive_timeout: Duration::from_secs(1), answer_timeout: Duration::from_secs(1) };
        // The model's own 12 and 9; or 12, and 1 before four more bytes.
        for (length, end, whole_body, output_tokens) in
            [(4, None, true, 9), (2, Some(broken()), true, 3), (2, None, true, 3), (2, Some(Step::Stalls), false, 3)]
        {
            let mut script = FakeStreamingModel::messages(&["Good"]);
            script.truncate(length);
            script.extend(end);
            let streamer = Streamer::new(FakeStreamingModel::with_script(script), Protocol::Bedrock, limits);
            let asker = Asker { request_id: "r-1", encoding: Encoding::Events, request_metadata: None };
            let offer = Offer { default_model: "m".into(), models: Vec::new(), max_tokens: 9 };
            let question = Conversation::read(br#"{"prompt": "Hi"}"#, &offer).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let told = lines(None, || {
                runtime.block_on(async {
                    let mut body = streamer.answer(&question, asker).await.unwrap().into_body();
                    // The start, and the text; or all.
                    let mut taken = 0;
                    while (whole_body || taken < 2) && body.next().await.is_some() {
                        taken += 1;
                    }
                });
            });
            let tokens: Vec<_> = told.iter().filter_map(|line| line.get("OutputTokens")).collect();
            assert_eq!(tokens, [&json!(output_tokens)], "{length} {told:?}");
        }
    }

    #[test]
    fn an_answer_that_broke_off_is_counted_by_its_function() {
        let count = json!([{"Name": "AnswersCut", "Unit": "Count"}]);
        assert_eq!(lines(None, answer_cut), [line(&json!(["Function"]), &count, &json!({"AnswersCut": 1}))]);
    }

    #[test]
    fn a_number_is_a_metric_whatever_its_type() {
        let count = json!([{"Name": "Events", "Unit": "Count"}]);
        for told in [
            lines(None, || tracing::info!(target: TARGET, Events = 2_i32)),
            lines(None, || tracing::info!(target: TARGET, Events = 2_usize)),
        ] {
            assert_eq!(told, [line(&json!(["Function"]), &count, &json!({"Events": 2}))]);
        }
    }

    #[test]
    #[should_panic(expected = "Pages is not a metric")]
    fn a_number_that_is_not_known_fails_its_test() {
        lines(None, || tracing::info!(target: TARGET, Pages = 2_u64));
    }

    #[test]
    fn only_metrics_become_lines() {
        assert!(lines(None, || tracing::info!(Verdicts = 1_u64, "something else")).is_empty());
    }
}
