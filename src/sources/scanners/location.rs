//! What kind of place a file is, told from its path, and the id of a secret found there: the same for every
//! scanner, so that two of them that find one secret report one exposure.

use crate::sources::hash;

/// A path without the `./` that some scanners put before it, so that one file has one name.
pub(super) fn clean(path: &str) -> &str {
    let mut path = path.trim();
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    path
}

/// A URL without a name and password in it, which clone URLs carry; any other text as it is.
pub(super) fn without_login(url: &str) -> String {
    let host = || {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (_, host) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://{host}{path}"))
    };
    host().unwrap_or_else(|| url.to_owned())
}

/// The provider and the kind of place that the link to a message, ticket or page leads to.
pub(super) fn kind_of_link(link: &str) -> Option<(&'static str, &'static str)> {
    let (_, rest) = link.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_lowercase();
    if host.ends_with(".slack.com") || host == "teams.microsoft.com" {
        Some(("messaging", "messaging"))
    } else if path.contains("browse/") {
        Some(("ticket", "ticket"))
    } else if path.contains("wiki/") || host.starts_with("confluence.") || host.starts_with("wiki.") {
        Some(("wiki", "wiki"))
    } else {
        None
    }
}

/// The kind of place, where the path tells more than that it is code.
pub(in crate::sources) fn kind_of(path: &str) -> Option<&'static str> {
    let path = path.replace('\\', "/").to_lowercase();
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let (name, folders) = steps.split_last()?;
    if is_ci(name, folders) {
        Some("ci_config")
    } else if is_agent_config(name) {
        Some("agent_config")
    } else if is_image(name) {
        Some("image")
    } else {
        is_export_of_talk(name, folders)
    }
}

fn is_ci(name: &str, folders: &[&str]) -> bool {
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let starts = |start: &str| yaml && name.starts_with(start);
    folders.windows(2).any(|pair| pair == [".github", "workflows"] || pair == [".github", "actions"])
        || folders.contains(&".circleci")
        || starts(".gitlab-ci")
        || starts("azure-pipelines")
        || starts("bitbucket-pipelines")
        || starts(".travis")
        || name == "jenkinsfile"
        || name.starts_with("jenkinsfile.")
        || name.ends_with(".jenkinsfile")
}

fn is_agent_config(name: &str) -> bool {
    let is_mcp = name.trim_start_matches('.').starts_with("mcp") && name.ends_with(".json");
    is_mcp
        || matches!(name, "claude_desktop_config.json" | ".claude.json" | "cline_mcp_settings.json" | "opencode.json")
}

fn is_image(name: &str) -> bool {
    ["dockerfile", "containerfile"]
        .iter()
        .any(|kind| name == *kind || name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.')))
        || name.ends_with(".dockerfile")
}

/// Exports of chat and ticket systems that lie in a repository. `src/slack/client.py` is code: only a folder
/// that says that it is an export counts, or Slack's own form, a file a day under the channel.
fn is_export_of_talk(name: &str, folders: &[&str]) -> Option<&'static str> {
    let export_of = |system: &str| {
        folders.iter().any(|step| step.contains(system) && (step.contains("export") || step.contains("dump")))
    };
    let is_day = name.strip_suffix(".json").is_some_and(|day| {
        day.len() == 10
            && day.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
    });
    let in_slack = is_day && folders.iter().any(|step| step.contains("slack"));
    if in_slack || ["slack", "teams", "discord", "mattermost"].into_iter().any(export_of) {
        Some("messaging")
    } else if export_of("jira") || name.starts_with("issue_") || name.starts_with("discussion_") {
        Some("ticket")
    } else if export_of("confluence") || export_of("wiki") || folders.iter().any(|step| step.ends_with(".wiki")) {
        Some("wiki")
    } else {
        None
    }
}

/// The id of a secret at a place. The hash that all scanners can give is the SHA-1; where the value was blacked
/// out, the rule that found it stands for it. The commit is no part of it: a secret stays in its place.
pub(super) fn exposure_id(scope: &str, location: &str, rule: &str, sha1: Option<&str>) -> String {
    hash::row_id(&[scope, location, sha1.unwrap_or(rule)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_places_apart() {
        for (path, kind) in [
            (".github/workflows/deploy.yml", Some("ci_config")),
            ("web/.github/workflows/deploy.yml", Some("ci_config")),
            (".gitlab-ci.yml", Some("ci_config")),
            ("Jenkinsfile", Some("ci_config")),
            ("ci/Jenkinsfile.release", Some("ci_config")),
            (".circleci/config.yml", Some("ci_config")),
            ("azure-pipelines.yml", Some("ci_config")),
            ("bitbucket-pipelines.yml", Some("ci_config")),
            ("agents/.mcp.json", Some("agent_config")),
            (".vscode\\mcp.json", Some("agent_config")),
            ("x/claude_desktop_config.json", Some("agent_config")),
            ("Dockerfile", Some("image")),
            ("api/Dockerfile.prod", Some("image")),
            ("slack-export/general/2026-05-02.json", Some("messaging")),
            ("backup/slack/general/2026-05-02.json", Some("messaging")),
            ("Teams Export/a.html", Some("messaging")),
            ("jira-export/ACME-1.xml", Some("ticket")),
            ("exports/issue_comment.json", Some("ticket")),
            ("confluence_export/page.html", Some("wiki")),
            ("src/slack/client.py", None),
            ("src/config.py", None),
            ("docs/dockerfile-guide.md", None),
            ("mcp/server.py", None),
            ("", None),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }

    #[test]
    fn links_lead_to_talk_tickets_and_pages() {
        for (link, kind) in [
            ("https://acme.slack.com/archives/C0/p1", Some("messaging")),
            ("https://teams.microsoft.com/l/message/1", Some("messaging")),
            ("https://acme.atlassian.net/browse/OPS-1", Some("ticket")),
            ("https://acme.atlassian.net/wiki/spaces/A/pages/1", Some("wiki")),
            ("https://example.com/web/blob/main/a.py", None),
            ("src/browse/a.py", None),
        ] {
            assert_eq!(kind_of_link(link).map(|(_, kind)| kind), kind, "{link}");
        }
    }

    #[test]
    fn clone_urls_lose_their_password() {
        assert_eq!(without_login("https://x:CANARY@example.com/web.git"), "https://example.com/web.git");
        assert_eq!(without_login("https://CANARY@example.com?a=b@c"), "https://example.com?a=b@c");
        assert_eq!(without_login("https://example.com/@scope/web"), "https://example.com/@scope/web");
        assert_eq!(without_login("git@example.com:acme/web"), "git@example.com:acme/web");
        assert_eq!(without_login("src/a@b.py"), "src/a@b.py");
    }

    #[test]
    fn a_file_has_one_name() {
        assert_eq!(clean("./src/a.py"), "src/a.py");
        assert_eq!(clean("././a"), "a");
        assert_eq!(clean(".github/a"), ".github/a");
        assert_eq!(clean("../a"), "../a");
    }

    #[test]
    fn one_secret_at_one_place_has_one_id() {
        let id = exposure_id("web", "a.py:1", "generic-api-key", Some("sha1:00"));
        assert_eq!(id, exposure_id("web", "a.py:1", "Secret Keyword", Some("sha1:00")));
        assert_ne!(id, exposure_id("api", "a.py:1", "generic-api-key", Some("sha1:00")));
        assert_ne!(id, exposure_id("web", "a.py:2", "generic-api-key", Some("sha1:00")));
        assert_ne!(exposure_id("web", "a", "one", None), exposure_id("web", "a", "two", None));
    }
}
