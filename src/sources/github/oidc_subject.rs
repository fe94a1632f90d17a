//! How the subject of workflow tokens is made up, where an organisation or repository has changed it. Says which
//! workflows can be told apart by it. What accepts the tokens, and which subjects it asks for, stands at the clouds.

use serde::Deserialize;

use super::{PROVIDER, Repository, Scopes, id, owner_of, settings};
use crate::inventory::column::Word;
use crate::inventory::schema::Trust;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const ISSUER: &str = "token.actions.githubusercontent.com";
const FACTS: &[(Fact, Level)] = &[(Fact::Trust, Level::Partial)];
/// Keys of such a setting; nothing else is in it.
const KEYS: &[&str] = &["use_default", "include_claim_keys", "use_immutable_subject", "sub_claim_prefix", "repository"];
/// Claims that limit a subject to the workflows of an owner, or of less.
const LIMITING: &[&str] = &[
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "job_workflow_ref",
    "workflow_ref",
    "enterprise",
    "enterprise_id",
];

/// `GET /repos/{owner}/{repo}/actions/oidc/customization/sub`.
pub struct OidcSubject;

impl Source for OidcSubject {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.oidc_subject",
            title: "Subject of workflow tokens in GitHub Actions",
            provider: PROVIDER,
            command: "for repo in $(gh repo list ORG --limit 10000 --json nameWithOwner --jq '.[].nameWithOwner'); do \
                      gh api /repos/$repo/actions/oidc/customization/sub | jq -c --arg repo $repo '. + {repository: \
                      $repo}'; done > oidc-subjects.ndjson",
            recognises: "JSON objects with `use_default` or `include_claim_keys` and nothing that is not about subjects",
            facts: FACTS,
            main_view: "trusts",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_subject = api::first_record(probe, "").is_some_and(|record| {
            record.has_any(&["use_default", "include_claim_keys"])
                && record.entries().iter().all(|(key, _)| KEYS.contains(&key.as_str()))
        });
        match settings::why_not(probe) {
            _ if is_subject => Recognised::Yes,
            Some(reason) => Recognised::Maybe(reason),
            None => Recognised::No,
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        let note = "how tokens of workflows name their subject; what accepts them stands at the clouds";
        scopes.cover(FACTS, |_| Some(note), out, input);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Setting {
    use_default: Option<bool>,
    include_claim_keys: Option<Vec<String>>,
    repository: Option<Repository>,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let setting: Setting = json::parse(text, "a setting of subjects")?;
    if setting.use_default.is_none() && setting.include_claim_keys.is_none() {
        // An error message that a loop over repositories left behind.
        return Err(Reject::because("the record has neither `use_default` nor `include_claim_keys`").into());
    }
    let repository = setting.repository.as_ref().and_then(Repository::full_name);
    let scope = scopes.of(repository.map(owner_of), input);
    let claims = match setting.include_claim_keys {
        Some(claims) if setting.use_default != Some(true) && !claims.is_empty() => claims,
        // Repository, then branch, environment or event.
        _ => vec!["repo".to_owned(), "context".to_owned()],
    };
    // Of an organisation it is the pattern for all of its repositories; a repository has a default to refuse.
    let whose = match (repository, setting.use_default) {
        (Some(repository), _) => repository,
        (None, None) => "*",
        (None, Some(_)) => &input.path,
    };
    let identity_id = id(&scope, "workflows", whose);
    let subject = claims.iter().map(|claim| part(claim, repository)).collect::<Vec<_>>().join(":");
    out.push(Trust {
        trust_id: hash::row_id(&[&identity_id, ISSUER, &subject]),
        identity_id,
        provider: Word::from(PROVIDER),
        kind: Word::from("oidc"),
        issuer: Some(ISSUER.to_owned()),
        subject: Some(subject),
        subject_constrained: Some(claims.iter().any(|claim| LIMITING.contains(&claim.as_str()))),
        external_scope: Some(scope.clone()),
        scope_id: Some(Word(scope)),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Trust::default()
    })?;
    Ok(())
}

/// One claim as it stands in a subject, `*` for what differs from run to run.
fn part(claim: &str, repository: Option<&str>) -> String {
    match claim {
        "context" => "*".to_owned(),
        "repo" | "repository" => format!("{claim}:{}", repository.unwrap_or("*")),
        "repository_owner" => format!("{claim}:{}", repository.map_or("*", owner_of)),
        _ => format!("{claim}:*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["identity_id", "issuer", "subject", "subject_constrained", "audience_constrained"];

    #[test]
    fn a_subject_is_limited_by_the_claims_that_name_its_owner() {
        let loaded = load_fixture(&OidcSubject, "github.oidc_subject/good/repositories.ndjson");
        assert_eq!(
            loaded.rows(Trust::TABLE, COLUMNS),
            [
                ["github:acme:workflows:acme/web", ISSUER, "repo:acme/web:*", "true", "∅"],
                ["github:acme:workflows:acme/api", ISSUER, "repository_owner:acme:job_workflow_ref:*", "true", "∅"],
                ["github:acme:workflows:acme/old", ISSUER, "environment:*", "false", "∅"],
            ]
        );
        let note = "how tokens of workflows name their subject; what accepts them stands at the clouds";
        assert_eq!(covered(&loaded), [format!("trust partial: {note}")]);
    }

    #[test]
    fn settings_alone_name_no_repository() {
        let loaded = load_fixture(&OidcSubject, "github.oidc_subject/good/org-oidc-sub.json");
        assert_eq!(loaded.rows(Trust::TABLE, COLUMNS), [["github:good:workflows:*", ISSUER, "repo:*:*", "true", "∅"]]);
        let loaded = load_fixture(&OidcSubject, "github.oidc_subject/good/repo-oidc-sub.json");
        assert_eq!(
            loaded.rows(Trust::TABLE, COLUMNS),
            [["github:good:workflows:repo-oidc-sub.json", ISSUER, "repo:*:*", "true", "∅"]]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&OidcSubject, "github.oidc_subject/bad/wrong.ndjson");
        assert_eq!(loaded.rows(Trust::TABLE, &["subject"]), [["repo:acme/web:*"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("document 2: the record does not have the shape of a setting"));
        assert_eq!(reasons[1], "document 3: the record has neither `use_default` nor `include_claim_keys`");
        loaded.assert_no_canary();
    }

    #[test]
    fn other_settings_are_told_why_they_are_not_read() {
        let text = r#"{"default_workflow_permissions": "write", "can_approve_pull_request_reviews": true}"#;
        let probe = Probe::of(std::path::Path::new("a.json"), text.as_bytes());
        assert!(matches!(OidcSubject.recognise(&probe), Recognised::Maybe(_)));
    }
}
