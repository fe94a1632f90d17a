"""What workloads prove themselves with: SPIRE and Vault; and the audit log of the cluster."""
from .kit import *  # noqa: F403

VAULT = "vault.meridian.example"
AUDIENCE = f"https://{VAULT}"


# ---------------------------------------------------------------------------------------------------------------------
# SPIRE
# ---------------------------------------------------------------------------------------------------------------------
def entries(domain, listed):
    out = []
    for path, selectors, created, more in listed:
        one = {"id": uid("spire-entry", domain, path), "spiffe_id": {"trust_domain": domain, "path": path},
               "parent_id": {"trust_domain": domain, "path": "/k8s/eu-prod"},
               "selectors": [{"type": s.split(":", 1)[0], "value": s.split(":", 1)[1]} for s in selectors],
               "x509_svid_ttl": 3600, "federates_with": [], "hint": "", "admin": False,
               "created_at": str(epoch(when(created, "spire", path))), "downstream": False, "expires_at": "0",
               "dns_names": [], "revision_number": str(number(0, 6, "revision", path)), "store_svid": False,
               "jwt_svid_ttl": 300}
        assert set(more) <= set(one), more
        one.update(more)
        out.append(one)
    return {"entries": out, "next_page_token": ""}


def spire():
    ns = lambda namespace, account, *more: [f"k8s:ns:{namespace}", f"k8s:sa:{account}", *more]
    agents = entries(TRUST_DOMAIN, [
        ("/k8s/eu-prod", ["k8s_psat:cluster:eu-prod", "k8s_psat:agent_ns:spire", "k8s_psat:agent_sa:spire-agent"],
         "2026-03-30", {"parent_id": {"trust_domain": TRUST_DOMAIN, "path": "/spire/server"}, "x509_svid_ttl": 0,
                        "jwt_svid_ttl": 0}),
        ("/ns/agents/sa/dispatch-planner", ns("agents", "dispatch-planner"), "2026-03-30", {"x509_svid_ttl": 86400}),
        ("/ns/agents/sa/invoice-triage", ns("agents", "invoice-triage", "k8s:pod-label:app:invoice-triage"),
         "2026-03-30", {"x509_svid_ttl": 900, "hint": "invoice-triage"}),
        # Three copilots get the same identity, for a week at a time.
        ("/ns/agents/sa/shared-agent", ns("agents", "shared-agent"), "2026-04-01", {"x509_svid_ttl": 604800}),
        # Whatever runs in the namespace.
        ("/ns/agents/any", ["k8s:ns:agents"], "2026-03-31", {"x509_svid_ttl": 0, "jwt_svid_ttl": 0}),
        ("/ns/payments/sa/api", ns("payments", "api"), "2026-04-14", {
            "dns_names": ["api.payments.svc"], "federates_with": ["spiffe://telematics.haulwise.example"]}),
        ("/ns/ml/sa/svc-ml-infer", ns("ml", "svc-ml-infer"), "2026-04-20", {
            "federates_with": [f"spiffe://{OLD_TRUST_DOMAIN}"]}),
        # The pipeline's runner may administer the server.
        ("/ns/ci/sa/deployer", ns("ci", "deployer"), "2026-04-07", {"admin": True}),
        ("/spire/depots", ["x509pop:subject:cn:depots.meridian.example"], "2026-05-04", {
            "downstream": True, "x509_svid_ttl": 172800,
            "parent_id": {"trust_domain": TRUST_DOMAIN, "path": "/spire/server"}}),
        ("/migration/edi-gateway", ["unix:uid:1004"], "2026-04-22", {
            "expires_at": str(epoch("2026-05-31T22:00:00")), "store_svid": True,
            "parent_id": {"trust_domain": TRUST_DOMAIN, "path": "/hosts/edi-gateway"}}),
    ])
    # The older trust domain, whose keys the AWS role spire-eta-inference trusts.
    ml = entries(OLD_TRUST_DOMAIN, [
        ("/ns/ml/sa/eta-inference", ns("ml", "eta-inference"), "2025-11-10", {}),
        ("/ns/ml/sa/svc-ml-train", ns("ml", "svc-ml-train"), "2025-11-10", {
            "federates_with": [f"spiffe://{TRUST_DOMAIN}"]}),
    ])
    return {f"spire/{TRUST_DOMAIN}/entries.json": dumped(agents, indent=2),
            f"spire/{OLD_TRUST_DOMAIN}/entries.json": dumped(ml, indent=2)}


# ---------------------------------------------------------------------------------------------------------------------
# Vault
# ---------------------------------------------------------------------------------------------------------------------
POLICIES = {
    "agent-shared": """\
# Everything that the copilots need.
path "kv/data/agents/*" {
  capabilities = ["create", "read", "update", "list"]
}
path "kv/data/crm/*" {
  capabilities = ["read"]
}
""",
    "dispatch-planner": """\
path "kv/data/dispatch/*" {
  capabilities = ["read", "list"]
}
path "kv/data/carriers/+/portal" {
  capabilities = ["read"]
}
path "database/creds/dispatch" {
  capabilities = ["read"]
}
# so that it can hand work to others
path "auth/token/create" {
  capabilities = ["create", "update"]
}
""",
    "invoice-triage": """\
path "kv/data/finance/{{identity.entity.name}}/*" {
  capabilities = ["read"]
}
path "kv/data/finance/ledger" {
  capabilities = ["deny"]
}
""",
    "etl": 'path "kv/data/etl/*" { capabilities = ["read"] }\n',
    "platform-admin": 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }\n',
}


def answer(path, data):
    """What `vault read -format=json PATH` prints. It does not say what was read, so the path is put in."""
    return {"path": path, "request_id": uid("vault-request", path), "lease_id": "", "lease_duration": 0,
            "renewable": False, "data": data, "warnings": None}


def token_fields(policies, **more):
    out = {"token_bound_cidrs": [], "token_explicit_max_ttl": 0, "token_max_ttl": 0, "token_no_default_policy": False,
           "token_num_uses": 0, "token_period": 0, "token_policies": policies, "token_strictly_bind_ip": False,
           "token_ttl": 0, "token_type": "default"}
    assert set(more) <= set(out)
    out.update(more)
    return out


def approle(name, policies, secret_id_ttl=0, secret_id_num_uses=0, cidrs=None, **more):
    data = dict({"bind_secret_id": True, "local_secret_ids": False, "secret_id_bound_cidrs": cidrs,
                 "secret_id_num_uses": secret_id_num_uses, "secret_id_ttl": secret_id_ttl}, **token_fields(policies, **more))
    return answer(f"auth/approle/role/{name}", dict(sorted(data.items())))


def jwt_role(name, policies, subject="", claims=None, kind="string", audiences=(AUDIENCE,), **more):
    data = dict({"allowed_redirect_uris": None, "bound_audiences": list(audiences) or None, "bound_claims": claims,
                 "bound_claims_type": kind, "bound_subject": subject, "callback_mode": "client", "claim_mappings": None,
                 "clock_skew_leeway": 0, "expiration_leeway": 0, "groups_claim": "", "max_age": 0,
                 "not_before_leeway": 0, "oauth2_metadata": None, "oidc_disable_confirmation": False,
                 "oidc_scopes": None, "role_type": "jwt", "token_policies_template_claims": False, "user_claim": "sub",
                 "user_claim_json_pointer": False, "verbose_oidc_logging": False}, **token_fields(policies, **more))
    return answer(f"auth/jwt/role/{name}", dict(sorted(data.items())))


def kubernetes_role(name, accounts, namespaces, policies, **more):
    data = dict({"alias_name_source": "serviceaccount_uid", "bound_service_account_names": accounts,
                 "bound_service_account_namespace_selector": "", "bound_service_account_namespaces": namespaces},
                **token_fields(policies, **more))
    return answer(f"auth/eu-prod/role/{name}", dict(sorted(data.items())))


def accessor(name):
    return base64.b64encode(digest("vault-accessor", name)).decode().replace("+", "x").replace("/", "y")[:24]


def token_lookups():
    out = []
    for name, made, ttl, policies, path, more in [
            ("root", "2026-02-11T08:02:40", 0, ["root"], "auth/token/root", dict(orphan=True)),
            # Renewed for ever: a period instead of an end.
            ("token-agent-shared", "2026-01-12T10:21:09", 2764800, ["agent-shared", "default"], "auth/token/create",
             dict(period=2764800, expires="2026-07-28T04:11:52")),
            ("token-ci", "2026-06-29T14:30:11", 3600, ["default", "etl"], "auth/token/create", {}),
            ("approle", "2026-06-29T14:55:02", 1200, ["default", "etl"], "auth/approle/login",
             dict(orphan=True, meta={"role_name": "etl-nightly"}, entity="etl-nightly", bound_cidrs=["10.20.0.0/16"])),
            ("approle", "2025-03-03T09:14:27", 2764800, ["default", "platform-admin"], "auth/approle/login",
             dict(orphan=True, meta={"role_name": "legacy-jenkins"}, entity="legacy-jenkins",
                  expires="2026-07-30T21:40:18")),
            ("kubernetes-agents-dispatch-planner", "2026-06-29T12:40:33", 43200, ["default", "dispatch-planner"],
             "auth/eu-prod/login", dict(orphan=True, entity="dispatch-planner", meta={
                 "role": "dispatch-planner", "service_account_name": "dispatch-planner",
                 "service_account_namespace": "agents",
                 "service_account_uid": uid("ServiceAccount", "agents", "dispatch-planner")})),
            # Made by the planner for another task: a child of its token.
            ("token-dispatch-planner-subtask", "2026-06-29T12:41:10", 2764800, ["default", "dispatch-planner"],
             "auth/token/create", dict(entity="dispatch-planner", meta={"task": "rebook"})),
            (f"jwt-spiffe://{TRUST_DOMAIN}/ns/agents/sa/invoice-triage", "2026-06-29T14:57:30", 300,
             ["default", "invoice-triage"], "auth/jwt/login", dict(orphan=True, num_uses=1, entity="invoice-triage",
                                                                 meta={"role": "invoice-triage"}))]:
        expires = more.get("expires") or (later(made, ttl) if ttl else None)
        data = {"accessor": accessor(name + made), "creation_time": epoch(made), "creation_ttl": ttl,
                "display_name": name, "entity_id": uid("vault-entity", more["entity"]) if "entity" in more else "",
                "expire_time": nanos(expires, name) if expires else None, "explicit_max_ttl": 0, "id": "",
                "issue_time": nanos(made, name), "meta": more.get("meta"), "num_uses": more.get("num_uses", 0),
                "orphan": more.get("orphan", False), "path": path, "policies": policies, "renewable": bool(ttl),
                "ttl": epoch(expires) - epoch("2026-06-29T15:00:00") if expires else 0, "type": "service"}
        for key in ("period", "bound_cidrs"):
            if key in more:
                data[key] = more[key]
        out.append({"request_id": uid("vault-lookup", name, made), "lease_id": "", "lease_duration": 0,
                    "renewable": False, "data": dict(sorted(data.items())), "warnings": None})
    return out


def secret_ids():
    """`secret-id-accessor/lookup`; the path is put in here too."""
    for role, made, ttl, uses in [("agent-shared", "2026-01-12", 0, 0), ("legacy-jenkins", "2021-03-01", 0, 0),
                                  ("etl-nightly", "2026-06-29", 86400, 9)]:
        made = when(made, "secret-id", role)
        yield answer(f"auth/approle/role/{role}/secret-id-accessor/lookup", {
            "cidr_list": [], "creation_time": nanos(made, role),
            "expiration_time": nanos(later(made, ttl), role) if ttl else "0001-01-01T00:00:00Z",
            "last_updated_time": nanos(made, role), "metadata": {}, "secret_id_accessor": uid("secret-id", role),
            "secret_id_num_uses": uses, "secret_id_ttl": ttl, "token_bound_cidrs": []})


def vault_audit():
    """Requests and their answers. Values are hashed by Vault itself; policy results are in clear."""
    hashed = lambda *parts: "hmac-sha256:" + digest("vault-hmac", *parts).hex()
    version = "v1.19.5+builtin.vault"
    who = {  # display name, policies, entity, metadata, issued
        "planner": ("kubernetes-agents-dispatch-planner", ["default", "dispatch-planner"], "dispatch-planner",
                    {"role": "dispatch-planner", "service_account_name": "dispatch-planner",
                     "service_account_namespace": "agents"}, "2026-06-29T12:40:33"),
        "triage": (f"jwt-spiffe://{TRUST_DOMAIN}/ns/agents/sa/invoice-triage", ["default", "invoice-triage"],
                   "invoice-triage", {"role": "invoice-triage"}, "2026-06-29T13:02:11"),
        "shared": ("token-agent-shared", ["agent-shared", "default"], None, None, "2026-01-12T10:21:09"),
        "jenkins": ("approle", ["default", "platform-admin"], "legacy-jenkins", {"role_name": "legacy-jenkins"},
                    "2025-03-03T09:14:27"),
        "etl": ("approle", ["default", "etl"], "etl-nightly", {"role_name": "etl-nightly"}, "2026-06-29T13:00:02"),
        "root": ("root", ["root"], None, None, "2026-02-11T08:02:40"),
    }
    log = [  # principal, operation, path, policy that granted it or None
        ("planner", "read", "kv/data/dispatch/llm", "dispatch-planner"),
        ("planner", "read", "database/creds/dispatch", "dispatch-planner"),
        ("planner", "read", "kv/data/carriers/haulwise/portal", "dispatch-planner"),
        ("shared", "read", "kv/data/agents/support-copilot", "agent-shared"),
        ("shared", "read", "kv/data/crm/client", "agent-shared"),
        ("etl", "read", "kv/data/etl/warehouse", "etl"),
        ("triage", "read", "kv/data/finance/invoice-triage/archive", "invoice-triage"),
        ("triage", "read", "kv/data/finance/ledger", None),
        ("planner", "update", "auth/token/create", "dispatch-planner"),
        ("planner", "list", "kv/metadata/finance", None),
        ("shared", "update", "kv/data/agents/customs-copilot", "agent-shared"),
        ("jenkins", "read", "kv/data/payments/db", "platform-admin"),
        ("jenkins", "list", "kv/metadata/agents", "platform-admin"),
        ("planner", "read", "kv/data/carriers/northsea/portal", "dispatch-planner"),
        ("shared", "read", "kv/data/payments/db", None),
        ("etl", "read", "kv/data/etl/warehouse", "etl"),
        ("planner", "read", "database/creds/dispatch", "dispatch-planner"),
        ("shared", "read", "kv/data/agents/document-summariser", "agent-shared"),
        ("triage", "read", "kv/data/finance/invoice-triage/archive", "invoice-triage"),
        ("jenkins", "update", "sys/policies/acl/etl", "platform-admin"),
        ("planner", "update", "auth/approle/role/agent-shared/secret-id", None),
        ("shared", "read", "kv/data/crm/client", "agent-shared"),
        ("planner", "read", "kv/data/dispatch/llm", "dispatch-planner"),
        ("root", "update", "sys/auth/eu-prod/tune", "root"),
        ("etl", "read", "kv/data/agents/llm", None),
        ("planner", "read", "kv/data/carriers/haulwise/portal", "dispatch-planner"),
        ("triage", "read", "kv/data/finance/invoice-triage/archive", "invoice-triage"),
        ("shared", "read", "kv/data/agents/support-copilot", "agent-shared"),
        ("jenkins", "read", "kv/data/payments/db", "platform-admin"),
        ("planner", "read", "database/creds/dispatch", "dispatch-planner"),
    ]
    moment = "2026-06-29T13:04:10"
    for n, (principal, operation, path, granted) in enumerate(log):
        name, policies, entity, metadata, issued = who[principal]
        moment = later(moment, number(40, 420, "vault-audit", str(n)))
        mount = path.split("/")[0] + "/"
        kind = {"kv/": "kv", "database/": "database", "sys/": "system"}.get(mount)
        if mount == "auth/":
            mount = "/".join(path.split("/")[:2]) + "/"
            kind = mount.split("/")[1]
        results = {"allowed": granted is not None}
        if granted:
            results["granting_policies"] = [{"name": granted, "namespace_id": "root", "type": "acl"}]
        auth = {"client_token": hashed("token", principal), "accessor": hashed("accessor", principal),
                "display_name": name, "policies": policies, "token_policies": policies, "policy_results": results}
        if metadata:
            auth["metadata"] = metadata
        if entity:
            auth["entity_id"] = uid("vault-entity", entity)
        auth.update({"token_type": "service", "token_issue_time": zulu(issued)})
        request = {"id": uid("vault-audit", str(n)), "client_id": uid("vault-entity", entity or principal),
                   "operation": operation, "mount_point": mount, "mount_type": kind,
                   "mount_accessor": f"{kind}_{digest('mount', mount).hex()[:8]}", "mount_running_version": version,
                   "mount_class": "auth" if path.startswith("auth/") else "secret",
                   "client_token": hashed("token", principal), "client_token_accessor": hashed("accessor", principal),
                   "namespace": {"id": "root"}, "path": path,
                   "remote_address": f"10.20.{number(1, 9, 'ip', principal)}.{number(10, 250, 'ip2', principal)}",
                   "remote_port": number(30000, 60000, "port", str(n))}
        if operation == "update":
            request["data"] = {"value": hashed("data", str(n))}
        refused = {} if granted else {"error": "1 error occurred:\n\t* permission denied\n\n"}
        yield {"time": nanos(moment, "request", str(n)), "type": "request", "auth": auth, "request": request, **refused}
        response = {"mount_point": mount, "mount_type": kind, "mount_class": request["mount_class"]}
        if granted:
            response["data"] = {"value": hashed("answer", str(n))}
        yield {"time": nanos(later(moment, 1), "response", str(n)), "type": "response", "auth": auth,
               "request": request, "response": response, **refused}


def vault():
    every = ["*"]
    reads = [
        # One secret id for all copilots, which never ends, and tokens that can be renewed for ever.
        approle("agent-shared", ["agent-shared"], token_period=2764800),
        approle("etl-nightly", ["etl"], secret_id_ttl=86400, secret_id_num_uses=10, token_ttl=1200, token_max_ttl=3600,
                token_bound_cidrs=["10.20.0.0/16"]),
        approle("legacy-jenkins", ["platform-admin"]),
        jwt_role("github-any-repository", ["platform-admin"], claims={"sub": f"repo:{GITHUB_ORG}/*"}, kind="glob",
                 token_ttl=900),
        jwt_role("invoice-triage", ["invoice-triage"],
                 subject=f"spiffe://{TRUST_DOMAIN}/ns/agents/sa/invoice-triage", token_ttl=300, token_num_uses=1),
        jwt_role("eta-inference", ["etl"], subject=f"spiffe://{OLD_TRUST_DOMAIN}/ns/ml/sa/eta-inference", token_ttl=900,
                 token_max_ttl=1800),
        kubernetes_role("dispatch-planner", ["dispatch-planner"], ["agents"], ["dispatch-planner"], token_ttl=43200),
        kubernetes_role("payments", ["api"], ["payments"], ["etl"], token_ttl=3600, token_max_ttl=3600),
        kubernetes_role("anyone", every, every, ["agent-shared"], token_ttl=86400),
    ]
    out = {}
    for one in reads:
        method, _, name = one["path"].split("/")[1:]
        method = {"eu-prod": "kubernetes"}.get(method, method)
        out[f"vault/{VAULT}/{method}-role-{name}.json"] = dumped(one, indent=2)
    for name, text in POLICIES.items():
        out[f"vault/{VAULT}/policy-{name}.json"] = dumped({"name": name, "policy": text}, indent=2)
    out[f"vault/{VAULT}/token-lookups.ndjson"] = lines(token_lookups())
    out[f"vault/{VAULT}/secret-ids.ndjson"] = lines(secret_ids())
    out[f"vault/{VAULT}/audit.ndjson"] = lines(vault_audit())
    return out


# ---------------------------------------------------------------------------------------------------------------------
# The audit log of the cluster
# ---------------------------------------------------------------------------------------------------------------------
def kubernetes_audit():
    account = lambda ns, name: f"system:serviceaccount:{ns}:{name}"
    planner, shared, deployer = account("agents", "dispatch-planner"), account("agents", "shared-agent"), account(
        "ci", "deployer")
    dev, northbeam, api = account("dev", "shared-agent"), account("monitoring", "northbeam-agent"), account(
        "payments", "api")
    triage, leaver, amelia = account("agents", "invoice-triage"), mail("rashid.oduya"), mail("amelia.hart")

    def binding(role, subject, kind="ClusterRoleBinding", name=None, ref="ClusterRole"):
        return f'RBAC: allowed by {kind} "{name or role}" of {ref} "{role}" to {subject}'

    of = lambda user: 'ServiceAccount "{}/{}"'.format(*user.split(":")[:1:-1])
    escalator = binding("escalator", of(planner), name="dispatch-planner-escalator")
    admin = binding("cluster-admin", of(deployer), name="deployer-cluster-admin")
    edit = binding("edit", 'Group "system:serviceaccounts:dev"', name="agents-default-edit")
    vendor = binding("northbeam-agent", of(northbeam))
    jobs = binding("agent-jobs", of(planner), "RoleBinding", "dispatch-planner-jobs/agents", "Role")
    person = binding("cluster-admin", f'User "{leaver}"', name="platform-cluster-admin")
    platform = binding("cluster-admin", 'Group "oidc:meridian-platform"', name="platform-cluster-admin")
    info = binding("system:public-info-viewer", 'Group "system:authenticated"')
    no = None
    legacy = True
    log = [  # user, verb, resource, namespace, name, reason or None for forbidden, legacy token, how often
        (planner, "create", "jobs", "agents", "", jobs, False, 4), (planner, "list", "pods", "agents", "", jobs, False, 6),
        (planner, "create", "serviceaccounts/token", "agents", "shared-agent", escalator, False, 2),
        (planner, "get", "secrets", "payments", "db", no, False, 1),
        # Refused, the planner asks again as a person who may.
        (f"{planner} as {amelia}", "get", "secrets", "payments", "db", platform, False, 1),
        (shared, "list", "pods", "payments", "", no, legacy, 2),
        (shared, "get", "version", "", "", info, legacy, 1),
        (shared, "list", "secrets", "agents", "", binding("secret-reader", of(shared), "RoleBinding",
                                                          "shared-agent-secrets/agents"), legacy, 3),
        (shared, "get", "secrets", "agents", "llm-keys", binding("secret-reader", of(shared), "RoleBinding",
                                                                 "shared-agent-secrets/agents"), False, 2),
        (deployer, "patch", "deployments", "payments", "api", admin, legacy, 3),
        (deployer, "create", "clusterrolebindings", "", "temporary-debug", admin, legacy, 1),
        (deployer, "delete", "clusterrolebindings", "", "temporary-debug", admin, legacy, 1),
        (deployer, "list", "secrets", "ml", "", admin, legacy, 1),
        (dev, "list", "secrets", "agents", "", edit, False, 1),
        (dev, "patch", "deployments", "agents", "support-copilot", edit, False, 1),
        (northbeam, "list", "secrets", "", "", vendor, False, 5), (northbeam, "list", "pods", "", "", vendor, False, 9),
        (northbeam, "get", "nodes/proxy", "", "ip-10-20-3-41.eu-west-1.compute.internal", vendor, False, 2),
        (api, "get", "configmaps", "payments", "api", binding("api-configmap", of(api), "RoleBinding",
                                                              "api-configmap/payments", "Role"), False, 7),
        (triage, "get", "configmaps", "agents", "invoice-triage", no, False, 1),
        (leaver, "list", "secrets", "payments", "", person, False, 1),
        (amelia, "get", "pods/proxy", "agents", "dispatch-planner-0", platform, False, 1),
        (amelia, "get", "pods", "agents", "dispatch-planner-0", platform, False, 2),
        ("system:anonymous", "list", "pods", "default", "", no, False, 1),
    ]
    events = []
    for n, (user, verb, resource, ns, name, reason, old, count) in enumerate(log):
        user, _, guise = user.partition(" as ")
        for k in range(count):
            base, _, sub = resource.partition("/")
            group = {"jobs": "batch", "deployments": "apps", "clusterroles": "rbac.authorization.k8s.io",
                     "clusterrolebindings": "rbac.authorization.k8s.io"}.get(base, "")
            path = f"/apis/{group}/v1" if group else "/api/v1"
            uri = "/".join([path, *(["namespaces", ns] if ns else []), base, *([name] if name else []),
                            *([sub] if sub else [])])
            uri += "?limit=500" if verb == "list" else ""
            if base == "version":
                uri = "/version?timeout=5s"
            if resource == "pods/proxy":
                uri += f"/callback?api_key={SECRETS['proxy_url']}"
            # Tokens of the old kind were last seen on the 28th, says the label of their secrets.
            start = "2026-06-28T09:00:00" if old else "2026-06-28T12:00:00"
            seconds = number(0, 10 * 3600 if old else 18 * 3600, "audit", str(n), str(k))
            moment = later(start, seconds)
            if user.startswith("system:serviceaccount:"):
                _, _, uns, uname = user.split(":")
                who = {"username": user, "uid": uid("ServiceAccount", uns, uname), "groups": [
                    "system:serviceaccounts", f"system:serviceaccounts:{uns}", "system:authenticated"]}
            elif user == "system:anonymous":
                who = {"username": user, "groups": ["system:unauthenticated"]}
            else:
                groups = ["oidc:meridian-platform"] if user == amelia else []
                who = {"username": user, "groups": [*groups, "system:authenticated"]}
            annotations = {"authorization.k8s.io/decision": "allow" if reason else "forbid",
                           "authorization.k8s.io/reason": reason or ""}
            if old:
                annotations = dict({"authentication.k8s.io/legacy-token": user}, **annotations)
            code = {"create": 201}.get(verb, 200) if reason else 403
            status = {"metadata": {}, "code": code} if reason else {
                "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": code}
            one = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
                   "auditID": uid("audit", str(n), str(k)), "stage": "ResponseComplete", "requestURI": uri, "verb": verb,
                   "user": who, **({"impersonatedUser": {"username": guise, "groups": [
                       "oidc:meridian-platform", "system:authenticated"]}} if guise else {}), "sourceIPs": [f"10.20.{number(1, 9, 'audit-ip', user)}.{number(10, 250, 'ip2', user)}"],
                   "userAgent": "kubectl/v1.32.4 (linux/amd64) kubernetes/4cb5f07" if "@" in user else
                   f"{user.split(':')[-1]}/v0.0.0 (linux/amd64) kubernetes/$Format"}
            if base != "version":
                ref = {"resource": base}
                ref.update({key: value for key, value in (("namespace", ns), ("name", name), ("apiGroup", group))
                            if value})
                ref["apiVersion"] = "v1"
                if sub:
                    ref["subresource"] = sub
                one["objectRef"] = ref
            one.update({"responseStatus": status, "requestReceivedTimestamp": micros(moment, "received", str(n)) + "Z",
                        "stageTimestamp": micros(later(moment, 1), "stage", str(n)) + "Z", "annotations": annotations})
            events.append((moment, one))
            if not reason and k == 0 and user == shared:
                # The same request, as it came in: it must not be counted twice.
                first = {key: value for key, value in one.items() if key != "responseStatus"}
                first.update(stage="RequestReceived", stageTimestamp=one["requestReceivedTimestamp"],
                             annotations={key: value for key, value in annotations.items()
                                          if key.startswith("authentication")})
                events.append((moment, first))
    events.sort(key=lambda pair: (pair[0], pair[1]["auditID"], pair[1]["stageTimestamp"], pair[1]["stage"] != "RequestReceived"))
    assert events[-1][0] < K8S_EXPORTED
    return [one for _, one in events]


def files():
    return {**spire(), **vault(), "kubernetes/audit.ndjson": lines(kubernetes_audit())}
