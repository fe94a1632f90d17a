#!/usr/bin/env python3
"""Write the exports of Meridian Freight, second quarter of 2026.

    python3 generate-2026-q2.py [--out DIR] [--canaries FILE]

Meridian Freight does not exist. This script and the modules in `estate` hold it whole, and write the files that the real
services would have exported for it, byte for byte the same on every run: no clock, no network, no random source. Every
id, hash and time of day is derived from SEED and the name of the thing, so that a change to one thing does not move the
others.

DIR (default: 2026-q2 beside this script) is rebuilt from scratch; files that are not part of the estate are removed.
Only questionnaire.yaml is kept if it exists, for people fill it in by hand.
FILE receives every planted secret, one a line: none of them may ever be found in an output of an assessment.

Standard library only. SOURCES.md beside this script says what each file stands for.
"""
import argparse
import base64
import csv
import hashlib
import io
import json
import math
import shutil
import struct
import sys
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True  # the folder holds sources and samples, nothing else
from estate.kit import *  # noqa: E402, F403
from estate import agents, entra, findings, github, google, people, policies, workloads  # noqa: E402

# ---------------------------------------------------------------------------------------------------------------------
# AWS: policy language
# ---------------------------------------------------------------------------------------------------------------------
def allow(action, resource="*", sid=None, **more):
    statement = {"Sid": sid} if sid else {}
    statement.update({"Effect": "Allow", "Action": action, "Resource": resource})
    statement.update(more)
    return statement


def deny(action, resource="*", **more):
    return dict({"Effect": "Deny", "Action": action, "Resource": resource}, **more)


def policy(*statements, single=False):
    """A policy document; `single` writes the one statement as an object, which IAM keeps as it was given."""
    return {"Version": "2012-10-17", "Statement": statements[0] if single else list(statements)}


def trust(principal, action="sts:AssumeRole", condition=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return statement


def service(*names):
    return {"Service": names[0] if len(names) == 1 else list(names)}


def root(account):
    return f"arn:aws:iam::{account}:root"


WEB = "sts:AssumeRoleWithWebIdentity"


def oidc(account, issuer, condition, action=WEB):
    return trust({"Federated": f"arn:aws:iam::{account}:oidc-provider/{issuer}"}, action, condition)


def subject(issuer, value, operator="StringEquals", audience="sts.amazonaws.com"):
    condition = {operator: {f"{issuer}:sub": value}}
    if audience:
        condition.setdefault("StringEquals", {})[f"{issuer}:aud"] = audience
    return condition


# Documents of AWS-managed policies: the full ones where they are short, the beginning of the long ones.
AWS_MANAGED = {
    "AdministratorAccess": ("", "v1", "2015-02-06", policy(allow("*"))),
    "PowerUserAccess": ("", "v6", "2024-11-22", policy(
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        allow(["account:GetAccountInformation", "account:GetPrimaryEmail", "account:ListRegions",
               "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles",
               "organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization"]))),
    "IAMFullAccess": ("", "v2", "2019-06-21", policy(allow([
        "iam:*", "organizations:DescribeAccount", "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit", "organizations:DescribePolicy", "organizations:ListChildren",
        "organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:ListRoots",
        "organizations:ListPolicies", "organizations:ListTargetsForPolicy"]))),
    "ReadOnlyAccess": ("", "v143", "2026-05-12", policy(allow([
        "access-analyzer:Get*", "access-analyzer:List*", "acm:Describe*", "acm:Get*", "acm:List*", "athena:Get*",
        "athena:List*", "bedrock:Get*", "bedrock:List*", "cloudtrail:Describe*", "cloudtrail:Get*",
        "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "dynamodb:Describe*", "dynamodb:Get*",
        "dynamodb:List*", "dynamodb:Query", "dynamodb:Scan", "ec2:Describe*", "ec2:Get*", "ecr:Describe*", "ecr:Get*",
        "ecs:Describe*", "ecs:List*", "eks:Describe*", "eks:List*", "iam:Generate*", "iam:Get*", "iam:List*",
        "kms:Describe*", "kms:List*", "lambda:Get*", "lambda:List*", "logs:Describe*", "logs:Get*", "rds:Describe*",
        "rds:List*", "s3:Get*", "s3:List*", "sagemaker:Describe*", "sagemaker:List*", "secretsmanager:Describe*",
        "secretsmanager:List*", "sns:Get*", "sns:List*", "sqs:Get*", "sqs:List*", "sts:Get*", "tag:Get*"]))),
    "SecurityAudit": ("", "v62", "2026-04-21", policy(allow([
        "access-analyzer:ListAnalyzers", "access-analyzer:ListFindings", "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus", "config:Describe*", "ec2:Describe*", "ecr:DescribeRepositories",
        "eks:DescribeCluster", "eks:ListClusters", "guardduty:Get*", "guardduty:List*", "iam:GenerateCredentialReport",
        "iam:Get*", "iam:List*", "kms:Describe*", "kms:List*", "lambda:GetPolicy", "lambda:List*", "s3:GetBucket*",
        "s3:ListAllMyBuckets", "secretsmanager:ListSecrets", "sqs:GetQueueAttributes", "sqs:ListQueues"]))),
    "AmazonS3FullAccess": ("", "v2", "2021-09-27", policy(allow(["s3:*", "s3-object-lambda:*"]))),
    "AmazonSESFullAccess": ("", "v1", "2015-02-06", policy(allow(["ses:*"]))),
    "AmazonDynamoDBFullAccess": ("", "v15", "2021-01-29", policy(
        allow(["dynamodb:*", "dax:*", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "kms:DescribeKey",
               "kms:ListAliases", "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:ListFunctions"]),
        allow(["iam:PassRole"], Condition={"StringLike": {"iam:PassedToService": [
            "application-autoscaling.amazonaws.com", "dax.amazonaws.com"]}}))),
    "AWSLambdaBasicExecutionRole": ("service-role/", "v1", "2015-04-09", policy(
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]))),
    "AWSDenyAll": ("", "v2", "2023-12-18", policy(deny(["*"], Sid="DenyAll"))),
    "AutoScalingServiceRolePolicy": ("aws-service-role/", "v6", "2022-11-15", policy(
        allow(["ec2:Describe*", "ec2:RunInstances", "ec2:TerminateInstances"], sid="EC2InstanceManagement"),
        allow(["iam:PassRole"], sid="EC2InstanceProfileManagement",
              Condition={"StringLike": {"iam:PassedToService": "ec2.amazonaws.com*"}}))),
    # Attached in the ML account only, whose export leaves AWS-managed documents out: no document needed.
    "AmazonSageMakerFullAccess": ("", None, None, None),
    "AmazonBedrockFullAccess": ("", None, None, None),
    "AmazonSageMakerNotebooksServiceRolePolicy": ("aws-service-role/", None, None, None),
}


def aws_arn(name):
    return f"arn:aws:iam::aws:policy/{AWS_MANAGED[name][0]}{name}"


class Account:
    """One AWS account: what its four exports are rendered from."""

    def __init__(self, account):
        self.id = account
        self.users, self.groups, self.roles, self.policies = [], [], [], {}

    def managed(self, name, created, *documents, default=None, updated=None, path="/"):
        """A customer-managed policy; several documents are its versions, the last one the default."""
        self.policies[name] = dict(name=name, created=created, documents=list(documents), path=path,
                                   default=default or len(documents), updated=updated or created)

    def policy_arn(self, name):
        if name in self.policies:
            return f"arn:aws:iam::{self.id}:policy{self.policies[name]['path']}{name}"
        return aws_arn(name)

    def group(self, name, created, attached=(), inline=()):
        self.groups.append(dict(name=name, created=when(created, "group", name), attached=attached, inline=inline))

    def user(self, name, created, path="/service/", tags=None, groups=(), attached=(), inline=(), boundary=None,
             password=None, changed=None, mfa=False, keys=(), cert=None, reported=True):
        """password: the day of the last console sign-in, or "never". keys: (created, last used, service, region,
        active). reported: whether the cached credential report already knows the user."""
        born = when(created, "user", self.id, name)
        rows = []
        for n, (made, used, *rest) in enumerate(keys):
            what, region, active = (list(rest) + [None, None, None])[:3]
            made = when(made, "key", self.id, name, str(n))
            used = used and when(used, "used", self.id, name, str(n), minute_only=True)
            active = True if active is None else active
            assert born < made and (not used or made < used) and (used or made) < EXPORTED, (name, born, made, used)
            assert not "2026-03-29" <= made[:10] <= "2026-04-04", f"{name}: too near to 90 days"
            rows.append(dict(id=access_key_id(self.id + name, n), made=made, used=used, service=what or "s3",
                             region=region or "eu-west-1", active=active))
        self.users.append(dict(name=name, path=path, created=born, tags=tags or {}, groups=groups, attached=attached,
                               inline=inline, boundary=boundary, password=password, changed=changed, mfa=mfa,
                               keys=rows, cert=cert, reported=reported))

    def role(self, name, created, *statements, attached=(), inline=(), used=None, path="/", tags=None, boundary=None,
             profile=False, region="eu-west-1"):
        self.roles.append(dict(name=name, created=when(created, "role", self.id, name), statements=statements,
                               attached=attached, inline=inline, path=path, tags=tags or {}, boundary=boundary,
                               used=used and when(used, "role-used", self.id, name), profile=profile, region=region))

    # -- the credential report ----------------------------------------------------------------------------------------
    COLUMNS = ("user arn user_creation_time password_enabled password_last_used password_last_changed "
               "password_next_rotation mfa_active access_key_1_active access_key_1_last_rotated "
               "access_key_1_last_used_date access_key_1_last_used_region access_key_1_last_used_service "
               "access_key_2_active access_key_2_last_rotated access_key_2_last_used_date "
               "access_key_2_last_used_region access_key_2_last_used_service cert_1_active cert_1_last_rotated "
               "cert_2_active cert_2_last_rotated").split()

    def credential_report(self, moment, root_row):
        none = ["false"] + ["N/A"] * 4
        rows = [self.COLUMNS, ["<root_account>", f"arn:aws:iam::{self.id}:root", *root_row, *none, *none,
                               "false", "N/A", "false", "N/A"]]
        for u in self.users:
            if not u["reported"]:
                continue
            if u["password"] is None:
                password = ["false", "N/A", "N/A", "N/A"]
            else:
                last = "no_information" if u["password"] == "never" else moment(
                    when(u["password"], "console", self.id, u["name"]))
                changed = when(u["changed"], "password", u["name"]) if u["changed"] else u["created"]
                password = ["true", last, moment(changed), "N/A"]
            keys = []
            for key in (u["keys"] + [None, None])[:2]:
                if key is None:
                    keys += none
                else:
                    used = [moment(key["used"]), key["region"], key["service"]] if key["used"] else ["N/A"] * 3
                    keys += [str(key["active"]).lower(), moment(key["made"]), *used]
            cert = ["true", moment(when(u["cert"], "cert", u["name"]))] if u["cert"] else ["false", "N/A"]
            rows.append([u["name"], self.user_arn(u), moment(u["created"]), *password, str(u["mfa"]).lower(), *keys,
                         *cert, "false", "N/A"])
        assert all(len(row) == 22 for row in rows)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        return out.getvalue().rstrip("\n")

    # -- get-account-authorization-details ----------------------------------------------------------------------------
    def user_arn(self, u):
        return f"arn:aws:iam::{self.id}:user{u['path']}{u['name']}"

    def role_arn(self, r):
        return f"arn:aws:iam::{self.id}:role{r['path']}{r['name']}"

    def authorization_details(self, moment, encode, with_aws_managed):
        def document(value):
            if not encode:
                return value
            return urllib.parse.quote(json.dumps(value, separators=(",", ":")), safe="")

        def attached(names):
            return [{"PolicyName": n, "PolicyArn": self.policy_arn(n)} for n in names]

        def inline(pairs):
            return [{"PolicyName": n, "PolicyDocument": document(d)} for n, d in pairs]

        def boundary(name):
            return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": self.policy_arn(name)}

        def tags(pairs):
            return [{"Key": k, "Value": v} for k, v in pairs.items()]

        users = []
        for u in self.users:
            one = {"Path": u["path"], "UserName": u["name"], "UserId": unique_id("AIDA", self.id, u["name"]),
                   "Arn": self.user_arn(u), "CreateDate": moment(u["created"])}
            if u["inline"]:
                one["UserPolicyList"] = inline(u["inline"])
            one["GroupList"] = list(u["groups"])
            one["AttachedManagedPolicies"] = attached(u["attached"])
            if u["boundary"]:
                one["PermissionsBoundary"] = boundary(u["boundary"])
            if u["tags"] or not encode:
                one["Tags"] = tags(u["tags"])
            users.append(one)

        groups = [{"Path": "/", "GroupName": g["name"], "GroupId": unique_id("AGPA", self.id, g["name"]),
                   "Arn": f"arn:aws:iam::{self.id}:group/{g['name']}", "CreateDate": moment(g["created"]),
                   "GroupPolicyList": inline(g["inline"]), "AttachedManagedPolicies": attached(g["attached"])}
                  for g in self.groups]

        roles = []
        for r in self.roles:
            base = {"Path": r["path"], "RoleName": r["name"], "RoleId": unique_id("AROA", self.id, r["name"]),
                    "Arn": self.role_arn(r), "CreateDate": moment(r["created"]),
                    "AssumeRolePolicyDocument": document(policy(*r["statements"]))}
            one = dict(base, InstanceProfileList=[])
            if r["profile"]:
                one["InstanceProfileList"] = [{
                    "Path": "/", "InstanceProfileName": r["name"],
                    "InstanceProfileId": unique_id("AIPA", self.id, r["name"]),
                    "Arn": f"arn:aws:iam::{self.id}:instance-profile/{r['name']}", "CreateDate": moment(r["created"]),
                    "Roles": [base]}]
            one["RolePolicyList"] = inline(r["inline"])
            one["AttachedManagedPolicies"] = attached(r["attached"])
            if r["boundary"]:
                one["PermissionsBoundary"] = boundary(r["boundary"])
            if r["tags"] or not encode:
                one["Tags"] = tags(r["tags"])
            one["RoleLastUsed"] = {"LastUsedDate": moment(r["used"]), "Region": r["region"]} if r["used"] else {}
            roles.append(one)

        holders = self.users + self.groups + self.roles
        count = lambda name: sum(name in h["attached"] for h in holders)
        bounded = lambda name: sum(h.get("boundary") == name for h in holders)
        policies = []
        for p in self.policies.values():
            versions = [{"Document": document(d), "VersionId": f"v{n}", "IsDefaultVersion": n == p["default"],
                         "CreateDate": moment(when(p["created"] if n == 1 else p["updated"], "policy", p["name"],
                                                   str(n)))} for n, d in enumerate(p["documents"], 1)]
            policies.append({
                "PolicyName": p["name"], "PolicyId": unique_id("ANPA", self.id, p["name"]),
                "Arn": self.policy_arn(p["name"]), "Path": p["path"], "DefaultVersionId": f"v{p['default']}",
                "AttachmentCount": count(p["name"]), "PermissionsBoundaryUsageCount": bounded(p["name"]),
                "IsAttachable": True, "CreateDate": versions[0]["CreateDate"],
                "UpdateDate": versions[-1]["CreateDate"], "PolicyVersionList": versions[::-1]})
        for name, (prefix, version, created, body) in AWS_MANAGED.items() if with_aws_managed else ():
            if not count(name):
                continue
            made = moment(when(created, "aws-managed", name))
            policies.append({
                "PolicyName": name, "PolicyId": unique_id("ANPA", "aws", name), "Arn": aws_arn(name),
                "Path": "/" + prefix, "DefaultVersionId": version, "AttachmentCount": count(name),
                "PermissionsBoundaryUsageCount": 0, "IsAttachable": True,
                "CreateDate": moment(when("2015-02-06", "aws-managed-first", name)), "UpdateDate": made,
                "PolicyVersionList": [{"Document": document(body), "VersionId": version, "IsDefaultVersion": True,
                                       "CreateDate": made}]})
        out = {"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies}
        if encode:
            out["IsTruncated"] = False
        return out

    # -- list-access-keys and get-access-key-last-used, a line for each call ------------------------------------------
    def access_keys(self, moment):
        for u in sorted(self.users, key=lambda u: u["name"]):
            yield {"AccessKeyMetadata": [
                {"UserName": u["name"], "AccessKeyId": k["id"], "Status": "Active" if k["active"] else "Inactive",
                 "CreateDate": moment(k["made"])} for k in u["keys"]]}

    def access_key_last_used(self, moment):
        for u in sorted(self.users, key=lambda u: u["name"]):
            for k in u["keys"]:
                last = {"LastUsedDate": moment(k["used"]), "ServiceName": k["service"], "Region": k["region"]} \
                    if k["used"] else {"ServiceName": "N/A", "Region": "N/A"}
                yield {"AccessKeyId": k["id"], "UserName": u["name"], "AccessKeyLastUsed": last}


# ---------------------------------------------------------------------------------------------------------------------
# The production account
# ---------------------------------------------------------------------------------------------------------------------
def tag(owner=None, env=None, **more):
    out = {}
    if owner:
        out["owner"] = owner if "@" in owner else f"{owner}@meridian.example"
    if env:
        out["environment"] = env
    out.update({k.replace("_", "-"): v for k, v in more.items()})
    return out


def production():
    a = Account(PROD)
    here = lambda name: f"arn:aws:iam::{PROD}:{name}"

    a.managed("freight-etl", "2022-05-22",
              policy(allow(["s3:GetObject", "s3:ListBucket"],
                           ["arn:aws:s3:::meridian-freight-etl", "arn:aws:s3:::meridian-freight-etl/*"])),
              policy(allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
                           ["arn:aws:s3:::meridian-freight-etl", "arn:aws:s3:::meridian-freight-etl/*"])),
              updated="2025-05-26")
    a.managed("terraform-everything", "2021-04-12", policy(allow("*"), single=True))
    # The first version was an administrator's; only the default version counts.
    a.managed("rates-deploy", "2022-09-05", policy(allow("*", "*")),
              policy(allow(["ecs:UpdateService", "ecs:DescribeServices"],
                           f"arn:aws:ecs:eu-west-1:{PROD}:service/freight/rates-*")), updated="2023-01-16")
    a.managed("vendor-not-iam", "2023-03-20",
              policy({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}))
    a.managed("bedrock-invoke", "2025-02-10", policy(
        allow(["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
              "arn:aws:bedrock:eu-west-1::foundation-model/*", sid="Invoke")))
    a.managed("secrets-read-all", "2024-04-15", policy(
        allow(["secretsmanager:GetSecretValue", "secretsmanager:ListSecrets"])))
    a.managed("queue-worker", "2024-07-29", policy(
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], f"arn:aws:sqs:eu-west-1:{PROD}:freight-events",
              Condition={"Bool": {"aws:SecureTransport": "true"}})))
    a.managed("tracking-write", "2023-11-06", policy(
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
         "NotResource": ["arn:aws:s3:::meridian-ledger", "arn:aws:s3:::meridian-ledger/*"]}))
    a.managed("lambda-deploy", "2022-02-14", policy(
        allow(["lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:InvokeFunction"]),
        allow("iam:PassRole", sid="PassAnyRole")))
    a.managed("policy-author", "2023-08-21", policy(
        allow(["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:ListPolicies"],
              here("policy/*"))))
    a.managed("assume-ops", "2024-01-08", policy(allow("sts:AssumeRole", here("role/ops-admin"))))
    a.managed("workload-boundary", "2024-01-15", policy(
        allow(["s3:*", "sqs:*", "logs:*", "bedrock:*"]), deny("iam:*")))
    a.managed("deny-outside-eu", "2024-11-04", policy(
        {"Sid": "DenyOutsideEu", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}}))
    a.managed("depot-kiosk-2021", "2021-10-04", policy(allow(["dynamodb:GetItem"],
              f"arn:aws:dynamodb:eu-west-1:{PROD}:table/kiosk")), path="/retired/")

    a.group("developers", "2019-03-04", attached=["ReadOnlyAccess"])
    a.group("platform-admins", "2019-03-04", attached=["AdministratorAccess", "deny-outside-eu"])
    a.group("ci", "2019-03-04", inline=[("ci-deploy", policy(
        allow(["ecr:*", "ecs:UpdateService", "iam:PassRole"])))], attached=["lambda-deploy"])

    # People. One left in November 2025; the key was used after that.
    human = lambda team, **more: dict(type="human", team=team, **more)
    a.user("amelia.hart", "2019-03-11", "/people/", human("platform"), ["platform-admins"], password="2026-06-29",
           changed="2026-05-04", mfa=True, keys=[("2020-02-17", "2026-06-25", "s3")])
    a.user("bram.devries", "2019-09-02", "/people/", human("rates"), ["developers"], password="2026-06-26",
           changed="2026-05-18", mfa=True)
    a.user("chidi.okafor", "2020-01-20", "/people/", human("tracking"), ["developers"], password="2025-03-18",
           changed="2020-01-21")
    a.user("dana.lindqvist", "2020-08-24", "/people/", human("customs"), ["developers"], password="never",
           keys=[("2020-09-01", "2026-05-28", "s3")])
    a.user("elena.rossi", "2022-05-16", "/people/", human("platform"), ["platform-admins"], password="2026-06-30",
           changed="2026-06-08", mfa=True)
    a.user("farid.haddad", "2022-11-07", "/people/", human("data"), ["developers"], password="2026-04-30",
           changed="2025-12-15", mfa=True)
    a.user("greta.weiss", "2025-09-01", "/people/", human("support"), ["developers"], password="2026-06-24",
           changed="2026-06-01", mfa=True)
    a.user("hugo.martins", "2026-02-09", "/people/", human("platform"), ["developers"], password="2026-06-23",
           changed="2026-05-11", mfa=True, inline=[("admin-with-mfa", policy(
               allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})))])
    a.user("ines.carvalho", "2021-06-14", "/people/", human("finance-ai"), ["developers"], password="2026-06-18",
           changed="2026-04-20", mfa=True, keys=[("2021-06-21", "2023-02-06", "ec2", "eu-west-1", False)])
    a.user("rashid.oduya", "2018-04-03", "/people/", human("data", status="leaver", left="2025-11-28"), ["developers"],
           attached=["PowerUserAccess"], keys=[("2019-01-15", "2026-06-11", "s3", "eu-central-1")])

    # Service users of the classic kind.
    a.user("svc-terraform", "2021-04-12", tags=tag("platform", "prod"), attached=["terraform-everything"],
           keys=[("2021-04-19", "2026-06-29", "ec2")])
    a.user("svc-jenkins", "2018-06-25", groups=["ci"], password="never",
           keys=[("2018-07-02", "2026-06-30", "s3"), ("2023-06-26", "2024-07-30", "ecr")])
    a.user("svc-github-actions", "2023-10-02", tags=tag("ci"), groups=["ci"],
           keys=[("2023-10-09", "2026-06-28", "sts", "us-east-1")])
    a.user("svc-backup", "2019-02-11", tags=tag("rashid.oduya", "prod"), attached=["AmazonS3FullAccess"],
           keys=[("2019-02-18", "2025-05-14", "s3")])
    a.user("svc-northbeam", "2022-12-05", "/vendor/", tag(vendor="Northbeam Telemetry"), attached=["SecurityAudit"],
           keys=[("2022-12-12", "2026-06-30", "ec2")])
    a.user("svc-pallas-etl", "2023-06-26", "/vendor/", tag(vendor="Pallas ETL"), attached=["vendor-not-iam"],
           keys=[("2023-06-28", None)])
    # Made before last use was tracked (22 April 2015): "N/A" does not mean never.
    a.user("svc-old-mailer", "2014-02-11", attached=["AmazonSESFullAccess"],
           keys=[("2014-02-18", None, None, None, False)])
    a.user("svc-mainframe-bridge", "2013-09-02", tags=tag("core-systems", "prod"), attached=["queue-worker"],
           keys=[("2014-11-03", "2026-06-29", "sqs")], cert="2016-05-09")
    a.user("svc-edi-gateway", "2017-09-25", tags=tag("edi", "prod"), attached=["freight-etl", "queue-worker"],
           keys=[("2017-10-09", "2026-06-30", "s3")])
    a.user("svc-secrets-sync", "2024-07-30", tags=tag("secops", "shared"), attached=["secrets-read-all"],
           keys=[("2026-05-01", "2026-06-29", "secretsmanager"), ("2026-06-25", None)])
    a.user("svc-shared-integration", "2023-01-26", tags=tag("integration", "dev,staging,prod"),
           attached=["freight-etl", "queue-worker"], keys=[("2023-02-06", "2026-06-30", "sqs")])
    a.user("break-glass", "2022-05-23", "/", attached=["AdministratorAccess"], password="never", mfa=True,
           keys=[("2022-05-30", None)])
    a.user("svc-release-bot", "2021-11-15", inline=[("deploy-all", policy(allow(["s3:*", "*"], ["*"])))],
           keys=[("2021-11-22", "2026-06-27", "ecs")])
    # Shut off with a blanket deny, the administrator's policy still attached.
    a.user("svc-legacy-wms", "2016-03-07", tags=tag("warehouse", "prod"), attached=["AdministratorAccess", "AWSDenyAll"],
           keys=[("2016-03-14", "2024-09-19", "ec2", "eu-west-1", False)])
    a.user("svc-oncall-bot", "2024-01-08", tags=tag("platform", "prod"), attached=["assume-ops"],
           keys=[("2024-01-15", "2026-06-22", "sts")])
    a.user("svc-access-provisioner", "2022-03-21", tags=tag("it-service", "prod"), attached=["IAMFullAccess"],
           keys=[("2022-03-28", "2026-06-26", "iam", "us-east-1")])
    a.user("svc-config-sync", "2023-08-21", attached=["policy-author"], keys=[("2023-08-28", "2026-03-11", "iam",
                                                                                "us-east-1")])

    # The freight services.
    a.user("svc-rates", "2022-09-05", tags=tag("rates", "prod"), attached=["rates-deploy", "freight-etl"],
           keys=[("2022-09-12", "2026-06-30", "ecs")])
    a.user("svc-tracking", "2023-11-06", tags=tag("tracking", "prod"), attached=["tracking-write", "queue-worker"],
           boundary="workload-boundary", keys=[("2024-02-12", "2026-06-30", "s3"), ("2026-04-14", None)])
    a.user("svc-customs", "2021-02-08", tags=tag("customs", "prod"), attached=["AmazonDynamoDBFullAccess"],
           keys=[("2021-02-15", "2026-06-29", "dynamodb")])
    a.user("svc-fleet-telematics", "2020-10-19", tags={"Owner": "fleet@meridian.example", "Environment": "prod"},
           attached=["AmazonDynamoDBFullAccess", "queue-worker"], keys=[("2020-10-26", "2026-06-30", "dynamodb")])
    a.user("svc-manifest", "2024-05-13", tags=tag("manifest", "prod"), attached=["freight-etl"],
           boundary="workload-boundary", keys=[("2026-04-27", "2026-06-30", "s3")])
    a.user("svc-billing", "2020-03-30", tags=tag("billing", "prod"), attached=["freight-etl", "deny-outside-eu"],
           keys=[("2020-04-06", "2026-06-28", "s3")])
    a.user("svc-yard-cam", "2025-01-20", attached=["tracking-write"], keys=[("2025-01-27", "2026-02-03", "s3")])
    # A pipeline made both keys in one second.
    a.user("svc-port-feed", "2024-10-07", tags=tag("port-ops", "prod"), attached=["freight-etl"],
           keys=[("2024-10-14T08:15:27", "2026-06-30", "s3"), ("2024-10-14T08:15:27", None)])
    a.user("svc-warehouse-sync", "2023-05-15", tags=tag("warehouse", "staging"), attached=["AmazonDynamoDBFullAccess"],
           keys=[("2023-05-22", "2025-11-05", "dynamodb")])
    a.user("svc-fuel-cards", "2022-07-18", attached=["queue-worker"], keys=[("2022-07-25", None)])
    a.user("svc-quote-engine", "2025-07-07", tags=tag("rates", "prod"), attached=["bedrock-invoke"],
           boundary="workload-boundary", keys=[("2026-05-19", "2026-06-29", "bedrock")])
    a.user("svc-tariff-loader", "2021-08-30", tags=tag("rashid.oduya", "prod"), attached=["freight-etl"],
           keys=[("2021-09-06", "2026-06-14", "s3")])
    a.user("svc-labels", "2024-03-04", tags=tag("print", "dev"), attached=["freight-etl"])
    a.user("svc-data-lake", "2019-11-18", tags=tag("data", "prod"), attached=["AmazonS3FullAccess", "deny-outside-eu"],
           keys=[("2019-11-25", "2026-06-30", "s3"), ("2022-01-10", "2022-06-20", "s3", "eu-west-1", False)])
    a.user("svc-driver-sms", "2025-03-17", tags=tag("driver-app", "prod"), attached=["queue-worker"],
           keys=[("2026-06-02", "2026-06-30", "sns")])

    # AI on static keys.
    a.user("svc-ml-train", "2023-02-13", tags=tag(None, "prod"), attached=["AmazonS3FullAccess", "freight-etl"],
           keys=[("2023-02-20", "2026-06-27", "s3")])
    a.user("svc-ml-infer", "2023-02-13", tags=tag("ml", "prod"), attached=["bedrock-invoke"],
           keys=[("2023-02-20", "2025-08-30", "s3"), ("2026-01-19", "2026-06-30", "bedrock")])
    a.user("agent-invoice-triage", "2025-12-08", "/agents/",
           tag("ines.carvalho", "prod", agent="invoice-triage", model="claude"), attached=["bedrock-invoke"],
           inline=[("invoice-archive", policy(allow("s3:*")))], keys=[("2025-12-15", "2026-06-30", "s3")])
    a.user("agent-customs-copilot", "2026-01-26", "/agents/", tag(None, "prod", agent="customs-copilot"),
           attached=["bedrock-invoke", "AmazonDynamoDBFullAccess"], keys=[("2026-02-02", "2026-06-30", "dynamodb")])
    a.user("agent-dispatch-planner", "2026-03-02", "/agents/", tag("dispatch-ai", "prod", agent="dispatch-planner"),
           attached=["bedrock-invoke", "lambda-deploy"], keys=[("2026-03-09", "2026-06-30", "lambda")])
    a.user("agent-support-copilot", "2026-01-28", "/agents/", tag("support", "prod", agent="support-copilot"),
           attached=["bedrock-invoke", "secrets-read-all"], keys=[("2026-01-28T16:05:10", "2026-06-29", "sts",
                                                                   "us-east-1")])
    a.user("agent-shared", "2026-01-09", "/agents/", tag(agent="shared"), attached=["PowerUserAccess"],
           keys=[("2026-01-12", "2026-06-30", "sts", "us-east-1"), ("2026-06-10", "2026-06-30", "s3")])
    # Made after the cached credential report was generated: only the other exports know it.
    a.user("svc-berth-planner", "2026-06-30T05:40:02", tags=tag("port-ops", "prod"), attached=["queue-worker"],
           keys=[("2026-06-30T05:41:37", None)], reported=False)

    # Machines.
    a.role("ec2-rates-web", "2022-08-29", trust(service("ec2.amazonaws.com")), attached=["freight-etl"],
           used="2026-06-30", profile=True, tags=tag("rates", "prod"))
    a.role("ec2-legacy-admin", "2019-01-07", trust(service("ec2.amazonaws.com")), attached=["AdministratorAccess"],
           profile=True)
    a.role("lambda-label-render", "2024-04-22", trust(service("lambda.amazonaws.com")), path="/service-role/",
           attached=["AWSLambdaBasicExecutionRole"], used="2026-06-29", tags=tag("print", "prod"))
    a.role("lambda-customs-archive", "2024-04-22", trust(service("lambda.amazonaws.com")),
           attached=["secrets-read-all"])
    a.role("cfn-stack-builder", "2021-05-03", trust(service("cloudformation.amazonaws.com")),
           inline=[("everything", policy(allow("*:*", ["*"])))], used="2026-06-16", tags=tag("platform", "prod"))
    a.role("AWSServiceRoleForAutoScaling", "2019-03-04", trust(service("autoscaling.amazonaws.com")),
           path="/aws-service-role/autoscaling.amazonaws.com/", attached=["AutoScalingServiceRolePolicy"],
           used="2026-06-30")
    a.role("rolesanywhere-depot", "2025-12-01", trust(
        service("rolesanywhere.amazonaws.com"), ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        {"ArnEquals": {"aws:SourceArn": f"arn:aws:rolesanywhere:eu-west-1:{PROD}:trust-anchor/"
                                        "0a1b2c3d-1111-4222-8333-444455556666"}}),
        attached=["queue-worker"], used="2026-06-29", tags=tag("depots", "prod"))
    a.role("eks-pod-identity-tracking", "2026-03-16", trust(
        service("pods.eks.amazonaws.com"), ["sts:AssumeRole", "sts:TagSession"]), attached=["tracking-write"],
        used="2026-06-30", tags=tag("tracking", "prod"))

    # Pipelines.
    a.role("gha-deploy-rates", "2024-11-18", oidc(PROD, GITHUB, subject(
        GITHUB, "repo:meridian/rates:environment:production")), used="2026-06-30", tags=tag("rates", "prod"),
        inline=[("deploy", policy(allow(["ecr:*", "ecs:UpdateService"],
                                        f"arn:aws:ecr:eu-west-1:{PROD}:repository/rates")))])
    a.role("gha-any-repo", "2024-11-25", oidc(PROD, GITHUB, subject(GITHUB, "repo:meridian/*", "StringLike")),
           attached=["terraform-everything"], used="2026-06-27")
    a.role("gha-any-branch", "2025-02-24", oidc(PROD, GITHUB, {
        "ForAnyValue:StringLike": {f"{GITHUB}:sub": ["repo:meridian/tracking:*", "repo:meridian/manifest:*"]},
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, [WEB, "sts:TagSession"]),
        attached=["lambda-deploy"], used="2026-06-29", tags=tag("tracking", "prod"))
    a.role("gha-no-sub", "2024-12-02", oidc(PROD, GITHUB, {
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}), attached=["vendor-not-iam"])
    a.role("gha-migration", "2024-12-09", oidc(PROD, GITHUB, subject(GITHUB, "repo:*", "StringLike")),
           attached=["ReadOnlyAccess"], used="2025-03-03")
    a.role("gitlab-deploy-tracking", "2025-02-24", oidc(PROD, GITLAB, subject(
        GITLAB, "project_path:meridian/tracking:ref_type:branch:ref:main", audience=None)), used="2026-06-24",
        inline=[("deploy", policy(allow("lambda:UpdateFunctionCode",
                                        f"arn:aws:lambda:eu-west-1:{PROD}:function:tracking-*")))],
        tags=tag("tracking", "prod"))
    a.role("ops-admin", "2022-06-20", trust({"AWS": root(PROD)}), attached=["terraform-everything"],
           used="2026-06-22", tags=tag("platform", "prod"))
    a.role("deploy-orchestrator", "2025-01-13", trust({"AWS": here("role/gha-any-branch")}),
           attached=["policy-author"], used="2026-06-19")

    # Pods.
    sa = lambda ns, name: f"system:serviceaccount:{ns}:{name}"
    a.role("irsa-payments", "2025-04-14", oidc(PROD, EKS, subject(EKS, sa("payments", "api"))),
           attached=["queue-worker"], used="2026-06-30", tags=tag("payments", "prod"))
    a.role("irsa-dispatch-planner", "2026-02-16", oidc(PROD, EKS, subject(EKS, sa("agents", "dispatch-planner"))),
           attached=["bedrock-invoke", "queue-worker"], used="2026-06-30", tags=tag("dispatch-ai", "prod",
                                                                                  agent="dispatch-planner"))
    a.role("irsa-shared-agent", "2026-01-19", oidc(PROD, EKS, subject(
        EKS, [sa("agents", "shared-agent"), sa("dev", "shared-agent")])), attached=["bedrock-invoke",
                                                                                     "secrets-read-all"],
        used="2026-06-30", tags=tag(agent="shared"))
    a.role("irsa-everyone", "2025-04-28", oidc(PROD, EKS, subject(
        EKS, "system:serviceaccount:*:*", "StringLike", audience=None)), attached=["secrets-read-all"],
        used="2026-06-28")
    a.role("spire-eta-inference", "2026-04-07", oidc(PROD, SPIRE, subject(
        SPIRE, "spiffe://prod.meridian.example/ns/ml/sa/eta-inference", audience="aws-sts")),
        attached=["bedrock-invoke"], used="2026-06-30", tags=tag("ml", "prod"))

    # Other accounts.
    audit = {"StringEquals": {"sts:ExternalId": "mrdn-7f3a91c2"}}
    a.role("northbeam-integration", "2022-12-05", trust({"AWS": root(NORTHBEAM)}, condition=audit),
           attached=["SecurityAudit"], used="2026-06-30", tags=tag(vendor="Northbeam Telemetry"))
    # One statement of two asks for the external id; the other lets the same vendor in without.
    a.role("northbeam-legacy", "2020-11-09", trust({"AWS": root(NORTHBEAM)}, condition=audit),
           trust({"AWS": NORTHBEAM}), attached=["ReadOnlyAccess"], tags=tag(vendor="Northbeam Telemetry"))
    a.role("vendor-pallas-etl", "2023-10-02", trust({"AWS": root(PALLAS)}), attached=["secrets-read-all"],
           used="2025-12-12", tags=tag(vendor="Pallas ETL"))
    a.role("vendor-telematics-portal", "2024-02-05", trust({
        "AWS": [f"arn:aws:iam::{TELEMATICS_A}:role/portal/carrier-sync", root(TELEMATICS_B)],
        "Service": "ec2.amazonaws.com"}), attached=["tracking-write"], used="2026-06-29",
        tags=tag("fleet", "prod", vendor="Haulwise Telematics"))
    a.role("public-rates-feed", "2023-11-20", trust({"AWS": "*"}), attached=["ReadOnlyAccess"])
    a.role("org-wide-reader", "2024-09-23", trust("*", condition={
        "StringEquals": {"aws:PrincipalOrgID": "o-meridian01"}}), attached=["ReadOnlyAccess"], used="2026-06-18",
        tags=tag("platform", "prod"))
    # The same account, written in both ways.
    a.role("sandbox-to-prod", "2024-09-30", trust({"AWS": [SANDBOX, root(SANDBOX)]}), attached=["PowerUserAccess"],
           used="2026-05-21", tags=tag(None, "prod"))
    a.role("ml-prod-access", "2024-03-11", trust({"AWS": f"arn:aws:iam::{ML}:role/ml-gateway"}),
           attached=["freight-etl"], used="2026-06-30", tags=tag("ml", "prod"))
    a.role("AWSReservedSSO_AdministratorAccess_9f2c41d07be83a65", "2022-12-12", trust(
        {"Federated": here("saml-provider/AWSSSO_0d4c2b1a98f7e653_DO_NOT_DELETE")},
        ["sts:AssumeRoleWithSAML", "sts:TagSession"], {"StringEquals": {
            "SAML:aud": "https://signin.aws.amazon.com/saml"}}), path="/aws-reserved/sso.amazonaws.com/eu-west-1/",
        attached=["AdministratorAccess"], used="2026-06-30")
    a.role("jit-elevated", "2026-06-01", trust({"AWS": here("user/people/amelia.hart")}, condition={
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "DateLessThan": {"aws:CurrentTime": "2026-06-30T20:00:00Z"}}), attached=["AdministratorAccess"],
        tags=tag("platform", "prod"))
    # The user behind this unique id has been deleted.
    a.role("retired-forwarder", "2020-06-15", trust({"AWS": unique_id("AIDA", "deleted", "svc-forwarder")}),
           attached=["freight-etl"])

    # AI on roles.
    agent_source = {"StringEquals": {"aws:SourceAccount": PROD},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:eu-west-1:{PROD}:agent/*"}}
    a.role("agent-invoice-triage-exec", "2026-04-30", trust(service("bedrock.amazonaws.com"),
           condition=agent_source), path="/service-role/", attached=["bedrock-invoke"], used="2026-06-30",
           tags=tag("ines.carvalho", "prod", agent="invoice-triage"))
    a.role("agent-dispatch-planner-exec", "2026-05-15", trust(service("bedrock.amazonaws.com")),
           path="/service-role/", attached=["AdministratorAccess"], used="2026-06-30",
           tags=tag(agent="dispatch-planner"))
    a.role("agentcore-support-copilot", "2026-05-20", trust(service("bedrock-agentcore.amazonaws.com"), condition={
        "StringEquals": {"aws:SourceAccount": PROD}}), attached=["bedrock-invoke"], boundary="workload-boundary",
        used="2026-06-30", tags=tag("support", "prod", agent="support-copilot"))
    a.role("sagemaker-demand-forecast", "2025-08-11", trust(service("sagemaker.amazonaws.com")),
           attached=["AmazonS3FullAccess"], used="2026-06-21", tags=tag("ml", "prod"))
    return a


# ---------------------------------------------------------------------------------------------------------------------
# The account of the machine learning platform
# ---------------------------------------------------------------------------------------------------------------------
def ml_prod():
    a = Account(ML)
    here = lambda name: f"arn:aws:iam::{ML}:{name}"
    a.managed("ml-buckets", "2023-09-18", policy(allow(
        ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        ["arn:aws:s3:::meridian-ml-features", "arn:aws:s3:::meridian-ml-features/*"])))
    a.managed("ml-endpoints", "2024-02-12", policy(allow(
        "sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:eu-west-1:{ML}:endpoint/eta-*"), single=True))
    a.managed("ml-registry", "2024-02-12", policy(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"])),
              policy(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:PutImage"])), updated="2025-10-06")
    a.managed("ml-boundary", "2024-06-03", policy(allow(["s3:*", "sagemaker:*", "bedrock:*", "logs:*"]),
                                                  deny(["iam:*", "organizations:*"])))
    a.managed("ml-pass-role", "2024-06-03", policy(
        allow(["sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"]),
        allow("iam:PassRole", here("role/*"))))
    a.group("ml-admins", "2023-09-11", attached=["AdministratorAccess"])
    a.group("data-scientists", "2023-09-11", attached=["AmazonSageMakerFullAccess", "ml-pass-role"],
            inline=[("read-features", policy(allow("s3:GetObject", "arn:aws:s3:::meridian-ml-features/*")))])

    a.user("nadia.keller", "2023-09-13", "/people/", {"type": "human", "team": "ml"}, ["ml-admins"],
           password="2026-06-29", changed="2026-05-25", mfa=True)
    a.user("tomas.varga", "2024-01-15", "/people/", {"type": "human", "team": "ml"}, ["data-scientists"],
           password="2026-06-12", changed="2024-01-16", keys=[("2024-01-22", "2026-06-24", "sagemaker")])
    a.user("svc-ml-train", "2023-10-02", tags=tag("ml", "prod"), attached=["PowerUserAccess"],
           keys=[("2023-10-09", "2026-06-29", "sagemaker")])
    a.user("svc-ml-infer", "2023-10-02", tags=tag("ml", "prod"), attached=["ml-endpoints"],
           keys=[("2023-10-09", "2026-06-30", "sagemaker")])
    a.user("svc-ml-features", "2024-04-08", tags=tag("ml", "prod"), attached=["ml-buckets"],
           boundary="ml-boundary", keys=[("2026-05-12", "2026-06-30", "s3")])
    a.user("svc-ml-registry", "2024-02-12", attached=["ml-registry"], keys=[("2024-02-19", "2025-10-20", "ecr")])
    a.user("svc-ml-eval", "2025-05-05", tags=tag("ml", "staging"), attached=["ml-buckets", "ml-endpoints"],
           keys=[("2025-05-12", None)])
    a.user("svc-ml-labelling", "2024-08-19", "/vendor/", tag(vendor="Tally Annotation"), attached=["ml-buckets"],
           keys=[("2024-08-26", "2026-06-05", "s3")])
    a.user("eta-inference", "2024-03-04", tags=tag("ml", "prod"), attached=["ml-endpoints"], boundary="ml-boundary",
           keys=[("2024-03-11", "2026-06-30", "sagemaker", "eu-west-1"),
                 ("2025-03-10", "2026-06-30", "sagemaker", "eu-central-1")])
    a.user("notebook-runner", "2023-11-13", inline=[("from-the-office", policy(
        allow(["*"], ["*"], Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})))],
        keys=[("2023-11-20", "2026-06-17", "s3")])
    a.user("agent-shared", "2026-01-13", "/agents/", tag(agent="shared"), attached=["AmazonBedrockFullAccess"],
           keys=[("2026-01-13T17:30:41", "2026-06-30", "bedrock")])
    a.user("agent-customs-copilot", "2026-02-03", "/agents/", tag(None, "prod", agent="customs-copilot"),
           attached=["AmazonBedrockFullAccess"], keys=[("2026-02-04", "2026-06-29", "bedrock")])
    a.user("agent-dispatch-planner", "2026-03-04", "/agents/", tag(None, "prod", agent="dispatch-planner"),
           attached=["AdministratorAccess"], keys=[("2026-03-10", "2026-06-30", "bedrock")])
    a.user("agent-eta-watch", "2025-10-20", "/agents/", tag("ml", "prod", agent="eta-watch"),
           inline=[("watch", policy(allow("sagemaker:InvokeEndpoint",
                                          f"arn:aws:sagemaker:eu-west-1:{ML}:endpoint/eta-live"), single=True))],
           keys=[("2025-10-27", "2026-06-30", "sagemaker", "eu-west-1", False), ("2026-06-15", "2026-06-30",
                                                                                 "sagemaker")])

    a.role("AmazonSageMaker-ExecutionRole-20240112T103500", "2024-01-12", trust(service("sagemaker.amazonaws.com")),
           path="/service-role/", attached=["AmazonSageMakerFullAccess"], used="2026-06-30")
    a.role("eta-inference-irsa", "2025-06-09", oidc(ML, EKS, subject(EKS, "system:serviceaccount:ml:eta-inference")),
           attached=["ml-endpoints"], used="2026-06-30", tags=tag("ml", "prod"))
    a.role("ml-jobs-irsa", "2025-06-16", oidc(ML, EKS, subject(EKS, "system:serviceaccount:ml:*", "StringLike")),
           attached=["ml-buckets", "ml-registry"], used="2026-06-30", tags=tag("ml", "prod"))
    a.role("gitlab-model-publish", "2025-03-31", oidc(ML, GITLAB, subject(
        GITLAB, "project_path:*", "StringLike", audience="https://gitlab.com")), attached=["ml-registry"],
        used="2026-06-25")
    a.role("bedrock-kb-ingest", "2025-11-10", trust(service("bedrock.amazonaws.com")), attached=["ml-buckets"],
           used="2026-06-28", tags=tag("ml", "prod"))
    a.role("agentcore-eta-watch", "2026-04-20", trust(service("bedrock-agentcore.amazonaws.com"), condition={
        "StringEquals": {"aws:SourceAccount": ML},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:eu-west-1:{ML}:*"}}), attached=["ml-endpoints"],
        boundary="ml-boundary", used="2026-06-30", tags=tag("ml", "prod", agent="eta-watch"))
    a.role("ml-gateway", "2024-03-11", trust({"AWS": root(PROD)}), inline=[("reach-production", policy(
        allow("sts:AssumeRole", f"arn:aws:iam::{PROD}:role/ml-prod-access")))], used="2026-06-30",
        tags=tag("ml", "prod"))
    a.role("labelling-vendor", "2024-08-19", trust({"AWS": [root(LABELLING), LABELLING]}), attached=["ml-buckets"],
           used="2026-06-03", tags=tag(vendor="Tally Annotation"))
    a.role("model-audit", "2025-12-01", trust({"AWS": root(AUDITOR)}, condition={
        "StringEquals": {"sts:ExternalId": "harbour-2026"}}), attached=["SecurityAudit"], used="2026-06-09",
        tags=tag("risk", "prod", vendor="Harbour Assurance"))
    a.role("OrganizationAccountAccessRole", "2023-09-11", trust({"AWS": root(MANAGEMENT)}),
           attached=["AdministratorAccess"])
    a.role("ml-quarantine", "2024-05-06", trust(service("ec2.amazonaws.com")), attached=["AdministratorAccess"],
           inline=[("deny-everything", policy(deny("*", "*"), single=True))])
    a.role("AWSServiceRoleForAmazonSageMakerNotebooks", "2023-09-18", trust(service("sagemaker.amazonaws.com")),
           path="/aws-service-role/sagemaker.amazonaws.com/",
           attached=["AmazonSageMakerNotebooksServiceRolePolicy"], used="2026-06-30")
    return a


# ---------------------------------------------------------------------------------------------------------------------
# Kubernetes
# ---------------------------------------------------------------------------------------------------------------------
READ, WRITE = "get,list,watch", "create,delete,deletecollection,patch,update"
EVENTS = f"-,events.k8s.io : events : create,patch,update"

# "groups : resources [names] : verbs", a hyphen for the core group; "url paths : verbs".
AGGREGATE_EDIT = f"""
- : pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy : {READ}
- : serviceaccounts : impersonate
- : pods,pods/attach,pods/exec,pods/portforward,pods/proxy : {WRITE}
- : pods/eviction : create
- : configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy : {WRITE}
- : serviceaccounts/token : create
apps : daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale : {WRITE}
autoscaling : horizontalpodautoscalers : {WRITE}
batch : cronjobs,jobs : {WRITE}
policy : poddisruptionbudgets : {WRITE}
networking.k8s.io : ingresses,networkpolicies : {WRITE}
coordination.k8s.io : leases : {WRITE}
"""
AGGREGATE_VIEW = f"""
- : configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status : {READ}
- : bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status : {READ}
- : namespaces : {READ}
discovery.k8s.io : endpointslices : {READ}
apps : controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status : {READ}
autoscaling : horizontalpodautoscalers,horizontalpodautoscalers/status : {READ}
batch : cronjobs,cronjobs/status,jobs,jobs/status : {READ}
policy : poddisruptionbudgets,poddisruptionbudgets/status : {READ}
networking.k8s.io : ingresses,ingresses/status,networkpolicies : {READ}
"""
AGGREGATE_ADMIN = f"""
authorization.k8s.io : localsubjectaccessreviews : create
rbac.authorization.k8s.io : rolebindings,roles : create,delete,deletecollection,get,list,patch,update,watch
"""
SYSTEM_ROLES = {
    "system:auth-delegator": "authentication.k8s.io : tokenreviews : create\nauthorization.k8s.io : subjectaccessreviews : create",
    "system:basic-user": "authorization.k8s.io : selfsubjectaccessreviews,selfsubjectrulesreviews : create",
    "system:controller:clusterrole-aggregation-controller": "rbac.authorization.k8s.io : clusterroles : escalate,get,list,patch,update,watch",
    "system:controller:generic-garbage-collector": f"* : * : delete,get,list,patch,update,watch\n{EVENTS}",
    "system:controller:horizontal-pod-autoscaler": f"""
autoscaling : horizontalpodautoscalers : {READ}
autoscaling : horizontalpodautoscalers/status : update
* : */scale : get,update
- : pods : list
- : services/proxy [http:heapster:,https:heapster:] : get
metrics.k8s.io : pods : list
custom.metrics.k8s.io : * : get,list
{EVENTS}""",
    "system:controller:namespace-controller": """
- : namespaces : delete,get,list,watch
- : namespaces/finalize,namespaces/status : update
* : * : delete,deletecollection,get,list""",
    "system:controller:replicaset-controller": f"""
apps : replicasets : get,list,update,watch
apps : replicasets/status : update
apps : replicasets/finalizers : update
- : pods : create,delete,list,patch,watch
{EVENTS}""",
    "system:discovery": "url /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/ : get",
    "system:kube-controller-manager": f"""
{EVENTS}
coordination.k8s.io : leases : create
coordination.k8s.io : leases [kube-controller-manager] : get,update
- : secrets,serviceaccounts : create
- : secrets : delete
- : configmaps,namespaces,secrets,serviceaccounts : get
- : secrets,serviceaccounts : update
authentication.k8s.io : tokenreviews : create
authorization.k8s.io : subjectaccessreviews : create
* : * : list,watch
- : serviceaccounts/token : create""",
    "system:kube-dns": "- : endpoints,services : list,watch",
    "system:kube-scheduler": f"""
{EVENTS}
coordination.k8s.io : leases : create
coordination.k8s.io : leases [kube-scheduler] : get,update
- : nodes : {READ}
- : pods : delete,{READ}
- : bindings,pods/binding : create
- : pods/status : patch,update
- : replicationcontrollers,services : {READ}
apps : replicasets,statefulsets : {READ}
policy : poddisruptionbudgets : {READ}
- : persistentvolumeclaims,persistentvolumes : {READ}
authentication.k8s.io : tokenreviews : create
authorization.k8s.io : subjectaccessreviews : create
storage.k8s.io : csinodes : {READ}""",
    "system:monitoring": "url /healthz,/healthz/*,/livez,/livez/*,/metrics,/readyz,/readyz/* : get",
    "system:node": f"""
authentication.k8s.io : tokenreviews : create
authorization.k8s.io : localsubjectaccessreviews,subjectaccessreviews : create
- : services : {READ}
- : nodes : create,{READ}
- : nodes/status : patch,update
- : pods : create,delete,{READ}
- : pods/status : patch,update
- : pods/eviction : create
- : configmaps,secrets : {READ}
- : serviceaccounts/token : create
certificates.k8s.io : certificatesigningrequests : create,{READ}
coordination.k8s.io : leases : create,delete,get,patch,update""",
    "system:node-proxier": f"- : endpoints,services : list,watch\n- : nodes : {READ}\n{EVENTS}\ndiscovery.k8s.io : endpointslices : list,watch",
    "system:public-info-viewer": "url /healthz,/livez,/readyz,/version,/version/ : get",
    "system:service-account-issuer-discovery": "url /.well-known/openid-configuration,/openid/v1/jwks : get",
}
RBAC = "rbac.authorization.k8s.io"
NAMESPACES = {  # name: (created, labels)
    "agents": ("2025-12-01", {"env": "prod", "owner": "ai-platform"}), "ci": ("2023-05-08", {"env": "prod"}),
    "default": ("2023-04-24", {}), "dev": ("2024-02-05", {"env": "dev", "owner": "engineering"}),
    "kube-node-lease": ("2023-04-24", {}), "kube-public": ("2023-04-24", {}), "kube-system": ("2023-04-24", {}),
    "ml": ("2024-03-04", {"env": "prod", "owner": "ml"}), "monitoring": ("2023-06-19", {"env": "prod"}),
    "payments": ("2023-05-15", {"env": "prod", "owner": "payments"}),
}


def rules(text):
    out = []
    for line in text.strip().splitlines():
        if line.startswith("url "):
            paths, verbs = line[4:].split(" : ")
            out.append({"nonResourceURLs": paths.split(","), "verbs": verbs.split(",")})
            continue
        groups, resources, verbs = line.split(" : ")
        rule = {"apiGroups": ["" if g == "-" else g for g in groups.split(",")]}
        if " [" in resources:
            resources, names = resources.rstrip("]").split(" [")
            rule["resourceNames"] = names.split(",")
        rule["resources"] = resources.split(",")
        rule["verbs"] = verbs.split(",")
        out.append(rule)
    return out


def applied(manifest):
    """What `kubectl apply` leaves behind: the manifest as it was given, secrets in clear."""
    return {"kubectl.kubernetes.io/last-applied-configuration":
            json.dumps(manifest, separators=(",", ":"), sort_keys=True) + "\n"}


def meta(kind, name, created, namespace=None, annotations=None, labels=None, **more):
    out = {}
    if annotations:
        out["annotations"] = dict(sorted(annotations.items()))
    out["creationTimestamp"] = zulu(when(created, "k8s", kind, namespace or "", name))
    if labels:
        out["labels"] = dict(sorted(labels.items()))
    out.update(more)
    out["name"] = name
    if namespace:
        out["namespace"] = namespace
    out["resourceVersion"] = str(number(1000, 90000000, kind, namespace or "", name))
    out["uid"] = uid(kind, namespace or "", name)
    return dict(sorted(out.items()))


def cluster():
    items = []
    add = items.append
    BOOT = {"rbac.authorization.kubernetes.io/autoupdate": "true"}, {"kubernetes.io/bootstrapping": "rbac-defaults"}
    start = "2023-04-24"

    # -- service accounts
    def service_account(ns, name, created, annotations=None, labels=None, secrets=None, automount=None):
        one = {"apiVersion": "v1"}
        if automount is not None:
            one["automountServiceAccountToken"] = automount
        one["kind"] = "ServiceAccount"
        one["metadata"] = meta("ServiceAccount", name, created, ns, annotations, labels)
        if secrets:
            one["secrets"] = [{"name": s} for s in secrets]
        add(one)

    irsa = lambda account, role: {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{account}:role/{role}"}
    owner = lambda who: {"meridian.example/owner": f"{who}@meridian.example"}
    agent = {"app.kubernetes.io/component": "agent"}
    for ns, (created, _) in NAMESPACES.items():
        service_account(ns, "default", created)
        if ns == "agents":
            service_account(ns, "dispatch-planner", "2026-02-16", dict(irsa(PROD, "irsa-dispatch-planner"),
                                                                       **owner("dispatch-ai")), agent)
            service_account(ns, "invoice-triage", "2025-12-08", owner("ines.carvalho"), agent, automount=False)
            service_account(ns, "shared-agent", "2025-12-01", irsa(PROD, "irsa-shared-agent"), agent,
                            ["shared-agent-token-x7k2p"])
        if ns == "ci":
            service_account(ns, "deployer", "2023-05-08", owner("ci"), secrets=["deployer-forever"])
        if ns == "dev":
            service_account(ns, "shared-agent", "2026-01-19", irsa(PROD, "irsa-shared-agent"))
        if ns == "kube-system":
            service_account(ns, "aws-node", start)
            service_account(ns, "coredns", start)
        if ns == "ml":
            service_account(ns, "eta-inference", "2025-06-09", dict(irsa(ML, "eta-inference-irsa"), **owner("ml")))
            service_account(ns, "svc-ml-infer", "2025-06-16", irsa(ML, "ml-jobs-irsa"))
            service_account(ns, "svc-ml-train", "2025-06-16", irsa(ML, "ml-jobs-irsa"))
        if ns == "monitoring":
            service_account(ns, "northbeam-agent", "2023-06-19", labels={"app.kubernetes.io/managed-by": "Helm"})
        if ns == "payments":
            service_account(ns, "api", "2025-04-14", dict(irsa(PROD, "irsa-payments"), **owner("payments")))

    # -- roles and bindings
    def role(ns, name, text, created=start, boot=False):
        kind = "Role" if ns else "ClusterRole"
        annotations, labels = BOOT if boot else (None, None)
        if not boot:
            annotations = applied({"apiVersion": f"{RBAC}/v1", "kind": kind,
                                   "metadata": dict({"annotations": {}, "name": name}, **({"namespace": ns} if ns else {})),
                                   "rules": rules(text)})
        return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta(kind, name, created, ns, annotations, labels),
                "rules": rules(text)}

    def binding(ns, name, ref, subjects, created=start, boot=False):
        kind = "RoleBinding" if ns else "ClusterRoleBinding"
        reference = {"apiGroup": RBAC, "kind": ref[0], "name": ref[1]}
        who = []
        for s in subjects:
            if s.startswith("sa "):
                sns, sname = s[3:].split("/")
                who.append({"kind": "ServiceAccount", "name": sname, "namespace": sns})
            else:
                skind, sname = s.split(" ", 1)
                who.append({"apiGroup": RBAC, "kind": skind, "name": sname})
        annotations, labels = BOOT if boot else (None, None)
        if not boot:
            annotations = applied({"apiVersion": f"{RBAC}/v1", "kind": kind,
                                   "metadata": dict({"annotations": {}, "name": name}, **({"namespace": ns} if ns else {})),
                                   "roleRef": reference, "subjects": who})
        one = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta(kind, name, created, ns, annotations, labels),
               "roleRef": reference}
        if who:
            one["subjects"] = who
        return one

    add(role("agents", "agent-jobs", "batch : jobs : create,get,list\n- : pods : create,get,list", "2026-02-16"))
    add(role("kube-public", "system:controller:bootstrap-signer",
             f"- : configmaps : {READ}\n- : configmaps [cluster-info] : update\n{EVENTS}", boot=True))
    add(role("kube-system", "extension-apiserver-authentication-reader",
             f"- : configmaps [extension-apiserver-authentication] : {READ}", boot=True))
    add(role("kube-system", "system::leader-locking-kube-controller-manager",
             "- : configmaps : watch\n- : configmaps [kube-controller-manager] : get,update", boot=True))
    add(role("kube-system", "system::leader-locking-kube-scheduler",
             "- : configmaps : watch\n- : configmaps [kube-scheduler] : get,update", boot=True))
    add(role("kube-system", "system:controller:bootstrap-signer", f"- : secrets : {READ}", boot=True))
    add(role("kube-system", "system:controller:cloud-provider", "- : configmaps : create,get,list,watch", boot=True))
    add(role("kube-system", "system:controller:token-cleaner", f"- : secrets : delete,{READ}\n{EVENTS}", boot=True))
    add(role("payments", "api-configmap", "- : configmaps [api] : get", "2025-04-14"))

    add(binding("agents", "dispatch-planner-jobs", ("Role", "agent-jobs"), ["sa agents/dispatch-planner"], "2026-02-16"))
    # customs-copilot-v1 is gone; its binding is not.
    add(binding("agents", "shared-agent-secrets", ("ClusterRole", "secret-reader"),
                ["sa agents/shared-agent", "sa agents/customs-copilot-v1"], "2025-12-01"))
    add(binding("kube-public", "system:controller:bootstrap-signer", ("Role", "system:controller:bootstrap-signer"),
                ["sa kube-system/bootstrap-signer"], boot=True))
    add(binding("kube-system", "system::extension-apiserver-authentication-reader",
                ("Role", "extension-apiserver-authentication-reader"),
                ["User system:kube-controller-manager", "User system:kube-scheduler"], boot=True))
    add(binding("kube-system", "system::leader-locking-kube-controller-manager",
                ("Role", "system::leader-locking-kube-controller-manager"),
                ["User system:kube-controller-manager", "sa kube-system/kube-controller-manager"], boot=True))
    add(binding("kube-system", "system::leader-locking-kube-scheduler", ("Role", "system::leader-locking-kube-scheduler"),
                ["User system:kube-scheduler", "sa kube-system/kube-scheduler"], boot=True))
    add(binding("kube-system", "system:controller:bootstrap-signer", ("Role", "system:controller:bootstrap-signer"),
                ["sa kube-system/bootstrap-signer"], boot=True))
    add(binding("kube-system", "system:controller:cloud-provider", ("Role", "system:controller:cloud-provider"),
                ["sa kube-system/cloud-provider"], boot=True))
    add(binding("kube-system", "system:controller:token-cleaner", ("Role", "system:controller:token-cleaner"),
                ["sa kube-system/token-cleaner"], boot=True))
    add(binding("ml", "train-edit", ("ClusterRole", "edit"), ["sa ml/svc-ml-train"], "2025-06-16"))
    add(binding("payments", "api-configmap", ("Role", "api-configmap"), ["sa payments/api"], "2025-04-14"))

    def aggregated(name, target, text, label=None):
        one = role(None, name, text, boot=True)
        one = dict({"aggregationRule": {"clusterRoleSelectors": [
            {"matchLabels": {f"{RBAC}/aggregate-to-{target}": "true"}}]}}, **one)
        if label:
            one["metadata"]["labels"] = dict(one["metadata"]["labels"], **{f"{RBAC}/aggregate-to-{label}": "true"})
        return one

    def feeds(target, text):
        one = role(None, f"system:aggregate-to-{target}", text, boot=True)
        one["metadata"]["labels"] = dict(one["metadata"]["labels"], **{f"{RBAC}/aggregate-to-{target}": "true"})
        return one

    cluster_roles = [
        aggregated("admin", "admin", AGGREGATE_EDIT + AGGREGATE_VIEW.lstrip() + AGGREGATE_ADMIN.lstrip()),
        role(None, "cluster-admin", "* : * : *\nurl * : *", boot=True),
        aggregated("edit", "edit", AGGREGATE_EDIT + AGGREGATE_VIEW.lstrip(), "admin"),
        role(None, "escalator", f"{RBAC} : clusterroles : bind,escalate\n- : users,groups,serviceaccounts : impersonate\n"
             "- : serviceaccounts/token : create\nurl * : get", "2026-02-16"),
        role(None, "northbeam-agent", f"- : endpoints,namespaces,nodes,pods,services : {READ}\n- : nodes/proxy : get\n"
             f"- : secrets : {READ}\nurl /metrics : get", "2023-06-19"),
        role(None, "secret-reader", f"- : secrets : {READ}", "2025-12-01"),
        feeds("admin", AGGREGATE_ADMIN), feeds("edit", AGGREGATE_EDIT), feeds("view", AGGREGATE_VIEW),
        *[role(None, name, text, boot=True) for name, text in SYSTEM_ROLES.items()],
        # An aggregate that nothing feeds: the API server writes null.
        dict({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"meridian.example/freight-viewer": "true"}}]}},
             **role(None, "freight-viewer", "", "2024-06-10")),
        aggregated("view", "view", AGGREGATE_VIEW, "edit"),
    ]
    for one in sorted(cluster_roles, key=lambda r: r["metadata"]["name"]):
        one["rules"] = one["rules"] or None
        add(one)

    controller = lambda n: binding(None, f"system:controller:{n}", ("ClusterRole", f"system:controller:{n}"),
                                   [f"sa kube-system/{n}"], boot=True)
    system = lambda n, *who: binding(None, n, ("ClusterRole", n), who, boot=True)
    cluster_bindings = [
        binding(None, "agents-default-edit", ("ClusterRole", "edit"),
                ["sa agents/default", "Group system:serviceaccounts:dev"], "2025-12-01"),
        binding(None, "cluster-admin", ("ClusterRole", "cluster-admin"), ["Group system:masters"], boot=True),
        binding(None, "deployer-cluster-admin", ("ClusterRole", "cluster-admin"), ["sa ci/deployer"], "2023-05-08"),
        binding(None, "developers-view", ("ClusterRole", "view"), ["Group oidc:meridian-developers"], "2023-05-08"),
        binding(None, "dispatch-planner-escalator", ("ClusterRole", "escalator"), ["sa agents/dispatch-planner"],
                "2026-02-16"),
        binding(None, "northbeam-agent", ("ClusterRole", "northbeam-agent"), ["sa monitoring/northbeam-agent"],
                "2023-06-19"),
        binding(None, "platform-cluster-admin", ("ClusterRole", "cluster-admin"),
                ["Group oidc:meridian-platform", "User rashid.oduya@meridian.example"], "2023-05-08"),
        system("system:basic-user", "Group system:authenticated"),
        *[controller(n) for n in ("clusterrole-aggregation-controller", "generic-garbage-collector",
                                  "horizontal-pod-autoscaler", "namespace-controller", "replicaset-controller")],
        system("system:discovery", "Group system:authenticated"),
        system("system:kube-controller-manager", "User system:kube-controller-manager"),
        system("system:kube-dns", "sa kube-system/kube-dns"),
        system("system:kube-scheduler", "User system:kube-scheduler"),
        system("system:monitoring", "Group system:monitoring"),
        system("system:node"),  # no subjects at all
        system("system:node-proxier", "User system:kube-proxy"),
        system("system:public-info-viewer", "Group system:authenticated", "Group system:unauthenticated"),
        system("system:service-account-issuer-discovery", "Group system:serviceaccounts"),
    ]
    for one in cluster_bindings:
        add(one)

    # -- pods
    def pod(ns, app, suffix, sa, created, image, env=(), owner_kind="ReplicaSet", role_arn=None, automount=None,
            volumes=(), annotate=False, labels=None, legacy_token=None):
        name = f"{app}-{suffix}"
        env = [dict(e) for e in env]
        mounts, vols = [], []
        for volume, path in volumes:
            vols.append(dict(volume))
            mounts.append({"mountPath": path, "name": volume["name"], "readOnly": True})
        if role_arn:
            env += [{"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
                    {"name": "AWS_ROLE_ARN", "value": role_arn},
                    {"name": "AWS_WEB_IDENTITY_TOKEN_FILE",
                     "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}]
            vols.append({"name": "aws-iam-token", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"audience": "sts.amazonaws.com", "expirationSeconds": 86400,
                                         "path": "token"}}]}})
            mounts.append({"mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount", "name": "aws-iam-token",
                           "readOnly": True})
        if legacy_token:
            vols.append({"name": legacy_token, "secret": {"defaultMode": 420, "secretName": legacy_token}})
            mounts.append({"mountPath": "/var/run/secrets/legacy", "name": legacy_token, "readOnly": True})
        if automount is not False:
            access = "kube-api-access-" + letters(5, "access", ns, name).lower()
            vols.append({"name": access, "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                                            "path": "namespace"}]}}]}})
            mounts.append({"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": access,
                           "readOnly": True})
        container = {"image": image, "imagePullPolicy": "Always" if image.endswith(":latest") else "IfNotPresent",
                     "name": app, "resources": {}, "terminationMessagePath": "/dev/termination-log",
                     "terminationMessagePolicy": "File"}
        if env:
            container = dict({"env": env}, **container)
        if mounts:
            container["volumeMounts"] = mounts
        more = {}
        if owner_kind:
            parent = name.rsplit("-", 1)[0] if owner_kind == "ReplicaSet" else app
            more = {"generateName": parent + "-", "ownerReferences": [{
                "apiVersion": "batch/v1" if owner_kind == "Job" else "apps/v1", "blockOwnerDeletion": True,
                "controller": True, "kind": owner_kind, "name": parent, "uid": uid(owner_kind, ns, parent)}]}
        annotations = None
        if annotate:
            annotations = applied({"apiVersion": "v1", "kind": "Pod", "metadata": {
                "annotations": {}, "labels": {"app": app}, "name": name, "namespace": ns}, "spec": {
                "containers": [{"env": env, "image": image, "name": app}], "serviceAccountName": sa}})
        spec = {"containers": [container], "dnsPolicy": "ClusterFirst", "enableServiceLinks": True,
                "nodeName": f"ip-10-20-{number(1, 9, 'node', ns, name)}-{number(10, 250, 'node2', ns, name)}"
                            ".eu-west-1.compute.internal",
                "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
                "restartPolicy": "OnFailure" if owner_kind == "Job" else "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "serviceAccount": sa, "serviceAccountName": sa,
                "terminationGracePeriodSeconds": 30}
        if automount is not None:
            spec = dict({"automountServiceAccountToken": automount}, **spec)
        if vols:
            spec["volumes"] = vols
        m = meta("Pod", name, created, ns, annotations, dict({"app": app}, **(labels or {})), **more)
        add({"apiVersion": "v1", "kind": "Pod", "metadata": m, "spec": spec,
             "status": {"phase": "Running", "qosClass": "BestEffort", "startTime": m["creationTimestamp"]}})

    ecr = lambda image: f"{PROD}.dkr.ecr.eu-west-1.amazonaws.com/{image}"
    ref = lambda name, secret, key: {"name": name, "valueFrom": {"secretKeyRef": {"key": key, "name": secret}}}
    literal = lambda name, value: {"name": name, "value": value}
    shared_arn = f"arn:aws:iam::{PROD}:role/irsa-shared-agent"
    pinned = lambda image: f"{ecr(image)}@sha256:{hashlib.sha256((SEED + image).encode()).hexdigest()}"

    # One service account for three agents, and one more in another environment on the same AWS role.
    pod("agents", "customs-copilot", "7c9f6b5d48-2xkqv", "shared-agent", "2026-06-22", ecr("customs-copilot:2.1.0"),
        [literal("LOG_LEVEL", "info"), ref("OPENAI_API_KEY", "llm-keys", "openai")], role_arn=shared_arn)
    pod("agents", "support-copilot", "5d8c7f9b6-m4z7t", "shared-agent", "2026-06-18", ecr("support-copilot:latest"),
        [ref("OPENAI_API_KEY", "llm-keys", "openai")], role_arn=shared_arn)
    pod("agents", "document-summariser", "66bd9c8f5-w8r2n", "shared-agent", "2026-05-27",
        ecr("document-summariser:latest"), role_arn=shared_arn, legacy_token="shared-agent-token-x7k2p")
    pod("agents", "dispatch-planner", "0", "dispatch-planner", "2026-06-25", ecr("dispatch-planner:latest"),
        [literal("OPENAI_API_KEY", SECRETS["openai"]), literal("TRACING_SECRET_KEY", SECRETS["tracing"]),
         literal("PLANNER_AUTONOMY", "full")], owner_kind=None, annotate=True,
        role_arn=f"arn:aws:iam::{PROD}:role/irsa-dispatch-planner")
    pod("agents", "invoice-triage", "0", "invoice-triage", "2026-06-15", pinned("invoice-triage"),
        [literal("SPIFFE_ENDPOINT_SOCKET", "unix:///spiffe-workload-api/spire-agent.sock")],
        owner_kind="StatefulSet", automount=False,
        volumes=[({"name": "spiffe-workload-api", "csi": {"driver": "csi.spiffe.io", "readOnly": True}},
                  "/spiffe-workload-api")])
    pod("agents", "prompt-cache", "6f5b7d4c9-p9d3l", "default", "2026-04-02", "redis:7.2.5")
    pod("ci", "runner", "0", "deployer", "2026-05-11", ecr("gitlab-runner:16.11"),
        [ref("AWS_ACCESS_KEY_ID", "aws-creds", "AWS_ACCESS_KEY_ID"),
         ref("AWS_SECRET_ACCESS_KEY", "aws-creds", "AWS_SECRET_ACCESS_KEY")], owner_kind="StatefulSet")
    pod("dev", "support-copilot", "84d7c6f5b9-k2j8s", "shared-agent", "2026-06-26", ecr("support-copilot:latest"),
        role_arn=shared_arn)
    pod("kube-system", "coredns", "6d4b75cb6d-h8v5q", "coredns", "2026-03-23",
        "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/coredns:v1.11.4", labels={"k8s-app": "kube-dns"})
    pod("ml", "eta-inference", "79f8d5c6b4-4hb6x", "eta-inference", "2026-06-20", pinned("eta-inference"),
        role_arn=f"arn:aws:iam::{ML}:role/eta-inference-irsa")
    pod("ml", "eta-inference", "79f8d5c6b4-9tq2c", "eta-inference", "2026-06-20", pinned("eta-inference"),
        role_arn=f"arn:aws:iam::{ML}:role/eta-inference-irsa")
    pod("ml", "demand-train", "29186400-6zwvn", "svc-ml-train", "2026-06-29T02:00:04", ecr("ml-train:2026.06"),
        [ref("HF_TOKEN", "hf-token", "token")], owner_kind="Job", role_arn=f"arn:aws:iam::{ML}:role/ml-jobs-irsa")
    pod("ml", "rates-infer", "58c6d9f7b8-r5n7m", "svc-ml-infer", "2026-06-03", ecr("rates-infer:1.9.3"),
        role_arn=f"arn:aws:iam::{ML}:role/ml-jobs-irsa")
    pod("monitoring", "northbeam-agent", "x5v9d", "northbeam-agent", "2026-05-19", "northbeam/agent:7",
        owner_kind="DaemonSet")
    pod("payments", "api", "0", "api", "2026-06-10", ecr("payments-api:4.18.2"), [ref("DB_PASSWORD", "db", "password")],
        owner_kind="StatefulSet", role_arn=f"arn:aws:iam::{PROD}:role/irsa-payments")

    # -- secrets: values replaced before the export left the cluster, all but one
    def secret(ns, name, created, kind, data, annotations=None, labels=None):
        add({"apiVersion": "v1", "data": data, "kind": "Secret",
             "metadata": meta("Secret", name, created, ns, annotations, labels), "type": kind})

    def token(ns, name, sa, created, last_used):
        secret(ns, name, created, "kubernetes.io/service-account-token",
               {"ca.crt": "REDACTED", "namespace": "REDACTED", "token": "REDACTED"},
               {"kubernetes.io/service-account.name": sa,
                "kubernetes.io/service-account.uid": uid("ServiceAccount", ns, sa)},
               {"kubernetes.io/legacy-token-last-used": last_used})

    secret("agents", "llm-keys", "2025-12-01", "Opaque", {"openai": "REDACTED", "anthropic": "REDACTED"})
    token("agents", "shared-agent-token-x7k2p", "shared-agent", "2025-12-01", "2026-06-28")
    clear = {"AWS_ACCESS_KEY_ID": access_key_id(PROD + "svc-jenkins", 1), "AWS_SECRET_ACCESS_KEY": SECRETS["k8s_aws"]}
    secret("ci", "aws-creds", "2023-06-26", "Opaque", {k: b64(v) for k, v in clear.items()}, applied({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"annotations": {}, "name": "aws-creds", "namespace": "ci"},
        "stringData": clear, "type": "Opaque"}))
    token("ci", "deployer-forever", "deployer", "2023-05-08", "2026-06-28")
    secret("dev", "regcred", "2024-02-05", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": "REDACTED"})
    secret("ml", "hf-token", "2025-06-16", "Opaque", {"token": "REDACTED"})
    secret("payments", "db", "2023-05-15", "Opaque", {"password": "REDACTED", "username": "REDACTED"})

    for ns, (created, labels) in NAMESPACES.items():
        add({"apiVersion": "v1", "kind": "Namespace", "metadata": meta(
            "Namespace", ns, created, None, None, dict({"kubernetes.io/metadata.name": ns}, **labels)),
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
    for one in items:
        assert one["metadata"]["creationTimestamp"] < K8S_EXPORTED, one["metadata"]["name"]
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


# ---------------------------------------------------------------------------------------------------------------------
# Agents and their tools
# ---------------------------------------------------------------------------------------------------------------------
def claude_desktop():
    return {"mcpServers": {
        "freight-docs": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem",
                                                    "/srv/freight/documents"]},
        "rates": {"command": "uvx", "args": ["meridian-rates-mcp==2.4.1"],
                  "env": {"RATES_API_URL": "https://rates.meridian.example/v2", "RATES_API_TOKEN": "${RATES_API_TOKEN}"}},
        "github": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN",
                                                 "ghcr.io/github/github-mcp-server:latest"],
                   "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": SECRETS["github_pat"]}},
        "customs-db": {"type": "stdio", "command": "/opt/meridian/bin/customs-mcp", "args": None,
                       "env": {"PGSERVICE": "customs"}},
        "harbourwatch": {"type": "sse", "url": "https://mcp.harbourwatch.example/sse"},
    }}


def vscode():
    """VS Code accepts comments and trailing commas, so people write them."""
    digest_ = hashlib.sha256((SEED + "telematics-mcp").encode()).hexdigest()
    return f"""{{
  // Shared by the freight-platform team. Ask #ai-platform before adding a server.
  "inputs": [
    {{
      "type": "promptString",
      "id": "tracking-key",
      "description": "Key for the tracking service",
      "password": true,
    }},
  ],
  "servers": {{
    "tracking": {{
      "type": "http",
      "url": "https://mcp.tracking.meridian.example/mcp", // ours
      "headers": {{ "Authorization": "Bearer ${{input:tracking-key}}" }},
    }},
    "playwright": {{
      "type": "stdio",
      "command": "npx",
      "args": ["@playwright/mcp@0.0.41"],
    }},
    /* The fuel index is a third party; the key moves to the vault "soon". */
    "fuel-index": {{
      "type": "http",
      "url": "https://api.fuelindex.example/mcp",
      "headers": {{ "X-API-Key": "{SECRETS['fuel_index']}" }},
    }},
    "portcalls": {{
      "type": "sse",
      "url": "https://mcp.portcalls.example/sse?token={SECRETS['url_token']}&region=eu",
    }},
    "telematics": {{
      "command": "docker",
      "args": ["run", "-i", "--rm", "registry.meridian.example/telematics-mcp@sha256:{digest_}"],
      "env": {{ "TELEMATICS_TOKEN": "${{env:TELEMATICS_TOKEN}}" }},
    }},
  }},
}}
"""


def dispatch_planner():
    return {"mcpServers": {
        "dispatch-db": {"command": "uvx", "args": [
            "mcp-server-postgres", f"postgresql://planner:{SECRETS['pg_password']}@db.dispatch.meridian.example/dispatch"]},
        "llm-gateway": {"command": "uvx", "args": ["llm-gateway-mcp"],
                        "env": {"OPENAI_API_KEY": SECRETS["openai"], "OPENAI_BASE_URL": "https://llm.meridian.example/v1"}},
        "carrier-quotes": {"type": "http", "url": "https://mcp.freightquotes.example/v1/mcp",
                           "headers": {"Authorization": f"Bearer {SECRETS['bearer']}"}},
        "customs": {"type": "http", "url": "https://mcp.customs.meridian.example/mcp",
                    "headers": {"Authorization": "Bearer ${env:CUSTOMS_TOKEN}", "X-Tenant": "meridian"}},
        "weather": {"type": "streamable-http", "url": "https://weather.openmeteor.example/mcp"},
        "shell": {"command": "npx", "args": ["-y", "mcp-shell-server"]},
        "route-memory": {"command": "docker", "args": ["run", "--rm", "-i", "mcp/memory:latest"]},
        "billing": {"command": "node", "args": ["/opt/meridian/mcp/billing/index.js"],
                    "env": {"BILLING_KEY": "op://freight/billing-mcp/credential"}},
    }}


def crm_tools():
    def tool(name, description, properties, required, annotations=None, result="string"):
        one = {"name": name, "description": description, "inputSchema": {
            "properties": {k: {"title": k.replace("_", " ").title(), "type": t} for k, t in properties.items()},
            "required": required, "title": f"{name}Arguments", "type": "object"},
            "outputSchema": {"properties": {"result": {"title": "Result", "type": result}}, "required": ["result"],
                             "title": f"{name}Output", "type": "object"}}
        if annotations is not None:
            one["annotations"] = annotations
        return one

    return {
        "initialize": {"protocolVersion": "2025-11-25", "capabilities": {
            "experimental": {}, "prompts": {"listChanged": False},
            "resources": {"subscribe": False, "listChanged": False}, "tools": {"listChanged": False}},
            "serverInfo": {"name": "crm-tools", "version": "1.30.0"}},
        "tools": [
            tool("search_shipments", "Find shipments by reference, <b>consignee</b> & port.", {"q": "string"}, ["q"],
                 {"readOnlyHint": True, "openWorldHint": False}, "array"),
            tool("get_customer", "Read one customer record.", {"customer_id": "string"}, ["customer_id"],
                 {"title": "Get customer", "readOnlyHint": True}),
            tool("update_eta", "Set the expected time of arrival that customers see.",
                 {"shipment_id": "string", "eta": "string"}, ["shipment_id", "eta"],
                 {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True}),
            tool("cancel_booking", "Cancel a booking. The carrier is told at once; this cannot be undone.",
                 {"booking_id": "string"}, ["booking_id"],
                 {"title": "Cancel booking", "readOnlyHint": False, "destructiveHint": True, "idempotentHint": True,
                  "openWorldHint": True}),
            tool("issue_refund", "Pay money back to the customer's account.",
                 {"invoice_id": "string", "amount_cents": "integer"}, ["invoice_id", "amount_cents"],
                 {"readOnlyHint": False, "destructiveHint": True}),
            tool("run_sql", "Run any SQL on the CRM database.", {"sql": "string"}, ["sql"]),
        ]}


# ---------------------------------------------------------------------------------------------------------------------
# Secret scans
# ---------------------------------------------------------------------------------------------------------------------
def entropy(text):
    """Shannon entropy as a 32-bit float, written as shortly as it can be."""
    value = -sum(c / len(text) * math.log2(c / len(text)) for c in (text.count(x) for x in sorted(set(text))))
    narrow = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        short = float(f"{narrow:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", narrow):
            return short
    return narrow


def gitleaks():
    people = {"rashid": ("Rashid Oduya", "rashid.oduya@meridian.example"),
              "bram": ("Bram de Vries", "bram.devries@meridian.example"),
              "dana": ("Dana Lindqvist", "dana.lindqvist@meridian.example"),
              "bot": ("release-bot", "release-bot@meridian.example")}
    words = {
        "slack-bot-token": "Identified a Slack Bot token, which may compromise bot integrations and communication channel security.",
        "generic-api-key": "Detected a Generic API Key, potentially exposing access to various services and sensitive operations.",
        "github-pat": "Uncovered a GitHub Personal Access Token, potentially leading to unauthorized repository access and sensitive content exposure.",
        "aws-access-token": "Identified a pattern that may indicate AWS credentials, risking unauthorized cloud resource access and data breaches on AWS platforms.",
        "openai-api-key": "Found an OpenAI API Key, posing a risk of unauthorized access to AI services and data manipulation.",
        "private-key": "Identified a Private Key, which may compromise cryptographic security and sensitive data encryption.",
        "jwt": "Uncovered a JSON Web Token, which may lead to unauthorized access to web applications and sensitive user data.",
    }
    rates_key = access_key_id(PROD + "svc-rates", 0)
    s = SECRETS
    found = [  # rule, file, line, match (with {} for the secret), secret, author, day, message
        ("slack-bot-token", "slack-export/dispatch-alerts/2026-05-14.json", 1, "{}", s["slack"], "bot", "2026-05-15", "Archive #dispatch-alerts"),
        ("generic-api-key", ".gitlab-ci.yml", 14, 'AWS_SECRET_ACCESS_KEY: "{}"', s["aws_ci"], "rashid", "2024-09-02", "Deploy from CI"),
        ("generic-api-key", ".github/workflows/deploy.yml", 31, "AWS_SECRET_ACCESS_KEY: {}", s["aws_ci"], "rashid", "2024-11-18", "Move to GitHub Actions"),
        ("aws-access-token", ".github/workflows/deploy.yml", 30, "{}", rates_key, "rashid", "2024-11-18", "Move to GitHub Actions"),
        ("github-pat", "agents/dispatch-planner/.mcp.json", 17, "{}", s["github_pat"], "dana", "2026-03-11", "Planner can open pull requests"),
        ("openai-api-key", "services/dispatch/planner.py", 9, '"{}"', s["openai"], "dana", "2026-03-10", "First cut of the planner"),
        ("generic-api-key", "services/rates/config.py", 22, 'DB_PASSWORD = "{}"', s["db_password"], "bram", "2023-02-14", "Rates: local settings"),
        ("aws-access-token", "services/rates/config.py", 20, "{}", rates_key, "bram", "2023-02-14", "Rates: local settings"),
        ("generic-api-key", "services/rates/config.py", 21, 'AWS_SECRET_ACCESS_KEY = "{}"', s["aws_ci"], "bram", "2023-02-14", "Rates: local settings"),
        ("private-key", "deploy/edi/as2-signing.pem", 1, "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", s["private_key"], "rashid", "2021-10-05", "EDI: signing key for AS2"),
        ("jwt", "docs/runbooks/customs.md", 58, "{}", s["jwt"], "dana", "2025-06-23", "Runbook: how to call customs"),
        ("generic-api-key", "deploy/images/telematics/Dockerfile", 12, 'REGISTRY_PASSWORD="{}"', s["registry"], "bot", "2025-09-30", "Pull from our registry"),
        ("generic-api-key", "agents/support-copilot/claude_desktop_config.json", 21, '"CRM_CLIENT_SECRET": "{}"', s["crm"], "dana", "2026-02-24", "Support copilot: CRM tools"),
    ]
    out = []
    for rule, file, line, match, secret, author, day, message in found:
        whole = match.format(secret)
        if rule == "private-key":
            secret = whole
        commit = digest("commit", day, message).hex()[:40]
        column = number(3, 40, "column", file, str(line))
        lines = whole.count("\n")
        out.append({
            "RuleID": rule, "Description": words[rule], "StartLine": line, "EndLine": line + lines,
            "StartColumn": column, "EndColumn": column + len(whole.rsplit("\n", 1)[-1]) - 1, "Match": whole,
            "Secret": secret, "File": file, "SymlinkFile": "", "Commit": commit, "Entropy": entropy(secret),
            "Author": people[author][0], "Email": people[author][1], "Date": zulu(when(day, "commit", message)),
            "Message": message, "Tags": [], "Fingerprint": f"{commit}:{file}:{rule}:{line}"})
    return out


def detect_secrets():
    s = SECRETS
    results = {}

    def hit(file, line, secret, *types, audited=None):
        for kind in types:
            one = {"type": kind, "filename": file, "hashed_secret": sha1(secret), "is_verified": False,
                   "line_number": line}
            if audited is not None:
                one["is_secret"] = audited
            results.setdefault(file, []).append(one)

    hit(".github/workflows/publish-model.yml", 27, s["hugging_face"], "Secret Keyword")
    hit("README.md", 41, "your-api-key-here", "Secret Keyword", audited=False)
    hit("agents/eta-watch/.mcp.json", 12, s["wandb"], "Secret Keyword", "Base64 High Entropy String")
    hit("notebooks/demand_forecast.ipynb", 118, s["notebook_aws"], "AWS Access Key", "Base64 High Entropy String",
        "Secret Keyword")
    hit("notebooks/eta_training.ipynb", 64, s["openai"], "OpenAI Token", "Secret Keyword", audited=True)
    hit("notebooks/eta_training.ipynb", 71, s["wandb"], "Secret Keyword", audited=True)
    hit("pipelines/train.py", 15, s["notebook_aws"], "AWS Access Key", "Secret Keyword")
    hit("tests/fixtures/tokens.json", 3, "not-a-real-token-1", "Base64 High Entropy String", audited=False)
    hit("tests/fixtures/tokens.json", 4, "not-a-real-token-2", "Hex High Entropy String", audited=False)
    plugins = [{"name": "ArtifactoryDetector"}, {"name": "AWSKeyDetector"}, {"name": "AzureStorageKeyDetector"},
               {"name": "Base64HighEntropyString", "limit": 4.5}, {"name": "BasicAuthDetector"},
               {"name": "GitHubTokenDetector"}, {"name": "GitLabTokenDetector"},
               {"name": "HexHighEntropyString", "limit": 3.0}, {"name": "JwtTokenDetector"},
               {"name": "KeywordDetector", "keyword_exclude": ""}, {"name": "OpenAIDetector"},
               {"name": "PrivateKeyDetector"}, {"name": "SlackDetector"}, {"name": "StripeDetector"}]
    filters = [{"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
               {"path": "detect_secrets.filters.common.is_ignored_due_to_verification_policies", "min_level": 2},
               {"path": "detect_secrets.filters.heuristic.is_indirect_reference"},
               {"path": "detect_secrets.filters.heuristic.is_likely_id_string"},
               {"path": "detect_secrets.filters.heuristic.is_lock_file"},
               {"path": "detect_secrets.filters.heuristic.is_potential_uuid"},
               {"path": "detect_secrets.filters.heuristic.is_templated_secret"}]
    return {"version": "1.5.0", "plugins_used": plugins, "filters_used": filters, "results": results,
            "generated_at": "2026-06-29T16:20:11Z"}


# ---------------------------------------------------------------------------------------------------------------------
# What people wrote
# ---------------------------------------------------------------------------------------------------------------------
RUNGS_YAML = """\
# Meridian Freight, second quarter of 2026.
# Paths are relative to this file. Everything that is not named here is found by walking the folder.
organisation: Meridian Freight
as_of: 2026-06-30
claimed: 4                                # what the AI programme says of itself, on a scale of 0 to 5

engagement:
  client: Meridian Freight
  assessor: Harbour Assurance
  period: "2026-04-01..2026-06-30"
  status: draft

frameworks:
  - owasp-nhi-top10-2025
  - owasp-agentic-top10-2026
  - owasp-agentic-threats-v1.1
  - csa-maestro
  - nist-ai-rmf-1.0
  - nist-csf-2.0

# The estate as Meridian knows it, exported or not.
scopes:
  - { id: "111122223333", provider: aws, name: production }
  - { id: "444455556666", provider: aws, name: ml-prod }
  - { id: eu-prod, provider: k8s, name: EU production cluster }
  - { id: claude-desktop, provider: agent, name: managed Claude Desktop, at_most: { agent_tools: 12 } }
  - { id: vscode, provider: agent, name: VS Code of freight-platform, at_most: { agent_tools: 10 } }
  # A tool server that was asked for its tools; no client is configured on it, so nothing could leak there.
  - { id: crm-tools, provider: agent, name: CRM tool server, at_most: { credentials: 0, exposures: 0 } }
  - { id: dispatch-planner, provider: agent, name: dispatch planner, at_most: { agent_tools: 16 } }
  - { id: freight-platform, provider: code, name: freight-platform repository }
  - { id: ml-notebooks, provider: code, name: ml-notebooks repository }
  # Of what follows, exports show a part. The owners of each say how much there is at most; what is missing is unknown.
  - { id: invoice-triage, provider: agent, name: invoice triage, at_most: { credentials: 1, exposures: 0, agents: 1, agent_tools: 2 } }
  - { id: customs-copilot, provider: agent, name: customs copilot, at_most: { credentials: 2, exposures: 2, agents: 2, agent_tools: 3 } }
  - { id: support-copilot, provider: agent, name: support copilot, at_most: { credentials: 1, exposures: 1, agents: 1, agent_tools: 7 } }
  - { id: dispatch-team, provider: agent, name: team of the dispatch planner, at_most: { credentials: 4, exposures: 2, agents: 2, agent_tools: 5 } }
  - { id: eta-inference, provider: agent, name: model service for times of arrival, at_most: { credentials: 1, exposures: 0, agents: 1, agent_tools: 3 } }
  - { id: dispatch-agents, provider: code, name: dispatch-agents repository }
  - { id: "@TENANT@", provider: azure, name: Meridian's tenant, at_most: { entitlements: 24, trusts: 8 } }
  - { id: meridian-freight-ml, provider: gcp, name: machine learning, at_most: { credentials: 12, entitlements: 26, trusts: 4 } }
  - { id: meridian-freight, provider: github, name: GitHub organisation, at_most: { identities: 18, credentials: 22, entitlements: 44, trusts: 6 } }
  # Only the variables of its pipelines were to be had.
  - { id: meridian/tracking, provider: gitlab, name: tracking on GitLab, at_most: { identities: 6, credentials: 12 } }
  - { id: meridian.example, provider: spire, name: trust domain of the agents }
  - { id: prod.meridian.example, provider: spire, name: older trust domain }
  - { id: vault.meridian.example, provider: vault, name: Vault, at_most: { identities: 20, credentials: 26, entitlements: 40, trusts: 12 } }
  - { id: agent-tools, provider: policy, name: Cedar policies of the agents' tools, at_most: { decisions: 20 } }
  - { id: tool-gateway, provider: policy, name: OPA in the tool gateway, at_most: { policy_points: 1 } }
  # Nobody could export the analytics project. Its owner says how much it holds at most; all of that counts as unknown.
  - id: meridian-analytics
    provider: gcp
    name: analytics
    at_most: { identities: 12, credentials: 40, entitlements: 30, trusts: 4 }
  - id: legacy-dc
    provider: okta
    name: legacy data centre
    excluded:
      reason: switched off on 2026-05-31, no system signs in any more
      approver: Sigrid Aalto, CIO

# Only for files that do not say it themselves.
sources:
  - { path: aws/production, scope_id: "111122223333" }
  - { path: aws/ml, scope_id: "444455556666" }
  - { path: kubernetes/eu-prod.json, scope_id: eu-prod, as_of: 2026-06-29 }
  - { path: agents/claude-desktop/mcp.json, scope_id: claude-desktop, as_of: 2026-06-29 }
  - { path: agents/vscode/mcp.json, scope_id: vscode, as_of: 2026-06-29 }
  - { path: agents/crm-tools/tools-list.json, scope_id: crm-tools, as_of: 2026-06-29 }
  - { path: agents/dispatch-planner/mcp.json, scope_id: dispatch-planner, as_of: 2026-06-29 }
  - { path: scans/freight-platform/gitleaks.json, scope_id: freight-platform, as_of: 2026-06-29 }
  - { path: scans/ml-notebooks/detect-secrets.baseline.json, scope_id: ml-notebooks }
  - { path: kubernetes/audit.ndjson, scope_id: eu-prod, as_of: 2026-06-29 }
  - { path: agents/invoice-triage, scope_id: invoice-triage, as_of: 2026-06-29 }
  - { path: agents/customs-copilot, scope_id: customs-copilot, as_of: 2026-06-29 }
  - { path: agents/support-copilot, scope_id: support-copilot, as_of: 2026-06-29 }
  - { path: agents/dispatch-team, scope_id: dispatch-team, as_of: 2026-06-29 }
  - { path: agents/eta-inference, scope_id: eta-inference }
  - { path: scans/dispatch-agents, scope_id: dispatch-agents, as_of: 2026-06-29 }
  - { path: azure, scope_id: "@TENANT@", as_of: 2026-06-30 }
  - { path: gcp/meridian-freight-ml, scope_id: meridian-freight-ml, as_of: 2026-06-30 }
  - { path: github/meridian-freight, scope_id: meridian-freight, as_of: 2026-06-29 }
  - { path: gitlab/tracking, scope_id: meridian/tracking, as_of: 2026-06-29 }
  - { path: spire/meridian.example, scope_id: meridian.example, as_of: 2026-06-29 }
  - { path: spire/prod.meridian.example, scope_id: prod.meridian.example, as_of: 2026-06-29 }
  - { path: vault, scope_id: vault.meridian.example, as_of: 2026-06-29 }
  - { path: policy/agent-tools, scope_id: agent-tools, as_of: 2026-06-29 }
  - { path: policy/tool-gateway, scope_id: tool-gateway, as_of: 2026-06-29 }
  - { path: register.csv, as_of: 2026-06-29 }

# What the AI programme uses, where no export says it.
ai:
  identities:
    - "identity_name LIKE 'agent-%'"
    - "identity_name LIKE 'svc-ml-%'"
  none:
    - "identity_name IN ('svc-mainframe-bridge', 'svc-old-mailer', 'svc-backup', 'svc-labels', 'svc-fuel-cards')"
  scopes: ["444455556666", meridian-freight-ml]

parameters:
  max_idle_days: 60

waivers:
  - check: credential.long-lived
    where: "identity_name = 'svc-mainframe-bridge'"
    reason: the mainframe's job scheduler cannot reload a key; it is replaced in August
    approver: Sigrid Aalto, CIO
    from: 2026-04-01
    expiry: 2026-09-30
  # Nobody renewed this one; it no longer counts.
  - check: identity.owned
    where: "identity_name = 'svc-old-mailer'"
    reason: an owner is being looked for
    approver: Sigrid Aalto, CIO
    from: 2025-12-01
    expiry: 2026-05-31

answers: questionnaire.yaml
"""

QUESTIONNAIRE_YAML = """\
# What no export can show, answered by people at Meridian Freight. One entry an answer:
#   question, scope (optional), answer: fully | largely | partially | not | not-applicable,
#   answered_by, role, answered_at, expires_at, evidence_ref, evidence_sha256, comment
# An answer without a name and a date is kept, but counts as unattested.
answers: []
"""

INTERVIEW = """\
Interview, 17 June 2026, 10:00-11:05
Present: Sigrid Aalto (CIO), Amelia Hart (platform), Ines Carvalho (finance AI), for Harbour Assurance: J. Okonjo

- The AI programme reports itself at level 4. Asked for the basis: a self-assessment from January, no evidence kept.
- Dispatch planner: "autonomous since March". It books carriers without a person in between, up to a limit that is
  written in its prompt. Nobody could say which role it runs under; Amelia believes it is an administrator "for now".
- The three copilots share one service account because "it was there". Same role in dev.
- Rashid Oduya left at the end of November. His services were handed to "data"; nobody changed the tags. Whether his
  access key still works: nobody knew.
- Pallas ETL has had no contract since 2025. The role is still there, to be checked.
- The analytics project in Google Cloud belongs to the commercial department. No export to be had before July.
- Access reviews: yearly, last one in October 2025, people only.
"""


# ---------------------------------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------------------------------
def files():
    prod, ml = production(), ml_prod()
    # A root user who still signs in, and one of a member account without a password.
    prod_root = [offset("2013-05-14T09:02:11"), "not_supported", offset("2024-02-11T21:47:36"), "not_supported",
                 "not_supported", "true"]
    ml_root = [zulu("2023-09-11T08:30:00"), "not_supported", "no_information", "not_supported", "not_supported",
               "false"]
    report = ml.credential_report(zulu, ml_root).encode()
    return {
        "rungs.yaml": RUNGS_YAML.replace("@TENANT@", TENANT),
        "questionnaire.yaml": QUESTIONNAIRE_YAML,
        "aws/production/credential-report.csv": prod.credential_report(offset, prod_root),
        "aws/production/account-authorization-details.json":
            dumped(prod.authorization_details(offset, encode=False, with_aws_managed=True)),
        "aws/production/access-keys.ndjson": lines(prod.access_keys(offset)),
        "aws/production/access-key-last-used.ndjson": lines(prod.access_key_last_used(offset)),
        "aws/ml/credential-report.json": dumped({"Content": base64.b64encode(report).decode(),
                                                 "ReportFormat": "text/csv", "GeneratedTime": offset(EXPORTED)}),
        "aws/ml/account-authorization-details.json":
            dumped(ml.authorization_details(zulu, encode=True, with_aws_managed=False), indent=2),
        "kubernetes/eu-prod.json": dumped(cluster()),
        "agents/claude-desktop/mcp.json": dumped(claude_desktop(), indent=2),
        "agents/vscode/mcp.json": vscode(),
        "agents/crm-tools/tools-list.json": dumped(crm_tools(), indent=2),
        "agents/dispatch-planner/mcp.json": dumped(dispatch_planner(), indent=2),
        "scans/freight-platform/gitleaks.json": dumped(gitleaks(), indent=1),
        "scans/ml-notebooks/detect-secrets.baseline.json": dumped(detect_secrets(), indent=2),
        "notes/interview-2026-06-17.txt": INTERVIEW,
        **entra.files(), **google.files(), **github.files(), **workloads.files(), **policies.files(),
        **agents.files(), **findings.files(), **people.files(),
    }


def main():
    here = Path(__file__).resolve().parent
    arguments = argparse.ArgumentParser(description="Write the sample exports of Meridian Freight.")
    arguments.add_argument("--out", type=Path, default=here / "2026-q2", help="folder to rebuild")
    arguments.add_argument("--canaries", type=Path, help="file for the list of planted secrets")
    given = arguments.parse_args()

    content = files()
    kept = given.out / "questionnaire.yaml"
    if kept.exists():
        content["questionnaire.yaml"] = kept.read_text(encoding="utf-8")
    if given.out.exists():
        shutil.rmtree(given.out)
    for name, text in content.items():
        path = given.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    assert len(set(SECRETS.values())) == len(SECRETS) and all("CANARY" in s for s in SECRETS.values())
    if given.canaries:
        given.canaries.write_text("".join(s + "\n" for s in list(SECRETS.values()) + ENCODED), encoding="utf-8")


if __name__ == "__main__":
    main()
