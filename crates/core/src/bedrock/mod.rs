//! `InvokeModel`: what each model takes, the request, the answer.

pub mod answer;
mod answer_form;
mod asked_model;
pub mod capabilities;
mod family;
mod messages;
pub mod native_schema;
mod nova;
mod optional_field;
mod prices;
pub mod profile;
pub mod request;

pub use answer::{Answer, StopReason, Usage};
pub use asked_model::AskedModel;
pub use capabilities::Capabilities;
pub use family::Family;
pub use optional_field::{OptionalField, RefusedFields};
pub use prices::{NoPrices, TokenPrices};
pub use profile::ModelId;
pub use request::{ImageBody, Question, conversation_body};

/// A guardrail that sees every question and every answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// Its id or ARN.
    pub id: String,
    /// Its version, a number or `DRAFT`.
    pub version: String,
}
