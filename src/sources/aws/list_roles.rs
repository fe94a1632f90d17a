//! Roles of an account as `list-roles` lists them, or `get-role` one by one: who may assume each, but not what it
//! may do. The list leaves out tags, boundaries and the last use; the answer about one role has them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::answers::{Account, Pages, Stamp};
use super::envelope::{Part, parts};
use super::policy::Document;
use super::roles::{LastUse, Role, RoleLastUsed};
use super::tags::{Tag, Tags};
use super::trust_policy::ways;
use super::{PROVIDER, answers};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::json;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const LIST: &str = "Roles";

/// `aws iam list-roles`.
pub struct ListRoles;

impl Source for ListRoles {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.list_roles",
            title: "AWS IAM roles",
            provider: PROVIDER,
            command: "aws iam list-roles > list-roles.json",
            recognises: "JSON with `Roles` or `Role` that have a `RoleName` and an ARN of IAM, or a list of such roles",
            facts: &[(Fact::Identity, Level::Partial), (Fact::Trust, Level::Full)],
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let head = probe.head();
        let is_iam = head.contains("\"RoleName\"") && head.contains("\"arn:aws") && head.contains(":iam::");
        let is_bare = answers::has_keys(probe, &["RoleName", "RoleId", "Arn"])
            && !probe.has_key("AttachedManagedPolicies")
            && !probe.has_key("InstanceProfileList");
        Recognised::yes_if(is_iam && (probe.has_key(LIST) || probe.has_key("Role") || is_bare))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading { input, account: Account::default(), folders: BTreeSet::new(), is_list: false };
        let mut pages = Pages::default();
        let read = parts(input.reader()?, &[LIST], &mut |part| {
            if !part.is_element && !part.list.is_empty() {
                pages.take(part);
                return Ok(());
            }
            out.record(&part.locator, |out| reading.take(part, out))
        });
        pages.finish(out);
        reading.cover(out);
        read
    }
}

/// `get-role` wraps its one role.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Role")]
    role: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    role_name: String,
    arn: String,
    create_date: Stamp,
    assume_role_policy_document: Option<Box<RawValue>>,
    max_session_duration: Option<i64>,
    permissions_boundary: Option<IgnoredAny>,
    tags: Option<Vec<Tag>>,
    role_last_used: Option<RoleLastUsed>,
}

struct Reading<'a> {
    input: &'a Input,
    account: Account,
    /// First steps of the roles' paths, empty for none: a filter leaves a single one.
    folders: BTreeSet<String>,
    /// Whether any role came as part of a list.
    is_list: bool,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let answer: Answer = part.parse("a role of `list-roles`")?;
        let is_detail = answer.role.is_some();
        let text = answer.role.as_ref().map_or(part.text(), |role| role.get());
        let role: Detail = json::parse(text, "a role of `list-roles`")?;
        let locator = part.locator.as_str();
        let account = self.account.of_arn("Arn", &role.arn)?;
        let created_at = role.create_date.past("CreateDate", locator, out)?;
        let missing = || Reject::because("`AssumeRolePolicyDocument` is missing");
        let document = role.assume_role_policy_document.ok_or_else(missing)?;
        let ways = ways(&Document::read(&document, "the trust policy")?, &role.arn)?;
        let last_use = LastUse::read(role.role_last_used.as_ref(), created_at, locator, self.input, out)?;
        self.is_list |= !is_detail;
        self.folders.insert(first_folder(&role.arn).to_owned());
        let tags = Tags::of(role.tags);
        let (owner, environment) = (tags.owner(), tags.environment());
        out.push(Identity {
            identity_id: role.arn.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(account.clone())),
            kind: Word::from("role"),
            name: role.role_name,
            native_id: role.arn.clone(),
            // People sign in over SAML, but so may machines.
            is_human: if ways.iter().any(|way| way.kind == "saml") { None } else { Some(false) },
            owner_basis: owner.as_ref().map(|_| Word::from("tag")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            vendor: tags.vendor(),
            created_at: Some(created_at),
            last_used_at: last_use.at,
            last_used_state: last_use.state.clone(),
            tracking_since: last_use.since,
            enabled: Some(true),
            permissions_boundary: is_detail.then_some(role.permissions_boundary.is_some()),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        })?;
        let role = Role {
            arn: &role.arn,
            account: &account,
            created_at,
            last_use: &last_use,
            max_session_seconds: role.max_session_duration,
            locator,
            input: self.input,
        };
        Ok(role.write(ways, out)?)
    }

    fn cover(&self, out: &mut Output) {
        let account = self.account.settle(self.input, out);
        let note = "roles only: users, groups, tags and what roles may do are not in this list";
        out.cover(PROVIDER, &account, Fact::Identity, Level::Partial, Some(note));
        // Roles that services make for themselves stand under `/aws-service-role/`: a whole list has several paths.
        let one_folder = self.folders.len() == 1 && !self.folders.contains("");
        let gap = if !self.is_list {
            Some("the file does not show whether every role was asked for")
        } else if one_folder {
            Some("all roles lie under one path, as in a list that was filtered")
        } else {
            None
        };
        let level = if gap.is_some() { Level::Partial } else { Level::Full };
        out.cover(PROVIDER, &account, Fact::Trust, level, gap);
    }
}

/// The first step of a role's path; empty for a role at the top.
fn first_folder(arn: &str) -> &str {
    let name = arn.split_once(":role/").map_or("", |(_, name)| name);
    name.split_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn good(file: &str) -> Loaded {
        load_fixture(&ListRoles, &format!("aws.list_roles/good/{file}"))
    }

    #[test]
    fn roles_and_the_ways_into_them_are_read() {
        let loaded = good("cli.json");
        let columns =
            &["name", "is_human", "owner", "created_at", "last_used_state", "permissions_boundary", "locator"];
        let expected = [
            ["gha-deploy", "false", "∅", "2024-11-27T12:00:00Z", "∅", "∅", "/Roles/0"],
            ["sso-admins", "∅", "∅", "2022-02-01T00:00:00Z", "∅", "∅", "/Roles/1"],
            ["AWSServiceRoleForAutoScaling", "false", "∅", "2021-01-01T00:00:00Z", "∅", "∅", "/Roles/2"],
        ];
        assert_eq!(loaded.rows(Identity::TABLE, columns), expected);
        let columns = &["identity_id", "kind", "issuer", "subject", "subject_wildcard", "external_scope", "created_at"];
        let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
        let github = "token.actions.githubusercontent.com";
        let rows = loaded.rows(Trust::TABLE, columns);
        assert_eq!(rows[0], [&arn("gha-deploy"), "oidc", github, "repo:acme/*", "true", "∅", "2024-11-27T12:00:00Z"]);
        assert_eq!(
            rows[1][..4],
            [arn("sso-admins"), "saml".into(), "arn:aws:iam::111122223333:saml-provider/corp".into(), "∅".into()]
        );
        assert_eq!(rows[2][1..3], ["service", "autoscaling.amazonaws.com"]);
        let sessions = loaded.rows(Credential::TABLE, &["credential_id", "kind", "ttl_seconds", "last_used_state"]);
        assert_eq!(sessions[0], [&format!("{}#session", arn("gha-deploy")), "role_session", "3600", "∅"]);
        assert_eq!(sessions[1][2], "43200");
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: roles only: users, groups, tags and what roles may do are not in this list",
                "trust full"
            ]
        );
    }

    #[test]
    fn a_trust_is_the_same_as_in_the_authorization_details() {
        use crate::sources::aws::authorization_details::AuthorizationDetails;
        let details = load_fixture(&AuthorizationDetails, "aws.authorization_details/good/objects.json");
        let known = details.rows(Trust::TABLE, &["trust_id", "kind"]);
        let listed = good("same-as-details.json").rows(Trust::TABLE, &["trust_id", "kind"]);
        assert_eq!(listed.len(), 1);
        assert!(known.contains(&listed[0]), "{listed:?} {known:?}");
    }

    #[test]
    fn answers_about_one_role_show_more_but_not_all_roles() {
        let loaded = good("get-role.ndjson");
        let columns = &["name", "owner", "last_used_at", "last_used_state", "tracking_since", "permissions_boundary"];
        let since = "2025-05-26T12:00:00Z";
        let expected = [
            ["agent", "ml", "2026-06-20T07:00:00Z", "used", since, "true"],
            ["idle", "∅", "∅", "none_in_window", since, "false"],
        ];
        assert_eq!(loaded.rows(Identity::TABLE, columns), expected);
        assert_eq!(covered(&loaded)[1], "trust partial: the file does not show whether every role was asked for");
    }

    #[test]
    fn filters_and_pages_lower_the_coverage() {
        let loaded = good("filtered.json");
        assert_eq!(covered(&loaded)[1], "trust partial: all roles lie under one path, as in a list that was filtered");
        let loaded = good("url-encoded-page.json");
        assert_eq!(covered(&loaded)[1], "trust partial: the export says that more pages exist");
        assert_eq!(loaded.rows(Trust::TABLE, &["kind", "issuer"]), [["service", "lambda.amazonaws.com"]]);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&ListRoles, "aws.list_roles/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (5, 1));
        assert_eq!(
            reasons(&loaded)[1..],
            [
                "/Roles/2: `AssumeRolePolicyDocument` is missing",
                "/Roles/3: `LastUsedDate` is not a date",
                "/Roles/4: a statement of the trust policy has an effect other than Allow and Deny",
            ]
        );
        loaded.assert_no_canary();
    }
}
