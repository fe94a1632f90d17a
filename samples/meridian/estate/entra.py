"""Microsoft Entra ID and Azure: one tenant, one subscription."""
from .kit import *  # noqa: F403

FOLDER = f"azure/{TENANT}"
GRAPH = "https://graph.microsoft.com/v1.0/$metadata#"
MICROSOFT, MICROSOFT_GRAPH = "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "00000003-0000-0000-c000-000000000000"
NORTHBEAM_TENANT, HAULWISE_TENANT = uid("tenant", "northbeam"), uid("tenant", "haulwise")

# Built-in roles that are in use, by their ids, which are the same in every tenant.
ROLES = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Cognitive Services OpenAI User": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
}


def app_id(name):
    return uid("entra-app-id", name)


def object_id(name):
    """Of the service principal; the application has another one."""
    return uid("entra-sp", name)


def identity(name):
    """How the inventory calls a service principal."""
    return f"entra:{TENANT}:sp:{object_id(name)}"


def user(who, enabled=True):
    first, last = who.split(".")
    return {"@odata.type": "#microsoft.graph.user", "id": uid("entra-user", who), "accountEnabled": enabled,
            "displayName": f"{first.title()} {last.title()}", "mail": mail(who), "userPrincipalName": mail(who)}


def secret(app, name, start, end, hint):
    start = when(start, "entra-secret", app, name)
    return {"customKeyIdentifier": None, "displayName": name, "endDateTime": zulu(end if "T" in end else end + start[10:]),
            "hint": hint, "keyId": uid("entra-secret", app, name), "secretText": None, "startDateTime": zulu(start)}


def certificate(app, name, start, end):
    start = when(start, "entra-cert", app, name)
    return {"customKeyIdentifier": sha1(app + name).upper(), "displayName": name, "endDateTime": zulu(end + start[10:]),
            "key": None, "keyId": uid("entra-cert", app, name), "startDateTime": zulu(start),
            "type": "AsymmetricX509Cert", "usage": "Verify"}


# name: (created, owners, passwords, certificates, more)
APPS = {
    # The copilot's secret of 2024 ran out; the next one holds for two years. It is the one that gitleaks found in git.
    "support-copilot": ("2024-01-22", [user("greta.weiss")], [
        secret("support-copilot", "pilot", "2024-01-22", "2025-01-22", "p7K"),
        secret("support-copilot", "crm tools", "2026-02-23", "2028-02-23", SECRETS["crm"][:3])], [],
        dict(notes="AI copilot of the support desk")),
    "customs-copilot": ("2026-01-19", [user("dana.lindqvist")], [], [], dict(notes="AI copilot for declarations")),
    "tariff-scraper": ("2023-05-30", [], [secret("tariff-scraper", "default", "2023-05-30", "2299-12-31T00:00:00",
                                                 "Qx8")], [], {}),
    "terraform-azure": ("2022-03-14", [user("rashid.oduya", enabled=False)], [], [
        certificate("terraform-azure", "CN=terraform-azure", "2025-07-28", "2026-07-28")], {}),
    "freight-platform-deploy": ("2025-09-22", [user("amelia.hart"), user("elena.rossi")], [], [],
                                dict(serviceManagementReference="MRDN-PLATFORM")),
    "invoice-archive": ("2024-10-14", [user("ines.carvalho")], [
        secret("invoice-archive", "rotated 2026-05", "2026-05-11", "2026-08-11", "0aR")], [], {}),
    "legacy-crm-bridge": ("2020-09-07", [user("chidi.okafor")], [
        secret("legacy-crm-bridge", "2020", "2020-09-07", "2022-09-07", "9.f"),
        secret("legacy-crm-bridge", "2022", "2022-08-29", "2024-08-29", "hH~"),
        secret("legacy-crm-bridge", "2024", "2024-08-19", "2026-08-19", "u2_")], [],
        dict(audience="AzureADMultipleOrgs")),
}


def applications():
    out = []
    for name, (created, owners, passwords, certificates, more) in APPS.items():
        oid = uid("entra-app", name)
        out.append({
            "id": oid, "appId": app_id(name), "applicationTemplateId": None,
            "createdDateTime": zulu(when(created, "entra-app", name)), "deletedDateTime": None, "description": None,
            "disabledByMicrosoftStatus": None, "displayName": name,
            "identifierUris": [f"api://{app_id(name)}"] if name.endswith("copilot") else [],
            "isFallbackPublicClient": None, "notes": more.get("notes"), "publisherDomain": "meridian.example",
            "serviceManagementReference": more.get("serviceManagementReference"),
            "signInAudience": more.get("audience", "AzureADMyOrg"), "tags": [], "addIns": [],
            "api": {"acceptMappedClaims": None, "knownClientApplications": [], "requestedAccessTokenVersion": 2,
                    "oauth2PermissionScopes": [], "preAuthorizedApplications": []},
            "appRoles": [], "keyCredentials": certificates, "passwordCredentials": passwords,
            "requiredResourceAccess": [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [
                {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]}],
            "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
            "owners@odata.context": f"{GRAPH}applications('{oid}')/owners(id,accountEnabled,displayName,mail,"
                                    "userPrincipalName)",
            "owners": owners})
    return {"@odata.context": f"{GRAPH}applications(owners())", "value": out}


def service_principals():
    out = []

    def add(name, aid, kind="Application", home=TENANT, created="2024-01-01", enabled=True, alternative=(), tags=(),
            keys=(), passwords=(), publisher=None, audience="AzureADMyOrg", notes=None, oid=None):
        out.append({
            "id": oid or object_id(name), "accountEnabled": enabled, "alternativeNames": list(alternative),
            "appDisplayName": name if kind != "ManagedIdentity" else None, "appDescription": None, "appId": aid,
            "applicationTemplateId": None, "appOwnerOrganizationId": home if kind != "ManagedIdentity" else None,
            "appRoleAssignmentRequired": False, "createdDateTime": zulu(when(created, "entra-sp", name)),
            "deletedDateTime": None, "description": None, "disabledByMicrosoftStatus": None, "displayName": name,
            "homepage": None, "loginUrl": None, "notes": notes, "notificationEmailAddresses": [],
            "preferredSingleSignOnMode": None, "replyUrls": [], "servicePrincipalNames": [aid, *alternative[1:]],
            "servicePrincipalType": kind, "signInAudience": audience if kind != "ManagedIdentity" else None,
            "tags": list(tags), "tokenEncryptionKeyId": None, "addIns": [], "appRoles": [],
            "info": {"logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None,
                     "termsOfServiceUrl": None},
            "keyCredentials": list(keys), "oauth2PermissionScopes": [], "passwordCredentials": list(passwords),
            "resourceSpecificApplicationPermissions": [],
            "verifiedPublisher": {"displayName": publisher, "verifiedPublisherId": publisher and "7700001",
                                  "addedDateTime": publisher and "2022-11-14T10:00:00Z"}})

    integrated = ["WindowsAzureActiveDirectoryIntegratedApp"]
    for name, (created, _, _, _, more) in APPS.items():
        legacy = name == "legacy-crm-bridge"
        add(name, app_id(name), created=created, tags=integrated, notes=more.get("notes"),
            audience=more.get("audience", "AzureADMyOrg"), kind="Legacy" if legacy else "Application",
            # Made with `az ad sp create-for-rbac` of old: a secret on the principal, not on the application.
            passwords=[secret(name, "rbac", "2020-09-07", "2299-12-31T00:00:00", None)] if legacy else ())
    group = f"/subscriptions/{SUBSCRIPTION}/resourcegroups"
    # Certificates of managed identities are Azure's own: it renews them.
    add("document-summariser", app_id("document-summariser"), "ManagedIdentity", created="2025-12-03", alternative=[
        "isExplicit=True", f"{group}/agents-prod/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
                           "document-summariser"],
        keys=[certificate("document-summariser", f"CN={app_id('document-summariser')}", "2026-05-18", "2026-08-16")])
    add("vm-edi-gateway", app_id("vm-edi-gateway"), "ManagedIdentity", created="2023-02-20", alternative=[
        "isExplicit=False", f"{group}/freight-prod/providers/Microsoft.Compute/virtualMachines/vm-edi-gateway"],
        keys=[certificate("vm-edi-gateway", f"CN={app_id('vm-edi-gateway')}", "2026-04-27", "2026-07-26")])
    add("Northbeam Telemetry Connector", app_id("northbeam"), home=NORTHBEAM_TENANT, created="2022-12-05",
        tags=integrated, publisher="Northbeam Telemetry", audience="AzureADMultipleOrgs")
    add("Haulwise Carrier Portal", app_id("haulwise"), home=HAULWISE_TENANT, created="2024-02-05", enabled=False,
        tags=integrated, audience="AzureADandPersonalMicrosoftAccount")
    add("Microsoft Graph", MICROSOFT_GRAPH, home=MICROSOFT, created="2019-01-07", audience="AzureADMultipleOrgs",
        oid=uid("entra-sp", "microsoft-graph"))
    return {"@odata.context": f"{GRAPH}servicePrincipals", "value": out}


def federated(app, *entries):
    """`az ad app federated-credential list`; the answer does not say which app it was asked about, so it is put in."""
    return [{"appId": app_id(app), "audiences": ["api://AzureADTokenExchange"], "description": text,
             "id": uid("federated", app, name), "issuer": f"https://{issuer}", "name": name, "subject": subject}
            for name, issuer, subject, text in entries]


def role_assignments():
    subscription = f"/subscriptions/{SUBSCRIPTION}"
    group = lambda name: f"{subscription}/resourceGroups/{name}"
    openai = f"{group('agents-prod')}/providers/Microsoft.CognitiveServices/accounts/meridian-openai"
    storage = f"{group('freight-prod')}/providers/Microsoft.Storage/storageAccounts/meridianedi"
    admin = uid("entra-user", "amelia.hart")
    out = []

    def add(who, role, scope, created, kind="ServicePrincipal", principal=None, shown=None, condition=None,
            description=None, by=admin):
        principal = principal or object_id(who)
        name = uid("role-assignment", who, role, scope)
        moment = micros(when(created, "role-assignment", who, role), who) + "+00:00"
        out.append({
            "condition": condition, "conditionVersion": "2.0" if condition else None, "createdBy": by,
            "createdOn": moment, "delegatedManagedIdentityResourceId": None, "description": description,
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name,
            "principalId": principal, "principalName": app_id(who) if shown is None else shown, "principalType": kind,
            "resourceGroup": scope.split("/")[4] if scope.count("/") >= 4 else None,
            "roleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}",
            "roleDefinitionName": role, "scope": scope,
            "type": "Microsoft.Authorization/roleAssignments", "updatedBy": by, "updatedOn": moment})
        if not out[-1]["resourceGroup"]:
            del out[-1]["resourceGroup"]

    person = lambda who: dict(kind="User", principal=uid("entra-user", who), shown=mail(who))
    add("terraform-azure", "Owner", subscription, "2022-03-14", description="bootstrap")
    add("freight-platform-deploy", "Contributor", group("freight-prod"), "2025-09-22")
    add("support-copilot", "Cognitive Services OpenAI User", openai, "2026-01-28")
    add("support-copilot", "Key Vault Secrets User", subscription, "2026-02-24", description="until the vaults are split")
    add("customs-copilot", "Cognitive Services OpenAI User", openai, "2026-01-26")
    add("customs-copilot", "User Access Administrator", group("agents-prod"), "2026-03-02", condition=(
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/"
        "roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {" + ROLES["Storage Blob Data Reader"] + "}))"))
    add("document-summariser", "Cognitive Services OpenAI User", openai, "2025-12-03")
    add("document-summariser", "Storage Blob Data Reader", storage, "2025-12-03")
    add("vm-edi-gateway", "Storage Blob Data Contributor", storage, "2023-02-20")
    add("invoice-archive", "Storage Blob Data Contributor", f"{storage}/blobServices/default/containers/invoices",
        "2024-10-14")
    add("tariff-scraper", "Contributor", group("rates-staging"), "2023-05-30")
    add("legacy-crm-bridge", "Contributor", subscription, "2020-09-07")
    add("northbeam", "Reader", subscription, "2022-12-05", principal=object_id("Northbeam Telemetry Connector"))
    # The principal is deleted; the assignment stayed. The leaver's account is only disabled.
    add("pallas-etl", "Contributor", group("pallas-etl"), "2023-07-03", shown="")
    add("rashid.oduya", "Owner", group("data-lake"), "2021-11-08", **person("rashid.oduya"))
    add("amelia.hart", "Owner", subscription, "2021-03-01", by=None, **person("amelia.hart"))
    add("elena.rossi", "User Access Administrator", "/", "2022-05-16", **person("elena.rossi"))
    add("meridian-developers", "Reader", subscription, "2021-03-01", kind="Group",
        principal=uid("entra-group", "meridian-developers"), shown="meridian-developers")
    return out


def sign_ins():
    """By appId. Activity as a resource is no use by the app itself: only the client's counts."""
    out = []
    for name, client, resource in [
            ("support-copilot", "2026-06-29", "2026-06-29"), ("customs-copilot", "2026-06-29", None),
            ("terraform-azure", "2026-06-26", None), ("freight-platform-deploy", "2026-06-28", None),
            ("invoice-archive", "2026-06-29", None), ("legacy-crm-bridge", "2025-04-07", "2026-06-19"),
            ("document-summariser", "2026-06-29", None), ("vm-edi-gateway", "2026-06-29", None),
            ("northbeam", "2026-06-29", None)]:
        seen = lambda day, kind: {
            "lastSignInDateTime": zulu(when(day, "sign-in", name, kind)) if day else None,
            "lastSignInRequestId": uid("sign-in", name, kind) if day else None}
        none = seen(None, "")
        ours, theirs = seen(client, "client"), seen(resource, "resource")
        last = max((ours, theirs), key=lambda one: one["lastSignInDateTime"] or "")
        out.append({
            "id": b64(app_id(name)), "appId": app_id(name), "lastSignInActivity": last,
            "delegatedClientSignInActivity": none, "delegatedResourceSignInActivity": none,
            "applicationAuthenticationClientSignInActivity": ours,
            "applicationAuthenticationResourceSignInActivity": theirs})
    return {"@odata.context": "https://graph.microsoft.com/beta/$metadata#reports/servicePrincipalSignInActivities",
            "value": out}


def files():
    account = lambda ns, name: f"system:serviceaccount:{ns}:{name}"
    repo = f"repo:{GITHUB_ORG}/freight-platform"
    return {
        f"{FOLDER}/service-principals.json": dumped(service_principals(), indent=2),
        f"{FOLDER}/applications.json": dumped(applications(), indent=2),
        f"{FOLDER}/federated-credentials-freight-platform-deploy.json": dumped(federated(
            "freight-platform-deploy",
            ("production", GITHUB, f"{repo}:environment:production", "deploys from GitHub"),
            ("pull-requests", GITHUB, f"{repo}:pull_request", "previews")), indent=2),
        f"{FOLDER}/federated-credentials-customs-copilot.json": dumped(federated(
            "customs-copilot",
            ("eu-prod-agents", EKS, account("agents", "shared-agent"), None),
            ("eu-prod-dev", EKS, account("dev", "shared-agent"), "for tests")), indent=2),
        f"{FOLDER}/role-assignments.json": dumped(role_assignments(), indent=2),
        f"{FOLDER}/service-principal-sign-in-activities.json": dumped(sign_ins(), indent=2),
    }
