//! Why Bedrock does not answer a call.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use warden_core::{Error, bedrock::RefusedFields};

use crate::unanswered::Unanswered;

/// What Bedrock says of a request that is longer than the model reads.
const TOO_LONG: [&str; 4] = ["too long", "too many input tokens", "context limit", "context window"];

/// What was asked of Bedrock.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The IAM action.
    pub(super) action: &'static str,
    /// The model that was asked.
    pub(super) model_id: &'a str,
    /// The setting that limits its time.
    pub(super) time_limit: &'static str,
}

/// Why Bedrock does not answer a call.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It says that it cannot read the image.
    Image,
    /// It says that the request is longer than the model reads.
    TooLong,
    /// It does not take fields that the request can do without.
    Fields(RefusedFields),
    /// Anything else.
    Failed(Error),
}

impl Refusal {
    pub(super) fn of<E: ProvideErrorMetadata>(error: &SdkError<E>, asked: Asked<'_>) -> Self {
        let unreachable = "Bedrock could not be reached: check the Region, the endpoint and the network";
        let Unanswered { name, status, code } = match Unanswered::of(error, asked.time_limit, unreachable) {
            Ok(unanswered) => unanswered,
            Err(error) => return Self::Failed(error),
        };
        Self::Failed(match (name, status) {
            ("ThrottlingException" | "ModelNotReadyException", _) | (_, 429 | 529) => Error::ModelThrottled { code },
            ("ServiceQuotaExceededException", _) => {
                Error::ModelUnavailable { code, hint: "a quota of the account is used up: raise it in Service Quotas" }
            }
            ("ModelTimeoutException", _) | (_, 408) => Error::ModelTimeout { code },
            ("AccessDeniedException", _) | (_, 403) => Error::AccessDenied {
                action: asked.action,
                what: asked.model_id.to_owned(),
                hint: "allow the inference profile and its models in every Region of the profile, and check that the account has access to the model",
            },
            ("ResourceNotFoundException", _) | (_, 404) => Error::ModelUnavailable {
                code,
                hint: "no such model here: check MODEL_ID and BEDROCK_REGION, the model's end of life, and that the account's use case form was submitted",
            },
            ("ValidationException", _) | (_, 400) => return Self::of_request(error, &code),
            _ => Error::ModelUnavailable { code, hint: "Bedrock or the model failed" },
        })
    }

    /// Of a request that Bedrock does not take: it has one code for all of them,
    /// and only its text, which is repeated nowhere, says what is wrong.
    pub(super) fn of_request(error: &impl ProvideErrorMetadata, code: &str) -> Self {
        let text = error.message().unwrap_or_default();
        let fields = RefusedFields::of(text);
        let text = text.to_ascii_lowercase();
        if text.contains("image") {
            Self::Image
        } else if TOO_LONG.iter().any(|words| text.contains(words)) {
            Self::TooLong
        } else {
            fields.map_or_else(|| Self::Failed(not_taken(code)), Self::Fields)
        }
    }

    /// The error of a chat, which has no image and whose length is its caller's.
    pub(super) fn of_chat(self) -> Error {
        match self {
            Self::Image | Self::Fields(_) => not_taken("400 ValidationException"),
            Self::TooLong => Error::conversation_too_long(),
            Self::Failed(error) => error,
        }
    }
}

pub(super) fn not_taken(code: &str) -> Error {
    let problem = format!(
        "Bedrock does not take the request ({code}): check that MODEL_ID is an inference profile of this Region and BASE_MODEL_ID the model behind it"
    );
    Error::Internal { problem }
}
