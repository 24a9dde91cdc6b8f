//! What callers may ask for.

use crate::bedrock::ModelId;

/// What a caller may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The model that answers when the caller names none.
    pub default_model: ModelId,
    /// Every model that the caller may name.
    pub models: Vec<ModelId>,
    /// Most tokens of an answer, thinking included.
    pub max_tokens: u32,
}

impl Offer {
    /// The model of that name, if it is on offer.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&ModelId> {
        self.models.iter().find(|model| model.name() == name)
    }

    /// What callers call the models.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(ModelId::name)
    }
}
