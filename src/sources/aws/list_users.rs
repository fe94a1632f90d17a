//! Users of an account as `list-users` lists them, or `get-user` one by one: who there is, and nothing of what
//! they hold. Weaker than the authorization details, which should be asked for where one may.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::answers::{Account, Pages, Stamp, past};
use super::envelope::{Part, parts};
use super::tags::{Tag, Tags};
use super::{PROVIDER, answers};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::json;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source};

const LIST: &str = "Users";

/// `aws iam list-users`.
pub struct ListUsers;

impl Source for ListUsers {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.list_users",
            title: "AWS IAM users",
            provider: PROVIDER,
            command: "aws iam list-users > list-users.json",
            recognises: "JSON with `Users` or `User` that have a `UserName` and an ARN of IAM, or a list of such users",
            facts: &[(Fact::Identity, Level::Partial)],
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let head = probe.head();
        // Directories of other services list users too, but none with an ARN of IAM.
        let is_iam = head.contains("\"UserName\"") && head.contains("\"arn:aws") && head.contains(":iam::");
        let is_bare = answers::has_keys(probe, &["UserName", "UserId", "Arn"])
            && !probe.has_key("AttachedManagedPolicies")
            && !probe.has_key("GroupList");
        Recognised::yes_if(is_iam && (probe.has_key(LIST) || probe.has_key("User") || is_bare))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut account = Account::default();
        let mut pages = Pages::default();
        let read = parts(input.reader()?, &[LIST], &mut |part| {
            if !part.is_element && !part.list.is_empty() {
                pages.take(part);
                return Ok(());
            }
            out.record(&part.locator, |out| read_user(part, &mut account, input, out))
        });
        pages.finish(out);
        let scope = account.settle(input, out);
        let note = "users only: roles, groups, tags and what users hold are not in this list";
        out.cover(PROVIDER, &scope, Fact::Identity, Level::Partial, Some(note));
        read
    }
}

/// `get-user` wraps its one user, and is the only answer with tags and boundary.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "User")]
    user: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    user_name: String,
    arn: String,
    path: Option<String>,
    create_date: Stamp,
    password_last_used: Option<Stamp>,
    permissions_boundary: Option<IgnoredAny>,
    tags: Option<Vec<Tag>>,
}

fn read_user(part: &Part, account: &mut Account, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let answer: Answer = part.parse("a user of `list-users`")?;
    let is_detail = answer.user.is_some();
    let text = answer.user.as_ref().map_or(part.text(), |user| user.get());
    let user: User = json::parse(text, "a user of `list-users`")?;
    let locator = part.locator.as_str();
    let scope = account.of_arn("Arn", &user.arn)?;
    let created_at = user.create_date.past("CreateDate", locator, out)?;
    let last_used_at = past("PasswordLastUsed", user.password_last_used.as_ref(), locator, out)?;
    let tags = Tags::of(user.tags);
    let (owner, environment) = (tags.owner(), tags.environment());
    out.push(Identity {
        identity_id: user.arn.clone(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("iam_user"),
        name: user.user_name,
        native_id: user.arn,
        is_human: tags.is_human(user.path.as_deref().unwrap_or_default()),
        owner_basis: owner.as_ref().map(|_| Word::from("tag")),
        owner,
        environment_basis: environment.as_ref().map(|_| Word::from("tag")),
        environment,
        vendor: tags.vendor(),
        created_at: Some(created_at),
        // Left out both where there is no password and where it was never used: a date alone tells anything.
        last_used_state: last_used_at.map(|_| Word::from("used")),
        last_used_at,
        enabled: Some(true),
        // The list never shows boundaries; the answer about one user does.
        permissions_boundary: is_detail.then_some(user.permissions_boundary.is_some()),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const COLUMNS: &[&str] = &[
        "name",
        "is_human",
        "owner",
        "environment",
        "created_at",
        "last_used_at",
        "last_used_state",
        "permissions_boundary",
        "locator",
    ];

    fn good(file: &str) -> Loaded {
        load_fixture(&ListUsers, &format!("aws.list_users/good/{file}"))
    }

    #[test]
    fn users_are_identities_of_which_little_is_known() {
        let loaded = good("cli.json");
        let expected = [
            ["alice", "true", "∅", "∅", "2020-09-29T12:00:00Z", "2026-06-28T12:00:00Z", "used", "∅", "/Users/0"],
            ["svc-terraform", "false", "∅", "∅", "2019-02-03T12:00:00Z", "∅", "∅", "∅", "/Users/1"],
            ["etl", "∅", "∅", "∅", "2021-03-02T00:00:00Z", "∅", "∅", "∅", "/Users/2"],
        ];
        assert_eq!(loaded.rows(Identity::TABLE, COLUMNS), expected);
        let ids = loaded.rows(Identity::TABLE, &["identity_id", "scope_id", "kind", "enabled"]);
        assert_eq!(ids[0], ["arn:aws:iam::111122223333:user/people/alice", "111122223333", "iam_user", "true"]);
        assert_eq!(
            covered(&loaded),
            ["identity partial: users only: roles, groups, tags and what users hold are not in this list"]
        );
        assert_eq!(loaded.estate.files[0].scope_id, "111122223333");
    }

    #[test]
    fn pages_and_answers_about_one_user_may_follow_each_other() {
        let loaded = good("pages.ndjson");
        let rows = loaded.rows(Identity::TABLE, &["name", "locator"]);
        assert_eq!(rows, [["a", "/Users/0"], ["b", "document 2 /Users/0"]]);
        assert_eq!(loaded.estate.files[0].truncated, Some(false), "the last page says that it is the last");
        assert_eq!(good("first-page.json").estate.files[0].truncated, Some(true));
        let rows = good("get-user.ndjson").rows(Identity::TABLE, COLUMNS);
        let made = "2024-05-01T08:00:00Z";
        let expected = [
            ["triage", "false", "ml@acme.example", "production", made, "∅", "∅", "true", "/"],
            ["bob", "true", "∅", "∅", made, "∅", "∅", "false", "document 2"],
        ];
        assert_eq!(rows, expected);
        let rows = good("bare.json").rows(Identity::TABLE, &["name", "created_at", "locator"]);
        assert_eq!(rows, [["carol", "2023-03-09T10:41:45Z", "/0"]]);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&ListUsers, "aws.list_users/bad");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["first"], ["fine"]]);
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off at line 4"), "{broken:?}");
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (4, 1));
        let reasons = reasons(&loaded);
        assert!(
            reasons[0].starts_with("/Users/1: the record does not have the shape of a user of `list-users`"),
            "{reasons:?}"
        );
        assert_eq!(
            reasons[1..],
            ["/Users/2: `Arn` is not an ARN with an account", "/Users/3: `CreateDate` is not a date"]
        );
        loaded.assert_no_canary();
    }
}
