//! The closed list of facts that evidence may or may not cover.

use std::fmt;
use std::str::FromStr;

macro_rules! facts {
    ($($variant:ident $name:literal $about:literal;)*) => {
        /// Something that an export can show about a scope; `coverage` says how far it does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fact {
            $(#[doc = $about] $variant,)*
        }

        impl Fact {
            /// Every fact, in the order of the model.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in checks, coverage tables and reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it says, in words.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }

        impl FromStr for Fact {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($name => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

impl Fact {
    /// Whether it is shown by other systems than the one that holds the identity: no account lists the secrets
    /// that repositories hold, or the agents that run elsewhere. Such a fact is judged over the whole estate.
    #[must_use]
    pub fn lies_elsewhere(self) -> bool {
        matches!(
            self,
            Self::ExposureCode
                | Self::ExposureCi
                | Self::ExposureMessaging
                | Self::Agent
                | Self::AgentTools
                | Self::AgentApproval
                | Self::Policy
                | Self::Decision
                | Self::Review
                | Self::Offboarding
        )
    }

    /// Its name as part of a column's name.
    #[must_use]
    pub fn column(self) -> String {
        self.name().replace('.', "_")
    }
}

facts! {
    Identity "identity" "The list of identities in the scope.";
    Owner "owner" "Who owns each identity.";
    Environment "environment" "Which environment each identity belongs to.";
    Credential "credential" "The list of keys, tokens, passwords and certificates.";
    CredentialRotation "credential.rotation" "When each credential was made or last rotated.";
    CredentialExpiry "credential.expiry" "When each credential ends, or that it never does.";
    CredentialLastUsed "credential.last_used" "When each credential was last used.";
    CredentialStorage "credential.storage" "Where each credential is kept.";
    Entitlement "entitlement" "What each identity is allowed to do.";
    EntitlementLastUsed "entitlement.last_used" "When each entitlement was last exercised.";
    Trust "trust" "Who may become or speak for each identity.";
    Use "use" "Which workloads and people use each identity.";
    ExposureCode "exposure.code" "Secrets found in code, history and configuration files.";
    ExposureCi "exposure.ci" "Secrets found in CI/CD configuration and logs.";
    ExposureMessaging "exposure.messaging" "Secrets found in chat, tickets and wikis.";
    Agent "agent" "The list of AI agents.";
    AgentTools "agent.tools" "The tools that each agent can call.";
    AgentApproval "agent.approval" "Which agent actions a person approves first.";
    Policy "policy" "Policy decision points and their policy sets.";
    Decision "decision" "Decisions that policy points made.";
    Review "review" "Access reviews and attestations on record.";
    Offboarding "offboarding" "Departures, revocations and deletions on record.";
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far evidence covers a fact in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing can be concluded.
    None,
    /// Something was seen; what was not seen may exist.
    Partial,
    /// What was not seen does not exist.
    Full,
}

impl Level {
    /// Its name in coverage tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
