//! Login methods and their configuration. They say which doors there are; roles say who may go through them, so that
//! neither a list of methods nor a configuration is a row of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::answer::Answer;
use super::shape::{Shape, of_record};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `vault auth list`, and `vault read auth/METHOD/config`.
pub struct AuthMethods;

/// Methods through which people log in with a password of theirs.
const PASSWORDS: [&str; 4] = ["ldap", "okta", "radius", "userpass"];

impl Source for AuthMethods {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.auth_methods",
            title: "Vault's login methods",
            provider: PROVIDER,
            command: "vault auth list -detailed -format=json > auth-list.json",
            recognises: "JSON whose keys are mounts with accessors that start with `auth_`, or the configuration of a JWT or \
                         Kubernetes method",
            facts: &[(Fact::Trust, Level::None)],
            main_view: "trusts",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Methods, Shape::MethodConfig])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        json::records(input.reader()?, &mut |locator, record| read(record, locator, out))?;
        let note = "login methods only; their roles say who may log in";
        out.cover(PROVIDER, &input.scope_id, Fact::Trust, Level::None, Some(note));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Config {
    bound_issuer: Option<String>,
}

fn read(record: &RawValue, locator: &str, out: &mut Output) -> Result<(), Broken> {
    let outline = Outline::of(record.get());
    let is_config = outline.and_then(|outline| of_record(&outline, "", "")) == Some(Shape::MethodConfig);
    let mounts = match Answer::of(record.get(), "login methods") {
        Ok(answer) if is_config => return out.record(locator, |out| read_config(&answer, locator, out)),
        Ok(answer) => answer.parse::<BTreeMap<String, Box<RawValue>>>("login methods"),
        Err(reject) => Err(reject),
    };
    let mounts = match mounts {
        Ok(mounts) => mounts,
        Err(reject) => return out.record(locator, |_| Err(reject.into())),
    };
    for (name, mount) in mounts.iter().filter(|(name, _)| name.ends_with('/')) {
        let locator = format!("/{}", json::pointer_step(name));
        out.record(&locator, |out| {
            let Mount { kind } = json::parse(mount.get(), "a login method")?;
            if PASSWORDS.contains(&kind.as_str()) {
                out.note("vault/password-method", &locator, "a method through which users log in with passwords");
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn read_config(answer: &Answer, locator: &str, out: &mut Output) -> Result<(), Stop> {
    let config: Config = answer.parse("a method's configuration")?;
    // Whoever signs with one of the keys is believed; without an issuer nothing else is asked of a token.
    if config.bound_issuer.is_some_and(|issuer| issuer.is_empty()) {
        out.note("vault/no-issuer", locator, "the method takes tokens of any issuer whose key it trusts");
    }
    let is_role = answer.place.name.is_some();
    if is_role { Err(Reject::because("a role among login methods").into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn notes(loaded: &Loaded) -> Vec<&'static str> {
        loaded.estate.faults.iter().map(|fault| fault.code).filter(|code| code.starts_with("vault/")).collect()
    }

    #[test]
    fn methods_are_counted_and_prove_nothing_by_themselves() {
        let loaded = load_fixture(&AuthMethods, "vault.auth_methods/good/auth-list.json");
        assert_eq!(loaded.estate.files[0].rows_loaded, 4);
        assert_eq!(covered(&loaded), ["trust none: login methods only; their roles say who may log in"]);
        assert_eq!(notes(&loaded), [""; 0]);
        let loaded = load_fixture(&AuthMethods, "vault.auth_methods/good/api.json");
        assert_eq!(loaded.estate.files[0].rows_loaded, 2);
        assert_eq!(notes(&loaded), ["vault/password-method"]);
    }

    #[test]
    fn a_configuration_without_an_issuer_is_noted() {
        for (file, expected) in [
            ("jwt-config.json", None),
            ("kubernetes-config.json", None),
            ("open-jwt-config.json", Some("vault/no-issuer")),
        ] {
            let loaded = load_fixture(&AuthMethods, &format!("vault.auth_methods/good/{file}"));
            assert_eq!(notes(&loaded).first().copied(), expected, "{file}");
            assert_eq!(loaded.estate.files[0].rows_loaded, 1, "{file}");
            loaded.assert_no_canary();
        }
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&AuthMethods, "vault.auth_methods/bad");
        let [cut, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(cut.failure.as_deref().unwrap().starts_with("the file breaks off"));
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (3, 1));
        let reasons = reasons(&loaded);
        assert!(
            reasons.iter().all(|reason| reason.contains("does not have the shape of a login method")),
            "{reasons:?}"
        );
        loaded.assert_no_canary();
    }
}
