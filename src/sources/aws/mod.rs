//! Exports of Amazon Web Services: IAM, its policies and its access keys.

pub mod access_key_last_used;
pub mod access_keys;
pub mod authorization_details;
mod condition;
pub mod credential_report;
mod escalation;
mod grants;
mod holdings;
mod managed;
mod pattern;
mod policy;
pub mod secrets_manager;
mod tags;
mod trust_policy;

pub(super) use trust_policy::canonical;

use crate::config::Moment;
use crate::inventory::column::Word;

/// Provider of everything here.
const PROVIDER: &str = "aws";
/// Since when IAM records the last use of access keys.
const KEY_TRACKING: &str = "2015-04-22T00:00:00Z";

/// The account number in an ARN.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    if parts.next()? != "arn" {
        return None;
    }
    parts.nth(3).filter(|account| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The partition in an ARN: `aws`, `aws-cn`, `aws-us-gov`.
fn partition_of(arn: &str) -> &str {
    arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws")
}

/// What stands for a user whose ARN is not known; the views replace it by the user of that name.
fn user_alias(account: &str, name: &str) -> String {
    format!("aws:{account}:user:{name}")
}

/// What a missing last use means: *never* only where the thing is younger than the record of use.
fn use_state(last_used: Option<Moment>, created: Option<Moment>, tracking: Moment) -> Word {
    Word::from(match (last_used, created) {
        (Some(_), _) => "used",
        (None, Some(created)) if created >= tracking => "never",
        _ => "none_in_window",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arns_with_an_account_name_one() {
        assert_eq!(account_of("arn:aws:iam::111122223333:user/people/alice"), Some("111122223333"));
        assert_eq!(account_of("arn:aws:iam::aws:policy/AdministratorAccess"), None);
        assert_eq!(account_of("alice"), None);
    }

    #[test]
    fn never_needs_a_record_that_reaches_back_far_enough() {
        let moment = |text| Moment::parse(text).unwrap();
        let tracking = moment(KEY_TRACKING);
        assert_eq!(use_state(None, Some(moment("2020-01-01")), tracking), Word::from("never"));
        assert_eq!(use_state(None, Some(moment("2013-01-01")), tracking), Word::from("none_in_window"));
        assert_eq!(use_state(None, None, tracking), Word::from("none_in_window"));
        assert_eq!(use_state(Some(tracking), None, tracking), Word::from("used"));
    }
}
