"""GitHub: the organisation meridian-freight; and one project's variables on GitLab.

The roles in AWS trust repositories of `meridian`, an older organisation that nobody declared and nobody exported."""
from .kit import *  # noqa: F403

FOLDER = f"github/{GITHUB_ORG}"
API, SITE = "https://api.github.com", "https://github.com"
ORG_ID = 41870233


def login(who):
    return who.replace(".", "-")


def account(name, kind="User"):
    ident = ORG_ID if kind == "Organization" else number(10**6, 10**8, "github-account", name)
    return {"login": name, "id": ident, "node_id": b64(f"0{len(kind):02}:{kind}{ident}"),
            "avatar_url": f"https://avatars.githubusercontent.com/u/{ident}?v=4", "gravatar_id": "",
            "url": f"{API}/users/{name}", "html_url": f"{SITE}/{name}", "type": kind, "site_admin": False}


def pacific(day, *parts):
    """GitHub's own form: milliseconds, and the hours of the west coast."""
    return when(day, "github", *parts) + ".000-07:00"


def installations():
    out = []
    for slug, selection, permissions, created, updated, suspended, events in [
            # The planner's own app may write everywhere, and decides on who may do what.
            ("meridian-dispatch-planner", "all", {"administration": "write", "actions": "write", "contents": "write",
                                                  "metadata": "read", "pull_requests": "write", "secrets": "write",
                                                  "workflows": "write"}, "2026-03-11", "2026-05-18", None, ["push"]),
            ("meridian-release-bot", "selected", {"contents": "write", "metadata": "read", "packages": "write"},
             "2023-02-06", "2024-11-18", None, []),
            ("northbeam-ci-visibility", "all", {"actions": "read", "checks": "read", "metadata": "read"},
             "2022-12-05", "2022-12-05", None, ["workflow_job", "workflow_run"]),
            ("copilot-swe-agent", "selected", {"actions": "read", "contents": "write", "issues": "write",
                                               "metadata": "read", "pull_requests": "write"},
             "2025-11-17", "2026-04-13", None, ["issues", "pull_request_review_comment"]),
            ("pallas-schema-sync", "all", {"contents": "write", "members": "read", "metadata": "read"},
             "2023-06-26", "2023-06-26", "2026-01-15", [])]:
        ident = number(30 * 10**6, 90 * 10**6, "installation", slug)
        out.append({
            "id": ident, "account": account(GITHUB_ORG, "Organization"), "repository_selection": selection,
            "access_tokens_url": f"{API}/app/installations/{ident}/access_tokens",
            "repositories_url": f"{API}/installation/repositories",
            "html_url": f"{SITE}/organizations/{GITHUB_ORG}/settings/installations/{ident}",
            "app_id": number(10**5, 10**6, "app", slug), "client_id": "Iv23li" + letters(14, "client-id", slug),
            "app_slug": slug, "target_id": ORG_ID, "target_type": "Organization", "permissions": permissions,
            "events": events, "created_at": pacific(created, slug, "created"),
            "updated_at": pacific(updated, slug, "created"), "single_file_name": None,
            "has_multiple_single_files": False, "single_file_paths": [],
            "suspended_by": account("amelia-hart") if suspended else None,
            "suspended_at": pacific(suspended, slug, "suspended") if suspended else None})
    return {"total_count": len(out), "installations": out}


def personal_access_tokens():
    out = []
    for who, name, selection, organization, repository, granted, expires, used in [
            # The leaver's token was never taken back; it does not end.
            ("rashid.oduya", "etl", "all", {"members": "read"}, {"contents": "write", "metadata": "read"},
             "2024-05-06", None, "2026-06-18"),
            ("dana.lindqvist", "dispatch planner", "all", {}, {
                "contents": "write", "metadata": "read", "pull_requests": "write", "workflows": "write"},
             "2026-03-10", "2027-03-10", "2026-06-28"),
            ("bram.devries", "rates laptop", "subset", {}, {"contents": "read", "metadata": "read"},
             "2026-05-11", "2026-08-09", "2026-06-26"),
            ("tomas.varga", "notebooks", "subset", {}, {"actions": "write", "contents": "write", "metadata": "read"},
             "2025-06-02", "2025-12-01", "2025-11-28"),
            ("ines.carvalho", "invoice evaluation", "subset", {}, {"contents": "read", "metadata": "read"},
             "2026-04-27", "2026-07-26", None)]:
        ident = number(10**6, 10**7, "pat", who, name)
        out.append({
            "id": ident, "owner": account(login(who)), "repository_selection": selection,
            "repositories_url": f"{API}/organizations/{ORG_ID}/personal-access-tokens/{ident}/repositories",
            "permissions": {"organization": organization, "repository": repository},
            "access_granted_at": pacific(granted, name, "granted"), "token_id": number(10**6, 10**7, "token", who, name),
            "token_name": name, "token_expired": bool(expires and expires < EXPORTED[:10]),
            "token_expires_at": expires and pacific(expires, name, "granted"),
            "token_last_used_at": used and pacific(used, name, "used")})
    return out


def deploy_keys(repo):
    out = []
    for title, read_only, created, who, used, enabled in [
            ("jenkins", False, "2021-02-15", "rashid.oduya", "2026-06-28", True),
            ("argo-cd", True, "2025-10-06", "elena.rossi", "2026-06-29", True),
            ("depot-mirror", True, "2022-06-13", "chidi.okafor", None, True),
            ("dispatch-planner", False, "2026-03-11", "dana.lindqvist", "2026-06-29", True)]:
        ident = number(10**7, 10**8, "deploy-key", repo, title)
        created, used = zulu(when(created, "deploy-key", title)), used and zulu(used + "T06:31:07")
        out.append({"id": ident, "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE" + letters(36, "ssh", repo, title),
                    "url": f"{API}/repos/{GITHUB_ORG}/{repo}/keys/{ident}", "title": title, "verified": True,
                    "created_at": created, "read_only": read_only, "added_by": login(who), "last_used": used,
                    "enabled": enabled})
    return out


def secrets(store, *entries):
    out = []
    for name, created, updated, visibility in entries:
        one = {"name": name, "created_at": zulu(when(created, "github-secret", store, name)),
               "updated_at": zulu(when(updated, "github-secret", store, name)), "visibility": visibility}
        if visibility == "selected":
            one["selected_repositories_url"] = f"{API}/orgs/{GITHUB_ORG}/{store}/secrets/{name}/repositories"
        out.append(one)
    return {"total_count": len(out), "secrets": out}


def alerts():
    """Two pages: `gh api --paginate` writes one array behind the other. The secrets are in clear."""
    out = []
    s = SECRETS
    day_of = lambda day, message: when(day, "commit", message)
    for number_, kind, secret, repo, place, committed, state, resolution, validity, resolved, flags in [
            (15, "slack_api_token", s["slack"], "freight-platform", ("slack-export/dispatch-alerts/2026-05-14.json", 1),
             ("2026-05-15", "Archive #dispatch-alerts"), "resolved", "revoked", "inactive", "2026-05-19", {}),
            # The one that gitleaks found too, in the same file; push protection had warned.
            (14, "github_personal_access_token", s["github_pat"], "freight-platform",
             ("agents/dispatch-planner/.mcp.json", 17), ("2026-03-11", "Planner can open pull requests"), "open", None,
             "active", None, dict(bypassed="dana.lindqvist")),
            (13, "openai_api_key", s["openai"], "freight-platform", ("services/dispatch/planner.py", 9),
             ("2026-03-10", "First cut of the planner"), "open", None, "active", None, dict(multi=True)),
            (12, "npm_access_token", s["npm"], "dispatch-agents", (".npmrc", 2), ("2026-02-02", "Private packages"),
             "open", None, "inactive", None, {}),
            (7, "hugging_face_user_access_token", s["hugging_face"], "ml-notebooks",
             (".github/workflows/publish-model.yml", 27), ("2025-07-01", "Publish models"), "resolved", "wont_fix",
             "unknown", "2025-07-02", {}),
            (5, "google_api_key", s["google_key"], "ml-notebooks", ("notebooks/geocode.ipynb", 40),
             ("2025-02-18", "Geocode depots"), "open", None, "unknown", None, dict(public=True))]:
        label = kind.replace("_", " ").title().replace("Api", "API")
        created, (path, line) = later(day_of(*committed), 24), place
        base = f"repos/{GITHUB_ORG}/{repo}/secret-scanning/alerts/{number_}"
        commit = digest("commit", *committed).hex()[:40]
        blob = digest("alert-blob", str(number_)).hex()[:40]
        bypassed = flags.get("bypassed")
        out.append({
            "number": number_, "created_at": zulu(created),
            "updated_at": zulu(when(resolved, "alert", str(number_)) if resolved else created), "url": f"{API}/{base}",
            "html_url": f"{SITE}/{GITHUB_ORG}/{repo}/security/secret-scanning/{number_}",
            "locations_url": f"{API}/{base}/locations", "state": state, "resolution": resolution,
            "resolved_at": resolved and zulu(when(resolved, "alert", str(number_))),
            "resolved_by": resolved and account("elena-rossi"), "resolution_comment": None, "secret_type": kind,
            "secret_type_display_name": label, "secret": secret,
            "repository": {"id": number(10**8, 10**9, "repo", repo), "name": repo, "full_name": f"{GITHUB_ORG}/{repo}",
                           "owner": account(GITHUB_ORG, "Organization"), "private": repo != "ml-notebooks",
                           "html_url": f"{SITE}/{GITHUB_ORG}/{repo}"},
            "push_protection_bypassed": bool(bypassed),
            "push_protection_bypassed_by": bypassed and account(login(bypassed)),
            "push_protection_bypassed_at": bypassed and zulu(created),
            "push_protection_bypass_request_reviewer": None, "validity": validity,
            "publicly_leaked": flags.get("public", False), "multi_repo": flags.get("multi", False),
            "is_base64_encoded": False, "has_more_locations": False,
            "first_location_detected": {
                "path": path, "start_line": line, "end_line": line, "start_column": 12, "end_column": 12 + len(secret) - 1,
                "blob_sha": blob, "blob_url": f"{API}/repos/{GITHUB_ORG}/{repo}/git/blobs/{blob}",
                "commit_sha": commit, "commit_url": f"{API}/repos/{GITHUB_ORG}/{repo}/git/commits/{commit}"}})
    return dumped(out[:4], indent=1).rstrip("\n") + dumped(out[4:], indent=1)


def gitlab_variables():
    """`GET /projects/:id/variables`: values in clear, masked in logs or not."""
    one = lambda key, value, protected, masked, environment="*", kind="env_var", description=None: {
        "variable_type": kind, "key": key, "value": value, "hidden": False, "protected": protected, "masked": masked,
        "raw": True, "environment_scope": environment, "description": description}
    return [
        one("AWS_DEFAULT_REGION", "eu-west-1", False, False),
        one("AWS_ROLE_ARN", f"arn:aws:iam::{PROD}:role/gitlab-deploy-tracking", True, False, "production"),
        one("AWS_SECRET_ACCESS_KEY", SECRETS["aws_ci"], False, False, description="old, until the roles work"),
        one("TRACKING_API_KEY", SECRETS["ci_variable"], False, False, "production"),
        one("SENTRY_DSN", "https://public@errors.meridian.example/4", False, True),
    ]


def files():
    return {
        f"{FOLDER}/installations.json": dumped(installations(), indent=2),
        f"{FOLDER}/personal-access-tokens.json": dumped(personal_access_tokens(), indent=2),
        f"{FOLDER}/freight-platform/deploy-keys.json": dumped(deploy_keys("freight-platform"), indent=2),
        f"{FOLDER}/actions-secrets.json": dumped(secrets(
            "actions", ("AWS_ACCESS_KEY_ID", "2023-10-09", "2023-10-09", "all"),
            ("AWS_SECRET_ACCESS_KEY", "2023-10-09", "2023-10-09", "all"),
            ("NPM_TOKEN", "2024-02-19", "2026-02-03", "private"),
            ("OPENAI_API_KEY", "2026-03-11", "2026-03-11", "all"),
            ("REGISTRY_PASSWORD", "2025-09-30", "2025-09-30", "selected")), indent=2),
        f"{FOLDER}/agents-secrets.json": dumped(secrets(
            "agents", ("COPILOT_MCP_CRM_TOKEN", "2026-02-24", "2026-02-24", "all"),
            ("COPILOT_MCP_TRACKING_TOKEN", "2026-04-13", "2026-06-15", "selected")), indent=2),
        f"{FOLDER}/oidc-subject-customization.json": dumped({"include_claim_keys": ["repo", "context"]}, indent=2),
        # This repository leaves out branch and environment: any of its workflows has the same subject.
        f"{FOLDER}/ml-notebooks/oidc-subject-customization.json": dumped(
            {"use_default": False, "include_claim_keys": ["repo"]}, indent=2),
        f"{FOLDER}/secret-scanning-alerts.json": alerts(),
        "gitlab/tracking/variables.json": dumped(gitlab_variables(), indent=2),
    }
