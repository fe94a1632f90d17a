"""What other tools found: Prowler on the production account, Kingfisher on one more repository."""
import csv
import io

from .kit import *  # noqa: F403

PROWLER = "5.46.0"
SCANNED = "2026-06-29T20:10:44.518203"  # Prowler writes its own time of day, without a zone
ADMINISTRATOR = "AWS policy AdministratorAccess"

# check: (severity, service, title, risk, {framework: ids})
CHECKS = {
    "iam_rotate_access_key_90_days": ("Medium", "iam", "IAM user does not have active access keys older than 90 days",
        "Old keys stay valid for whoever copied them.", {"CIS-3.0": ["1.14"], "NIST-CSF-2.0": ["ac_1"]}),
    "iam_user_accesskey_unused": ("Medium", "iam", "IAM user has no access keys that were unused for 45 days",
        "A key that nobody misses is one that nobody watches.", {"CIS-3.0": ["1.12"], "NIST-CSF-2.0": ["ac_1"]}),
    "iam_user_two_active_access_key": ("Medium", "iam", "IAM user has at most one active access key",
        "Two keys are two ways in.", {"CIS-3.0": ["1.13"]}),
    "iam_user_mfa_enabled_console_access": ("High", "iam", "IAM user with console access has MFA enabled",
        "A password alone is enough to sign in.", {"CIS-3.0": ["1.10"], "NIST-CSF-2.0": ["ac_7"]}),
    "iam_aws_attached_policy_no_administrative_privileges": ("Critical", "iam",
        "Attached AWS-managed IAM policy does not allow '*:*' administrative privileges",
        "Whoever holds it may do everything.", {"CIS-3.0": ["1.16"], "NIST-CSF-2.0": ["ac_4"], "ISO27001-2022": ["A.5.18"]}),
    "iam_customer_attached_policy_no_administrative_privileges": ("High", "iam",
        "Attached customer-managed IAM policy does not allow '*:*' administrative privileges",
        "Whoever holds it may do everything.", {"CIS-3.0": ["1.16"], "NIST-CSF-2.0": ["ac_4"]}),
    "iam_inline_policy_no_administrative_privileges": ("High", "iam",
        "Inline IAM policy does not allow '*:*' administrative privileges",
        "Whoever holds it may do everything.", {"CIS-3.0": ["1.16"]}),
    "iam_role_administratoraccess_policy": ("High", "iam", "IAM role does not have AdministratorAccess attached",
        "A workload that is taken over takes the account with it.", {"NIST-CSF-2.0": ["ac_4"]}),
    "iam_role_cross_service_confused_deputy_prevention": ("High", "iam",
        "IAM service role prevents cross-service confused deputy attacks",
        "A service can be made to use the role for somebody else.", {"NIST-CSF-2.0": ["ac_4"]}),
    "iam_group_administrator_access_policy": ("High", "iam", "IAM group does not have AdministratorAccess attached",
        "Every member is an administrator.", {"NIST-CSF-2.0": ["ac_4"]}),
    "iam_root_mfa_enabled": ("Critical", "iam", "Root account has MFA enabled",
        "The root user cannot be limited.", {"CIS-3.0": ["1.5"]}),
    "iam_policy_passrole_to_bedrock_agentcore_restricted": ("High", "iam",
        "IAM policy restricts PassRole to Bedrock AgentCore", "Any role could be handed to an agent.", {}),
    "iam_check_saml_providers_sts": ("Low", "iam", "SAML provider exists in the account", "People would need keys.", {}),
    "iam_policy_attached_only_to_group_or_roles": ("Low", "iam", "IAM user has no policies attached directly",
        "Rights are hard to review one user at a time.", {"CIS-3.0": ["1.15"]}),
}
SEVERITIES = {"Low": 2, "Medium": 3, "High": 4, "Critical": 5}


def arn(kind, name):
    return f"arn:aws:iam::{PROD}:{kind}/{name}"


OCSF = [  # check, status, type, arn, what it says
    ("iam_rotate_access_key_90_days", "FAIL", "AwsIamUser", arn("user", "service/svc-jenkins"),
     "User svc-jenkins has active access key 1 older than 90 days."),
    ("iam_rotate_access_key_90_days", "FAIL", "AwsIamUser", arn("user", "agents/agent-dispatch-planner"),
     "User agent-dispatch-planner has active access key 1 older than 90 days."),
    ("iam_rotate_access_key_90_days", "PASS", "AwsIamUser", arn("user", "service/svc-manifest"),
     "User svc-manifest does not have active access keys older than 90 days."),
    ("iam_user_accesskey_unused", "FAIL", "AwsIamUser", arn("user", "service/svc-backup"),
     "User svc-backup has not used access key 1 in the last 45 days."),
    ("iam_user_two_active_access_key", "FAIL", "AwsIamUser", arn("user", "agents/agent-shared"),
     "User agent-shared has 2 active access keys."),
    ("iam_user_mfa_enabled_console_access", "FAIL", "AwsIamUser", arn("user", "people/chidi.okafor"),
     "User chidi.okafor has console password enabled but MFA disabled."),
    ("iam_user_mfa_enabled_console_access", "PASS", "AwsIamUser", arn("user", "people/greta.weiss"),
     "User greta.weiss has console password enabled and MFA enabled."),
    ("iam_aws_attached_policy_no_administrative_privileges", "FAIL", "AwsIamPolicy",
     "arn:aws:iam::aws:policy/AdministratorAccess", f"{ADMINISTRATOR} is attached and allows '*:*' administrative privileges."),
    ("iam_customer_attached_policy_no_administrative_privileges", "FAIL", "AwsIamPolicy",
     arn("policy", "terraform-everything"),
     "Custom policy terraform-everything is attached and allows '*:*' administrative privileges."),
    ("iam_inline_policy_no_administrative_privileges", "FAIL", "AwsIamRole", arn("role", "cfn-stack-builder"),
     "Inline policy everything attached to role cfn-stack-builder allows '*:*' administrative privileges."),
    ("iam_role_administratoraccess_policy", "FAIL", "AwsIamRole", arn("role", "service-role/agent-dispatch-planner-exec"),
     "IAM Role agent-dispatch-planner-exec has AdministratorAccess policy attached."),
    ("iam_role_cross_service_confused_deputy_prevention", "FAIL", "AwsIamRole",
     arn("role", "service-role/agent-dispatch-planner-exec"),
     "IAM Service Role agent-dispatch-planner-exec does not prevent against a cross-service confused deputy attack."),
    ("iam_role_cross_service_confused_deputy_prevention", "PASS", "AwsIamRole",
     arn("role", "service-role/agent-invoice-triage-exec"),
     "IAM Service Role agent-invoice-triage-exec prevents against a cross-service confused deputy attack."),
    ("iam_group_administrator_access_policy", "FAIL", "AwsIamGroup", arn("group", "platform-admins"),
     "IAM Group platform-admins has AdministratorAccess policy attached."),
    ("iam_policy_passrole_to_bedrock_agentcore_restricted", "MANUAL", "AwsIamPolicy", arn("policy", "vendor-not-iam"),
     "Policy vendor-not-iam uses NotAction; review whether PassRole is restricted."),
]
CSV = [
    ("iam_root_mfa_enabled", "PASS", "AwsIamUser", f"arn:aws:iam::{PROD}:root", "MFA is enabled for root account."),
    ("iam_check_saml_providers_sts", "PASS", "Other", f"arn:aws:iam::{PROD}:saml-provider/AWSSSO_0d4c2b1a98f7e653_DO_NOT_DELETE",
     "SAML Provider AWSSSO_0d4c2b1a98f7e653_DO_NOT_DELETE has been found."),
    ("iam_policy_attached_only_to_group_or_roles", "FAIL", "AwsIamUser", arn("user", "service/svc-terraform"),
     "User svc-terraform has the policy terraform-everything attached."),
    # In the OCSF file too: the same finding in two files is one.
    ("iam_rotate_access_key_90_days", "FAIL", "AwsIamUser", arn("user", "service/svc-jenkins"),
     "User svc-jenkins has active access key 1 older than 90 days."),
]


def named(resource):
    return resource.rsplit("/", 1)[-1] if "/" in resource else "<root_account>"


def finding_uid(check, resource):
    return f"prowler-aws-{check}-{PROD}-eu-west-1-{named(resource)}"


def ocsf():
    out = []
    seconds = epoch(SCANNED)
    for check, status, kind, resource, text in OCSF:
        severity, service, title, risk, compliance = CHECKS[check]
        out.append({
            "message": text,
            "metadata": {"event_code": check, "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler",
                                                          "version": PROWLER},
                         "profiles": ["cloud", "datetime"], "tenant_uid": "", "version": "1.5.0"},
            "severity_id": SEVERITIES[severity], "severity": severity, "status": "New", "status_code": status,
            "status_detail": text, "status_id": 1,
            "unmapped": {"related_url": "", "categories": ["identity-access"], "depends_on": [], "related_to": [],
                         "additional_urls": [], "notes": "", "compliance": compliance, "scan_id": uid("prowler-scan"),
                         "provider_uid": PROD, "provider": "aws"},
            "activity_name": "Create", "activity_id": 1,
            "finding_info": {"analytic": {"category": service, "name": title, "type": "Rule", "type_id": 1, "uid": check},
                             "created_time": seconds, "created_time_dt": SCANNED, "desc": title + ".", "title": title,
                             "types": ["Software and Configuration Checks/AWS Security Best Practices"],
                             "uid": finding_uid(check, resource)},
            "resources": [{"cloud_partition": "aws", "region": "eu-west-1",
                           "data": {"details": "", "metadata": {"arn": resource, "name": named(resource), "tags": []}},
                           "group": {"name": service}, "labels": [], "name": named(resource), "type": kind,
                           "uid": resource}],
            "category_name": "Findings", "category_uid": 2, "class_name": "Detection Finding", "class_uid": 2004,
            "cloud": {"account": {"name": "production", "type": "AWS Account", "type_id": 10, "uid": PROD, "labels": []},
                      "org": {"name": "", "ou_uid": "", "ou_name": "", "uid": "o-meridian01"}, "provider": "aws",
                      "region": "eu-west-1"},
            "remediation": {"desc": "Take away what is not needed.",
                            "references": [f"https://hub.prowler.com/check/{check}"]},
            "risk_details": risk, "time": seconds, "time_dt": SCANNED, "type_uid": 200401,
            "type_name": "Detection Finding: Create"})
    return out


COLUMNS = (
    "AUTH_METHOD TIMESTAMP ACCOUNT_UID ACCOUNT_NAME ACCOUNT_EMAIL ACCOUNT_ORGANIZATION_UID ACCOUNT_ORGANIZATION_NAME "
    "ACCOUNT_TAGS FINDING_UID PROVIDER CHECK_ID CHECK_TITLE CHECK_TYPE STATUS STATUS_EXTENDED MUTED SERVICE_NAME "
    "SUBSERVICE_NAME SEVERITY RESOURCE_TYPE RESOURCE_UID RESOURCE_NAME RESOURCE_DETAILS RESOURCE_TAGS PARTITION REGION "
    "DESCRIPTION RISK RELATED_URL REMEDIATION_RECOMMENDATION_TEXT REMEDIATION_RECOMMENDATION_URL "
    "REMEDIATION_CODE_NATIVEIAC REMEDIATION_CODE_TERRAFORM REMEDIATION_CODE_CLI REMEDIATION_CODE_OTHER COMPLIANCE "
    "CATEGORIES DEPENDS_ON RELATED_TO NOTES PROWLER_VERSION ADDITIONAL_URLS ACCOUNT_OU_UID ACCOUNT_OU_NAME").split()


def prowler_csv():
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", delimiter=";", lineterminator="\r\n")
    table.writeheader()
    for check, status, kind, resource, text in CSV:
        severity, service, title, risk, compliance = CHECKS[check]
        table.writerow({
            "AUTH_METHOD": "profile: audit", "TIMESTAMP": SCANNED.replace("T", " "), "ACCOUNT_UID": PROD,
            "ACCOUNT_NAME": "production", "ACCOUNT_ORGANIZATION_UID": "o-meridian01",
            "FINDING_UID": finding_uid(check, resource), "PROVIDER": "aws", "CHECK_ID": check, "CHECK_TITLE": title,
            "CHECK_TYPE": "Software and Configuration Checks/AWS Security Best Practices", "STATUS": status,
            "STATUS_EXTENDED": text, "MUTED": "False", "SERVICE_NAME": service, "SEVERITY": severity.lower(),
            "RESOURCE_TYPE": kind, "RESOURCE_UID": resource, "RESOURCE_NAME": named(resource), "PARTITION": "aws",
            "REGION": "eu-west-1", "DESCRIPTION": f"{title}.\n\nEvery one is looked at.", "RISK": risk,
            "REMEDIATION_RECOMMENDATION_TEXT": "Take away what is not needed:\n- rights\n- keys",
            "REMEDIATION_RECOMMENDATION_URL": f"https://hub.prowler.com/check/{check}",
            "COMPLIANCE": " | ".join(f"{framework}: {', '.join(ids)}" for framework, ids in compliance.items()),
            "CATEGORIES": "identity-access", "PROWLER_VERSION": PROWLER})
    return out.getvalue()


def kingfisher():
    """`kingfisher scan . --format json --no-validate`: the findings, and behind them a summary as a second document."""
    s = SECRETS
    findings = []
    for rule, name, secret, path, line, committed, who in [
            ("kingfisher.npm.1", "NPM Access Token", s["npm"], ".npmrc", 2, ("2026-02-02", "Private packages"), "dana.lindqvist"),
            # The same password as in the planner's MCP configuration.
            ("kingfisher.postgres.1", "Postgres URL", s["pg_password"], "compose.yaml", 31,
             ("2026-03-09", "Run the planner locally"), "dana.lindqvist"),
            ("kingfisher.openai.1", "OpenAI API Key", s["openai"], ".github/workflows/evaluate.yml", 18,
             ("2026-03-12", "Evaluate in CI"), "tomas.varga")]:
        first, last = who.split(".")
        commit = digest("commit", *committed).hex()[:40]
        findings.append({
            "rule": {"name": name, "id": rule},
            "finding": {"snippet": secret, "fingerprint": str(number(10**9, 2**48, "kingfisher", path, rule)),
                        "confidence": "medium", "entropy": f"{number(380, 460, 'entropy', secret) / 100:.2f}",
                        "validation": {"status": "Not Attempted", "response": "", "outcome": "not_attempted"},
                        "language": "Unknown", "line": line, "column_start": 12, "column_end": 12 + len(secret),
                        "path": path, "git_metadata": {
                            "repository_url": f"https://github.com/{GITHUB_ORG}/dispatch-agents",
                            "commit": {"id": commit, "url": f"https://github.com/{GITHUB_ORG}/dispatch-agents/commit/{commit}",
                                       "date": committed[0], "committer": {"name": f"{first.title()} {last.title()}",
                                                                           "email": mail(who)}},
                            "file": {"path": path, "url": f"https://github.com/{GITHUB_ORG}/dispatch-agents/blob/{commit}/{path}#L{line}",
                                     "git_command": f"git show {commit}:{path}"}}}})
    audit = {"validation": {"enabled": False}, "redacted": False}
    metadata = {"version": "2.14.0", "scanned_at": "2026-06-29T16:41:08Z"}
    summary = {"findings": len(findings), "blobs_scanned": 412, "bytes_scanned": 3184022, "scan_duration": 1.9}
    return dumped({"findings": findings, "audit": audit, "metadata": metadata}, indent=2) + dumped(summary, indent=2)


def files():
    return {
        "prowler/production.ocsf.json": dumped(ocsf(), indent=2),
        "prowler/production.csv": prowler_csv(),
        "scans/dispatch-agents/kingfisher.json": kingfisher(),
    }
