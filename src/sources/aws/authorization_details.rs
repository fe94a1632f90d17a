//! Everything that IAM knows of an account: users, groups, roles, their policies and who may assume a role.
//! The richest export of AWS; policy documents come as JSON or URL-encoded, before or after their holders.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::answers::Stamp;
use super::grants::Grant;
use super::holdings::{Gaps, Holdings, Principal};
use super::policy::Document;
use super::roles::{LastUse, Role, RoleLastUsed};
use super::tags::{Tag, Tags};
use super::trust_policy::ways;
use super::{PROVIDER, account_of};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Identity, IdentityUse};
use crate::inventory::{Fact, Level};
use crate::sources::json::{self, Piece};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const USERS: &str = "UserDetailList";
const GROUPS: &str = "GroupDetailList";
const ROLES: &str = "RoleDetailList";
const POLICIES: &str = "Policies";

/// `aws iam get-account-authorization-details`.
pub struct AuthorizationDetails;

impl Source for AuthorizationDetails {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.authorization_details",
            title: "AWS IAM account authorization details",
            provider: PROVIDER,
            command: "aws iam get-account-authorization-details > authorization-details.json",
            recognises: "a JSON object with `UserDetailList`, `GroupDetailList` or `RoleDetailList`",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Owner, Level::Full),
                (Fact::Environment, Level::Full),
                (Fact::Entitlement, Level::Full),
                (Fact::Trust, Level::Full),
                (Fact::Use, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let head = probe.head();
        if probe.is_json_array() || !probe.is_json() {
            return Recognised::No;
        }
        if [USERS, GROUPS, ROLES].iter().any(|key| probe.has_key(key))
            || (probe.has_key(POLICIES) && head.contains("\"PolicyVersionList\""))
        {
            return Recognised::Yes;
        }
        let lists = [
            ("Groups", "\"GroupName\"", "list-groups", "who is in them, and what they may do"),
            (POLICIES, "\"AttachmentCount\"", "list-policies", "documents, and who holds them"),
        ];
        let near = lists
            .iter()
            .find(|(key, field, ..)| probe.has_key(key) && head.contains(field) && head.contains("\"arn:aws"));
        near.map_or(Recognised::No, |(_, _, command, lost)| {
            Recognised::Maybe(format!(
                "the answer of `{command}`, which does not show {lost}; use `aws iam \
                 get-account-authorization-details`"
            ))
        })
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading =
            Reading { input, holdings: Holdings::default(), accounts: BTreeMap::new(), seen: BTreeMap::new() };
        let arrays = [USERS, GROUPS, ROLES, POLICIES];
        let read = json::pieces(input.reader()?, &arrays, &["IsTruncated", "NextToken"], &mut |piece| {
            reading.take(&piece, out)
        });
        // What was read before a file breaks off still counts.
        let finished = reading.finish(read.is_ok(), out);
        read.and(finished)
    }
}

/// A user, group or role; the three differ in what else they have.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    arn: String,
    path: Option<String>,
    create_date: Stamp,
    #[serde(alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    policy_list: Option<Vec<Inline>>,
    attached_managed_policies: Option<Vec<Attached>>,
    group_list: Option<Vec<String>>,
    permissions_boundary: Option<IgnoredAny>,
    tags: Option<Vec<Tag>>,
    assume_role_policy_document: Option<Box<RawValue>>,
    instance_profile_list: Option<Vec<InstanceProfile>>,
    role_last_used: Option<RoleLastUsed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_name: String,
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceProfile {
    instance_profile_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
    default_version_id: Option<String>,
    attachment_count: Option<u64>,
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version_id: Option<String>,
    is_default_version: Option<bool>,
    document: Box<RawValue>,
}

struct Reading<'a> {
    input: &'a Input,
    holdings: Holdings,
    /// Accounts that were seen, with the partition that they lie in.
    accounts: BTreeMap<String, String>,
    /// How many records stood under each key.
    seen: BTreeMap<String, u64>,
}

/// What users, groups and roles have in common, read and checked.
struct Read {
    detail: Detail,
    account: String,
    created_at: Moment,
    inline: Vec<(String, Rc<[Grant]>)>,
}

impl Reading<'_> {
    fn take(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Broken> {
        if !piece.is_element {
            // The API says whether there is more; the CLI, cut short by the user, only where to go on.
            out.pages_missing(!matches!(piece.text(), "false" | "null"));
            return Ok(());
        }
        *self.seen.entry(piece.key.clone()).or_default() += 1;
        out.record(&piece.pointer, |out| match piece.key.as_str() {
            USERS => self.user(piece, out),
            GROUPS => self.group(piece, out),
            ROLES => self.role(piece, out),
            _ => self.policy(piece),
        })
    }

    fn read(&mut self, piece: &Piece, what: &str, out: &mut Output) -> Result<Read, Stop> {
        let mut detail: Detail = piece.parse(what)?;
        let account = account_of(&detail.arn).ok_or_else(|| Reject::because("`Arn` is not an ARN with an account"))?;
        let account = account.to_owned();
        let created_at = detail.create_date.past("CreateDate", &piece.pointer, out)?;
        let mut inline = Vec::new();
        for policy in detail.policy_list.take().unwrap_or_default() {
            let document = Document::read(&policy.policy_document, "an inline policy")?;
            inline.push((policy.policy_name, self.holdings.library.analyse(document, "an inline policy")?));
        }
        Ok(Read { detail, account, created_at, inline })
    }

    fn user(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Stop> {
        let mut read = self.read(piece, "a user", out)?;
        let tags = Tags::of(read.detail.tags.take());
        let identity = Identity {
            kind: Word::from("iam_user"),
            is_human: tags.is_human(read.detail.path.as_deref().unwrap_or_default()),
            ..self.identity(&read, &tags, piece)
        };
        self.hold(read, piece, None, out);
        out.push(identity)?;
        Ok(())
    }

    fn group(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Stop> {
        let read = self.read(piece, "a group", out)?;
        let identity = Identity {
            kind: Word::from("group"),
            // Nobody signs in with a group, and no boundary limits one.
            is_human: None,
            permissions_boundary: None,
            ..self.identity(&read, &Tags::default(), piece)
        };
        let name = read.detail.name.clone();
        self.hold(read, piece, Some(&name), out);
        out.push(identity)?;
        Ok(())
    }

    fn role(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Stop> {
        let mut read = self.read(piece, "a role", out)?;
        let missing = || Reject::because("`AssumeRolePolicyDocument` is missing");
        let document = read.detail.assume_role_policy_document.take().ok_or_else(missing)?;
        let document = Document::read(&document, "the trust policy")?;
        let ways = ways(&document, &read.detail.arn)?;
        let last_use =
            LastUse::read(read.detail.role_last_used.as_ref(), read.created_at, &piece.pointer, self.input, out)?;
        let tags = Tags::of(read.detail.tags.take());
        let identity = Identity {
            kind: Word::from("role"),
            // People sign in over SAML, but so may machines.
            is_human: if ways.iter().any(|way| way.kind == "saml") { None } else { Some(false) },
            last_used_at: last_use.at,
            last_used_state: last_use.state.clone(),
            tracking_since: last_use.since,
            ..self.identity(&read, &tags, piece)
        };
        let role = Role {
            arn: &read.detail.arn,
            account: &read.account,
            created_at: read.created_at,
            last_use: &last_use,
            // This export leaves the role's own limit out.
            max_session_seconds: None,
            locator: &piece.pointer,
            input: self.input,
        };
        role.write(ways, out)?;
        for profile in read.detail.instance_profile_list.take().unwrap_or_default() {
            out.push(IdentityUse {
                identity_id: read.detail.arn.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(read.account.clone())),
                user_kind: Word::from("vm"),
                user_ref: format!("instance-profile:{}", profile.instance_profile_name),
                basis: Word::from("config"),
                source_id: self.input.source_id.clone(),
                locator: piece.pointer.clone(),
                ..IdentityUse::default()
            })?;
        }
        self.hold(read, piece, None, out);
        out.push(identity)?;
        Ok(())
    }

    fn policy(&mut self, piece: &Piece) -> Result<(), Stop> {
        let policy: Managed = piece.parse("a managed policy")?;
        // Other versions are kept by IAM, but grant nothing.
        let is_default = |version: &&Version| match version.is_default_version {
            Some(is_default) => is_default,
            None => version.version_id.is_some() && version.version_id == policy.default_version_id,
        };
        let version = policy.policy_version_list.iter().find(is_default);
        let version = version.ok_or_else(|| Reject::because("the policy has no default version"))?;
        let document = Document::read(&version.document, "the policy")?;
        let document = self.holdings.library.analyse(document, "the policy")?;
        self.holdings.define(policy.arn, document, policy.attachment_count.unwrap_or(0));
        Ok(())
    }

    fn hold(&mut self, read: Read, piece: &Piece, group: Option<&str>, out: &mut Output) {
        if self.accounts.is_empty() {
            out.about_scope(&read.account);
        }
        let partition = read.detail.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        self.accounts.insert(read.account.clone(), partition);
        let attached = read.detail.attached_managed_policies.unwrap_or_default();
        let principal = Principal {
            identity_id: read.detail.arn,
            account: read.account,
            locator: piece.pointer.clone(),
            inline: read.inline,
            attached: attached.into_iter().map(|policy| (policy.policy_name, policy.policy_arn)).collect(),
            groups: read.detail.group_list.unwrap_or_default(),
        };
        self.holdings.hold(principal, group);
    }

    fn identity(&self, read: &Read, tags: &Tags, piece: &Piece) -> Identity {
        let owner = tags.owner();
        let environment = tags.environment();
        Identity {
            identity_id: read.detail.arn.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(read.account.clone())),
            name: read.detail.name.clone(),
            native_id: read.detail.arn.clone(),
            owner_basis: owner.as_ref().map(|_| Word::from("tag")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            vendor: tags.vendor(),
            created_at: Some(read.created_at),
            // IAM cannot switch a user, group or role off.
            enabled: Some(true),
            permissions_boundary: Some(read.detail.permissions_boundary.is_some()),
            source_id: self.input.source_id.clone(),
            locator: piece.pointer.clone(),
            ..Identity::default()
        }
    }

    fn finish(self, is_whole: bool, out: &mut Output) -> Result<(), Broken> {
        self.holdings.write(self.input, out)?;
        // A file that broke off before anything could be read is about no scope.
        let nobody = self.accounts.is_empty() && is_whole;
        for account in self.accounts.keys().chain(nobody.then_some(&self.input.scope_id)) {
            self.cover(account, out);
        }
        // Every account has a root user, whom no list of users names; what it holds, other exports say.
        for (account, partition) in &self.accounts {
            let arn = format!("arn:{partition}:iam::{account}:root");
            out.push(Identity {
                identity_id: arn.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(account.clone())),
                kind: Word::from("root"),
                name: "root".to_owned(),
                native_id: arn,
                is_human: Some(true),
                source_id: self.input.source_id.clone(),
                locator: "/".to_owned(),
                ..Identity::default()
            })?;
        }
        Ok(())
    }

    /// An export made with `--filter` does not say so; what gives it away lowers the coverage.
    fn cover(&self, account: &str, out: &mut Output) {
        let gaps = self.holdings.gaps();
        let none = |key: &str| !self.seen.contains_key(key);
        let filtered = if none(ROLES) {
            Some("no roles are listed, though every account has some")
        } else if none(GROUPS) && !gaps.groups.is_empty() {
            Some("users are in groups that are not listed")
        } else if (none(USERS) || none(GROUPS)) && self.holdings.lacks_attachments() {
            Some("policies are attached to more users and groups than are listed")
        } else {
            None
        };
        let level = if filtered.is_some() { Level::Partial } else { Level::Full };
        for fact in [Fact::Identity, Fact::Owner, Fact::Environment] {
            out.cover(PROVIDER, account, fact, level, filtered);
        }
        // The list of grants is complete even where a document is missing: the rows say what is not known.
        let documents = missing_documents(&gaps);
        out.cover(PROVIDER, account, Fact::Entitlement, level, filtered.or(documents.as_deref()));
        let trust = if none(ROLES) { (Level::Partial, filtered) } else { (Level::Full, None) };
        out.cover(PROVIDER, account, Fact::Trust, trust.0, trust.1);
        out.cover(
            PROVIDER,
            account,
            Fact::Use,
            Level::Partial,
            Some("of workloads, only instance profiles are listed"),
        );
    }
}

fn missing_documents(gaps: &Gaps) -> Option<String> {
    let (unknown, by_name) = (gaps.unknown.len(), gaps.by_name.len());
    let documents = if unknown + by_name == 1 { "document" } else { "documents" };
    match (unknown, by_name) {
        (0, 0) => None,
        (0, _) => Some(format!("{by_name} policy {documents} of AWS missing, judged by name")),
        (_, 0) => Some(format!("{unknown} policy {documents} missing: what these grant is not known")),
        _ => Some(format!(
            "{} policy documents missing: {by_name} of AWS judged by name, what {unknown} grant is not known",
            unknown + by_name
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::inventory::schema::{CoverageRow, Credential, Entitlement, Row, Trust};
    use crate::sources::testing::{Loaded, load_fixture};

    const OBJECTS: &str = "aws.authorization_details/good/objects.json";

    fn good(file: &str) -> Loaded {
        load_fixture(&AuthorizationDetails, &format!("aws.authorization_details/good/{file}"))
    }

    #[test]
    fn principals_are_identities() {
        let columns = &[
            "identity_id",
            "kind",
            "name",
            "is_human",
            "owner",
            "environment",
            "vendor",
            "last_used_state",
            "tracking_since",
            "permissions_boundary",
        ];
        let rows = load_fixture(&AuthorizationDetails, OBJECTS).rows(Identity::TABLE, columns);
        let arn = |rest: &str| format!("arn:aws:iam::111122223333:{rest}");
        let since = "2025-05-26T12:00:00Z";
        let expected = [
            (arn("user/people/alice"), ["iam_user", "alice", "true", "platform", "∅", "∅", "∅", "∅", "false"]),
            (arn("user/etl"), ["iam_user", "etl", "false", "data@acme.example", "production", "∅", "∅", "∅", "true"]),
            (arn("user/triage"), ["iam_user", "triage", "false", "∅", "shared", "Contoso", "∅", "∅", "false"]),
            (arn("user/suspended"), ["iam_user", "suspended", "∅", "∅", "∅", "∅", "∅", "∅", "false"]),
            (arn("group/admins"), ["group", "admins", "∅", "∅", "∅", "∅", "∅", "∅", "∅"]),
            (arn("role/web"), ["role", "web", "false", "∅", "∅", "∅", "used", since, "false"]),
            (arn("role/ci/deploy"), ["role", "deploy", "false", "∅", "∅", "∅", "never", since, "false"]),
            (arn("role/sso"), ["role", "sso", "∅", "∅", "∅", "∅", "none_in_window", since, "true"]),
            (arn("role/closed"), ["role", "closed", "false", "∅", "∅", "∅", "∅", "∅", "false"]),
            (arn("root"), ["root", "root", "true", "∅", "∅", "∅", "∅", "∅", "∅"]),
        ];
        let expected: Vec<Vec<String>> = expected
            .into_iter()
            .map(|(arn, rest)| [arn].into_iter().chain(rest.map(str::to_owned)).collect())
            .collect();
        assert_eq!(rows, expected);
    }

    /// name, via, action, resource, effect, kind, verdicts on admin, wildcard action and resource, escalation.
    fn entitlements(file: &str) -> Vec<String> {
        let columns = &[
            "identity_id",
            "via",
            "effect",
            "action",
            "action_kind",
            "resource",
            "is_admin",
            "is_wildcard_action",
            "is_wildcard_resource",
            "can_escalate",
        ];
        let rows = load_fixture(&AuthorizationDetails, file).rows(Entitlement::TABLE, columns);
        let mut lines: Vec<String> = rows
            .iter()
            .map(|row| {
                let name = row[0].rsplit('/').next().unwrap();
                let sign = |cell: &String| match cell.as_str() {
                    "true" => '+',
                    "false" => '-',
                    _ => '?',
                };
                let signs: String = row[6..].iter().map(sign).collect();
                format!("{name} {}: {} {} {} on [{}] {signs}", row[1], row[2], row[3], row[4], row[5])
            })
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn entitlements_follow_policies_and_groups() {
        let expected = [
            "admins attached:AdministratorAccess: allow * permission on [*] ++++",
            "admins inline:not-iam: allow iam:* organizations:* not_action on [*] -++-",
            "alice group:admins/attached:AdministratorAccess: allow * permission on [*] ++++",
            "alice group:admins/inline:not-iam: allow iam:* organizations:* not_action on [*] -++-",
            "etl attached:orders: allow sqs:ReceiveMessage permission on [arn:aws:sqs:eu-west-1:111122223333:orders] ----",
            "etl inline:run: allow iam:PassRole permission on [*] --++",
            "etl inline:run: allow lambda:CreateFunction permission on [*] --+-",
            "etl inline:run: allow s3:* permission on [arn:aws:s3:::etl arn:aws:s3:::etl/*] -+--",
            "suspended group:admins/attached:AdministratorAccess: allow * permission on [*] -++-",
            "suspended group:admins/inline:not-iam: allow iam:* organizations:* not_action on [*] -++-",
            "suspended inline:AWSExposedCredentialPolicy: deny * permission on [*] ----",
            "triage attached:AmazonS3FullAccess: allow s3:* permission on [*] -++-",
            "triage attached:gone: allow gone role on [] ????",
            "triage group:lost: allow lost role on [] ????",
            "web attached:orders: allow sqs:ReceiveMessage permission on [arn:aws:sqs:eu-west-1:111122223333:orders] ----",
        ];
        assert_eq!(entitlements(OBJECTS), expected);
        let columns = &["action", "condition", "expires_at", "granted_at", "eligible_only"];
        let rows = load_fixture(&AuthorizationDetails, OBJECTS).rows(Entitlement::TABLE, columns);
        let of = |action: &str| rows.iter().find(|row| row[0] == action).unwrap()[1..].to_vec();
        let condition =
            r#"{"DateLessThan":{"aws:CurrentTime":"2026-12-31T00:00:00Z"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#;
        assert_eq!(of("s3:*"), [condition, "2026-12-31T00:00:00Z", "∅", "false"]);
        assert_eq!(of("iam:PassRole"), ["", "∅", "∅", "false"]);
        assert_eq!(of("gone"), ["∅", "∅", "∅", "false"]);
    }

    #[test]
    fn ways_into_roles_are_trusts() {
        let columns = &[
            "identity_id",
            "kind",
            "issuer",
            "subject",
            "audience",
            "subject_wildcard",
            "external_scope",
            "external_id",
            "created_at",
        ];
        let rows = load_fixture(&AuthorizationDetails, OBJECTS).rows(Trust::TABLE, columns);
        let name = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
        let found: Vec<String> = rows.iter().map(|row| format!("{} {}", name(&row[0]), row[1..].join(" "))).collect();
        let expected = [
            "web service ec2.amazonaws.com ∅ ∅ ∅ ∅ false 2023-02-01T00:00:00Z",
            "deploy oidc token.actions.githubusercontent.com repo:acme/web:* sts.amazonaws.com true ∅ ∅ 2026-01-10T00:00:00Z",
            "deploy same_account ∅ arn:aws:iam::111122223333:user/etl ∅ ∅ ∅ ∅ 2026-01-10T00:00:00Z",
            "deploy cross_account ∅ arn:aws:iam::999988887777:root ∅ ∅ 999988887777 false 2026-01-10T00:00:00Z",
            "sso saml arn:aws:iam::111122223333:saml-provider/corp ∅ https://signin.aws.amazon.com/saml ∅ ∅ ∅ 2022-02-01T00:00:00Z",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn roles_that_can_be_assumed_have_sessions_and_profiles_are_uses() {
        let loaded = load_fixture(&AuthorizationDetails, OBJECTS);
        let columns = &[
            "credential_id",
            "kind",
            "lifetime",
            "status",
            "never_expires",
            "storage",
            "last_used_state",
            "last_used_by",
        ];
        let rows = loaded.rows(Credential::TABLE, columns);
        let expected: Vec<Vec<String>> =
            [("web", "used", "eu-west-1"), ("ci/deploy", "never", "∅"), ("sso", "none_in_window", "∅")]
                .map(|(name, state, by)| {
                    let id = format!("arn:aws:iam::111122223333:role/{name}#session");
                    let rest = ["role_session", "ephemeral", "active", "false", "none", state, by];
                    [id].into_iter().chain(rest.map(str::to_owned)).collect()
                })
                .to_vec();
        assert_eq!(rows, expected);
        let uses = loaded.rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "basis"]);
        assert_eq!(uses, [["arn:aws:iam::111122223333:role/web", "vm", "instance-profile:web", "config"]]);
    }

    #[test]
    fn the_raw_answer_of_the_api_gives_the_same_rows() {
        let (objects, encoded) = (good("objects.json"), good("url-encoded.json"));
        let same = |rows: fn(&Loaded) -> Vec<Vec<String>>| {
            let (mut one, mut other) = (rows(&objects), rows(&encoded));
            one.sort();
            other.sort();
            assert!(!one.is_empty());
            assert_eq!(one, other);
        };
        same(|loaded| loaded.rows(Identity::TABLE, &["identity_id", "is_human", "owner", "locator"]));
        same(|loaded| loaded.rows(Trust::TABLE, &["trust_id", "condition", "locator"]));
        same(|loaded| loaded.rows(Entitlement::TABLE, &["entitlement_id", "is_admin", "can_escalate", "locator"]));
        let [file] = encoded.estate.files.as_slice() else { panic!("one file") };
        assert_eq!((file.truncated, file.scope_id.as_str(), file.rows_loaded), (Some(false), "111122223333", 11));
    }

    fn coverage(loaded: &Loaded) -> Vec<String> {
        let rows = loaded.rows(CoverageRow::TABLE, &["fact", "level", "note"]);
        rows.iter().map(|row| row.join(" ")).collect()
    }

    #[test]
    fn coverage_says_what_a_filter_took_away() {
        let filtered = "no roles are listed, though every account has some";
        assert_eq!(
            coverage(&good("objects.json")),
            [
                "identity full ∅",
                "owner full ∅",
                "environment full ∅",
                "entitlement full 2 policy documents missing: 1 of AWS judged by name, what 1 grant is not known",
                "trust full ∅",
                "use partial of workloads, only instance profiles are listed",
            ]
        );
        let rows = coverage(&good("filtered-no-roles.json"));
        for fact in ["identity", "owner", "environment", "entitlement", "trust"] {
            assert!(rows.contains(&format!("{fact} partial {filtered}")), "{fact}: {rows:?}");
        }
        let rows = coverage(&good("filtered-no-groups.json"));
        assert!(rows.contains(&"identity partial users are in groups that are not listed".to_owned()), "{rows:?}");
        assert!(rows.contains(&"trust partial the export says that more pages exist".to_owned()), "{rows:?}");
        let rows = coverage(&good("filtered-no-users.json"));
        let reason = "policies are attached to more users and groups than are listed";
        assert!(
            rows.contains(&format!("entitlement partial {reason}")) && rows.contains(&"trust full ∅".to_owned()),
            "{rows:?}"
        );
    }

    #[test]
    fn bad_records_are_listed_and_the_rest_is_kept() {
        let loaded = load_fixture(&AuthorizationDetails, "aws.authorization_details/bad");
        let [records, truncated, shape] = loaded.estate.files.as_slice() else { panic!("three files") };
        assert_eq!((records.rows_read, records.rows_loaded), (8, 2));
        let found: Vec<_> = records.rejected.iter().map(|r| (r.locator.as_str(), r.reason.as_str())).collect();
        assert!(
            found[0].0 == "/UserDetailList/1" && found[0].1.starts_with("the record does not have the shape of a user")
        );
        assert_eq!(
            found[1..],
            [
                ("/UserDetailList/2", "`Arn` is not an ARN with an account"),
                ("/UserDetailList/3", "`CreateDate` is not a date"),
                ("/UserDetailList/4", "a statement of an inline policy has an effect other than Allow and Deny"),
                ("/RoleDetailList/1", "`AssumeRolePolicyDocument` is missing"),
                ("/Policies/0", "the policy has no default version"),
            ]
        );
        assert!(truncated.failure.as_deref().unwrap().starts_with("the file breaks off at line 5"));
        assert!(shape.failure.is_some() && shape.coverage.is_empty());
        let identities = loaded.rows(Identity::TABLE, &["name"]);
        assert_eq!(identities, [["fine"], ["fine"], ["root"], ["first"], ["root"]]);
        // What was read before the file breaks off counts, and what is not known of it shows.
        let held = loaded.rows(Entitlement::TABLE, &["via", "action", "is_admin"]);
        let expected = [["attached:odd", "odd", "∅"], ["inline:x", "s3:GetObject", "false"], ["group:ops", "ops", "∅"]];
        assert_eq!(held, expected);
        let covered =
            truncated.coverage.iter().all(|fact| fact.scope_id == "444455556666" && fact.level == Level::Partial);
        assert!(covered, "{:?}", truncated.coverage);
        loaded.assert_no_canary();
    }

    #[test]
    fn lists_are_told_what_they_lack() {
        let recognise = |text: &str| AuthorizationDetails.recognise(&Probe::of(Path::new("x.json"), text.as_bytes()));
        let groups = r#"{"Groups": [{"GroupName": "a", "Arn": "arn:aws:iam::111122223333:group/a"}]}"#;
        let Recognised::Maybe(reason) = recognise(groups) else { panic!("a near miss") };
        assert!(reason.starts_with("the answer of `list-groups`, which does not show who is in them"), "{reason}");
        assert_eq!(recognise(r#"{"Users": [{"name": "x"}]}"#), Recognised::No);
        assert_eq!(recognise(r#"{"Policies": [{"PolicyVersionList": []}]}"#), Recognised::Yes);
        assert_eq!(recognise(r#"[{"UserDetailList": []}]"#), Recognised::No);
    }
}
