//! Built-in roles of Azure and of the directory by their ids, and what each amounts to, since exports name a
//! role and never say what it allows. Ids and names as Microsoft publishes them; the verdicts are ours. What is
//! not here stays unknown.

use super::grants::Verdict;

/// How much a role of Azure gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// Everything, grants included.
    Everything,
    /// Everything but grants. Whoever may run something as any managed identity can become each of them.
    AllButGrants,
    /// Grants: their holder can give itself any role on the same resources.
    Grants,
    /// The same, and every action on access besides.
    Access,
    /// A whole service, in which its holder can run code as identities that the service carries, or open what
    /// they guard.
    Runs,
    /// A whole service.
    Service,
    /// Named actions.
    Named,
}

use Power::*;

const AZURE: &[(&str, &str, Power)] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", Everything),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", AllButGrants),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", Access),
    ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", Grants),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", Named),
    // Compute and what runs code.
    ("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", "Virtual Machine Contributor", Runs),
    ("1c0163c0-47e6-4577-8991-ea5c82e286e4", "Virtual Machine Administrator Login", Runs),
    ("de139f84-1756-47ae-9be6-808fbbe84772", "Website Contributor", Runs),
    ("87a39d53-fc1b-424a-814c-f7e04687dc9e", "Logic App Contributor", Runs),
    ("f353d9bd-d4a6-484e-a77a-8050b599b867", "Automation Contributor", Runs),
    ("ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8", "Azure Kubernetes Service Contributor Role", Runs),
    ("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8", "Azure Kubernetes Service Cluster Admin Role", Runs),
    ("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Azure Kubernetes Service RBAC Cluster Admin", Runs),
    ("4abbcc35-e782-43d8-92c5-2d3f1bd2253f", "Azure Kubernetes Service Cluster User Role", Named),
    ("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", Runs),
    // Assigning an identity is not enough without something that runs.
    ("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", Named),
    // Secrets and keys.
    ("f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", Runs),
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator", Service),
    ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer", Service),
    ("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User", Named),
    ("a4417e6f-fecd-4de8-b567-7b0420556985", "Key Vault Certificates Officer", Service),
    ("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer", Service),
    ("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User", Named),
    ("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader", Named),
    // Storage, messages, registries, networks.
    ("17d1049b-9a84-46fb-8f53-869881c3d3ab", "Storage Account Contributor", Service),
    ("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner", Service),
    ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor", Named),
    ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader", Named),
    ("974c5e8b-45b9-4653-ba55-5f855dd0fb88", "Storage Queue Data Contributor", Named),
    ("090c5cfd-751d-490a-894a-3ce6f1109419", "Azure Service Bus Data Owner", Service),
    ("f526a384-b230-433a-b45c-95f59c4a2dec", "Azure Event Hubs Data Owner", Service),
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", Named),
    ("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush", Named),
    ("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", Service),
    // Models and search.
    ("5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "Cognitive Services OpenAI User", Named),
    ("a001fd3d-188f-4b5d-821b-7da978bf7442", "Cognitive Services OpenAI Contributor", Named),
    ("a97b65f3-24c7-4388-baec-2e87135dc908", "Cognitive Services User", Service),
    ("25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68", "Cognitive Services Contributor", Service),
    ("53ca6127-db72-4b80-b1b0-d745d6d5456d", "Foundry User", Service),
    ("1407120a-92aa-4202-b7e9-c0e197c71c8f", "Search Index Data Reader", Named),
    ("8ebe5a00-799e-43f5-93ac-243d3dce84a7", "Search Index Data Contributor", Service),
    ("7ca78c08-252a-4471-8644-bb5ff32d4ba0", "Search Service Contributor", Service),
    // Watching.
    ("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", Named),
    ("3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher", Named),
    ("73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader", Named),
    ("39bc4728-0917-49c7-9d2c-d95423bc2eb4", "Security Reader", Named),
];

/// A role of Azure: its name, and what it amounts to on a scope.
pub(super) fn azure_role(id: &str, is_wide: bool, is_conditioned: bool) -> Option<(&'static str, Verdict)> {
    let (_, name, power) = AZURE.iter().find(|(known, ..)| *known == id)?;
    let can_escalate = match power {
        // On one resource group or resource there is nothing more to be had than what they hold.
        Everything | AllButGrants | Runs => Some(is_wide),
        // A condition may keep the strong roles out of reach; what it says is not weighed.
        Grants | Access => (!is_conditioned).then_some(true),
        Service | Named => Some(false),
    };
    let verdict = Verdict {
        is_admin: Some(*power == Everything && is_wide),
        is_wildcard_action: Some(!matches!(power, Grants | Named)),
        is_wildcard_resource: Some(is_wide),
        can_escalate,
    };
    Some((name, verdict))
}

/// What a role of the directory lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Everything.
    Tenant,
    /// It can hand out roles, or take over accounts and applications that hold them, its own rights included.
    More,
    /// Neither.
    Own,
}

use Reach::{More, Own, Tenant as All};

const DIRECTORY: &[(&str, &str, Reach)] = &[
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", All),
    // Roles, sign-in and federation of everybody.
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator", More),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator", More),
    ("e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", "Partner Tier2 Support", More),
    ("8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Hybrid Identity Administrator", More),
    ("8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator", More),
    ("be2f45a1-457d-42af-a067-6ec1fa63bc45", "External Identity Provider Administrator", More),
    // Credentials of applications.
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator", More),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator", More),
    ("db506228-d27e-4b7d-95e5-295956d6615f", "Agent ID Administrator", More),
    // Passwords of other people, members of groups.
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator", More),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator", More),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", More),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator", More),
    ("4ba39ca4-527c-499a-b93d-d9b492c50246", "Partner Tier1 Support", More),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator", More),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers", More),
    ("45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "Identity Governance Administrator", More),
    ("59d46f88-662b-457b-bceb-5c3809e5908f", "Lifecycle Workflows Administrator", More),
    // Scripts on the devices of everybody.
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator", More),
    // Services and reading.
    ("cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer", Own),
    ("d2562ede-74db-457e-a7b6-544e236ebb61", "AI Administrator", Own),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator", Own),
    ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator", Own),
    ("69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator", Own),
    ("b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator", Own),
    ("4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator", Own),
    ("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator", Own),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", Own),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader", Own),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", Own),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", Own),
    ("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "Message Center Reader", Own),
];

/// A role of the directory: its name, and what it amounts to on the whole tenant or on a part of it.
pub(super) fn directory_role(id: &str, is_wide: bool) -> Option<(&'static str, Verdict)> {
    let (_, name, reach) = DIRECTORY.iter().find(|(known, ..)| *known == id)?;
    let verdict = Verdict {
        is_admin: Some(*reach == All && is_wide),
        is_wildcard_action: Some(*reach == All),
        is_wildcard_resource: Some(is_wide),
        can_escalate: Some(*reach != Own && is_wide),
    };
    Some((name, verdict))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::is_guid;
    use super::*;

    #[test]
    fn ids_are_ids_and_stand_once() {
        let ids: Vec<&str> = AZURE.iter().map(|(id, ..)| *id).chain(DIRECTORY.iter().map(|(id, ..)| *id)).collect();
        assert!(ids.iter().all(|id| is_guid(id)), "{ids:?}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }

    #[test]
    fn powers_depend_on_how_far_they_reach() {
        let of = |id: &str, is_wide, is_conditioned| {
            let (name, verdict) = azure_role(id, is_wide, is_conditioned).unwrap();
            (name, verdict.is_admin, verdict.can_escalate, verdict.is_wildcard_action)
        };
        let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        assert_eq!(of(owner, true, false), ("Owner", Some(true), Some(true), Some(true)));
        assert_eq!(of(owner, false, false), ("Owner", Some(false), Some(false), Some(true)));
        let grants = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
        assert_eq!(of(grants, false, false).2, Some(true));
        assert_eq!(of(grants, false, true).2, None, "what a condition allows is not weighed");
        assert_eq!(azure_role("00000000-0000-4000-8000-000000000000", true, false), None);
        let (_, verdict) = directory_role("158c047a-c907-4556-b7ef-446551a6b5f7", false).unwrap();
        assert_eq!((verdict.is_admin, verdict.can_escalate), (Some(false), Some(false)), "one application only");
    }
}
