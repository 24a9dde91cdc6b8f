//! Issuers of identities that serve everybody: a trust in one has to name whom it means.

/// An issuer that gives identities to whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    host: &'static str,
    /// Whether the audience of its tokens tells one customer from another.
    audience_names: bool,
}

/// Build systems, whose jobs choose the audience of their tokens, and providers of
/// people's identities, which give each application an audience of its own.
const ISSUERS: [Issuer; 8] = [
    Issuer { host: "token.actions.githubusercontent.com", audience_names: false },
    Issuer { host: "gitlab.com", audience_names: false },
    Issuer { host: "app.terraform.io", audience_names: false },
    Issuer { host: "agent.buildkite.com", audience_names: false },
    Issuer { host: "accounts.google.com", audience_names: true },
    Issuer { host: "graph.facebook.com", audience_names: true },
    Issuer { host: "www.amazon.com", audience_names: true },
    Issuer { host: "cognito-identity.amazonaws.com", audience_names: true },
];

impl Issuer {
    /// The issuer that a federated principal names: by its host, or by the ARN of
    /// the account's provider. An issuer with a path of one customer is that customer's.
    pub(super) fn of(principal: &str) -> Option<Self> {
        let host = principal.split_once(":oidc-provider/").map_or(principal, |(_, host)| host);
        ISSUERS.into_iter().find(|issuer| issuer.host.eq_ignore_ascii_case(host))
    }

    /// Whether a condition on a key, held against these values, names somebody there.
    pub(super) fn is_named_by(self, key: &str, values: &[&str]) -> bool {
        let Some((host, claim)) = key.rsplit_once(':') else { return false };
        host.eq_ignore_ascii_case(self.host)
            && (self.audience_names || !claim.eq_ignore_ascii_case("aud"))
            && !values.is_empty()
            && values.iter().all(|value| names_a_subject(value))
    }
}

/// Whether a value says more than of which kind a subject is: `repo:*` is any repository.
fn names_a_subject(value: &str) -> bool {
    let name = value.split_once(':').map_or(value, |(_, name)| name);
    !name.is_empty() && !name.starts_with(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_for_everybody_is_known_however_it_is_named() {
        for (principal, expected) in [
            ("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", true),
            ("arn:aws-cn:iam::111122223333:oidc-provider/GitLab.com", true),
            ("accounts.google.com", true),
            ("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com/acme", false),
            ("arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/1A2B", false),
            ("arn:aws:iam::111122223333:saml-provider/gitlab.com", false),
            ("arn:aws:iam::111122223333:root", false),
        ] {
            assert_eq!(Issuer::of(principal).is_some(), expected, "{principal}");
        }
    }
}
