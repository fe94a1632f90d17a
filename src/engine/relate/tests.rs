//! Views over rows that are written here, and over fixtures of several exports that speak of one thing.

use super::*;
use crate::config::Moment;
use crate::inventory::Writer;
use crate::inventory::schema::{Agent, Entitlement};
use crate::inventory::views::VIEWS;

#[test]
fn every_view_has_its_section_and_every_section_its_use() {
    let sections = sections();
    let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
    for view in VIEWS {
        assert!(names.contains(&view.name), "view `{}` has no section", view.name);
    }
    for kept in KEPT {
        assert!(names.contains(&kept), "there is no section `{kept}`");
    }
    for name in names.iter().filter(|name| View::find(name).is_none() && **name != "IDENTITIES_PLAIN") {
        let readers = sections.iter().filter(|(other, sql)| other != name && sql.contains(name)).count();
        assert!(readers > 0, "nothing reads section `{name}`");
    }
}

/// A register names an owner for one of two users, by id and by name, and for a user whom no export lists.
#[test]
fn a_register_states_owners_and_makes_no_identity() {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
    let work = tempfile::tempdir().unwrap();
    let exports = work.path().join("exports");
    std::fs::create_dir_all(&exports).unwrap();
    std::fs::copy(fixtures.join("aws.credential_report/good/two-users.csv"), exports.join("report.csv")).unwrap();
    let register = "identity;scope;owner;environment\n\
        ARN:aws:iam::123456789012:user/people/alice;;anna;\n\
        alice;123456789012;;prod\n\
        carol;123456789012;nobody;\n\
        arn:aws:iam::999999999999:user/dave;;dora;\n";
    std::fs::write(exports.join("register.csv"), register).unwrap();
    let config = Config::default();
    let options = crate::sources::Options {
        paths: std::slice::from_ref(&exports),
        leave_out: None,
        config: &config,
        config_folder: None,
        as_of: Some(crate::config::Moment::parse("2026-06-30").unwrap()),
        max_evidence_age_days: 92,
        progress: None,
    };
    let store = Store::new(work.path().join("work"));
    std::fs::create_dir_all(work.path().join("work")).unwrap();
    let estate = crate::sources::load(crate::sources::SOURCES, &options, store).unwrap();
    assert_eq!(estate.coverage.scopes().collect::<Vec<_>>(), [("aws", "123456789012")]);
    assert_eq!(estate.coverage.level("aws", "123456789012", Fact::Owner), Level::Partial);
    let mut files: Vec<_> = estate.files.iter().collect();
    files.sort_by_key(|file| file.about.precedence);
    let sources = files.iter().map(|file| (file.source_id().to_owned(), file.as_of.micros())).collect();
    crate::access::compute(&estate.store, &estate.coverage).unwrap();
    let options = RelateOptions { store: &estate.store, coverage: &estate.coverage, sources, config: &config };
    let engine = Engine::new().unwrap();
    engine.relate(&options).unwrap();
    let sql = "SELECT identity_name, identity_kind, identity_owner, owner_basis, has_owner, environment \
               FROM identities ORDER BY identity_name";
    let rows: Vec<String> = engine.query(sql).unwrap().rows.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    for word in ["alice", "iam_user", "anna", "register", "true", "production"] {
        assert!(rows[0].contains(word), "{word}: {rows:?}");
    }
    // That the register does not name bob says nothing of who owns him.
    assert!(rows[1].contains("bob") && !rows[1].contains("true") && !rows[1].contains("false"), "{rows:?}");
}

/// Fills the views from empty tables: every declared column must come out of the SQL in its declared type.
#[test]
fn the_sql_gives_every_declared_column() {
    let work = tempfile::tempdir().unwrap();
    let store = Store::new(work.path());
    let coverage = Coverage::new(crate::config::Moment::from_micros(0), 92);
    let config = Config::default();
    let options = RelateOptions { store: &store, coverage: &coverage, sources: Vec::new(), config: &config };
    let engine = Engine::new().unwrap();
    engine.relate(&options).unwrap();
    for view in VIEWS {
        let answer = engine.query(&format!("SELECT * FROM {}", view.name)).unwrap();
        let declared: Vec<&str> = view.columns().map(|column| column.name).collect();
        assert_eq!(answer.columns, declared, "{}", view.name);
        assert!(answer.rows.is_empty());
    }
}

/// The views of some fixtures, and the folder that they lie in.
fn related(fixtures: &[&str]) -> (Engine, tempfile::TempDir) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
    let paths: Vec<PathBuf> = fixtures.iter().map(|file| root.join(file)).collect();
    let config = Config::default();
    let options = crate::sources::Options {
        paths: &paths,
        leave_out: None,
        config: &config,
        config_folder: None,
        as_of: Some(crate::config::Moment::parse("2026-06-30").unwrap()),
        max_evidence_age_days: 92,
        progress: None,
    };
    let work = tempfile::tempdir().unwrap();
    let estate = crate::sources::load(crate::sources::SOURCES, &options, Store::new(work.path())).unwrap();
    crate::access::compute(&estate.store, &estate.coverage).unwrap();
    let sources = estate.files.iter().map(|file| (file.source_id().to_owned(), file.as_of.micros())).collect();
    let options = RelateOptions { store: &estate.store, coverage: &estate.coverage, sources, config: &config };
    let engine = Engine::new().unwrap();
    engine.relate(&options).unwrap();
    (engine, work)
}

/// One export names the account by address, the other by number: the way into it leads to what it holds.
#[test]
fn an_account_named_by_number_is_the_one_named_by_address() {
    let files = ["gcp.service_accounts/good/list.json", "gcp.iam_policies/good/by-number.json"];
    let (engine, _work) = related(&files);
    let one = |sql: &str| format!("{:?}", engine.query(sql).unwrap().rows);
    let trusts = one("SELECT identity_id, identity_kind, subject FROM trusts");
    assert!(trusts.contains("gcp:etl@acme-prod.iam.gserviceaccount.com"), "{trusts}");
    assert!(trusts.contains("service_account") && trusts.contains("gcp:user:ann@acme.example"), "{trusts}");
    let path = one("SELECT admin_path FROM identities WHERE identity_id = 'gcp:user:ann@acme.example'");
    assert!(path.contains("ann@acme.example > etl@acme-prod.iam.gserviceaccount.com: full control"), "{path}");
}

/// A fresh cluster binds rights to controllers of its own that have not started, and one of its bindings names
/// an account that is gone. Only that one may be shown as a leftover.
#[test]
fn of_the_missing_holders_of_a_fresh_cluster_one_is_a_leftover() {
    let (engine, _work) = related(&["k8s.list/good/fresh-cluster.json"]);
    // A subject of a binding holds one row for each rule of the role.
    let subjects = |which: &str| {
        let place = "CASE WHEN via LIKE 'binding:%' THEN resource ELSE '' END";
        let sql = format!(
            "SELECT DISTINCT identity_id, via, {place} AS place FROM entitlements \
             WHERE NOT holder_exists AND {which} ORDER BY identity_id, via, place"
        );
        engine.query(&sql).unwrap().rows
    };
    assert_eq!(subjects("true").len(), 37);
    assert_eq!(subjects("holder_builtin").len(), 36);
    let left: Vec<String> = subjects("NOT holder_builtin").iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(left.len(), 1);
    assert!(
        left[0].contains("k8s:good:sa:agents:gone") && left[0].contains("binding:shared-agent-secrets"),
        "{left:?}"
    );
}

/// The rows of a query over views that were filled from these rows: of a first source, and of one made a day
/// later that is believed less.
fn related_rows(fill: impl Fn(&mut Writer, &mut Writer), sql: &str) -> Vec<Vec<String>> {
    let work = tempfile::tempdir().unwrap();
    let store = Store::new(work.path());
    let (mut first, mut second) = (store.writer(0), store.writer(1));
    fill(&mut first, &mut second);
    first.finish().unwrap();
    second.finish().unwrap();
    let coverage = Coverage::new(moment("2026-06-30"), 92);
    let config = Config::default();
    let sources =
        [("a", "2026-06-29"), ("b", "2026-06-30")].map(|(id, made)| (id.to_owned(), moment(made).micros())).to_vec();
    let options = RelateOptions { store: &store, coverage: &coverage, sources, config: &config };
    let engine = Engine::new().unwrap();
    engine.relate(&options).unwrap();
    let answer = engine.query(sql).unwrap();
    answer.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn moment(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

fn permission(action: &str, via: &str, source: &str) -> Entitlement {
    Entitlement {
        entitlement_id: format!("{via} {action}"),
        identity_id: "role".to_owned(),
        provider: "aws".into(),
        effect: "allow".into(),
        action: action.to_owned(),
        action_kind: "permission".into(),
        via: via.to_owned(),
        source_id: source.to_owned(),
        ..Entitlement::default()
    }
}

#[test]
fn permissions_take_over_when_they_were_last_used() {
    let rows = related_rows(
        |grants, uses| {
            for action in ["s3:GetObject", "s3:*", "sqs:Send*", "S3:PutObject", "iam:PassRole"] {
                grants.push(permission(action, "inline:x", "a")).unwrap();
            }
            for (action, at) in [("s3:*", Some("2026-06-20")), ("s3:GetObject", Some("2026-06-10")), ("sqs:*", None)] {
                let state = if at.is_some() { "used" } else { "none_in_window" };
                let row = permission(action, "last-accessed", "b");
                let last_used_at = at.map(moment);
                uses.push(Entitlement { last_used_at, last_used_state: Some(state.into()), ..row }).unwrap();
            }
        },
        "SELECT action, last_used_state, idle_days FROM entitlements ORDER BY action",
    );
    // An action of a service that was used may still not have been: of `S3:PutObject` nothing is known.
    let expected = [
        ["iam:PassRole", "NULL", "NULL"],
        ["s3:*", "used", "10"],
        ["S3:PutObject", "NULL", "NULL"],
        ["s3:GetObject", "used", "20"],
        ["sqs:Send*", "none_in_window", "NULL"],
    ];
    assert_same(&rows, &expected);
}

#[test]
fn what_files_say_of_one_agent_comes_together() {
    let rows = related_rows(
        |detail, registry| {
            let agent = |source: &str| Agent {
                agent_id: "a".to_owned(),
                provider: "aws".into(),
                name: "planner".to_owned(),
                platform: "agentcore".into(),
                source_id: source.to_owned(),
                ..Agent::default()
            };
            detail.push(Agent { identity_id: Some("role".to_owned()), enabled: Some(true), ..agent("a") }).unwrap();
            let decided = Some("approved".into());
            registry
                .push(Agent { registry_status: decided, enabled: Some(false), platform: "a2a".into(), ..agent("b") })
                .unwrap();
        },
        "SELECT platform, identity_id, registry_status, enabled FROM agents",
    );
    assert_same(&rows, &[["agentcore", "role", "approved", "true"]]);
}

/// Compares cells as they are shown, whatever their type.
fn assert_same<const N: usize>(rows: &[Vec<String>], expected: &[[&str; N]]) {
    let mut shown: Vec<Vec<String>> = rows.to_vec();
    let mut expected: Vec<Vec<String>> = expected.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    shown.sort();
    expected.sort();
    assert_eq!(shown, expected);
}

/// Rows about one application of Entra, as different exports write them.
fn application(writer: &mut crate::inventory::Writer, now: crate::config::Moment) {
    use crate::inventory::schema::{Credential, Entitlement, Identity, IdentityUse, Trust};
    let word = |text: &str| crate::inventory::column::Word(text.to_owned());
    let (azure, s, t) = (word("azure"), "s".to_owned(), Some(word("t")));
    let mut identity = |id: &str, native: &str, kind: &str, owner: Option<&str>, used: bool| {
        let row = Identity {
            identity_id: id.to_owned(),
            provider: azure.clone(),
            scope_id: t.clone(),
            kind: word(kind),
            name: format!("name of {id}"),
            native_id: native.to_owned(),
            owner: owner.map(str::to_owned),
            last_used_at: used.then_some(now),
            source_id: s.clone(),
            ..Identity::default()
        };
        writer.push(row).unwrap();
    };
    identity("entra:t:sp:o1", "a1", "service_principal", None, false);
    identity("entra:t:sp:o2", "/subscriptions/s/mi", "managed_identity", None, false);
    identity("entra:t:app:a1", "a1", "app_registration", Some("ana"), false);
    identity("entra:t:app:a9", "a9", "service_principal", None, true);
    let credential = Credential {
        credential_id: "c".to_owned(),
        identity_id: Some("entra:t:app:a1".to_owned()),
        provider: azure.clone(),
        kind: word("client_secret"),
        status: Some(word("active")),
        source_id: s.clone(),
        ..Credential::default()
    };
    writer.push(credential).unwrap();
    for (n, holder) in ["entra:t:sp:o1", "entra:t:object:o1", "entra:t:object:o7"].into_iter().enumerate() {
        let (entitlement_id, identity_id) = (n.to_string(), holder.to_owned());
        let (provider, scope_id, effect, source_id) = (azure.clone(), t.clone(), word("allow"), s.clone());
        let empty = Entitlement::default();
        let row = Entitlement { entitlement_id, identity_id, provider, scope_id, effect, source_id, ..empty };
        writer.push(row).unwrap();
    }
    for (n, id) in ["entra:t:app:a1", "entra:t:mi:/subscriptions/s/mi"].into_iter().enumerate() {
        let (trust_id, identity_id) = (n.to_string(), id.to_owned());
        let (provider, kind, source_id) = (azure.clone(), word("oidc"), s.clone());
        writer.push(Trust { trust_id, identity_id, provider, kind, source_id, ..Trust::default() }).unwrap();
    }
    let used = IdentityUse {
        identity_id: "entra:app:a1".to_owned(),
        provider: word("k8s"),
        user_kind: word("pod"),
        user_ref: "p".to_owned(),
        basis: word("config"),
        source_id: s,
        ..IdentityUse::default()
    };
    writer.push(used).unwrap();
}

/// An application, its service principal and what others call them are one identity, with the credentials of
/// the one and the grants of the other.
#[test]
fn an_application_and_its_principal_are_one_identity() {
    use crate::inventory::{CoverageEntry, CoverageKey};

    let work = tempfile::tempdir().unwrap();
    let store = Store::new(work.path());
    let now = crate::config::Moment::parse("2026-06-30T12:00:00Z").unwrap();
    let mut writer = store.writer(0);
    application(&mut writer, now);
    writer.finish().unwrap();
    let mut coverage = Coverage::new(now, 92);
    let (as_of, level) = (now, Level::Full);
    coverage.add(
        CoverageKey { provider: "azure".into(), scope_id: "t".into(), fact: Fact::Identity },
        CoverageEntry { source_id: "s".into(), as_of, level, window_from: None, note: None, parts: None },
    );
    let config = Config::default();
    let sources = vec![("s".to_owned(), now.micros())];
    let options = RelateOptions { store: &store, coverage: &coverage, sources, config: &config };
    let engine = Engine::new().unwrap();
    engine.relate(&options).unwrap();
    let ask = |sql: &str| format!("{:?}", engine.query(sql).unwrap().rows);
    let counts = "SELECT count(*), max(identity_owner), sum(active_credentials), sum(entitlements), \
                  sum(trusts), sum(users_of_identity) FROM identities WHERE identity_id = 'entra:t:sp:o1'";
    assert_eq!(ask(counts), ask("SELECT 1 AS a, 'ana' AS b, 1 AS c, 2 AS d, 1 AS e, 1 AS f"));
    // What only signed in once, and stands in no list of principals, is no identity.
    assert_eq!(ask("SELECT count(*) FROM identities"), ask("SELECT 2"));
    assert_eq!(ask("SELECT max(identity_id) FROM trusts WHERE trust_id = '1'"), ask("SELECT 'entra:t:sp:o2'"));
    let unknown = "SELECT holder_exists IS NULL FROM entitlements WHERE identity_id = 'entra:t:object:o7'";
    assert_eq!(ask(unknown), ask("SELECT true"), "an object of unknown kind may be a person");
}
