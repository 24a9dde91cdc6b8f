//! Whether a policy lets a service of AWS do something.

use serde::Deserialize;

/// A policy document, as far as it is about services.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Document {
    statement: OneOrMany<Statement>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Option<Principal>,
    action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anybody(String),
    Named {
        #[serde(rename = "Service")]
        service: Option<OneOrMany<String>>,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Document {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether a statement allows `action` on `resource` to the service, whatever its conditions are.
    pub(crate) fn allows(&self, service: &str, action: &str, resource: &str) -> bool {
        self.statement.as_slice().iter().any(|statement| {
            let any = |patterns: &Option<OneOrMany<String>>, value: &str| {
                patterns.as_ref().is_some_and(|patterns| patterns.as_slice().iter().any(|pattern| fits(pattern, value)))
            };
            statement.effect == Effect::Allow
                && statement.principal.as_ref().is_some_and(|principal| principal.holds(service))
                && any(&statement.action, action)
                && any(&statement.resource, resource)
        })
    }
}

impl Principal {
    fn holds(&self, service: &str) -> bool {
        match self {
            Self::Anybody(all) => all == "*",
            Self::Named { service: services } => services
                .as_ref()
                .is_some_and(|services| services.as_slice().iter().any(|one| one == service || one == "*")),
        }
    }
}

/// Whether a value fits a pattern, where `*` stands for any text. Capitals make no difference, as in actions.
fn fits(pattern: &str, value: &str) -> bool {
    let (pattern, value) = (pattern.to_lowercase(), value.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|begin| value.strip_prefix(begin)) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_may_do_is_what_a_statement_allows_to_it() {
        let text = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"Service": ["cloudwatch.amazonaws.com"]},
             "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"},
            {"Effect": "Deny", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}]}"#;
        let document = Document::parse(text).unwrap();
        for (service, action, allowed) in [
            ("cloudwatch.amazonaws.com", "kms:Decrypt", true),
            ("cloudwatch.amazonaws.com", "kms:GenerateDataKeyPair", true),
            ("cloudwatch.amazonaws.com", "kms:Encrypt", false),
            ("bedrock.amazonaws.com", "kms:Decrypt", false),
            ("s3.amazonaws.com", "kms:Decrypt", false),
        ] {
            assert_eq!(document.allows(service, action, "arn:aws:kms:r:1:key/k"), allowed, "{service} {action}");
        }
        assert!(Document::parse("{").is_none());
    }

    #[test]
    fn a_resource_fits_its_pattern() {
        for (pattern, fitting) in [
            ("*", true),
            ("arn:aws:logs:r:1:log-group:/aws/vendedlogs/*", true),
            ("arn:aws:logs:*:log-group:/aws/*/states/audit*", true),
            ("arn:aws:logs:r:1:log-group:/aws/vendedlogs/states/audit", true),
            ("arn:aws:logs:r:1:log-group:/aws/vendedlogs", false),
            ("arn:aws:logs:r:2:*", false),
            ("*audit2", false),
        ] {
            assert_eq!(fits(pattern, "arn:aws:logs:r:1:log-group:/aws/vendedlogs/states/audit"), fitting, "{pattern}");
        }
    }
}
