//! The tables that sources fill, in one place: a row struct, an Arrow schema and a builder for each.
//! A table is added or changed here and nowhere else.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;

use super::column::{Cell, Column, Finish, FromCell, Typed, Value, Word};
use super::{Error, Writer};
use crate::config::Moment;

/// What every table is.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name in SQL and in the Parquet folder.
    pub name: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

impl Table {
    /// The Arrow schema.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }
}

/// A row of a table.
pub trait Row: Sized {
    /// The table that it belongs to.
    const TABLE: &'static Table;
    /// The builder of its record batches.
    type Batch: BatchBuilder<Self>;
}

/// Collects rows column by column.
pub trait BatchBuilder<R>: Default {
    /// Takes one row.
    fn push(&mut self, row: R);
    /// How many rows it holds.
    fn rows(&self) -> usize;
    /// Hands out what it holds and is empty afterwards.
    ///
    /// # Errors
    /// Never for rows that this builder took; the signature is Arrow's.
    fn finish(&mut self) -> Result<RecordBatch, ArrowError>;
}

macro_rules! tables {
    ($(
        $(#[doc = $about:literal])+
        $table:literal => $row:ident, $batch:ident {
            $( $column:ident : $type:ty = $column_about:literal, )*
        }
    )*) => {
        $(
            $(#[doc = $about])+
            ///
            /// Its default holds no evidence: every optional column is NULL.
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $row {
                $( #[doc = $column_about] pub $column: $type, )*
            }

            #[derive(Default)]
            #[doc = concat!("Builder of `", $table, "` batches.")]
            pub struct $batch {
                rows: usize,
                $( $column: <$type as Value>::Builder, )*
            }

            impl Row for $row {
                const TABLE: &'static Table = &Table {
                    name: $table,
                    about: concat!($($about),+),
                    columns: &[$(Column {
                        name: stringify!($column),
                        kind: <$type as Typed>::KIND,
                        nullable: <$type as Typed>::NULLABLE,
                        about: $column_about,
                    }),*],
                };
                type Batch = $batch;
            }

            impl BatchBuilder<$row> for $batch {
                fn push(&mut self, row: $row) {
                    self.rows += 1;
                    $( row.$column.append(&mut self.$column); )*
                }

                fn rows(&self) -> usize {
                    self.rows
                }

                fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
                    self.rows = 0;
                    RecordBatch::try_new($row::TABLE.arrow(), vec![$(self.$column.finish_array()),*])
                }
            }
        )*

        /// Adds a row that is known by the names of its columns. Columns that it does not name hold no evidence; whether
        /// that may be is the caller's to see. `false` where there is no such table.
        ///
        /// # Errors
        /// When a full batch cannot be written.
        pub fn push_cells(writer: &mut Writer, table: &Table, cells: Vec<(&'static str, Cell)>) -> Result<bool, Error> {
            match table.name {
                $($table => {
                    let mut row = $row::default();
                    for (column, cell) in cells {
                        match column {
                            $(stringify!($column) => {
                                if let Some(value) = FromCell::from_cell(cell) {
                                    row.$column = value;
                                }
                            })*
                            _ => {}
                        }
                    }
                    writer.push(row)?;
                    Ok(true)
                })*
                _ => Ok(false),
            }
        }

        /// Every table, in the order of the model.
        pub const TABLES: &[&Table] = &[$($row::TABLE),*];

    };
}

tables! {
    /// One row per loaded file.
    "source" => SourceRow, SourceBatch {
        source_id: String = "First 16 hex digits of the file's SHA-256.",
        kind: Word = "Source kind, one per export format.",
        path: String = "The file as the user named it.",
        provider: Word = "Kind of system that made it.",
        scope_id: Option<Word> = "Account, tenant, cluster or repository that it is about, where it is one.",
        as_of: Moment = "When the export was made.",
        as_of_basis: Word = "How that is known: in_file, configured or run.",
        precedence: i64 = "Rank where sources disagree: 1 API detail, 2 list, 3 report, 4 third-party finding, 5 questionnaire.",
        rows_read: i64 = "Records in the file.",
        rows_loaded: i64 = "Records that were understood.",
        rows_rejected: i64 = "Records that were not; listed, never dropped.",
        truncated: Option<bool> = "Whether the export says that more pages exist, or broke off.",
    }

    /// What a source could have proved about a scope.
    "coverage" => CoverageRow, CoverageBatch {
        source_id: String = "The file.",
        scope_id: Word = "The scope.",
        provider: Word = "The scope's provider.",
        fact: Word = "A fact of the closed list.",
        level: Word = "full, partial or none.",
        window_from: Option<Moment> = "Start of the tracking or scan window.",
        note: Option<String> = "Why it is less than full.",
    }

    /// An account, role or other principal; the same one may stand in several files.
    "identity" => Identity, IdentityBatch {
        identity_id: String = "Canonical id: ARN, `k8s:{cluster}:sa:{ns}:{name}`, SPIFFE id, ...",
        provider: Word = "Kind of system that knows it.",
        scope_id: Option<Word> = "Account, tenant or cluster.",
        kind: Word = "iam_user, role, service_account, group, root, ...",
        name: String = "Its name for people.",
        native_id: String = "Its id in the provider's own terms.",
        is_human: Option<bool> = "Whether a person signs in with it.",
        owner: Option<String> = "Who answers for it.",
        owner_basis: Option<Word> = "How the owner is known: tag, label, questionnaire, ...",
        environment: Option<Word> = "production, staging, development, test, shared, ...",
        environment_basis: Option<Word> = "How that is known: tag, account, namespace, name_pattern.",
        vendor: Option<String> = "External party that operates it.",
        created_at: Option<Moment> = "When it was made.",
        last_used_at: Option<Moment> = "When it was last used.",
        last_used_state: Option<Word> = "used, none_in_window, never; NULL where nothing tells.",
        tracking_since: Option<Moment> = "Since when use is recorded.",
        enabled: Option<bool> = "Whether it can be used at all.",
        deleted_at: Option<Moment> = "When it was deleted.",
        permissions_boundary: Option<bool> = "Whether a boundary limits what it may ever be granted.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// A key, token, password, certificate or short-lived session.
    "credential" => Credential, CredentialBatch {
        credential_id: String = "Key id, token id, or identity and slot where the source prints none.",
        identity_id: Option<String> = "The identity that it authenticates; NULL for orphan secrets.",
        provider: Word = "Kind of system that knows it.",
        scope_id: Option<Word> = "Account, tenant, cluster or repository.",
        kind: Word = "access_key, password, certificate, k8s_sa_token, stored_secret, role_session, ...",
        lifetime: Option<Word> = "static, expiring or ephemeral (at most 24 hours, issued per workload).",
        status: Option<Word> = "active, inactive, expired, revoked, scheduled_delete.",
        created_at: Option<Moment> = "When it was issued.",
        expires_at: Option<Moment> = "When it ends by itself.",
        last_rotated_at: Option<Moment> = "When its secret last changed.",
        last_used_at: Option<Moment> = "When it was last used.",
        never_expires: Option<bool> = "Whether the source says that it never ends.",
        auto_rotated: Option<bool> = "Whether a machine rotates it.",
        ttl_seconds: Option<i64> = "Longest life from issue, in seconds.",
        rotation_days: Option<i64> = "Rotation interval, in days.",
        rotation_basis: Option<Word> = "What the rotation date means: created, rotated, secret_updated.",
        last_used_state: Option<Word> = "used, none_in_window, never; NULL where nothing tells.",
        last_used_by: Option<String> = "Service and region of the last use.",
        tracking_since: Option<Moment> = "Since when use is recorded.",
        storage: Option<Word> = "secrets_manager, vault, ci_secret_store, k8s_secret, env_plaintext, config_file, code, hsm, none.",
        storage_ref: Option<String> = "Name of the place where it is kept.",
        shared_scope: Option<String> = "Who else may read it.",
        fingerprint: Option<String> = "`sha256:` hash of its value, to find reuse; never printed.",
        fingerprint_sha1: Option<String> = "`sha1:` hash of its value, which some scanners print instead; never printed.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// One permission, role or scope that an identity holds.
    "entitlement" => Entitlement, EntitlementBatch {
        entitlement_id: String = "Hash of identity, effect, action, resource and path of grant.",
        identity_id: String = "Who holds it.",
        provider: Word = "Kind of system that grants it.",
        scope_id: Option<Word> = "Account, tenant or cluster.",
        effect: Word = "allow or deny.",
        action: String = "One action string, role or scope.",
        action_kind: Word = "permission, role, scope or not_action.",
        resource: String = "What it applies to.",
        via: String = "How it is granted: inline, attached, group, role, binding.",
        is_admin: Option<bool> = "Whether it amounts to full control of the scope.",
        is_wildcard_action: Option<bool> = "Whether the action is open-ended.",
        is_wildcard_resource: Option<bool> = "Whether the resource is everything.",
        can_escalate: Option<bool> = "Whether its holder can give itself more.",
        condition: Option<String> = "Conditions as canonical text; empty for none, NULL where not known.",
        granted_at: Option<Moment> = "Since when.",
        expires_at: Option<Moment> = "Until when; set means time-bound.",
        last_used_at: Option<Moment> = "When it was last exercised.",
        eligible_only: Option<bool> = "Whether it must be activated first.",
        last_used_state: Option<Word> = "used, none_in_window, never; NULL where nothing tells.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// Who may become, or speak for, an identity.
    "trust" => Trust, TrustBatch {
        trust_id: String = "Hash of identity, principal and conditions.",
        identity_id: String = "The identity that can be assumed.",
        provider: Word = "Kind of system that holds the trust.",
        scope_id: Option<Word> = "Account, tenant or cluster.",
        kind: Word = "oidc, spiffe, saml, cross_account, service, same_account, public, ...",
        issuer: Option<String> = "Issuer of the tokens, or the service.",
        subject: Option<String> = "Literal or pattern that the caller must match.",
        audience: Option<String> = "Audience that tokens must carry.",
        subject_constrained: Option<bool> = "Whether the subject is limited at all.",
        subject_wildcard: Option<bool> = "Whether the limit contains a wildcard.",
        audience_constrained: Option<bool> = "Whether the audience is limited.",
        external_scope: Option<String> = "Account, organisation or trust domain of the caller.",
        external_party: Option<bool> = "Whether the caller is outside the estate; NULL without a list of own scopes.",
        external_id: Option<bool> = "Whether a guard against the confused deputy is set.",
        condition: Option<String> = "All conditions as canonical text; empty for none.",
        created_at: Option<Moment> = "Since when.",
        last_used_at: Option<Moment> = "When it was last used.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// One workload or person that uses one identity.
    "identity_use" => IdentityUse, IdentityUseBatch {
        identity_id: String = "The identity.",
        provider: Word = "Kind of system that shows the use.",
        scope_id: Option<Word> = "Account, tenant or cluster.",
        user_kind: Word = "pod, vm, function, pipeline, repo, agent, inference_service, vendor, human, host, secret_reader.",
        user_ref: String = "Which one: `payments/api`, `repo:org/web`, an agent id.",
        environment: Option<Word> = "Environment of the workload.",
        tenant: Option<String> = "Tenant of the workload.",
        first_seen: Option<Moment> = "First evidence.",
        last_seen: Option<Moment> = "Last evidence.",
        basis: Word = "config or log.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// A secret found where it should not be.
    "exposure" => Exposure, ExposureBatch {
        exposure_id: String = "Hash of location and fingerprint.",
        credential_id: Option<String> = "The credential, where it is known.",
        identity_id: Option<String> = "The identity, where it is known.",
        provider: Word = "Kind of system where it was found.",
        scope_id: Option<Word> = "What was scanned.",
        secret_kind: Word = "What the finder calls it.",
        location_type: Word = "code, git_history, ci_config, messaging, agent_config, env_plaintext, ...",
        location: String = "File and line, or message.",
        repo_or_channel: Option<String> = "Repository or channel.",
        first_seen_at: Option<Moment> = "When it got there.",
        detected_at: Option<Moment> = "When it was found.",
        resolved_at: Option<Moment> = "When it was dealt with.",
        status: Option<Word> = "open, resolved, revoked, false_positive, accepted.",
        validity: Option<Word> = "active, inactive, unknown.",
        verified: Option<bool> = "Whether the finder tried it.",
        public: Option<bool> = "Whether the place is public.",
        fingerprint: Option<String> = "`sha256:` hash of the value, to find reuse; never printed.",
        fingerprint_sha1: Option<String> = "`sha1:` hash of the value, which some scanners print instead; never printed.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// An AI agent, or a client through which one works.
    "agent" => Agent, AgentBatch {
        agent_id: String = "Canonical id.",
        identity_id: Option<String> = "The identity that it runs as.",
        provider: Word = "Kind of system that lists it.",
        scope_id: Option<Word> = "Host, platform tenant or account.",
        name: String = "Its name for people.",
        platform: Word = "bedrock, agentcore, entra_agent, a2a, mcp_client, langgraph, autogen, ...",
        model: Option<String> = "Model that it uses.",
        model_provider: Option<Word> = "Who serves the model.",
        version: Option<String> = "Its version.",
        owner: Option<String> = "Who answers for it.",
        environment: Option<Word> = "Its environment.",
        created_at: Option<Moment> = "When it was made.",
        autonomy: Option<Word> = "manual, supervised or autonomous.",
        human_approval: Option<Word> = "all, some or none of its actions.",
        delegation: Option<Word> = "own_identity, on_behalf_of_user, caller_passthrough, shared_secret, inherited_role.",
        memory: Option<Word> = "none, session or persistent.",
        guardrail: Option<bool> = "Whether a guardrail is configured.",
        inbound_auth: Option<Word> = "none, api_key, oauth, oidc, mtls, iam.",
        network: Option<Word> = "public or private.",
        registry_status: Option<Word> = "approved, pending, draft, rejected, deprecated.",
        enabled: Option<bool> = "Whether it can run.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// A tool or server that an agent can call.
    "agent_tool" => AgentTool, AgentToolBatch {
        agent_id: String = "The agent.",
        tool: String = "Name of the tool or server.",
        server: Option<String> = "Server that offers the tool.",
        provider: Word = "Kind of system that lists it.",
        scope_id: Option<Word> = "Host, platform tenant or account.",
        kind: Word = "mcp_server, mcp_tool, function, action_group, handoff, a2a_agent, builtin, code_execution.",
        transport: Option<Word> = "stdio, http, sse, ...",
        endpoint: Option<String> = "Host or package that serves it; never a URL with credentials.",
        third_party: Option<bool> = "Whether somebody else makes or runs it.",
        auth: Option<Word> = "none, static_secret, oauth, caller_identity, jwt_passthrough, iam_role, mtls.",
        version_pinned: Option<bool> = "Whether an exact version is named.",
        read_only: Option<bool> = "Whether it says that it changes nothing.",
        destructive: Option<bool> = "Whether it says that it can destroy.",
        requires_approval: Option<bool> = "Whether a person approves each call.",
        code_execution: Option<bool> = "Whether it runs code or commands.",
        description_hash: Option<String> = "Hash of its description, to see it change.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// A policy decision point and its policy set.
    "policy_point" => PolicyPoint, PolicyPointBatch {
        pdp_id: String = "Canonical id.",
        provider: Word = "Kind of system.",
        scope_id: Option<Word> = "Policy store.",
        engine: Word = "opa, cedar, avp, agentcore, vault, k8s_rbac, other.",
        protects: Option<String> = "What it decides about.",
        mode: Option<Word> = "enforce, log_only, off.",
        policy_count: Option<i64> = "Policies in the set.",
        permit_any_principal: Option<i64> = "Permits open to every principal.",
        permit_any_action: Option<i64> = "Permits of every action.",
        permit_any_resource: Option<i64> = "Permits on every resource.",
        default_deny: Option<bool> = "Whether nothing is allowed without a permit.",
        revision: Option<String> = "Revision of the set.",
        signed: Option<bool> = "Whether the set is signed.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// Decisions of a policy point, added up.
    "decision" => Decision, DecisionBatch {
        pdp_id: String = "The policy point.",
        principal: String = "Who asked, as logged.",
        identity_id: Option<String> = "The identity, where it is known.",
        provider: Word = "Kind of system.",
        scope_id: Option<Word> = "Policy store.",
        action: String = "What was asked for.",
        resource_type: Option<String> = "On what.",
        allow_n: i64 = "Times allowed.",
        deny_n: i64 = "Times denied.",
        undefined_n: i64 = "Times undecided.",
        first_at: Option<Moment> = "First decision.",
        last_at: Option<Moment> = "Last decision.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// Something that happened in the life of an identity, credential, entitlement, agent or scope.
    "event" => Event, EventBatch {
        event_id: String = "Hash of subject, kind and time.",
        provider: Word = "Kind of system.",
        scope_id: Option<Word> = "Account, tenant or cluster.",
        subject_kind: Word = "identity, credential, entitlement, agent, scope.",
        subject_id: String = "Which one.",
        kind: Word = "created, rotated, disabled, deleted, revoked, reviewed, owner_departed, ...",
        at: Moment = "When.",
        actor: Option<String> = "Who did it.",
        outcome: Option<Word> = "approve, deny, not_reviewed, success, failure.",
        due_at: Option<Moment> = "By when it was due.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// An answer to a question that no export can settle.
    "attestation" => Attestation, AttestationBatch {
        question_id: String = "The question.",
        scope_id: Word = "Scope that the answer is about; `*` for the organisation.",
        answer: Option<Word> = "fully, largely, partially, not, not-applicable.",
        reason: Option<String> = "Why, where not applicable.",
        approver: Option<String> = "Who agreed that it does not apply.",
        answered_by: Option<String> = "Who answered.",
        role: Option<String> = "In which role.",
        answered_at: Option<Moment> = "When.",
        expires_at: Option<Moment> = "Until when the answer holds.",
        evidence_ref: Option<String> = "Document or URL that backs it.",
        evidence_sha256: Option<String> = "Digest of the document.",
        third_party: Option<bool> = "Whether an outside party answered.",
        comment: Option<String> = "Remarks.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// A verdict of another tool: imported, never judged again.
    "finding" => Finding, FindingBatch {
        finding_id: String = "Canonical id.",
        provider: Word = "Kind of system.",
        scope_id: Option<Word> = "Account, tenant or repository.",
        tool: Word = "The tool.",
        tool_version: Option<String> = "Its version.",
        check_id: String = "The tool's own rule.",
        status: Word = "pass, fail, manual, not_applicable.",
        severity: Option<Word> = "As the tool rates it.",
        resource_ref: String = "What it is about.",
        identity_id: Option<String> = "The identity, where it is known.",
        title: String = "In words.",
        observed_at: Option<Moment> = "When.",
        frameworks: Option<String> = "The tool's own mapping, verbatim; not used for ours.",
        source_id: String = "The file.",
        locator: String = "Where in the file.",
    }

    /// What an identity can become, computed from trusts and entitlements.
    "reach" => Reach, ReachBatch {
        identity_id: String = "The identity.",
        reachable: i64 = "Other identities that it can become, directly or over others.",
        reaches_admin: Option<bool> = "Whether one of them, or it itself, has full control of its scope.",
        path: Option<String> = "The shortest way to full control, for people.",
    }
}

impl CoverageRow {
    /// Whether it says more than `none`.
    #[must_use]
    pub fn shows_something(&self) -> bool {
        self.level != Word::from("none")
    }
}
