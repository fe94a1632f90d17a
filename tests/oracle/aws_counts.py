#!/usr/bin/env python3
"""Count a few facts in raw AWS exports, by a second route.

    python3 aws_counts.py FOLDER --as-of 2026-06-30 [--explain]

This is an oracle: it reads the same exports as the product and must come to the same numbers, but shares nothing with
it: no code, no tables, no language. It favours being read over being fast. Python 3.11, standard library only.

Output: one JSON object, {"as_of", "accounts": {account: {figure: n}}, "total": {figure: n}}; with --explain also
{"explain": {account: {figure: [names]}}}, the things counted. Exit code 2 if there is nothing to count, or a file that
looks like one of the exports cannot be read.

What is read
    FOLDER is walked; a file is recognised by its content, never by its name:
    - credential report: CSV whose first cells are user,arn,user_creation_time; or a JSON object with "Content" (that
      CSV in base64) and "ReportFormat". Booleans in any case.
    - authorization details: a JSON object with "UserDetailList" and "RoleDetailList". Policy documents are objects, or
      strings holding URL-encoded JSON. Of a managed policy only the version with IsDefaultVersion counts.
    - key list: JSON objects with "AccessKeyMetadata", one a line or the whole file one object.
    Everything else is passed over. A key list does not say its account: it is the account that the other exports in the
    same folder are about, which must be exactly one.

When
    Ages are whole days (24 hours, rounded down) from creation to the moment of the file: its GeneratedTime if it states
    one (the JSON form of the credential report), else the last second of --as-of, 23:59:59 UTC. A key that stands in
    several files is measured at the last second of --as-of if any of them states no time of its own.

Figures, for each account; "total" is their sum
    users
        IAM users, the root user left out: distinct ARNs over credential reports and authorization details.
    active_keys
        Access keys that are active. In one file a key is (user, moment of creation, ordinal), the ordinal telling apart
        keys of one user made in the same second. The same triple in two files is one key. Where a key list knows the
        (user, moment of creation), its word on status is taken and the report's is not.
    active_keys_older_than_90_days
        Of these, the ones whose age is more than 90 (91 or more).
    admin_principals
        Users and roles, not groups, that hold at least one administrator's statement and no blanket denial.
        An administrator's statement: Effect Allow, no Condition, Action containing "*" or "*:*" (or NotAction that is
        there and empty), and Resource containing "*". A blanket denial: Effect Deny, no Condition, Action containing
        "*" or "*:*", Resource containing "*". Statements come from inline policies, attached managed policies and, for
        users, both kinds of the groups that they are in. A managed policy whose document is not in the export counts
        only if it is AWS's own AdministratorAccess. NotAction with anything in it, NotResource, iam:* alone, permission
        boundaries and who may assume the role play no part.
    external_trusts_without_external_id
        Distinct (role, principal) over Allow statements of trust policies, whatever their action, where the principal is
        under "AWS" and is "*" (also "Principal": "*") or names an account other than the role's own, and the statement
        has no condition, under any operator, on sts:ExternalId, aws:PrincipalOrgID, aws:SourceAccount or aws:SourceArn
        (keys in any case). An account number and the ARN of that account's root are one principal; any other ARN is a
        principal of its own. A unique id (AIDA..., AROA...: the remains of something deleted) names no account. The
        organisation's other accounts are external: only the boundary of the account counts.
    oidc_trusts_without_constrained_subject
        Distinct (role, OIDC provider) over Allow statements of trust policies whose Action contains
        sts:AssumeRoleWithWebIdentity, where some statement for the pair leaves the subject open: it has no condition on
        "<issuer>:sub" under StringEquals or StringLike (with ForAnyValue: before or IfExists behind), or every value of
        these conditions is one of: "*", "repo:*", "project_path:*", "system:serviceaccount:*:*".
    oidc_trusts_with_wildcard_subject
        Such pairs that are not in the figure before, where some value has a "*" or "?" in it (repo:org/*).
"""
import argparse
import base64
import csv
import io
import json
import sys
import urllib.parse
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

FIGURES = ("users", "active_keys", "active_keys_older_than_90_days", "admin_principals",
           "external_trusts_without_external_id", "oidc_trusts_without_constrained_subject",
           "oidc_trusts_with_wildcard_subject")
OPEN_SUBJECTS = {"*", "repo:*", "project_path:*", "system:serviceaccount:*:*"}
GUARDS = {"sts:externalid", "aws:principalorgid", "aws:sourceaccount", "aws:sourcearn"}
LIMIT_DAYS = 90


class Unreadable(Exception):
    pass


# --- small helpers ---------------------------------------------------------------------------------------------------
def moment(text):
    value = datetime.fromisoformat(text.strip())
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def account_of(arn):
    """arn:partition:service:region:ACCOUNT:rest, or None."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else None


def as_list(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def document(value):
    if isinstance(value, str):
        value = json.loads(urllib.parse.unquote(value))
    return value


def statements(value):
    return as_list(document(value).get("Statement"))


# --- reading ---------------------------------------------------------------------------------------------------------
def looks_like_report(text):
    return text.lstrip("\ufeff").lower().startswith("user,arn,user_creation_time")


def read(path):
    """The kind of one file and its content; (None, None) for a file that is not ours."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError):
        return None, None
    if looks_like_report(text):
        return "report", (None, list(csv.DictReader(io.StringIO(text))))
    if not text.lstrip().startswith("{"):
        return None, None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict):
        if "Content" in value and "ReportFormat" in value:
            rows = base64.b64decode(value["Content"]).decode("utf-8-sig")
            if not looks_like_report(rows):
                raise Unreadable(f"{path}: content is not a credential report")
            made = value.get("GeneratedTime")
            return "report", (made and moment(made), list(csv.DictReader(io.StringIO(rows))))
        if "UserDetailList" in value and "RoleDetailList" in value:
            return "details", value
        if "AccessKeyMetadata" in value:
            return "keys", [value]
        return None, None
    if '"AccessKeyMetadata"' in text:
        return "keys", [json.loads(line) for line in text.splitlines() if line.strip()]
    if any(word in text for word in ('"UserDetailList"', '"RoleDetailList"', '"ReportFormat"')):
        raise Unreadable(f"{path}: looks like an AWS export, but is no JSON")
    return None, None


def load(folder):
    reports, details, key_lists = [], [], []  # each: (path, account, ...)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            kind, content = read(path)
        except (ValueError, KeyError, AttributeError) as fault:
            raise Unreadable(f"{path}: {fault}") from fault
        if kind == "report":
            made, rows = content
            accounts = {account_of(row["arn"]) for row in rows}
            if len(accounts) != 1:
                raise Unreadable(f"{path}: rows of {len(accounts)} accounts")
            reports.append((path, accounts.pop(), made, rows))
        elif kind == "details":
            things = content["UserDetailList"] + content["RoleDetailList"] + content.get("GroupDetailList", [])
            accounts = {account_of(thing["Arn"]) for thing in things}
            if len(accounts) != 1:
                raise Unreadable(f"{path}: things of {len(accounts)} accounts")
            details.append((path, accounts.pop(), content))
        elif kind == "keys":
            key_lists.append((path, content))
    known = []
    for path, content in key_lists:
        beside = {account for other, account, *_ in reports + details if other.parent == path.parent}
        if len(beside) != 1:
            raise Unreadable(f"{path}: the exports beside it are about {len(beside)} accounts, so its own is not known")
        known.append((path, beside.pop(), content))
    return reports, details, known


# --- users and keys --------------------------------------------------------------------------------------------------
def is_root(row):
    return row["user"] == "<root_account>" or row["arn"].endswith(":root")


def users_of(account, reports, details):
    found = {row["arn"] for _, owner, _, rows in reports if owner == account for row in rows if not is_root(row)}
    return found | {user["Arn"] for _, owner, content in details if owner == account
                    for user in content["UserDetailList"]}


def keys_of(account, reports, key_lists, users, last_second):
    """{(user, created, ordinal): (active, measured at)}"""
    by_name = {arn.rsplit("/", 1)[-1]: arn for arn in users}
    listed, reported = {}, {}

    def put(table, rows, at):
        """The keys of one file, numbered within (user, created): active ones first, so that two files agree."""
        seen = Counter()
        for user, created, active in sorted(rows, key=lambda r: (r[0], r[1], not r[2])):
            key = (user, created, seen[user, created])
            seen[user, created] += 1
            before = table.get(key)
            table[key] = (active or bool(before and before[0]), max(at, before[1]) if before else at)

    for _, owner, content in key_lists:
        if owner == account:
            put(listed, [(by_name.get(one["UserName"], f"arn:aws:iam::{account}:user/{one['UserName']}"),
                          moment(one["CreateDate"]), one["Status"].lower() == "active")
                         for call in content for one in call["AccessKeyMetadata"]], last_second)
    for _, owner, made, rows in reports:
        if owner == account:
            put(reported, [(row["arn"], moment(row[f"access_key_{n}_last_rotated"]),
                            row[f"access_key_{n}_active"].strip().lower() == "true")
                           for row in rows for n in (1, 2)
                           if row[f"access_key_{n}_last_rotated"].strip()[:1].isdigit()], made or last_second)
    known = {key[:2] for key in listed}
    return {**{key: value for key, value in reported.items() if key[:2] not in known}, **listed}


# --- administrators --------------------------------------------------------------------------------------------------
def is_everything(values):
    return any(v in ("*", "*:*") for v in as_list(values))


def grants_all(statement):
    if statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    if "*" not in as_list(statement.get("Resource")):
        return False
    return is_everything(statement.get("Action")) or ("NotAction" in statement and not as_list(statement["NotAction"]))


def denies_all(statement):
    return (statement.get("Effect") == "Deny" and not statement.get("Condition")
            and is_everything(statement.get("Action")) and "*" in as_list(statement.get("Resource")))


ADMINISTRATOR = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def admins_in(content):
    managed = {}
    for one in content.get("Policies", []):
        for version in one["PolicyVersionList"]:
            if version["IsDefaultVersion"]:
                managed[one["Arn"]] = statements(version["Document"])

    def held(holder, inline):
        out = [s for one in holder.get(inline) or [] for s in statements(one["PolicyDocument"])]
        for one in holder.get("AttachedManagedPolicies") or []:
            arn = one["PolicyArn"]
            if arn in managed:
                out += managed[arn]
            elif account_of(arn) == "aws" and arn.endswith(":policy/AdministratorAccess"):
                out.append(ADMINISTRATOR)
        return out

    of_group = {g["GroupName"]: held(g, "GroupPolicyList") for g in content.get("GroupDetailList", [])}
    principals = {u["Arn"]: held(u, "UserPolicyList") + [s for g in u.get("GroupList") or [] for s in of_group.get(g, [])]
                  for u in content["UserDetailList"]}
    principals.update({r["Arn"]: held(r, "RolePolicyList") for r in content["RoleDetailList"]})
    return {arn for arn, rules in principals.items()
            if any(map(grants_all, rules)) and not any(map(denies_all, rules))}


# --- trust -----------------------------------------------------------------------------------------------------------
def condition_keys(statement):
    return {key.lower() for keys in (statement.get("Condition") or {}).values() for key in keys}


def aws_principals(statement):
    principal = statement.get("Principal")
    if principal == "*":
        return ["*"]
    return as_list(principal.get("AWS")) if isinstance(principal, dict) else []


def external_in(content):
    found = set()
    for role in content["RoleDetailList"]:
        own = account_of(role["Arn"])
        for statement in statements(role["AssumeRolePolicyDocument"]):
            if statement.get("Effect") != "Allow" or condition_keys(statement) & GUARDS:
                continue
            for principal in aws_principals(statement):
                if principal == "*":
                    found.add((role["Arn"], "*"))
                    continue
                account = principal if principal.isdigit() and len(principal) == 12 else account_of(principal)
                if not account or account == own:
                    continue
                whole = principal == account or principal.endswith(":root")
                found.add((role["Arn"], account if whole else principal))
    return found


def subject_values(statement, issuer):
    """The values of the conditions on the issuer's subject, None if there is no such condition."""
    values = None
    for operator, keys in (statement.get("Condition") or {}).items():
        plain = operator.lower().removeprefix("foranyvalue:").removesuffix("ifexists")
        if plain in ("stringequals", "stringlike"):
            for key, value in keys.items():
                if key.lower() == f"{issuer}:sub".lower():
                    values = (values or []) + as_list(value)
    return values


def oidc_in(content):
    """(open pairs, wildcard pairs)"""
    loose, wild = set(), set()
    for role in content["RoleDetailList"]:
        for statement in statements(role["AssumeRolePolicyDocument"]):
            actions = {str(a).lower() for a in as_list(statement.get("Action"))}
            principal = statement.get("Principal")
            if statement.get("Effect") != "Allow" or "sts:assumerolewithwebidentity" not in actions \
                    or not isinstance(principal, dict):
                continue
            for provider in as_list(principal.get("Federated")):
                if ":oidc-provider/" not in provider:
                    continue
                values = subject_values(statement, provider.split(":oidc-provider/", 1)[1])
                pair = (role["Arn"], provider)
                if values is None or all(v in OPEN_SUBJECTS for v in values):
                    loose.add(pair)
                elif any("*" in v or "?" in v for v in values):
                    wild.add(pair)
    return loose, wild - loose


# --- all together ----------------------------------------------------------------------------------------------------
def count(folder, as_of):
    last_second = datetime.fromisoformat(as_of).replace(tzinfo=timezone.utc) + timedelta(days=1, seconds=-1)
    reports, details, key_lists = load(folder)
    accounts = sorted({entry[1] for entry in reports + details + key_lists})
    if not accounts:
        raise Unreadable(f"{folder}: no AWS exports found")
    out = {}
    for account in accounts:
        contents = [content for _, owner, content in details if owner == account]
        users = users_of(account, reports, details)
        keys = keys_of(account, reports, key_lists, users, last_second)
        active = {key: at for key, (on, at) in keys.items() if on}
        old = [key for key, at in active.items() if (at - key[1]) // timedelta(days=1) > LIMIT_DAYS]
        union = lambda part: set().union(*(part(c) for c in contents)) if contents else set()
        loose = union(lambda c: oidc_in(c)[0])
        name = lambda key: f"{key[0]} {key[1].isoformat()} #{key[2] + 1}"
        out[account] = dict(zip(FIGURES, (
            sorted(users), sorted(map(name, active)), sorted(map(name, old)), sorted(union(admins_in)),
            sorted(" <- ".join(pair) for pair in union(external_in)), sorted(" <- ".join(pair) for pair in loose),
            sorted(" <- ".join(pair) for pair in union(lambda c: oidc_in(c)[1]) - loose))))
    return out


def main():
    arguments = argparse.ArgumentParser(description="Count facts in raw AWS exports, independently of the product.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--as-of", required=True, help="day of the assessment, YYYY-MM-DD; its last second counts")
    arguments.add_argument("--explain", action="store_true", help="also name what was counted")
    given = arguments.parse_args()
    try:
        found = count(given.folder, given.as_of)
    except (Unreadable, KeyError, TypeError, ValueError) as fault:
        print(f"error: {fault!r}" if not isinstance(fault, Unreadable) else f"error: {fault}", file=sys.stderr)
        return 2
    numbers = {account: {figure: len(things) for figure, things in figures.items()}
               for account, figures in found.items()}
    result = {"as_of": given.as_of, "accounts": numbers,
              "total": {figure: sum(n[figure] for n in numbers.values()) for figure in FIGURES}}
    if given.explain:
        result["explain"] = found
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
