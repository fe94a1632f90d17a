//! Rows of the view `identities`, and what some shipped checks must say of them: predicates written a second
//! time, in Rust, so that the tally is compared with something that is no SQL.

use std::fmt::Write as _;
use std::path::Path;

use rungs::inventory::Fact;
use rungs::inventory::views::View;

use super::Failure;
use super::estate::{AS_OF, DAY, Expected, Lot, Scope, Section, ai_use, all, expect, lots};
use super::random::{Random, Stack};
use super::table::{Cell, Table};

/// Identities whose ids begin alike.
struct Family {
    /// The id before its number; `{}` is the scope.
    head: &'static str,
    /// The name before its number.
    name: &'static str,
    kind: &'static str,
    human: Option<bool>,
    /// Made by the platform, so that most checks leave it out.
    builtin: bool,
    share: i64,
}

const fn family(
    head: &'static str,
    name: &'static str,
    kind: &'static str,
    human: Option<bool>,
    builtin: bool,
    share: i64,
) -> Family {
    Family { head, name, kind, human, builtin, share }
}

const SERVICE_ROLE: &str = "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS_";
const RESERVED_ROLE: &str = "arn:aws:iam::{}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_";

const SECTIONS: &[Section<Family>] = &[
    Section {
        provider: "aws",
        families: &[
            family("arn:aws:iam::{}:group/team-", "team-", "group", None, false, 1),
            family("arn:aws:iam::{}:role/app-", "app-", "role", Some(false), false, 24),
            family(RESERVED_ROLE, "AWSReservedSSO_", "role", Some(false), true, 1),
            family(SERVICE_ROLE, "AWSServiceRoleForECS_", "role", Some(false), true, 4),
            family("arn:aws:iam::{}:role/pipeline/deploy-", "deploy-", "role", None, false, 8),
            family("arn:aws:iam::{}:root", "root", "root", None, false, 0),
            family("arn:aws:iam::{}:user/people/person-", "person-", "iam_user", Some(true), false, 6),
            family("arn:aws:iam::{}:user/svc-", "svc-", "iam_user", None, false, 18),
        ],
    },
    Section {
        provider: "azure",
        families: &[
            family("azure:{}:app:", "app-", "app_registration", Some(false), false, 6),
            family("azure:{}:managed:", "mi-", "managed_identity", Some(false), false, 4),
            family("azure:{}:user:", "person-", "human", Some(true), false, 3),
        ],
    },
    Section {
        provider: "k8s",
        families: &[
            family("k8s:{}:group:team-", "team-", "group", None, false, 1),
            family(
                "k8s:{}:sa:kube-system:controller-",
                "kube-system/controller-",
                "service_account",
                Some(false),
                true,
                2,
            ),
            family("k8s:{}:sa:payments:worker-", "payments/worker-", "service_account", Some(false), false, 12),
            family("k8s:{}:sa:search:indexer-", "search/indexer-", "service_account", Some(false), false, 10),
        ],
    },
];

/// What is drawn for a row and what the checks judged below read.
struct Drawn {
    owner: Option<String>,
    has_owner: Option<bool>,
    created_at: Option<i64>,
    used_at: Option<i64>,
    enabled: Option<bool>,
    static_credentials: Option<i64>,
    environment: Option<&'static str>,
    ai_use: Option<&'static str>,
}

impl Drawn {
    fn new(random: &mut Random, scope: &Scope) -> Self {
        let owner = random.chance(62).then(|| format!("team-{:03}@acme.example", random.below(400)));
        let has_owner = if owner.is_some() { Some(true) } else { scope.shows_all(Fact::Owner).then_some(false) };
        let age = random.below(2_000);
        let created_at = random.known(95, |random| AS_OF - age * DAY - random.below(DAY));
        let idle = random.below(90) * random.below(12) / 2;
        let counted = scope.shows(Fact::Credential);
        let static_credentials = if random.chance(70) { 0 } else { 1 + random.below(2) };
        Self {
            owner,
            has_owner,
            created_at,
            used_at: random.known(65, |random| AS_OF - idle.min(age) * DAY - random.below(DAY)),
            enabled: random.answer(90, 4),
            static_credentials: counted.then_some(static_credentials),
            environment: scope.environment(random),
            ai_use: ai_use(random),
        }
    }
}

/// Whole days from a moment to the export.
fn days(moment: Option<i64>) -> Option<i64> {
    moment.map(|moment| (AS_OF - moment) / DAY)
}

/// Writes the view; the counts are what the checks must find.
pub fn write(scopes: &[Scope], rows: i64, seed: u64, path: &Path) -> Result<Expected, Failure> {
    let view = View::find("identities").ok_or("there is no view `identities`")?;
    let mut random = Random::new(seed);
    let mut expected = Expected::new();
    let mut table = Table::create(view, path)?;
    let (mut id, mut name) = (String::new(), String::new());
    for lot in lots(scopes, SECTIONS, rows, |family| family.share)? {
        let head = lot.family.head.replace("{}", &lot.scope.id);
        let mut stack = Stack::default();
        for number in 0..lot.rows {
            let mut like = stack.next(&mut random);
            id.clone_from(&head);
            lot.family.name.clone_into(&mut name);
            if lot.family.share > 0 {
                write!(id, "{number:08}")?;
                write!(name, "{number:08}")?;
            }
            let drawn = Drawn::new(&mut like, lot.scope);
            judge(&mut expected, &lot, &drawn);
            push(&mut table, &mut like, &lot, &drawn, (&id, &name, number))?;
        }
    }
    table.finish()?;
    Ok(expected)
}

/// What the checks must say of the row.
fn judge(expected: &mut Expected, lot: &Lot<'_, Family>, drawn: &Drawn) {
    let Family { kind, human, builtin, .. } = lot.family;
    let not_human = human.map(|human| !human);
    let machine = Some(!matches!(*kind, "group" | "root" | "human"));
    let custom = Some(!builtin);
    // System accounts of Kubernetes are not left out here.
    let not_made_by_aws = Some(!(*builtin && lot.scope.provider == "aws"));
    let listed = lot.scope.shows(Fact::Identity);
    let no_static = drawn.static_credentials.map(|count| count == 0);
    expect(
        expected,
        "identity.owned",
        (all([machine, not_human, custom]), drawn.has_owner),
        listed && lot.scope.shows(Fact::Owner),
        true,
    );
    expect(
        expected,
        "identity.no-static-credential",
        (all([machine, not_human, not_made_by_aws]), no_static),
        listed,
        lot.scope.shows_all(Fact::Credential),
    );
    expect(
        expected,
        "identity.no-root-key",
        (Some(*kind == "root"), no_static),
        listed,
        lot.scope.shows_all(Fact::Credential),
    );
}

fn push(
    table: &mut Table,
    random: &mut Random,
    lot: &Lot<'_, Family>,
    drawn: &Drawn,
    (id, name, number): (&str, &str, i64),
) -> Result<(), Failure> {
    let Lot { scope, family, .. } = lot;
    let counted = |fact: Fact, number: i64| scope.shows(fact).then_some(number);
    let uses = counted(Fact::Use, random.below(6) * random.below(2));
    let idle_days = days(drawn.used_at).or_else(|| days(drawn.created_at).filter(|_| number % 3 == 0));
    let last_used_state = match (drawn.used_at, number % 3) {
        (Some(_), _) => Some("used"),
        (None, 0) => Some("never"),
        (None, 1) => Some("none_in_window"),
        (None, _) => None,
    };
    let admin = scope.shows(Fact::Entitlement) && random.chance(3);
    let locator = format!("/UserDetailList/{number}");
    let source = format!("{}/{}.json", scope.provider, scope.id);
    let native = random.known(90, |random| format!("AIDA{:016X}", random.bits() ^ number.unsigned_abs()));
    let aws = scope.provider == "aws";
    table.push(&[
        ("native_id", Cell::Text(native.as_deref())),
        ("is_human", Cell::Bool(family.human)),
        ("has_owner", Cell::Bool(drawn.has_owner)),
        ("owner_basis", Cell::Text(drawn.owner.as_ref().and_then(|_| random.pick(&["tag", "label", "questionnaire"])))),
        (
            "environment_basis",
            Cell::Text(drawn.environment.and_then(|_| random.pick(&["tag", "account", "namespace", "name_pattern"]))),
        ),
        (
            "has_environment",
            Cell::Bool(if drawn.environment.is_some() {
                Some(true)
            } else {
                scope.shows_all(Fact::Environment).then_some(false)
            }),
        ),
        ("vendor", Cell::Text(random.known(4, |_| "Northwind Analytics"))),
        ("created_at", Cell::Int(drawn.created_at)),
        ("last_used_at", Cell::Int(drawn.used_at)),
        ("last_used_state", Cell::Text(last_used_state)),
        ("enabled", Cell::Bool(drawn.enabled)),
        ("permissions_boundary", Cell::Bool(if aws { random.answer(20, 70) } else { None })),
        ("age_days", Cell::Int(days(drawn.created_at))),
        ("idle_days", Cell::Int(idle_days)),
        ("active_credentials", Cell::Int(drawn.static_credentials.map(|count| count + random.below(3)))),
        ("static_credentials", Cell::Int(drawn.static_credentials)),
        ("active_passwords", Cell::Int(counted(Fact::Credential, i64::from(random.chance(15))))),
        ("agents_of_identity", Cell::Int(Some(i64::from(drawn.ai_use == Some("agent")) * (1 + random.below(2))))),
        ("users_of_identity", Cell::Int(uses)),
        ("environments_of_identity", Cell::Int(uses.map(|uses| uses.min(random.below(3))))),
        ("human_users", Cell::Int(uses.map(|uses| uses.min(random.below(2))))),
        ("open_exposures", Cell::Int(Some(i64::from(random.chance(2))))),
        ("entitlements", Cell::Int(counted(Fact::Entitlement, random.below(40)))),
        ("admin_entitlements", Cell::Int(counted(Fact::Entitlement, i64::from(admin)))),
        ("wildcard_entitlements", Cell::Int(counted(Fact::Entitlement, i64::from(random.chance(12))))),
        ("escalation_entitlements", Cell::Int(counted(Fact::Entitlement, i64::from(random.chance(6))))),
        ("trusts", Cell::Int(counted(Fact::Trust, random.below(4)))),
        ("federated_trusts", Cell::Int(counted(Fact::Trust, random.below(2)))),
        ("external_trusts", Cell::Int(counted(Fact::Trust, i64::from(random.chance(5))))),
        ("reachable", Cell::Int(counted(Fact::Trust, random.below(20)))),
        ("reaches_admin", Cell::Bool(if admin { Some(true) } else { random.answer(4, 84) })),
        ("admin_path", Cell::Text(admin.then_some("itself"))),
        ("identity_id", Cell::Text(Some(id))),
        ("identity_name", Cell::Text(Some(name))),
        ("identity_kind", Cell::Text(Some(family.kind))),
        ("identity_owner", Cell::Text(drawn.owner.as_deref())),
        ("provider", Cell::Text(Some(scope.provider))),
        ("scope_id", Cell::Text(Some(&scope.id))),
        ("environment", Cell::Text(drawn.environment)),
        ("ai_use", Cell::Text(drawn.ai_use)),
        ("agent_autonomy", Cell::Text((drawn.ai_use == Some("agent")).then_some("supervised"))),
        ("source_id", Cell::Text(Some(&source))),
        ("locator", Cell::Text(Some(&locator))),
    ])
}
