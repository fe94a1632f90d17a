"""What every part of the estate uses: names, planted secrets, and values derived from SEED."""
import base64
import calendar
import hashlib
import json
import time
import uuid

SEED = "meridian-freight/2026-q2"
EXPORTED = "2026-06-30T06:12:31"      # the AWS exports, UTC
K8S_EXPORTED = "2026-06-29T07:40:00"  # the cluster export
PROD, ML = "111122223333", "444455556666"

# Accounts of other parties; none of these exist.
NORTHBEAM, PALLAS, TELEMATICS_A, TELEMATICS_B = "777788889999", "888899990000", "555566667777", "666677778888"
SANDBOX, LABELLING, AUDITOR, MANAGEMENT = "222233334444", "999900001111", "333344445555", "100020003000"

EKS = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE5C1A7B2E94D0F6638EXAMPLE"
GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.com"
SPIRE = "oidc-discovery.prod.meridian.example"

# What the other platforms call Meridian Freight.
GITHUB_ORG = "meridian-freight"
TRUST_DOMAIN, OLD_TRUST_DOMAIN = "meridian.example", "prod.meridian.example"
GCP_PROJECT, GCP_NUMBER = "meridian-freight-ml", "731094528816"

# ---------------------------------------------------------------------------------------------------------------------
# Planted secrets. All fake, all unique, all containing the marker.
# ---------------------------------------------------------------------------------------------------------------------
SECRETS = {
    # The same value in git history, a notebook, an MCP configuration and a pod: reuse that only a hash can show.
    "openai": "sk-CANARY-meridian-openai-shared-0001",
    "github_pat": "ghp_CANARYmeridianPat00000000002",
    "slack": "xoxb-CANARY-meridian-slack-0003",
    "aws_ci": "CANARY/meridian+awsSecretKey/0004",
    "k8s_aws": "CANARY-meridian-k8s-aws-secret-0005",
    "bearer": "CANARY-meridian-freightquotes-bearer-0006",
    "fuel_index": "CANARY-meridian-fuelindex-key-0007",
    "url_token": "CANARY-meridian-portcalls-token-0008",
    "pg_password": "CANARY-meridian-pg-password-0009",
    "tracing": "sk-lf-CANARY-meridian-tracing-0010",
    "db_password": "CANARY-meridian-rates-db-password-0011",
    "private_key": "CANARYmeridianPrivateKeyBody0012",
    "hugging_face": "hf_CANARYmeridianHuggingFace0013",
    "jwt": "eyJCANARYmeridian.customs.jwt-0014",
    "wandb": "CANARY-meridian-wandb-key-0015",
    "notebook_aws": "CANARY/meridian+notebookSecret/0016",
    "registry": "CANARY-meridian-registry-password-0017",
    "crm": "CANARY-meridian-crm-client-secret-0018",
    "runtime": "CANARY-meridian-agent-runtime-env-0019",
    "langsmith": "lsv2_CANARY-meridian-langsmith-0020",
    "gateway": "CANARY-meridian-toolgateway-bearer-0021",
    "carrier_portal": "CANARY-meridian-carrier-portal-0022",
    "ci_variable": "CANARY-meridian-ci-variable-0023",
    "npm": "npm_CANARYmeridianNpm0024",
    "google_key": "AIzaCANARYmeridianGoogleKey0025",
    "prompt": "CANARY-meridian-agent-prompt-0026",
    "proxy_url": "CANARY-meridian-audit-url-key-0027",
    "tool_source": "CANARY-meridian-tool-source-0028",
    "endpoint": "CANARY-meridian-endpoint-key-0029",
}
ENCODED = []  # base64 forms that the sample holds


def b64(text):
    encoded = base64.b64encode(text.encode()).decode()
    if text in SECRETS.values() and encoded not in ENCODED:
        ENCODED.append(encoded)
    return encoded


# ---------------------------------------------------------------------------------------------------------------------
# Derived values
# ---------------------------------------------------------------------------------------------------------------------
def digest(*parts):
    return hashlib.sha256("\x1f".join((SEED,) + parts).encode()).digest()


def letters(length, *parts):
    raw = base64.b32encode(digest(*parts)).decode()
    return raw[:length]


def unique_id(prefix, *parts):
    """An IAM unique id: a prefix of four, then 17 characters."""
    return prefix + letters(10, prefix, *parts) + "EXAMPLE"


def access_key_id(user, n):
    return "AKIA" + "EXAMPLE" + letters(9, "access-key", user, str(n))


def uid(*parts):
    return str(uuid.UUID(bytes=digest("uid", *parts)[:16], version=4))


TENANT, SUBSCRIPTION = uid("entra-tenant"), uid("azure-subscription")


def number(low, high, *parts):
    return low + int.from_bytes(digest("number", *parts)[:6], "big") % (high - low)


def when(day, *parts, minute_only=False):
    """A plausible moment of `day`. Full timestamps pass through; the export's own day gets an early hour."""
    if "T" in day:
        return day
    hour = number(0, 4, "hour", day, *parts) if day == EXPORTED[:10] else number(7, 18, "hour", day, *parts)
    second = 0 if minute_only else number(0, 60, "second", day, *parts)
    return f"{day}T{hour:02}:{number(0, 60, 'minute', day, *parts):02}:{second:02}"


def zulu(moment):
    return moment + "Z"


def offset(moment):
    return moment + "+00:00"


def epoch(moment):
    """Seconds since 1970 of a moment without a zone, which is UTC."""
    return calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


def later(moment, seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch(moment) + seconds))


def nanos(moment, *parts):
    """The moment with the nine digits that Go programs write."""
    return f"{moment}.{number(1, 999999999, 'nanos', moment, *parts):09}Z"


def micros(moment, *parts):
    return f"{moment}.{number(1, 999999, 'micros', moment, *parts):06}"


def mail(who):
    return f"{who}@meridian.example"


def sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


# ---------------------------------------------------------------------------------------------------------------------
# Writing
# ---------------------------------------------------------------------------------------------------------------------
def dumped(value, indent=4):
    return json.dumps(value, indent=indent, ensure_ascii=False) + "\n"


def lines(values):
    return "".join(json.dumps(v, separators=(",", ":")) + "\n" for v in values)
