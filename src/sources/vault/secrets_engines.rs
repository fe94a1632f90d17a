//! Secrets engines: what Vault decides about. Their list is what its policies protect.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::answer::Answer;
use super::shape::Shape;
use crate::inventory::{Fact, Level};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `vault secrets list`.
pub struct SecretsEngines;

/// Engines that every server has; they protect nothing of its owner's.
const BUILT_IN: [&str; 6] = ["cubbyhole", "identity", "system", "ns_system", "ns_identity", "ns_cubbyhole"];

impl Source for SecretsEngines {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.secrets_engines",
            title: "Vault's secrets engines",
            provider: PROVIDER,
            command: "vault secrets list -detailed -format=json > secrets-list.json",
            recognises: "JSON whose keys are mounts with a `type` and an `accessor`, other than login methods",
            facts: &[(Fact::Policy, Level::Partial)],
            main_view: "policy_points",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Engines])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut protected = Vec::new();
        json::records(input.reader()?, &mut |locator, record| {
            let mounts = Answer::of(record.get(), "secrets engines")
                .and_then(|answer| answer.parse::<BTreeMap<String, Box<RawValue>>>("secrets engines"));
            match mounts {
                Ok(mounts) => read(&mounts, &mut protected, out),
                Err(reject) => out.record(locator, |_| Err(reject.into())),
            }
        })?;
        let mut point = super::policy_point(input, "/");
        point.protects = Some(protected.join(", ")).filter(|text| !text.is_empty());
        out.push(point)?;
        let note = "what Vault protects, not how";
        out.cover(PROVIDER, &input.scope_id, Fact::Policy, Level::Partial, Some(note));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
}

fn read(mounts: &BTreeMap<String, Box<RawValue>>, protected: &mut Vec<String>, out: &mut Output) -> Result<(), Broken> {
    for (name, mount) in mounts.iter().filter(|(name, _)| name.ends_with('/')) {
        out.record(&format!("/{}", json::pointer_step(name)), |_| {
            let Mount { kind } = json::parse(mount.get(), "a secrets engine")?;
            if kind.is_empty() {
                return Err(Reject::because("`type` is empty").into());
            }
            if !BUILT_IN.contains(&kind.as_str()) {
                protected.push(format!("{name} ({kind})"));
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{PolicyPoint, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn engines_are_what_vault_protects() {
        let loaded = load_fixture(&SecretsEngines, "vault.secrets_engines/good/secrets-list.json");
        let columns = &["pdp_id", "scope_id", "engine", "protects", "mode", "default_deny", "policy_count", "locator"];
        let protects = "kv/ (kv), pki/ (pki), secret/ (kv), transit/ (transit)";
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, columns),
            [["vault:good", "good", "vault", protects, "enforce", "true", "∅", "/"]]
        );
        assert_eq!(covered(&loaded), ["policy partial: what Vault protects, not how"]);
    }

    #[test]
    fn what_every_server_has_protects_nothing() {
        let loaded = load_fixture(&SecretsEngines, "vault.secrets_engines/good/api.json");
        assert_eq!(loaded.rows(PolicyPoint::TABLE, &["protects"]), [["∅"]]);
        assert_eq!(loaded.estate.files[0].rows_loaded, 2);
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&SecretsEngines, "vault.secrets_engines/bad");
        assert_eq!(loaded.rows(PolicyPoint::TABLE, &["protects"]), [["kv/ (kv)"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/empty~1: `type` is empty");
        assert!(reasons[1].starts_with("/typed~1: the record does not have the shape of a secrets engine"));
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
