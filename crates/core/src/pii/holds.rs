//! Which kinds of findings an object holds, and when enough is found for what is done with it.

use super::{Category, Finding, Judgement, Policy};

/// What was found in an object, by what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    NoSecret,
    SecretsAlone,
    Both,
}

impl Holds {
    /// Personal data of which the model does not say what it is are no secret.
    pub(crate) fn of(findings: &[Finding], policy: &Policy) -> Self {
        let counting = findings.iter().filter(|finding| policy.counts(finding));
        let (secrets, others): (Vec<_>, Vec<_>) = counting.partition(|finding| finding.category == Category::Secret);
        match (secrets.is_empty(), others.is_empty()) {
            (true, _) => Self::NoSecret,
            (false, true) => Self::SecretsAlone,
            (false, false) => Self::Both,
        }
    }
}

/// Which kind of finding is enough by itself, so that the other, were it found too, would change nothing. Both always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough {
    /// Secrets alone.
    pub secrets: bool,
    /// Personal data that are no secret.
    pub personal_data: bool,
}

impl Enough {
    /// Whatever counts.
    pub const ANYTHING: Self = Self { secrets: true, personal_data: true };

    /// Whether nothing else that the object may hold changes what is done with it.
    #[must_use]
    pub fn is_found(self, judgement: &Judgement, policy: &Policy) -> bool {
        let Judgement::Pii(findings) = judgement else { return false };
        match Holds::of(findings, policy) {
            Holds::NoSecret => self.personal_data,
            Holds::SecretsAlone => self.secrets,
            Holds::Both => true,
        }
    }
}
