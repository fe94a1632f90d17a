//! What every export of roles writes of one: who may become it, and the session that they are then given. Knows
//! nothing of what a role may do.

use serde::Deserialize;

use super::answers::{Stamp, past};
use super::trust_policy::Way;
use super::{PROVIDER, use_state};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Trust};
use crate::sources::{Broken, Input, Output, Reject, hash};

/// How far back IAM looks for the last use of a role.
const WINDOW_DAYS: i64 = 400;

/// When a role was last used, as IAM prints it; an empty object where it was not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleLastUsed {
    last_used_date: Option<Stamp>,
    region: Option<String>,
}

/// When a role was last used, and since when that is recorded.
#[derive(Debug, Default)]
pub(super) struct LastUse {
    pub at: Option<Moment>,
    pub state: Option<Word>,
    pub since: Option<Moment>,
    pub region: Option<String>,
}

impl LastUse {
    /// Reads it. Lists of roles leave the whole object out: nothing is known then.
    pub(super) fn read(
        used: Option<&RoleLastUsed>,
        created_at: Moment,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<Self, Reject> {
        let Some(used) = used else { return Ok(Self::default()) };
        let at = past("LastUsedDate", used.last_used_date.as_ref(), locator, out)?;
        let since = input.as_of.map(|as_of| as_of.plus_days(-WINDOW_DAYS));
        let state = match since {
            Some(since) => use_state(at, Some(created_at), since),
            None => use_state(at, None, created_at),
        };
        Ok(Self { at, state: Some(state), since, region: used.region.clone() })
    }
}

/// A role, as far as ways into it are concerned.
pub(super) struct Role<'a> {
    pub arn: &'a str,
    pub account: &'a str,
    pub created_at: Moment,
    pub last_use: &'a LastUse,
    /// Longest session that the role allows, where the export says so.
    pub max_session_seconds: Option<i64>,
    pub locator: &'a str,
    pub input: &'a Input,
}

impl Role<'_> {
    /// Writes a trust for each way in, and the session that all of them lead to.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub(super) fn write(&self, ways: Vec<Way>, out: &mut Output) -> Result<(), Broken> {
        if !ways.is_empty() {
            out.push(self.session())?;
        }
        for way in ways {
            out.push(self.trust(way))?;
        }
        Ok(())
    }

    /// The session that anybody who may assume the role is given. It ends within twelve hours at most,
    /// whatever the role's own limit.
    fn session(&self) -> Credential {
        Credential {
            credential_id: format!("{}#session", self.arn),
            identity_id: Some(self.arn.to_owned()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(self.account)),
            kind: Word::from("role_session"),
            lifetime: Some(Word::from("ephemeral")),
            status: Some(Word::from("active")),
            never_expires: Some(false),
            ttl_seconds: self.max_session_seconds,
            last_used_at: self.last_use.at,
            last_used_state: self.last_use.state.clone(),
            last_used_by: self.last_use.region.clone(),
            tracking_since: self.last_use.since,
            storage: Some(Word::from("none")),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Credential::default()
        }
    }

    fn trust(&self, way: Way) -> Trust {
        Trust {
            trust_id: trust_id(self.arn, &way),
            identity_id: self.arn.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(self.account)),
            kind: Word::from(way.kind),
            issuer: way.issuer,
            subject: way.subject,
            audience: way.audience,
            subject_constrained: way.subject_constrained,
            subject_wildcard: way.subject_wildcard,
            audience_constrained: way.audience_constrained,
            external_scope: way.external_scope,
            // Which accounts belong to the estate is not known while a file is read.
            external_party: None,
            external_id: way.external_id,
            condition: Some(way.condition),
            created_at: Some(self.created_at),
            last_used_at: self.last_use.at,
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
        }
    }
}

/// The id of a trust: the same way into the same role has the same one, whatever export shows it.
pub(super) fn trust_id(role: &str, way: &Way) -> String {
    hash::row_id(&[role, way.kind, &way.principal, &way.condition])
}
