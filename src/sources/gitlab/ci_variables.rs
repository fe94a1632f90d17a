//! CI/CD variables of GitLab. The API prints their values in clear: they are hashed here and go no further. What is
//! masked or hidden was meant to be a secret. What is neither, and is a secret by its name, stands in the open: every
//! log of a job may show it.

use serde::Deserialize;

use super::{Holder, PROVIDER, cover, id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Exposure};
use crate::inventory::{Fact, Level};
use crate::sources::kubernetes::plaintext;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Credential, Level::Partial),
    (Fact::CredentialStorage, Level::Partial),
    (Fact::ExposureCi, Level::Partial),
];

/// `GET /projects/:id/variables`, `/groups/:id/variables` and `/admin/ci/variables`.
pub struct CiVariables;

impl Source for CiVariables {
    fn about(&self) -> &'static About {
        &About {
            kind: "gitlab.ci_variables",
            title: "CI/CD variables of GitLab",
            provider: PROVIDER,
            command: "glab api --paginate /groups/GROUP/variables | jq -c '.[] + {group: \"GROUP\"}' > \
                      group-variables.ndjson; glab api --paginate /projects/GROUP%2FPROJECT/variables | jq -c '.[] + \
                      {project: \"GROUP/PROJECT\"}' > project-variables.ndjson (jq 'del(.value)' leaves the values out)",
            recognises: "JSON records with `key`, `variable_type` and `masked`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_variable = api::first_record(probe, "")
            .is_some_and(|record| ["key", "variable_type", "masked"].iter().all(|key| record.has(key)));
        Recognised::yes_if(is_variable)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        let note = |fact| match fact {
            Fact::ExposureCi => Some("variables of the lists that were asked for; logs are not in them"),
            _ => Some("secrets among the variables of the lists that were asked for"),
        };
        cover(FACTS, note, input, out);
        Ok(())
    }
}

/// A variable. It is never printed: it holds the value.
#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<String>,
    masked: bool,
    hidden: Option<bool>,
    masked_and_hidden: Option<bool>,
    environment_scope: Option<String>,
    #[serde(flatten)]
    holder: Holder,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let variable: Variable = json::parse(text, "a CI/CD variable")?;
    if variable.key.is_empty() {
        return Err(Reject::because("`key` is empty").into());
    }
    let value = variable.value.as_deref().unwrap_or_default();
    let is_covered = variable.masked || variable.hidden == Some(true) || variable.masked_and_hidden == Some(true);
    // Where the value was left out its name alone must do; any value that is no setting will.
    let judged = if value.trim().is_empty() { "left-out-value" } else { value };
    let found = plaintext::find(&variable.key, judged);
    if !is_covered && found.is_none() {
        // A plain setting, as most variables are.
        return Ok(());
    }
    let (sha256, sha1) = match (found.as_ref(), value.trim()) {
        (_, "") => (None, None),
        (Some(found), _) => found.fingerprints.clone().unzip(),
        (None, value) => Some(hash::fingerprints(value)).unzip(),
    };
    let scope = &input.scope_id;
    let environment = variable.environment_scope.as_deref().filter(|name| !name.is_empty() && *name != "*");
    let holder = variable.holder.path().unwrap_or(&input.path);
    // One key may have a value for each environment.
    let name = format!("{holder}:{}{}", variable.key, environment.map(|name| format!("@{name}")).unwrap_or_default());
    let credential_id = id(scope, "variable", &name);
    out.push(Credential {
        credential_id: credential_id.clone(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("ci_secret"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from("active")),
        storage: Some(Word::from("ci_secret_store")),
        storage_ref: Some(format!("CI/CD variable {}", variable.key)),
        shared_scope: match (&variable.holder.project, &variable.holder.group) {
            (Some(project), _) => Some(project.clone()),
            // Every project of the group gets its variables.
            (None, Some(_)) => Some("all".to_owned()),
            (None, None) => None,
        },
        fingerprint: sha256.clone(),
        fingerprint_sha1: sha1.clone(),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    if let Some(found) = found.filter(|_| !is_covered) {
        let location = format!("CI/CD variable {name}");
        out.push(Exposure {
            exposure_id: hash::row_id(&["gitlab", scope, &location]),
            credential_id: Some(credential_id),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(scope.clone())),
            secret_kind: Word::from(found.secret_kind),
            location_type: Word::from("ci_config"),
            location,
            repo_or_channel: variable.holder.path().map(str::to_owned),
            status: Some(Word::from("open")),
            fingerprint: sha256,
            fingerprint_sha1: sha1,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Exposure::default()
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const CREDENTIAL: &[&str] = &["credential_id", "storage_ref", "shared_scope", "fingerprint"];
    const EXPOSURE: &[&str] =
        &["credential_id", "secret_kind", "location_type", "location", "repo_or_channel", "status"];

    #[test]
    fn secrets_are_kept_as_hashes_and_the_open_ones_are_exposed() {
        let loaded = load_fixture(&CiVariables, "gitlab.ci_variables/good/project.ndjson");
        let id = |name: &str| format!("gitlab:good:variable:acme/web:{name}");
        let hash = |value: &str| hash::fingerprints(value).0;
        let row = |name: &str, key: &str, fingerprint: String| {
            [id(name), format!("CI/CD variable {key}"), "acme/web".into(), fingerprint]
        };
        assert_eq!(
            loaded.rows(Credential::TABLE, CREDENTIAL),
            [
                row("DEPLOY_TOKEN", "DEPLOY_TOKEN", hash("CANARY-0001")),
                row("OPENAI_API_KEY@production", "OPENAI_API_KEY", hash("CANARY-0002")),
                row("SIGNING", "SIGNING", "∅".into()),
                row("WEBHOOK", "WEBHOOK", hash("CANARY-0003")),
            ]
        );
        assert_eq!(
            loaded.rows(Exposure::TABLE, EXPOSURE),
            [[
                id("OPENAI_API_KEY@production").as_str(),
                "llm_api_key",
                "ci_config",
                "CI/CD variable acme/web:OPENAI_API_KEY@production",
                "acme/web",
                "open",
            ]]
        );
        assert_eq!(loaded.estate.files[0].rows_loaded, 5, "a plain setting is read and is no secret");
        assert!(covered(&loaded)[2].starts_with("exposure.ci partial: "));
        loaded.assert_no_canary();
    }

    #[test]
    fn values_may_be_left_out_and_lists_may_not_say_whose_they_are() {
        let loaded = load_fixture(&CiVariables, "gitlab.ci_variables/good/group.json");
        assert_eq!(
            loaded.rows(Credential::TABLE, CREDENTIAL),
            [
                ["gitlab:good:variable:acme:NPM_TOKEN", "CI/CD variable NPM_TOKEN", "all", "∅"],
                ["gitlab:good:variable:group.json:DB_PASSWORD", "CI/CD variable DB_PASSWORD", "∅", "∅"],
            ]
        );
        let rows = loaded.rows(Exposure::TABLE, &["location"]);
        assert_eq!(rows, [["CI/CD variable group.json:DB_PASSWORD"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&CiVariables, "gitlab.ci_variables/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["storage_ref"]), [["CI/CD variable KEPT"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `key` is empty");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of a CI/CD variable"));
        loaded.assert_no_canary();
    }
}
