//! The views that checks read: their columns, their row ids and the facts without which their rows prove
//! nothing. How rows get there is SQL (`engine/views.sql`); a test compares the two.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::column::{Column, Kind};
use super::{Fact, Provider};

/// One view; its row is the population unit of the checks on it.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Its name in checks, bounds and SQL.
    pub name: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// The column that names a row for ever, whatever export it came from.
    pub key: &'static str,
    /// The column that names a row for people.
    pub label: &'static str,
    /// Facts that list its rows; a scope must cover those that its provider can show.
    pub own: &'static [Fact],
    /// Whether rows belong to an identity, so that use by AI differs from row to row. Otherwise all rows
    /// count for the identities that AI uses as they do for the whole estate.
    pub by_identity: bool,
    /// Columns of its own, before [`SHARED`] ones.
    columns: &'static [Column],
}

impl View {
    /// The view of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        VIEWS.iter().find(|view| view.name == name)
    }

    /// Its columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().chain(SHARED)
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns().find(|column| column.name == name)
    }

    /// The Arrow schema.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns().map(Column::field).collect::<Vec<_>>()))
    }

    /// The facts that a scope of this provider must cover for its rows to be all there; empty where the
    /// provider cannot list rows of this view.
    pub fn own_facts(&self, provider: &Provider) -> impl Iterator<Item = Fact> {
        self.own.iter().copied().filter(|fact| provider.can_supply(*fact))
    }
}

/// Columns by which tallies are kept.
pub const SEGMENT: [&str; 5] = ["provider", "scope_id", "environment", "identity_kind", "ai_use"];

const fn column(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, nullable: true, about }
}

const fn required(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, nullable: false, about }
}

/// Columns of every view.
pub const SHARED: &[Column] = &[
    column("identity_id", Kind::Text, "Canonical id of the identity that the row belongs to."),
    column("identity_name", Kind::Text, "Its name; Kubernetes service accounts as `namespace/name`."),
    column("identity_kind", Kind::Word, "iam_user, role, service_account, group, root, ..."),
    column("identity_owner", Kind::Text, "Who answers for the identity."),
    column("provider", Kind::Word, "Kind of system that the row comes from."),
    column("scope_id", Kind::Word, "Account, tenant, cluster, repository or host."),
    column("environment", Kind::Word, "production, staging, development, test, shared, ..."),
    column("ai_use", Kind::Word, "How AI uses the identity: agent, inference, pipeline, none; NULL where not known."),
    column("agent_autonomy", Kind::Word, "Highest autonomy of the agents that use it: manual, supervised, autonomous."),
    column("source_id", Kind::Text, "The file that the row was taken from."),
    column("locator", Kind::Text, "Where in that file."),
];

use Fact::{
    Agent, AgentTools, Credential, Decision, Entitlement, ExposureCi, ExposureCode, ExposureMessaging, Identity,
    Policy, Trust, Use,
};
use Kind::{Bool, Int, Text, Time, Word};

/// Every view, in the order of the model.
pub const VIEWS: &[View] = &[
    View {
        name: "identities",
        about: "One row an identity, merged over all files that know it.",
        key: "identity_id",
        label: "identity_name",
        own: &[Identity],
        by_identity: true,
        columns: &[
            column("native_id", Text, "Its id in the provider's own terms."),
            column("is_human", Bool, "Whether a person signs in with it; NULL where nothing tells."),
            column("has_owner", Bool, "Whether an owner is on record; NULL where owners were not read."),
            column("owner_basis", Word, "How the owner is known: tag, label, questionnaire, ..."),
            column("environment_basis", Word, "How the environment is known: tag, namespace, account, name_pattern."),
            column(
                "has_environment",
                Bool,
                "Whether an environment is on record; NULL where environments were not read.",
            ),
            column("vendor", Text, "External party that operates it."),
            column("created_at", Time, "When it was made."),
            column("last_used_at", Time, "When it, or one of its credentials, was last used."),
            column("last_used_state", Word, "used, none_in_window, never; NULL where nothing tells."),
            column("enabled", Bool, "Whether it can be used at all."),
            column("permissions_boundary", Bool, "Whether a boundary limits what it may ever be granted."),
            column("age_days", Int, "Whole days since it was made."),
            column("idle_days", Int, "Whole days since its last use; since it was made where it was never used."),
            column("active_credentials", Int, "Active credentials of any kind, sessions left out."),
            column("static_credentials", Int, "Active credentials that do not end by themselves, passwords left out."),
            column("active_passwords", Int, "Active console passwords."),
            column("agents_of_identity", Int, "Agents that run as it."),
            column("users_of_identity", Int, "Different workloads and people that use it."),
            column("environments_of_identity", Int, "Different environments that its users run in."),
            column("human_users", Int, "People among its users."),
            column("open_exposures", Int, "Open findings of its secrets in the wrong places."),
            column("entitlements", Int, "Permissions, roles and scopes that it holds."),
            column("admin_entitlements", Int, "Those that amount to full control."),
            column("wildcard_entitlements", Int, "Those with an open-ended action."),
            column("escalation_entitlements", Int, "Those that let it give itself more."),
            column("trusts", Int, "Ways in which others can become it."),
            column("federated_trusts", Int, "Those that rest on OIDC or SPIFFE tokens."),
            column("external_trusts", Int, "Those open to another account, organisation or everyone."),
            column("reachable", Int, "Other identities that it can become, directly or over others."),
            column("reaches_admin", Bool, "Whether it is, or can become, an identity with full control."),
            column("admin_path", Text, "The shortest way to full control."),
        ],
    },
    View {
        name: "credentials",
        about: "One row a credential: an access key is one row however many files list it.",
        key: "credential_key",
        label: "credential_id",
        own: &[Credential],
        by_identity: true,
        columns: &[
            required("credential_key", Text, "Identity and creation time of an access key, else the credential's id."),
            column("credential_id", Text, "Key id, token id, or identity and slot where no file prints one."),
            column("credential_kind", Word, "access_key, password, certificate, k8s_sa_token, role_session, ..."),
            column("lifetime", Word, "static, expiring or ephemeral (at most 24 hours, issued per workload)."),
            column("status", Word, "active, inactive, expired, revoked, scheduled_delete."),
            column("created_at", Time, "When it was issued."),
            column("expires_at", Time, "When it ends by itself."),
            column("last_rotated_at", Time, "When its secret last changed."),
            column("last_used_at", Time, "When it was last used."),
            column("last_used_state", Word, "used, none_in_window, never; NULL where nothing tells."),
            column("last_used_by", Text, "Service and region of the last use."),
            column("never_expires", Bool, "Whether it never ends by itself."),
            column("auto_rotated", Bool, "Whether a machine rotates it."),
            column("ttl_seconds", Int, "Longest life from issue, in seconds."),
            column("rotation_days", Int, "Rotation interval, in days."),
            column("rotation_basis", Word, "What the rotation date means: created, rotated, secret_updated."),
            column(
                "storage",
                Word,
                "secrets_manager, vault, ci_secret_store, k8s_secret, env_plaintext, config_file, code, none, ...",
            ),
            column("storage_ref", Text, "Name of the place where it is kept."),
            column("shared_scope", Text, "Who else may read it."),
            column("is_human", Bool, "Whether a person signs in with its identity."),
            column("has_identity", Bool, "Whether the identity that it names exists; NULL where it names none."),
            column("age_days", Int, "Whole days since it was last rotated, or made."),
            column("idle_days", Int, "Whole days since its last use; since it was made where it was never used."),
            column("lifetime_days", Int, "Whole days from issue to its end."),
            column(
                "ends_in_seconds",
                Int,
                "Seconds until it ends by itself, counted from issue for sessions; NULL where it never does or nothing tells.",
            ),
            column("places_of_secret", Int, "Different places where the same value was found."),
            column(
                "secret_no",
                Int,
                "Number of its value, the same wherever the value was seen; NULL where it was seen once.",
            ),
        ],
    },
    View {
        name: "entitlements",
        about: "One row a permission, role or scope held by an identity.",
        key: "entitlement_id",
        label: "action",
        own: &[Entitlement],
        by_identity: true,
        columns: &[
            required("entitlement_id", Text, "Hash of holder, effect, action, resource and path of grant."),
            column("effect", Word, "allow or deny."),
            column("action", Text, "One action string, role or scope."),
            column("action_kind", Word, "permission, role, scope or not_action."),
            column("resource", Text, "What it applies to."),
            column("via", Text, "How it is granted."),
            column("is_admin", Bool, "Whether it amounts to full control; NULL where its document was not exported."),
            column("is_wildcard_action", Bool, "Whether the action is open-ended."),
            column("is_wildcard_resource", Bool, "Whether the resource is everything."),
            column("can_escalate", Bool, "Whether its holder can give itself more."),
            column("condition", Text, "Conditions as text; empty for none."),
            column("granted_at", Time, "Since when."),
            column("expires_at", Time, "Until when."),
            column("last_used_at", Time, "When it was last exercised."),
            column("last_used_state", Word, "used, none_in_window, never; NULL where nothing tells."),
            column("eligible_only", Bool, "Whether it must be activated first."),
            column(
                "holder_exists",
                Bool,
                "Whether the identity that holds it exists; NULL where identities were not read.",
            ),
            column("holder_builtin", Bool, "Whether the holder is built into the platform."),
            column("age_days", Int, "Whole days since it was granted."),
            column("idle_days", Int, "Whole days since it was last exercised."),
        ],
    },
    View {
        name: "trusts",
        about: "One row a way in which somebody may become an identity.",
        key: "trust_id",
        label: "subject",
        own: &[Trust],
        by_identity: true,
        columns: &[
            required("trust_id", Text, "Hash of identity, principal and conditions."),
            column("trust_kind", Word, "oidc, spiffe, saml, cross_account, service, same_account, public, ..."),
            column("issuer", Text, "Issuer of the tokens, or the service."),
            column("subject", Text, "Literal or pattern that the caller must match."),
            column("audience", Text, "Audience that tokens must carry."),
            column("subject_constrained", Bool, "Whether the subject is limited at all."),
            column("subject_wildcard", Bool, "Whether the limit contains a wildcard."),
            column("audience_constrained", Bool, "Whether the audience is limited."),
            column("external_scope", Text, "Account, organisation or trust domain of the caller."),
            column("external_party", Bool, "Whether the caller is outside the declared estate."),
            column("external_id", Bool, "Whether a guard against the confused deputy is set."),
            column("condition", Text, "All conditions as text; empty for none."),
            column("vendor", Text, "External party that operates the identity."),
            column("created_at", Time, "Since when."),
            column("last_used_at", Time, "When it was last used."),
            column("age_days", Int, "Whole days since it was set up."),
        ],
    },
    View {
        name: "uses",
        about: "One row a workload or person that uses an identity.",
        key: "use_id",
        label: "user_ref",
        own: &[Use],
        by_identity: true,
        columns: &[
            required("use_id", Text, "Identity and user."),
            column("user_kind", Word, "pod, vm, function, pipeline, agent, human, ..."),
            column("user_ref", Text, "Which one."),
            column("user_environment", Word, "Environment of the workload."),
            column("tenant", Text, "Tenant of the workload."),
            column("first_seen", Time, "First evidence."),
            column("last_seen", Time, "Last evidence."),
            column("basis", Word, "config or log."),
        ],
    },
    View {
        name: "exposures",
        about: "One row a secret found in one place where it should not be.",
        key: "exposure_id",
        label: "location",
        own: &[ExposureCode, ExposureCi, ExposureMessaging],
        by_identity: true,
        columns: &[
            required("exposure_id", Text, "Hash of location and fingerprint."),
            column("secret_kind", Word, "What the finder calls it."),
            column("location_type", Word, "code, git_history, ci_config, messaging, agent_config, env_plaintext, ..."),
            column("location", Text, "File and line, or message."),
            column("repo_or_channel", Text, "Repository or channel."),
            column("first_seen_at", Time, "When it got there."),
            column("detected_at", Time, "When it was found."),
            column("resolved_at", Time, "When it was dealt with."),
            column("status", Word, "open, resolved, revoked, false_positive, accepted."),
            column("validity", Word, "active, inactive, unknown."),
            column("verified", Bool, "Whether the finder tried it."),
            column("public", Bool, "Whether the place is public."),
            column("places_of_secret", Int, "Different files and channels where the same value was found."),
            column(
                "secret_no",
                Int,
                "Number of the value, the same wherever it was seen; NULL where it was seen once.",
            ),
            column("age_days", Int, "Whole days since it got there, or was found."),
        ],
    },
    View {
        name: "agents",
        about: "One row an AI agent, or a client through which one works.",
        key: "agent_id",
        label: "agent_name",
        own: &[Agent],
        by_identity: false,
        columns: &[
            required("agent_id", Text, "Canonical id."),
            column("agent_name", Text, "Its name for people."),
            column("platform", Word, "bedrock, agentcore, mcp_client, a2a, langgraph, ..."),
            column("model", Text, "Model that it uses."),
            column("model_provider", Word, "Who serves the model."),
            column("version", Text, "Its version."),
            column("agent_owner", Text, "Who answers for it, or for the identity that it runs as."),
            column(
                "has_owner",
                Bool,
                "Whether somebody answers for it, or for its identity; NULL where nothing tells.",
            ),
            column("autonomy", Word, "manual, supervised or autonomous."),
            column("human_approval", Word, "all, some or none of its actions."),
            column(
                "delegation",
                Word,
                "own_identity, on_behalf_of_user, caller_passthrough, shared_secret, inherited_role.",
            ),
            column("memory", Word, "none, session or persistent."),
            column("guardrail", Bool, "Whether a guardrail is configured."),
            column("inbound_auth", Word, "none, api_key, oauth, oidc, mtls, iam."),
            column("network", Word, "public or private."),
            column("registry_status", Word, "approved, pending, draft, rejected, deprecated."),
            column("enabled", Bool, "Whether it can run."),
            column("has_identity", Bool, "Whether the identity that it runs as is known and exists."),
            column("tools", Int, "Tools and servers that it can call."),
            column("static_secret_tools", Int, "Those reached with a static secret."),
            column("created_at", Time, "When it was made."),
            column("age_days", Int, "Whole days since it was made."),
        ],
    },
    View {
        name: "agent_tools",
        about: "One row a tool or server that an agent can call.",
        key: "tool_id",
        label: "tool",
        own: &[AgentTools],
        by_identity: false,
        columns: &[
            required("tool_id", Text, "Agent, server and tool."),
            column("agent_id", Text, "The agent."),
            column("agent_name", Text, "Its name for people."),
            column("tool", Text, "Name of the tool or server."),
            column("server", Text, "Server that offers the tool."),
            column("tool_kind", Word, "mcp_server, mcp_tool, function, code_execution, ..."),
            column("transport", Word, "stdio, http, sse, ..."),
            column("endpoint", Text, "Host or package that serves it."),
            column("third_party", Bool, "Whether somebody else makes or runs it."),
            column("auth", Word, "none, static_secret, oauth, caller_identity, jwt_passthrough, iam_role, mtls."),
            column("version_pinned", Bool, "Whether an exact version is named."),
            column("read_only", Bool, "Whether it says that it changes nothing."),
            column("destructive", Bool, "Whether it says that it can destroy."),
            column("requires_approval", Bool, "Whether a person approves each call."),
            column("code_execution", Bool, "Whether it runs code or commands."),
        ],
    },
    View {
        name: "policy_points",
        about: "One row a policy decision point.",
        key: "pdp_id",
        label: "pdp_id",
        own: &[Policy],
        by_identity: false,
        columns: &[
            required("pdp_id", Text, "Canonical id."),
            column("engine", Word, "opa, cedar, avp, agentcore, vault, k8s_rbac, other."),
            column("protects", Text, "What it decides about."),
            column("mode", Word, "enforce, log_only, off."),
            column("policy_count", Int, "Policies in the set."),
            column("permit_any_principal", Int, "Permits open to every principal."),
            column("permit_any_action", Int, "Permits of every action."),
            column("permit_any_resource", Int, "Permits on every resource."),
            column("default_deny", Bool, "Whether nothing is allowed without a permit."),
            column("revision", Text, "Revision of the set."),
            column("signed", Bool, "Whether the set is signed."),
        ],
    },
    View {
        name: "decisions",
        about: "One row a principal, action and resource type with the decisions about them.",
        key: "decision_id",
        label: "action",
        own: &[Decision],
        by_identity: true,
        columns: &[
            required("decision_id", Text, "Policy point, principal, action and resource type."),
            column("pdp_id", Text, "The policy point."),
            column("principal", Text, "Who asked, as logged."),
            column("action", Text, "What was asked for."),
            column("resource_type", Text, "On what."),
            column("allow_n", Int, "Times allowed."),
            column("deny_n", Int, "Times denied."),
            column("undefined_n", Int, "Times undecided."),
            column("first_at", Time, "First decision."),
            column("last_at", Time, "Last decision."),
        ],
    },
    View {
        name: "events",
        about: "One row an event in the life of an identity, credential, entitlement, agent or scope.",
        key: "event_id",
        label: "subject_id",
        own: &[],
        by_identity: true,
        columns: &[
            required("event_id", Text, "Hash of subject, kind and time."),
            column("subject_kind", Word, "identity, credential, entitlement, agent, scope."),
            column("subject_id", Text, "Which one."),
            column("event_kind", Word, "created, rotated, disabled, deleted, revoked, reviewed, owner_departed, ..."),
            column("at", Time, "When."),
            column("actor", Text, "Who did it."),
            column("outcome", Word, "approve, deny, not_reviewed, success, failure."),
            column("due_at", Time, "By when it was due."),
            column("age_days", Int, "Whole days since."),
        ],
    },
    View {
        name: "scopes",
        about: "One row a scope of the estate. The column of a fact (`identity_coverage`, ...) is full, partial or none; NULL where the scope's provider is not expected to show it.",
        key: "scope_key",
        label: "scope_name",
        own: &[],
        by_identity: false,
        columns: &[
            required("scope_key", Text, "Provider and scope."),
            column("scope_name", Text, "Its name for people."),
            column("declared", Bool, "Whether rungs.yaml declares it."),
            column("identity_coverage", Word, "Coverage of the list of identities."),
            column("owner_coverage", Word, "Coverage of owners."),
            column("environment_coverage", Word, "Coverage of environments."),
            column("credential_coverage", Word, "Coverage of the list of credentials."),
            column("credential_rotation_coverage", Word, "Coverage of creation and rotation dates."),
            column("credential_expiry_coverage", Word, "Coverage of expiry."),
            column("credential_last_used_coverage", Word, "Coverage of the last use of credentials."),
            column("credential_storage_coverage", Word, "Coverage of where credentials are kept."),
            column("entitlement_coverage", Word, "Coverage of entitlements."),
            column("entitlement_last_used_coverage", Word, "Coverage of the last use of entitlements."),
            column("trust_coverage", Word, "Coverage of trusts."),
            column("use_coverage", Word, "Coverage of who uses identities."),
            column("exposure_code_coverage", Word, "Coverage of secrets in code."),
            column("exposure_ci_coverage", Word, "Coverage of secrets in CI/CD."),
            column("exposure_messaging_coverage", Word, "Coverage of secrets in chat, tickets and wikis."),
            column("agent_coverage", Word, "Coverage of the list of agents."),
            column("agent_tools_coverage", Word, "Coverage of agents' tools."),
            column("agent_approval_coverage", Word, "Coverage of human approval."),
            column("policy_coverage", Word, "Coverage of policy points."),
            column("decision_coverage", Word, "Coverage of decisions."),
            column("review_coverage", Word, "Coverage of reviews."),
            column("offboarding_coverage", Word, "Coverage of departures and revocations."),
        ],
    },
];
