//! The families of models that functions speak with.

/// How a model is asked and answers with `InvokeModel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Anthropic's Claude: the Messages API.
    #[default]
    Anthropic,
    /// Amazon Nova's understanding models: Micro, Lite, Pro, Premier.
    Nova,
}

impl Family {
    /// The family of a model by its id, or by the id or ARN of its inference profile. An application
    /// inference profile does not say: it is taken for Anthropic's.
    #[must_use]
    pub fn of(model_id: &str) -> Self {
        let id = model_id.rsplit('/').next().unwrap_or(model_id);
        let is_nova = id.strip_prefix("amazon.nova-").or_else(|| Some(id.split_once(".amazon.nova-")?.1)).is_some();
        if is_nova { Self::Nova } else { Self::Anthropic }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_known_by_every_form_of_a_models_id() {
        for (id, expected) in [
            ("us.anthropic.claude-haiku-5-5", Family::Anthropic),
            ("amazon.nova-lite-v1:0", Family::Nova),
            ("eu.amazon.nova-2-lite-v1:0", Family::Nova),
            ("arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-pro-v1:0", Family::Nova),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0", Family::Nova),
            ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3", Family::Anthropic),
            ("amazon.titan-text-express-v1", Family::Anthropic),
            ("", Family::Anthropic),
        ] {
            assert_eq!(Family::of(id), expected, "{id}");
        }
    }
}
