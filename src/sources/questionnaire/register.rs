//! A register of identities that people keep: who owns each, which environment it belongs to, who operates it.
//! It says so of the identities on its lines and nothing of any other: an owner or environment is covered in part,
//! however full the register is. Covered in full it would turn *not in the register* into *has no owner*, and which
//! identities there are only exports can tell. For the same reason a line makes no identity: its row bears an id
//! of its own, `register:...`, which the views replace by the identity of that id or name, or drop.

use std::collections::BTreeMap;

use super::PROVIDER;
use super::sheet::{self, Line, Sheet};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level, Provider};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, environment};

/// What a file is recognised by.
const REQUIRED: &[&[&str]] = &[&["identity", "identity_id"], &["owner", "environment"]];
/// Columns that are read; `notes` is for people.
const COLUMNS: &[&str] = &["identity", "provider", "scope", "owner", "environment", "vendor", "is_human", "notes"];
/// How canonical ids begin, and the provider that they belong to.
const PREFIXES: &[(&str, &str)] = &[
    ("arn:", "aws"),
    ("entra:", "azure"),
    ("gcp:", "gcp"),
    ("github:", "github"),
    ("gitlab:", "gitlab"),
    ("k8s:", "k8s"),
    ("spiffe://", "spire"),
    ("vault:", "vault"),
    ("okta:", "okta"),
    ("openai:", "agent"),
];

/// `register.csv`.
pub struct Register;

impl Source for Register {
    fn about(&self) -> &'static About {
        &About {
            kind: "register.csv",
            title: "Register of identities kept by people (CSV)",
            provider: PROVIDER,
            command: "save the register's sheet as CSV (UTF-8): identity, provider, scope, owner, environment, vendor, \
                      is_human, notes",
            recognises: "CSV whose header has `identity` and `owner` or `environment`, with `,`, `;` or tab between \
                         columns",
            facts: &[(Fact::Owner, Level::Partial), (Fact::Environment, Level::Partial)],
            main_view: "scopes",
            precedence: 5,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(sheet::separator(probe.first_line(), REQUIRED).is_some())
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.about_scope(super::EVERYWHERE);
        let sheet = Sheet { what: "register", columns: COLUMNS, required: REQUIRED, rename: column_name };
        let mut stated = Stated::default();
        sheet.each(input, out, &mut |line, out| {
            let entry = Entry::read(line)?;
            stated.add(&entry);
            out.push(entry.row(line, input))?;
            Ok(())
        })?;
        stated.cover(out);
        Ok(())
    }
}

/// A column's name whatever its case and the blanks around it.
fn column_name(text: &str) -> String {
    match text.trim().to_lowercase().as_str() {
        "identity_id" => "identity".to_owned(),
        "scope_id" => "scope".to_owned(),
        "note" => "notes".to_owned(),
        name => name.to_owned(),
    }
}

/// A line, understood.
struct Entry {
    identity: String,
    /// Whether the identity is named by its canonical id.
    is_canonical: bool,
    provider: Option<&'static str>,
    scope: Option<String>,
    owner: Option<String>,
    environment: Option<Word>,
    vendor: Option<String>,
    is_human: Option<bool>,
}

impl Entry {
    fn read(line: &Line<'_>) -> Result<Self, Reject> {
        let identity = line.text("identity").ok_or_else(|| Reject::because("the line names no identity"))?;
        let by_prefix =
            PREFIXES.iter().find(|(prefix, _)| has_prefix(&identity, prefix)).map(|(_, provider)| *provider);
        let provider = match line.text("provider").map(|word| word.to_lowercase()) {
            Some(word) => {
                Some(Provider::find(&word).ok_or_else(|| Reject::because("`provider` is not a known provider"))?.id)
            }
            None => by_prefix,
        };
        let scope = line.text("scope").or_else(|| scope_of(&identity));
        if by_prefix.is_none() && scope.is_none() {
            return Err(Reject::because("`identity` is no canonical id, and the line names no scope for a name"));
        }
        Ok(Self {
            is_canonical: by_prefix.is_some(),
            provider: provider.or_else(|| scope.as_deref().and_then(provider_of)),
            scope,
            owner: line.text("owner"),
            environment: line.text("environment").and_then(|text| environment::normalise(&text)),
            vendor: line.text("vendor"),
            is_human: flag(line.text("is_human").as_deref())?,
            identity,
        })
    }

    fn row(&self, line: &Line<'_>, input: &Input) -> Identity {
        let id = match &self.scope {
            Some(scope) if !self.is_canonical => format!("register:{scope}:{}", self.identity),
            _ => format!("register:{}", self.identity),
        };
        Identity {
            // Ids of one identity differ in case between exports, and people do not mind it either.
            identity_id: id.to_lowercase(),
            provider: Word::from(self.provider.unwrap_or(PROVIDER)),
            scope_id: self.scope.clone().map(Word),
            kind: Word::from("registered"),
            name: self.identity.clone(),
            native_id: self.identity.clone(),
            is_human: self.is_human,
            owner: self.owner.clone(),
            owner_basis: self.owner.as_ref().map(|_| Word::from("register")),
            environment: self.environment.clone(),
            environment_basis: self.environment.as_ref().map(|_| Word::from("register")),
            vendor: self.vendor.clone(),
            source_id: input.source_id.clone(),
            locator: line.locator.clone(),
            ..Identity::default()
        }
    }
}

fn has_prefix(identity: &str, prefix: &str) -> bool {
    identity.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn flag(word: Option<&str>) -> Result<Option<bool>, Reject> {
    match word.map(str::to_lowercase).as_deref() {
        None => Ok(None),
        Some("true" | "yes" | "1") => Ok(Some(true)),
        Some("false" | "no" | "0") => Ok(Some(false)),
        Some(_) => Err(Reject::because("`is_human` is neither true nor false")),
    }
}

/// The scope that a canonical id names: the account of an ARN, the step after the provider of most others.
fn scope_of(identity: &str) -> Option<String> {
    let lower = identity.to_lowercase();
    let scope = match lower.split_once(':')? {
        ("arn", rest) => rest.split(':').nth(3)?,
        ("spiffe", rest) => rest.trim_start_matches('/').split('/').next()?,
        ("gcp", email) => email.strip_suffix(".iam.gserviceaccount.com")?.split_once('@')?.1,
        ("entra" | "k8s" | "github" | "gitlab" | "vault" | "okta" | "openai", rest) => rest.split_once(':')?.0,
        _ => return None,
    };
    (!scope.is_empty()).then(|| scope.to_owned())
}

/// The provider that a scope's form gives away: twelve digits are an account of AWS, a GUID is a tenant of Entra.
fn provider_of(scope: &str) -> Option<&'static str> {
    let groups: Vec<usize> = scope.split('-').map(str::len).collect();
    let is_hex = scope.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    match groups.as_slice() {
        [12] if scope.bytes().all(|b| b.is_ascii_digit()) => Some("aws"),
        [8, 4, 4, 4, 12] if is_hex => Some("azure"),
        _ => None,
    }
}

/// Which scopes the register says something of.
#[derive(Default)]
struct Stated {
    scopes: BTreeMap<(&'static str, String), Facts>,
    unplaced: usize,
}

#[derive(Default)]
struct Facts {
    owner: bool,
    environment: bool,
}

impl Stated {
    fn add(&mut self, entry: &Entry) {
        let (Some(provider), Some(scope)) = (entry.provider, &entry.scope) else {
            self.unplaced += 1;
            return;
        };
        let facts = self.scopes.entry((provider, scope.clone())).or_default();
        facts.owner |= entry.owner.is_some();
        facts.environment |= entry.environment.is_some();
    }

    fn cover(&self, out: &mut Output) {
        let note = "identities that the register names; of others it says nothing";
        for ((provider, scope), facts) in &self.scopes {
            for (fact, stated) in [(Fact::Owner, facts.owner), (Fact::Environment, facts.environment)] {
                if stated {
                    out.cover(provider, scope, fact, Level::Partial, Some(note));
                }
            }
        }
        if self.unplaced > 0 {
            let message = format!(
                "lines whose provider or scope is not known, so that what they state may not count: {}; fill in \
                 `provider` and `scope`",
                self.unplaced
            );
            out.note("sources/unplaced-lines", "line 1", message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const ROW: &[&str] = &[
        "identity_id",
        "provider",
        "scope_id",
        "owner",
        "owner_basis",
        "environment",
        "environment_basis",
        "vendor",
        "is_human",
        "locator",
    ];

    #[test]
    fn lines_state_owners_and_environments_of_identities_by_id_or_name() {
        let user = "register:arn:aws:iam::123456789012:user/svc-batch";
        let bot = "register:gcp:bot@acme-prod.iam.gserviceaccount.com";
        let expected = [
            [user, "aws", "123456789012", "ops", "register", "production", "register", "∅", "∅", "line 2"],
            [bot, "gcp", "acme-prod", "data; ml", "register", "∅", "∅", "Acme", "false", "line 3"],
            ["register:acme-lab:bot-2", "gcp", "acme-lab", "∅", "∅", "test", "register", "∅", "∅", "line 4"],
            ["register:123456789012:deploy", "aws", "123456789012", "web", "register", "∅", "∅", "∅", "true", "line 6"],
        ];
        for name in ["comma.csv", "excel-semicolon.csv"] {
            let loaded = load_fixture(&Register, &format!("register.csv/good/{name}"));
            assert_eq!(loaded.rows(Identity::TABLE, ROW), expected, "{name}");
            let note = "identities that the register names; of others it says nothing";
            assert_eq!(
                covered(&loaded),
                [
                    format!("owner partial: {note}"),
                    format!("environment partial: {note}"),
                    format!("environment partial: {note}"),
                    format!("owner partial: {note}"),
                ],
                "{name}"
            );
            let file = &loaded.estate.files[0];
            assert_eq!((file.scope_id.as_str(), file.scope_assumed), ("*", false));
        }
    }

    #[test]
    fn coverage_is_of_the_scope_that_a_line_is_about() {
        let loaded = load_fixture(&Register, "register.csv/good/comma.csv");
        let about: Vec<_> = loaded.estate.files[0]
            .coverage
            .iter()
            .map(|covered| format!("{} {} {}", covered.provider, covered.scope_id, covered.fact))
            .collect();
        assert_eq!(
            about,
            [
                "aws 123456789012 owner",
                "aws 123456789012 environment",
                "gcp acme-lab environment",
                "gcp acme-prod owner"
            ]
        );
        // No export was loaded that knows these scopes, and a register makes none.
        assert_eq!(loaded.estate.coverage.scopes().count(), 0);
    }

    #[test]
    fn wrong_lines_are_put_aside() {
        let loaded = load_fixture(&Register, "register.csv/bad/wrong.csv");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["spiffe://acme.example/web"], ["somewhere"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "line 3: `identity` is no canonical id, and the line names no scope for a name",
                "line 4: the line names no identity",
                "line 5: `is_human` is neither true nor false",
                "line 6: `provider` is not a known provider",
                "line 7: the line has 6 fields, the header has 5",
            ]
        );
        let notes: Vec<_> = loaded.estate.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            notes,
            ["lines whose provider or scope is not known, so that what they state may not count: 1; fill in \
              `provider` and `scope`"]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn ids_name_their_scope() {
        for (identity, scope) in [
            ("arn:aws:iam::123456789012:role/a/b", Some("123456789012")),
            ("spiffe://acme.example/web", Some("acme.example")),
            ("gcp:a@acme-prod.iam.gserviceaccount.com", Some("acme-prod")),
            ("gcp:12-compute@developer.gserviceaccount.com", None),
            ("k8s:prod:sa:web:api", Some("prod")),
            ("Entra:AAAA:sp:bbbb", Some("aaaa")),
            ("deploy", None),
            ("a:b", None),
        ] {
            assert_eq!(scope_of(identity).as_deref(), scope, "{identity}");
        }
        assert_eq!(provider_of("123456789012"), Some("aws"));
        assert_eq!(provider_of("0a0a0a0a-0000-4000-8000-0a0a0a0a0a0a"), Some("azure"));
        assert_eq!(provider_of("acme-prod"), None);
    }
}
