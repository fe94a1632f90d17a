//! Which provider can be asked for which fact. The *remit* of a check (docs/scoring.md section 2) is drawn from
//! this table: a declared scope whose provider could show a fact must show it, or the check stays open.
//! A fact stands here where the provider can show it in full; what it can only hint at obliges nobody.

use super::Fact;

/// A kind of system that a scope belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Its id in rungs.yaml and in the inventory.
    pub id: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What a scope of it is called.
    pub scope: &'static str,
    /// Facts that it can show in full.
    pub supplies: &'static [Fact],
}

impl Provider {
    /// The provider of that id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.id == id)
    }

    /// Whether it can show the fact in full.
    #[must_use]
    pub fn can_supply(&self, fact: Fact) -> bool {
        self.supplies.contains(&fact)
    }
}

/// Every provider of the model.
pub const PROVIDERS: &[Provider] = {
    use Fact::*;
    &[
        Provider {
            id: "aws",
            title: "Amazon Web Services",
            scope: "account",
            supplies: &[
                Identity,
                Owner,
                Environment,
                Credential,
                CredentialRotation,
                CredentialExpiry,
                CredentialLastUsed,
                Entitlement,
                EntitlementLastUsed,
                Trust,
            ],
        },
        Provider {
            id: "azure",
            title: "Microsoft Entra ID and Azure",
            scope: "tenant",
            supplies: &[
                Identity,
                Owner,
                Environment,
                Credential,
                CredentialRotation,
                CredentialExpiry,
                CredentialLastUsed,
                Entitlement,
                Trust,
                Review,
                Offboarding,
            ],
        },
        Provider {
            id: "gcp",
            title: "Google Cloud",
            scope: "project or organisation",
            supplies: &[Identity, Credential, CredentialRotation, CredentialExpiry, Entitlement, Trust],
        },
        Provider {
            id: "github",
            title: "GitHub",
            scope: "organisation",
            supplies: &[Identity, Credential, CredentialRotation, CredentialExpiry, Entitlement, Trust, ExposureCode],
        },
        Provider {
            id: "gitlab",
            title: "GitLab",
            scope: "group",
            supplies: &[Identity, Credential, CredentialRotation, CredentialExpiry, CredentialLastUsed],
        },
        Provider {
            id: "k8s",
            title: "Kubernetes",
            scope: "cluster",
            supplies: &[
                Identity,
                Owner,
                Environment,
                Credential,
                CredentialRotation,
                CredentialExpiry,
                Entitlement,
                Use,
            ],
        },
        Provider {
            id: "spire",
            title: "SPIRE",
            scope: "trust domain",
            supplies: &[Identity, Credential, CredentialRotation, CredentialExpiry, Trust, Use],
        },
        Provider {
            id: "vault",
            title: "HashiCorp Vault or OpenBao",
            scope: "cluster",
            supplies: &[
                Identity,
                Credential,
                CredentialRotation,
                CredentialExpiry,
                CredentialStorage,
                Entitlement,
                Trust,
                Decision,
            ],
        },
        Provider {
            id: "okta",
            title: "Okta",
            scope: "organisation",
            supplies: &[Identity, Credential, CredentialRotation, CredentialExpiry, Offboarding],
        },
        Provider { id: "code", title: "Source code", scope: "repository", supplies: &[ExposureCode] },
        Provider { id: "messaging", title: "Chat", scope: "workspace", supplies: &[ExposureMessaging] },
        Provider { id: "wiki", title: "Wiki", scope: "space", supplies: &[ExposureMessaging] },
        Provider { id: "ticket", title: "Ticket system", scope: "project", supplies: &[ExposureMessaging] },
        Provider {
            id: "agent",
            title: "AI agents and their tools",
            scope: "host or platform tenant",
            supplies: &[Credential, CredentialStorage, Agent, AgentTools, AgentApproval, ExposureCode],
        },
        Provider { id: "policy", title: "Policy engine", scope: "policy store", supplies: &[Policy, Decision] },
        Provider { id: "findings", title: "Imported findings", scope: "tool", supplies: &[] },
        Provider { id: "questionnaire", title: "Questionnaire", scope: "organisation", supplies: &[] },
    ]
};
