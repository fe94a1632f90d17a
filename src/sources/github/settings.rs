//! Settings of GitHub that are no inventory: they name no identity, credential or agent. Says why, so that nobody
//! wonders what became of the file.

use crate::sources::{Probe, api};

/// Why a file of settings is not read, where it is one.
pub(super) fn why_not(probe: &Probe<'_>) -> Option<String> {
    let has = |key: &str| probe.has_key(key);
    let reason = if has("default_workflow_permissions") {
        "default rights of the workflow token: a setting that names neither the repository nor an identity, so that \
         nothing can be said of whose rights they are"
    } else if has("allowed_actions") || has("enabled_repositories") || has("sha_pinning_required") {
        "which actions may run: a setting that says nothing of identities or of what they hold"
    } else if api::is_page(probe, "environments") {
        "deployment environments and who approves them: pipelines are no agents, so that the inventory has no place \
         for their approvals; secrets of an environment are read from `gh api /repos/ORG/REPO/environments/NAME/secrets`"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn settings_are_told_why_they_are_not_read() {
        let why = |text: &str| why_not(&Probe::of(Path::new("a.json"), text.as_bytes()));
        for (text, start) in [
            (r#"{"default_workflow_permissions": "read"}"#, "default rights"),
            (r#"{"enabled_repositories": "all", "allowed_actions": "selected"}"#, "which actions"),
            (r#"{"total_count": 1, "environments": [{"name": "staging"}]}"#, "deployment environments"),
        ] {
            assert!(why(text).unwrap().starts_with(start), "{text}");
        }
        assert_eq!(why(r#"{"environments": {}}"#), None);
        assert_eq!(why("[]"), None);
    }
}
