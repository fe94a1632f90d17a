//! Rows of the view `credentials`, and what some shipped checks must say of them: predicates written a second
//! time, in Rust, so that the tally is compared with something that is no SQL.

use std::fmt::Write as _;
use std::path::Path;

use rungs::inventory::Fact;
use rungs::inventory::views::View;

use super::Failure;
use super::estate::{self, AS_OF, DAY, Expected, Lot, Scope, Section, all, expect, lots};
use super::random::{Random, Stack};
use super::table::{Cell, Table};

/// The limit of `credential.long-lived` that the benchmark compiles it with and judges by.
pub const MAX_SECRET_AGE_DAYS: i64 = 90;

/// Credentials whose keys begin alike.
struct Family {
    /// The key before its number; `{}` is the scope.
    head: &'static str,
    kind: &'static str,
    lifetime: &'static str,
    storage: Option<&'static str>,
    /// The identity that it belongs to.
    holder: Option<Holder>,
    share: i64,
}

#[derive(Clone, Copy)]
struct Holder {
    /// The id before its number; `{}` is the scope.
    head: &'static str,
    kind: &'static str,
    human: Option<bool>,
}

const APP_ROLE: Holder = Holder { head: "arn:aws:iam::{}:role/app-", kind: "role", human: Some(false) };
const PERSON: Holder = Holder { head: "arn:aws:iam::{}:user/people/person-", kind: "iam_user", human: Some(true) };
const SERVICE_USER: Holder = Holder { head: "arn:aws:iam::{}:user/svc-", kind: "iam_user", human: None };
const APP: Holder = Holder { head: "azure:{}:app:", kind: "app_registration", human: Some(false) };
const WORKER: Holder = Holder { head: "k8s:{}:sa:payments:worker-", kind: "service_account", human: Some(false) };

const fn family(
    head: &'static str,
    kind: &'static str,
    lifetime: &'static str,
    storage: Option<&'static str>,
    holder: Option<Holder>,
    share: i64,
) -> Family {
    Family { head, kind, lifetime, storage, holder, share }
}

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:{}:secret:app-";

const SECTIONS: &[Section<Family>] = &[
    Section {
        provider: "aws",
        families: &[
            family(APP_ROLE.head, "role_session", "ephemeral", Some("none"), Some(APP_ROLE), 10),
            family(PERSON.head, "password", "static", None, Some(PERSON), 5),
            family(SERVICE_USER.head, "access_key", "static", None, Some(SERVICE_USER), 35),
        ],
    },
    Section {
        provider: "aws",
        families: &[family(SECRET, "stored_secret", "static", Some("secrets_manager"), None, 8)],
    },
    Section {
        provider: "azure",
        families: &[
            family("azure:{}:certificate:", "certificate", "expiring", None, Some(APP), 3),
            family("azure:{}:secret:", "client_secret", "expiring", Some("vault"), Some(APP), 6),
        ],
    },
    Section {
        provider: "github",
        families: &[family("github:{}:secret:", "ci_secret", "static", Some("ci_secret_store"), None, 5)],
    },
    Section {
        provider: "k8s",
        families: &[
            family("k8s:{}:secret:payments:worker-", "k8s_sa_token", "static", Some("k8s_secret"), Some(WORKER), 8),
            family("k8s:{}:token:payments:worker-", "bound_token", "ephemeral", Some("none"), Some(WORKER), 20),
        ],
    },
];

/// What is drawn for a row and what the checks judged below read.
struct Drawn {
    status: Option<&'static str>,
    created_at: Option<i64>,
    rotated_at: Option<i64>,
    age_days: Option<i64>,
    auto_rotated: Option<bool>,
    has_identity: Option<bool>,
}

impl Drawn {
    fn new(random: &mut Random, family: &Family) -> Self {
        let oldest = if family.lifetime == "ephemeral" { 1 } else { 40 * (1 + random.below(30)) };
        let created_at = random.known(94, |random| AS_OF - random.below(oldest * DAY));
        let rotated_at = created_at.filter(|_| random.chance(20)).map(|made| made + random.below(AS_OF - made + 1));
        Self {
            status: random.chance(97).then(|| random.pick(&["active", "active", "inactive", "expired"])).flatten(),
            created_at,
            rotated_at,
            age_days: rotated_at.or(created_at).map(|moment| (AS_OF - moment) / DAY),
            auto_rotated: match family.kind {
                "stored_secret" => random.answer(40, 60),
                "access_key" => None,
                _ => random.answer(10, 30),
            },
            has_identity: family.holder.map(|_| !random.chance(2)),
        }
    }
}

/// Writes the view; the counts are what the checks must find.
pub fn write(scopes: &[Scope], rows: i64, seed: u64, path: &Path) -> Result<Expected, Failure> {
    let view = View::find("credentials").ok_or("there is no view `credentials`")?;
    let mut random = Random::new(seed);
    let mut expected = Expected::new();
    let mut table = Table::create(view, path)?;
    let mut key = String::new();
    for lot in lots(scopes, SECTIONS, rows, |family| family.share)? {
        let head = lot.family.head.replace("{}", &lot.scope.id);
        let holder = lot.family.holder.map(|holder| holder.head.replace("{}", &lot.scope.id));
        let mut stack = Stack::default();
        for number in 0..lot.rows {
            let mut like = stack.next(&mut random);
            let drawn = Drawn::new(&mut like, lot.family);
            key.clone_from(&head);
            write!(key, "{number:08}")?;
            match lot.family.kind {
                "access_key" => write!(key, "|{}|1", drawn.created_at.unwrap_or(AS_OF))?,
                "password" => key.push_str("#password"),
                "role_session" => key.push_str("#session"),
                _ => {}
            }
            judge(&mut expected, &lot, &drawn);
            push(&mut table, &mut like, &lot, &drawn, (&key, holder.as_deref(), number))?;
        }
    }
    table.finish()?;
    Ok(expected)
}

/// What the checks must say of the row.
fn judge(expected: &mut Expected, lot: &Lot<'_, Family>, drawn: &Drawn) {
    let Family { kind, lifetime, .. } = lot.family;
    let is_static = Some(*lifetime == "static");
    let active = drawn.status.map(|status| status == "active");
    let for_software = Some(*kind != "password");
    let listed = lot.scope.shows(Fact::Credential);
    let rotation = listed && lot.scope.shows(Fact::CredentialRotation);
    expect(
        expected,
        "credential.long-lived",
        (all([is_static, active, for_software]), drawn.age_days.map(|days| days <= MAX_SECRET_AGE_DAYS)),
        rotation,
        true,
    );
    expect(
        expected,
        "credential.auto-rotated",
        (all([is_static, active, for_software]), drawn.auto_rotated),
        rotation,
        true,
    );
    expect(
        expected,
        "credential.inactive-deleted",
        (all([is_static, for_software]), drawn.status.map(|status| status != "inactive")),
        listed,
        true,
    );
    expect(
        expected,
        "credential.identity-exists",
        (Some(!matches!(*kind, "stored_secret" | "ci_secret" | "role_session" | "bound_token")), drawn.has_identity),
        listed && lot.scope.shows(Fact::Identity),
        true,
    );
}

fn push(
    table: &mut Table,
    random: &mut Random,
    lot: &Lot<'_, Family>,
    drawn: &Drawn,
    (key, holder, number): (&str, Option<&str>, i64),
) -> Result<(), Failure> {
    let Lot { scope, family, .. } = lot;
    let ephemeral = family.lifetime == "ephemeral";
    let life = if ephemeral { 3_600 * (1 + random.below(18)) } else { 86_400 * 30 * (1 + random.below(24)) };
    let ends = (family.lifetime != "static").then_some(life);
    let idle = random.below(80) * random.below(10) / 2;
    let used_at = random.known(60, |random| AS_OF - idle * DAY - random.below(DAY));
    let idle_days = used_at.map(|_| idle).or(drawn.age_days.filter(|_| number % 3 == 0));
    let last_used_state = match (used_at, number % 3) {
        (Some(_), _) => Some("used"),
        (None, 0) => Some("never"),
        (None, 1) => Some("none_in_window"),
        (None, _) => None,
    };
    let credential_id = format!(
        "{}{:016X}",
        if family.kind == "access_key" { "AKIA" } else { "" },
        random.bits() ^ number.unsigned_abs()
    );
    let identity = holder.map(|head| format!("{head}{number:08}"));
    let name = identity.as_deref().map(|id| id.rsplit_once(['/', ':']).map_or(id, |(_, name)| name));
    let owner = holder.filter(|_| random.chance(62)).map(|_| format!("team-{:03}@acme.example", random.below(400)));
    let environment = holder.and_then(|_| scope.environment(random));
    let ai_use = holder.and_then(|_| estate::ai_use(random));
    let storage = family.storage.or_else(|| {
        random.chance(10).then(|| random.pick(&["env_plaintext", "config_file", "code", "vault"])).flatten()
    });
    let storage_ref = storage.map(|storage| format!("{storage}/{number}"));
    let source = format!("{}/{}.json", scope.provider, scope.id);
    let locator = format!("/Credentials/{number}");
    let rotation_basis = match (drawn.rotated_at, drawn.created_at) {
        (Some(_), _) => Some("rotated"),
        (None, Some(_)) => Some("created"),
        (None, None) => None,
    };
    table.push(&[
        ("credential_key", Cell::Text(Some(key))),
        ("credential_id", Cell::Text(Some(&credential_id))),
        ("credential_kind", Cell::Text(Some(family.kind))),
        ("lifetime", Cell::Text(Some(family.lifetime))),
        ("status", Cell::Text(drawn.status)),
        ("created_at", Cell::Int(drawn.created_at)),
        ("expires_at", Cell::Int(drawn.created_at.zip(ends).map(|(made, life)| made + life * 1_000_000))),
        ("last_rotated_at", Cell::Int(drawn.rotated_at)),
        ("last_used_at", Cell::Int(used_at)),
        ("last_used_state", Cell::Text(last_used_state)),
        ("last_used_by", Cell::Text(used_at.and_then(|_| random.pick(&["s3 eu-west-1", "bedrock us-east-1", "sts"])))),
        ("never_expires", Cell::Bool(if ends.is_none() { random.answer(80, 10) } else { Some(false) })),
        ("auto_rotated", Cell::Bool(drawn.auto_rotated)),
        ("ttl_seconds", Cell::Int(ends.filter(|_| ephemeral && family.kind != "role_session"))),
        ("rotation_days", Cell::Int(drawn.auto_rotated.filter(|auto| *auto).map(|_| 30 * (1 + random.below(6))))),
        ("rotation_basis", Cell::Text(rotation_basis)),
        ("storage", Cell::Text(storage)),
        ("storage_ref", Cell::Text(storage_ref.as_deref())),
        ("shared_scope", Cell::Text(random.known(5, |_| "namespace payments"))),
        ("is_human", Cell::Bool(family.holder.and_then(|holder| holder.human))),
        ("has_identity", Cell::Bool(drawn.has_identity)),
        ("age_days", Cell::Int(drawn.age_days)),
        ("idle_days", Cell::Int(idle_days)),
        ("lifetime_days", Cell::Int(drawn.created_at.and(ends).map(|life| life / 86_400))),
        ("ends_in_seconds", Cell::Int(ends)),
        ("places_of_secret", Cell::Int(random.known(3, |_| 1 + number % 4))),
        ("secret_no", Cell::Int(None)),
        ("identity_id", Cell::Text(identity.as_deref())),
        ("identity_name", Cell::Text(name)),
        ("identity_kind", Cell::Text(family.holder.map(|holder| holder.kind))),
        ("identity_owner", Cell::Text(owner.as_deref())),
        ("provider", Cell::Text(Some(scope.provider))),
        ("scope_id", Cell::Text(Some(&scope.id))),
        ("environment", Cell::Text(environment)),
        ("ai_use", Cell::Text(ai_use)),
        ("agent_autonomy", Cell::Text((ai_use == Some("agent")).then_some("supervised"))),
        ("source_id", Cell::Text(Some(&source))),
        ("locator", Cell::Text(Some(&locator))),
    ])
}
