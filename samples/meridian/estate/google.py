"""Google Cloud: the project of the machine learning team. The analytics project is not exported."""
from .kit import *  # noqa: F403

FOLDER = f"gcp/{GCP_PROJECT}"
ALGORITHM = "KEY_ALG_RSA_2048"
NEVER = "9999-12-31T23:59:59Z"


def email(name):
    if name == "default":
        return f"{GCP_NUMBER}-compute@developer.gserviceaccount.com"
    return f"{name}@{GCP_PROJECT}.iam.gserviceaccount.com"


def unique(name):
    return "1" + str(int.from_bytes(digest("gcp", name), "big"))[:20]


# name: (what it says of itself, disabled, keys). A key: (made, ends or None for never, what else).
ACCOUNTS = {
    "default": ("Compute Engine default service account", None, False, [("2023-10-16", None, {})]),
    "demand-forecast": ("Demand forecast", "Training and batch prediction", False, [
        ("2023-11-06", None, {}), ("2024-03-18", None, {})]),
    "eta-inference": ("ETA inference", "Serves eta-live; federated from eu-prod", False, []),
    "dispatch-planner": ("Dispatch planner", "agent", False, [("2026-03-05", None, {})]),
    # Google found this one in a public repository, and switched it off.
    "notebook-runner": ("notebook-runner", None, False, [
        ("2024-06-10", None, dict(disabled=True, disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED",
                                  extendedStatus=[{"key": "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED",
                                                   "value": f"https://github.com/{GITHUB_ORG}/ml-notebooks"}])),
        ("2025-02-17", None, {})]),
    "model-publish": ("Model publish", "Used by the pipeline of ml-notebooks", False, []),
    "tally-labelling": ("Tally Annotation", "Labelling vendor", False, [("2024-08-26", "2026-08-26", dict(
        keyOrigin="USER_PROVIDED"))]),
    "feature-export": ("Feature export", None, False, [("2026-05-04", "2026-08-02", {})]),
    "old-scraper": ("old-scraper", None, True, [("2022-01-24", None, {})]),
}


def service_accounts():
    out = []
    for name, (display, description, disabled, _) in sorted(ACCOUNTS.items(), key=lambda one: email(one[0])):
        one = {}
        if description:
            one["description"] = description
        if disabled:
            one["disabled"] = True
        one.update({"displayName": display, "email": email(name), "etag": b64("MRDN" + letters(4, "etag", name)),
                    "name": f"projects/{GCP_PROJECT}/serviceAccounts/{email(name)}", "oauth2ClientId": unique(name),
                    "projectId": GCP_PROJECT, "uniqueId": unique(name)})
        out.append(one)
    return out


def keys(name):
    """`keys list`: those that people made, and the one that Google made and renews."""
    out = []
    base = f"projects/{GCP_PROJECT}/serviceAccounts/{email(name)}/keys/"
    for n, (made, ends, more) in enumerate(ACCOUNTS[name][3]):
        made = when(made, "gcp-key", name, str(n))
        one = {"keyAlgorithm": ALGORITHM, "keyOrigin": "GOOGLE_PROVIDED", "keyType": "USER_MANAGED",
               "name": base + digest("gcp-key", name, str(n)).hex()[:40], "validAfterTime": zulu(made),
               "validBeforeTime": zulu(ends + made[10:]) if ends else NEVER}
        one.update(more)
        out.append(dict(sorted(one.items())))
    made = when("2026-06-21", "gcp-system-key", name)
    out.append({"keyAlgorithm": ALGORITHM, "keyOrigin": "GOOGLE_PROVIDED", "keyType": "SYSTEM_MANAGED",
                "name": base + digest("gcp-system-key", name).hex()[:40], "validAfterTime": zulu(made),
                "validBeforeTime": zulu("2026-07-08" + made[10:])})
    return out


def project_policy():
    sa = lambda name: f"serviceAccount:{email(name)}"
    pool = f"iam.googleapis.com/projects/{GCP_NUMBER}/locations/global/workloadIdentityPools"
    bindings = [
        ("roles/aiplatform.admin", [sa("demand-forecast")]),
        ("roles/aiplatform.serviceAgent", [f"serviceAccount:service-{GCP_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com"]),
        ("roles/aiplatform.user", [f"principalSet://{pool}/meridian-ci/attribute.repository/{GITHUB_ORG}/ml-notebooks",
                                   f"principal://{pool}/eu-prod/subject/system:serviceaccount:ml:eta-inference",
                                   sa("eta-inference")]),
        ("roles/artifactregistry.writer", [f"principalSet://{pool}/meridian-ci/*", sa("model-publish")]),
        ("roles/editor", [sa("default"), sa("notebook-runner")]),
        ("roles/iam.serviceAccountTokenCreator", [sa("dispatch-planner")]),
        ("roles/owner", ["user:nadia.keller@meridian.example", "user:rashid.oduya@meridian.example"]),
        ("roles/secretmanager.secretAccessor", [sa("dispatch-planner")]),
        ("roles/storage.objectAdmin", [
            f"deleted:serviceAccount:{email('old-features')}?uid={unique('old-features')}", sa("feature-export")]),
        ("roles/storage.objectViewer", ["group:data-scientists@meridian.example", sa("tally-labelling"),
                                        "serviceAccount:labels@tally-annotation.iam.gserviceaccount.com"]),
        ("roles/viewer", ["domain:meridian.example"]),
    ]
    out = [{"members": members, "role": role} for role, members in bindings]
    out.append({"condition": {"description": "for the evaluation in June",
                              "expression": 'request.time < timestamp("2026-07-15T00:00:00Z")', "title": "until-mid-july"},
                "members": ["user:tomas.varga@meridian.example"], "role": "roles/aiplatform.admin"})
    return {"bindings": out, "etag": b64("MRDNpolicy1"), "version": 3}


def pools():
    base = f"projects/{GCP_NUMBER}/locations/global/workloadIdentityPools"
    pool = lambda name, text: {"description": text, "displayName": name, "mode": "FEDERATION_ONLY",
                               "name": f"{base}/{name}", "state": "ACTIVE"}
    return [pool("eu-prod", "EKS cluster eu-prod"), pool("meridian-ci", "Pipelines")]


def providers(pool):
    base = f"projects/{GCP_NUMBER}/locations/global/workloadIdentityPools/{pool}/providers"
    if pool == "eu-prod":
        return [{"attributeCondition": 'assertion.sub.startsWith("system:serviceaccount:ml:")',
                 "attributeMapping": {"google.subject": "assertion.sub"}, "displayName": "eks",
                 "name": f"{base}/eks", "oidc": {"allowedAudiences": ["sts.amazonaws.com"], "issuerUri": f"https://{EKS}"},
                 "state": "ACTIVE"}]
    return [
        # Without a condition, every repository on GitHub may use it.
        {"attributeMapping": {"attribute.repository": "assertion.repository", "google.subject": "assertion.sub"},
         "displayName": "GitHub", "name": f"{base}/github", "oidc": {"issuerUri": f"https://{GITHUB}"}, "state": "ACTIVE"},
        {"attributeCondition": 'assertion.namespace_path == "meridian"',
         "attributeMapping": {"attribute.project_path": "assertion.project_path", "google.subject": "assertion.sub"},
         "disabled": True, "displayName": "GitLab", "name": f"{base}/gitlab",
         "oidc": {"allowedAudiences": ["https://gitlab.com"], "issuerUri": f"https://{GITLAB}"}, "state": "ACTIVE"},
    ]


def files():
    out = {f"{FOLDER}/service-accounts.json": dumped(service_accounts(), indent=2),
           f"{FOLDER}/iam-policy.json": dumped(project_policy(), indent=2),
           f"{FOLDER}/workload-identity-pools.json": dumped(pools(), indent=2)}
    for name in ACCOUNTS:
        out[f"{FOLDER}/keys/{name}.json"] = dumped(keys(name), indent=2)
    for pool in ("eu-prod", "meridian-ci"):
        out[f"{FOLDER}/providers-{pool}.json"] = dumped(providers(pool), indent=2)
    return out
