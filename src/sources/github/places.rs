//! Where secret scanning of GitHub found a secret: a line of a commit or wiki, or something that people wrote in an
//! issue, pull request or discussion. One place has one id, whichever export names it.

use serde::Deserialize;

use super::repository_in;
use crate::sources::hash;
use crate::sources::scanners::location::kind_of;

/// What the API says of a place; each kind of place gives some of it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Details {
    path: Option<String>,
    start_line: Option<u64>,
    start_column: Option<u64>,
    blob_url: Option<String>,
    commit_url: Option<String>,
    page_url: Option<String>,
    issue_title_url: Option<String>,
    issue_body_url: Option<String>,
    issue_comment_url: Option<String>,
    discussion_title_url: Option<String>,
    discussion_body_url: Option<String>,
    discussion_comment_url: Option<String>,
    pull_request_title_url: Option<String>,
    pull_request_body_url: Option<String>,
    pull_request_comment_url: Option<String>,
    pull_request_review_url: Option<String>,
    pull_request_review_comment_url: Option<String>,
}

/// A place where a secret was found.
pub(super) struct Place {
    /// `git_history`, `ticket`, `wiki`, ... as the inventory calls it.
    pub kind: &'static str,
    /// File and line, or address.
    what: String,
    /// `owner/name`, where an address tells it.
    pub repository: Option<String>,
    column: Option<u64>,
}

impl Details {
    /// The place, if the details name one.
    pub fn place(&self) -> Option<Place> {
        if let Some(path) = self.path.as_deref().filter(|path| !path.is_empty()) {
            let path = path.trim_start_matches('/');
            let line = self.start_line.map(|line| format!(":{line}")).unwrap_or_default();
            let kind = match self.page_url {
                Some(_) => "wiki",
                // Scanning covers the whole history.
                None => kind_of(path).unwrap_or("git_history"),
            };
            let urls = [&self.commit_url, &self.blob_url, &self.page_url];
            let repository = urls.into_iter().flatten().find_map(|url| repository_in(url));
            return Some(Place { kind, what: format!("{path}{line}"), repository, column: self.start_column });
        }
        let urls = [
            &self.issue_title_url,
            &self.issue_body_url,
            &self.issue_comment_url,
            &self.discussion_title_url,
            &self.discussion_body_url,
            &self.discussion_comment_url,
            &self.pull_request_title_url,
            &self.pull_request_body_url,
            &self.pull_request_comment_url,
            &self.pull_request_review_url,
            &self.pull_request_review_comment_url,
        ];
        // An issue's title and its body have the same address.
        let what =
            if self.issue_title_url.is_some() || self.pull_request_title_url.is_some() { " (title)" } else { "" };
        let url = urls.into_iter().flatten().find(|url| !url.is_empty())?;
        let what = format!("{url}{what}");
        Some(Place { kind: "ticket", what, repository: repository_in(url), column: None })
    }
}

impl Place {
    /// A place of which only the repository and a name are known.
    pub fn named(what: String, repository: Option<String>) -> Self {
        Self { kind: "other", what, repository, column: None }
    }

    /// The place for people. Many repositories have a file of the same name, so that a file alone would not do.
    pub fn location(&self) -> String {
        match &self.repository {
            Some(repository) if !self.what.contains("://") => format!("{repository}: {}", self.what),
            _ => self.what.clone(),
        }
    }

    /// The id of what was found there.
    pub fn exposure_id(&self, scope: &str) -> String {
        let repository = self.repository.as_deref().unwrap_or_default().to_lowercase();
        let column = self.column.map(|column| column.to_string()).unwrap_or_default();
        hash::row_id(&["github", scope, &repository, &self.what, &column])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(json: &str) -> Option<(&'static str, String, Option<String>)> {
        let details: Details = serde_json::from_str(json).unwrap();
        details.place().map(|place| (place.kind, place.location(), place.repository))
    }

    #[test]
    fn every_kind_of_place_is_named() {
        let web = Some("acme/web".to_owned());
        for (json, kind, location) in [
            (
                r#"{"path": "/src/a.py", "start_line": 3, "commit_url": "https://api.github.com/repos/acme/web/git/commits/1"}"#,
                "git_history",
                "acme/web: src/a.py:3",
            ),
            (
                r#"{"path": ".github/workflows/a.yml", "blob_url": "https://api.github.com/repos/acme/web/git/blobs/1"}"#,
                "ci_config",
                "acme/web: .github/workflows/a.yml",
            ),
            (
                r#"{"path": "Home.md", "start_line": 1, "page_url": "https://github.com/acme/web/wiki/Home/1"}"#,
                "wiki",
                "acme/web: Home.md:1",
            ),
            (
                r#"{"issue_comment_url": "https://api.github.com/repos/acme/web/issues/comments/7"}"#,
                "ticket",
                "https://api.github.com/repos/acme/web/issues/comments/7",
            ),
            (
                r#"{"issue_title_url": "https://api.github.com/repos/acme/web/issues/7"}"#,
                "ticket",
                "https://api.github.com/repos/acme/web/issues/7 (title)",
            ),
            (
                r#"{"discussion_body_url": "https://github.com/acme/web/discussions/8#discussion-1"}"#,
                "ticket",
                "https://github.com/acme/web/discussions/8#discussion-1",
            ),
        ] {
            assert_eq!(place(json), Some((kind, location.to_owned(), web.clone())), "{json}");
        }
        assert_eq!(place("{}"), None);
        assert_eq!(place(r#"{"path": "", "issue_body_url": ""}"#), None);
    }

    #[test]
    fn two_secrets_on_one_line_are_two() {
        let at = |column: u64| {
            let json = format!(r#"{{"path": "a.py", "start_line": 1, "start_column": {column}}}"#);
            serde_json::from_str::<Details>(&json).unwrap().place().unwrap().exposure_id("acme")
        };
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(9));
    }
}
