//! Who judges a picture: pii-detector with a model, without one, or with both.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::region::Region;
use bytes::Bytes;
use pii_detector::{PiiDetector, Reader, TextReader};
use serde::Serialize;
use serde_json::{Value, json};
use warden_aws::{Bedrock, BedrockSettings, LedgerTable, sdk_config};
use warden_core::{
    Error,
    audit::{JudgeDocuments, Tag},
    bedrock::{AskedModel, Capabilities},
    image::{Area, TokenBudget},
    pii::{Category, OnDisagreement, Policy},
    ports::{
        Lookup, ModelAnswer, ModelCall, ModelReply, Models, ObjectBody, ObjectFacts, ObjectRef, ObjectStore,
        ObjectWriter, OpenObject,
    },
};

use crate::metrics::Said;

/// The model that the local stand-in is asked for. It answers to any name.
const STAND_IN: &str = "us.anthropic.claude-haiku-5-5";
/// Most tokens of an answer, as deployed.
const MAX_TOKENS: u32 = 4_096;
/// As long as a model may take, and code for a picture.
const TIME: Duration = Duration::from_mins(2);

/// Who judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judge {
    /// What is read in code alone.
    Floor,
    /// The local stand-in, which listens at this URL.
    Local(String),
    /// A model on Bedrock, by its id.
    Bedrock(String),
    /// Another of them with what is read in code under it, as deployed with `PiiFloor=on`.
    UnderFloor(Box<Judge>),
}

impl Judge {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Floor => "floor alone".to_owned(),
            Self::Local(_) => "local stand-in".to_owned(),
            Self::Bedrock(id) => id.clone(),
            Self::UnderFloor(judge) => format!("{} over the floor", judge.name()),
        }
    }

    /// The model on Bedrock that it asks for money.
    #[must_use]
    pub fn paid(&self) -> Option<&str> {
        match self {
            Self::Bedrock(id) => Some(id),
            Self::UnderFloor(judge) => judge.paid(),
            Self::Floor | Self::Local(_) => None,
        }
    }

    const fn reads_text(&self) -> bool {
        matches!(self, Self::Floor | Self::UnderFloor(_))
    }

    pub(crate) fn model(&self) -> AskedModel<Asked> {
        match self {
            Self::Floor => asked(Asked::Agreeable, STAND_IN),
            Self::Local(url) => asked(Asked::Bedrock(bedrock(Some(url))), STAND_IN),
            Self::Bedrock(id) => asked(Asked::Bedrock(bedrock(None)), id),
            Self::UnderFloor(judge) => judge.model(),
        }
    }
}

fn asked(models: Asked, id: &str) -> AskedModel<Asked> {
    AskedModel { models, id: id.to_owned(), capabilities: Capabilities::of(id), max_tokens: MAX_TOKENS }
}

fn bedrock(url: Option<&String>) -> Bedrock {
    let settings = BedrockSettings { region: None, timeout: TIME, guardrail: None };
    match url {
        Some(url) => {
            // Nobody looks at who asks, or where.
            let nobody = Credentials::from_keys("local", "local", None);
            let local = sdk_config()
                .into_builder()
                .endpoint_url(url)
                .region(Region::from_static("us-east-1"))
                .credentials_provider(SharedCredentialsProvider::new(nobody));
            Bedrock::new(&local.build(), settings)
        }
        None => Bedrock::new(&sdk_config(), settings),
    }
}

/// Whoever answers.
pub(crate) enum Asked {
    /// Says that every picture is clean, so that what code reads speaks alone.
    Agreeable,
    Bedrock(Bedrock),
}

impl Models for Asked {
    async fn invoke(&self, call: ModelCall<'_>) -> Result<ModelReply, Error> {
        match self {
            Self::Bedrock(bedrock) => bedrock.invoke(call).await,
            Self::Agreeable => {
                let body = json!({
                    "content": [{"type": "text", "text": r#"{"verdict":"clean","findings":[]}"#}],
                    "stop_reason": "end_turn",
                    "usage": {"input_tokens": 0, "output_tokens": 0},
                });
                Ok(ModelReply::Answer(ModelAnswer { body: Bytes::from(body.to_string()), latency_ms: 0 }))
            }
        }
    }
}

/// The one picture that is judged.
struct OnePicture(Bytes);

struct Whole(Option<Bytes>);

impl ObjectBody for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.take())
    }
}

/// Nothing is masked here, so nothing is written.
impl ObjectWriter for OnePicture {
    async fn write(&self, bucket: &str, key: &str, _: Bytes, _: &'static str) -> Result<(), Error> {
        Err(Error::ObjectNotFound { what: format!("bucket {bucket} for {key}") })
    }
}

impl ObjectStore for OnePicture {
    type Body = Whole;

    async fn open(&self, _: &ObjectRef) -> Result<Lookup<Whole>, Error> {
        let facts =
            ObjectFacts { version: Some("1".to_owned()), etag: None, size: Some(self.0.len() as u64), sha256: None };
        Ok(Lookup::Found(OpenObject { facts, body: Whole(Some(self.0.clone())) }))
    }

    async fn tags(&self, _: &ObjectRef) -> Result<Vec<Tag>, Error> {
        Ok(Vec::new())
    }
}

/// What was told of something in a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// What it is.
    pub category: &'static str,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// Where it is, if it was found in code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#box: Option<Area>,
}

/// What was said of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The verdict.
    pub said: Said,
    /// Why nobody can tell, or what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was found.
    pub told: Vec<Told>,
    /// Seconds that it took.
    pub seconds: f64,
    /// Tokens of the requests.
    pub input_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
}

/// One that judges, with what it needs. It belongs to one thread.
pub struct Bench {
    detector: PiiDetector<OnePicture, Asked, LedgerTable>,
}

impl Bench {
    /// Who judges, with its models for reading text in the folder `weights`.
    #[must_use]
    pub fn new(judge: &Judge, weights: PathBuf) -> Self {
        // Barcodes are read as deployed, text and faces as with `PiiFloor=on`.
        let text = judge.reads_text().then(|| TextReader::new(weights, TIME * 5));
        let reader = Reader { barcodes: true, text };
        Self {
            detector: PiiDetector {
                store: OnePicture(Bytes::new()),
                model: judge.model(),
                token_budget: TokenBudget::DEFAULT,
                policy: Policy::default(),
                documents: JudgeDocuments::default(),
                reader,
                on_disagreement: OnDisagreement::default(),
                clean_bucket: None,
                // Nothing is cut short where the machine is busy.
                time: TIME * 5,
                // Each picture is judged anew.
                verdicts: None,
                notices: None,
            },
        }
    }

    /// Judges a picture. What fails is told as a reason.
    pub async fn judge(&mut self, file: &str, bytes: Vec<u8>) -> Judged {
        self.detector.store = OnePicture(bytes.into());
        let begun = Instant::now();
        let answer = self.detector.handle(json!({"s3_bucket": "evaluation", "s3_key": file})).await;
        let seconds = begun.elapsed().as_secs_f64();
        match answer {
            Ok(answer) => read(&answer, seconds),
            Err(error) => Judged {
                said: Said::Unknown,
                reason: Some(error.name().as_str().to_owned()),
                told: Vec::new(),
                seconds,
                input_tokens: 0,
                output_tokens: 0,
            },
        }
    }
}

fn read(answer: &Value, seconds: f64) -> Judged {
    let reason = answer["reason"].as_str();
    let said = match (answer["verdict"].as_str(), reason) {
        (Some("pii"), _) => Said::Pii,
        (Some("clean"), _) => Said::Clean,
        (Some("undetermined"), Some("disagreement")) => Said::Likely,
        _ => Said::Unknown,
    };
    let told = answer["findings"].as_array().into_iter().flatten().filter_map(|finding| {
        Some(Told {
            category: finding["category"].as_str().and_then(Category::named)?.as_str(),
            confidence: finding["confidence"].as_f64().unwrap_or(1.0),
            r#box: serde_json::from_value(finding["box"].clone()).ok(),
        })
    });
    let tokens = |name: &str| answer["model"][name].as_u64().unwrap_or_default();
    Judged {
        said,
        reason: reason.map(str::to_owned),
        told: told.collect(),
        seconds,
        input_tokens: tokens("input_tokens"),
        output_tokens: tokens("output_tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_function_is_read_as_what_was_said() {
        for (verdict, reason, said) in [
            ("pii", Value::Null, Said::Pii),
            ("clean", Value::Null, Said::Clean),
            ("undetermined", json!("disagreement"), Said::Likely),
            ("undetermined", json!("image_rejected"), Said::Unknown),
            ("not_image", Value::Null, Said::Unknown),
        ] {
            let answer = json!({"verdict": verdict, "reason": reason, "findings": [
                {"category": "FACE", "confidence": 0.9, "where": "top", "box": {"x": 1, "y": 2, "width": 3, "height": 4}},
                {"category": "PERSON", "confidence": 0.5, "where": "left"},
            ], "model": {"id": "m", "input_tokens": 7, "output_tokens": 3, "latency_ms": 5}});
            let judged = read(&answer, 0.5);
            assert_eq!((judged.said, judged.told.len(), judged.input_tokens), (said, 2, 7), "{verdict}");
            assert_eq!((judged.told[0].r#box.map(|area| area.width), judged.told[1].r#box), (Some(3), None));
        }
    }
}
