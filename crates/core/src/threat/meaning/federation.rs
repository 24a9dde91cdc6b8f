//! Issuers of identities that serve everybody: a trust in one has to name whom it means.

/// An issuer that gives identities to whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    host: &'static str,
    /// What stands before the customer's name in the subject of its tokens.
    before_customer: &'static str,
    /// What ends the customer's name there.
    after_customer: char,
    /// The claims beside the subject that tell one customer from another.
    claims: &'static [&'static str],
}

/// Claims of applications, of which each has its own.
const OF_APPLICATIONS: &[&str] = &["aud", "oaud", "app_id", "azp", "user_id", "id"];

/// Build systems, whose jobs choose the audience of their tokens, and providers of
/// people's identities, which give each application an audience of its own.
const ISSUERS: [Issuer; 8] = [
    Issuer {
        host: "token.actions.githubusercontent.com",
        before_customer: "repo:",
        after_customer: '/',
        claims: &[
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "enterprise",
            "enterprise_id",
            "job_workflow_ref",
            "actor",
            "actor_id",
        ],
    },
    Issuer {
        host: "gitlab.com",
        before_customer: "project_path:",
        after_customer: '/',
        claims: &[
            "project_path",
            "project_id",
            "namespace_path",
            "namespace_id",
            "user_login",
            "user_id",
            "user_email",
        ],
    },
    Issuer {
        host: "app.terraform.io",
        before_customer: "organization:",
        after_customer: ':',
        claims: &["terraform_organization_id", "terraform_organization_name", "terraform_workspace_id"],
    },
    Issuer {
        host: "agent.buildkite.com",
        before_customer: "organization:",
        after_customer: ':',
        claims: &["organization_id", "organization_slug", "pipeline_id"],
    },
    Issuer { host: "accounts.google.com", before_customer: "", after_customer: '/', claims: OF_APPLICATIONS },
    Issuer { host: "graph.facebook.com", before_customer: "", after_customer: '/', claims: OF_APPLICATIONS },
    Issuer { host: "www.amazon.com", before_customer: "", after_customer: '/', claims: OF_APPLICATIONS },
    Issuer {
        host: "cognito-identity.amazonaws.com",
        before_customer: "",
        after_customer: ':',
        claims: OF_APPLICATIONS,
    },
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
        let is_subject = claim.eq_ignore_ascii_case("sub");
        let is_known = is_subject || self.claims.iter().any(|known| known.eq_ignore_ascii_case(claim));
        let names = |value: &&str| if is_subject { self.is_customers(value) } else { names_one(value, '/') };
        host.eq_ignore_ascii_case(self.host) && is_known && !values.is_empty() && values.iter().all(names)
    }

    /// Whether a subject is one customer's: what it is by itself, or the customer's name is whole before anything
    /// may stand there. `repo:a*` is of everybody whose name begins so.
    fn is_customers(self, subject: &str) -> bool {
        if let Some(customer) = subject.strip_prefix(self.before_customer) {
            return names_one(customer, self.after_customer);
        }
        // Organisations may choose how their subjects are written: each claim is followed by a colon. One that anybody
        // can have, such as an environment, tells nobody apart.
        let is_claim = |kind: &str| self.claims.contains(&kind);
        let is_open = |text: &str| text.contains(['*', '?']);
        match subject.split_once(':') {
            Some((kind, customer)) if is_claim(kind) && names_one(customer, ':') => true,
            Some((kind, customer)) => !is_open(kind) && names_one(customer, self.after_customer),
            None => !is_open(subject) && !subject.is_empty(),
        }
    }
}

/// Whether the first part of a value, up to what ends it, names one and no pattern.
fn names_one(value: &str, end: char) -> bool {
    match value.find(['*', '?']) {
        None => !value.is_empty(),
        Some(star) => value.find(end).is_some_and(|end| 0 < end && end < star),
    }
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
