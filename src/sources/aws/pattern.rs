//! The wildcards of IAM: `*` for any text and `?` for any character, in actions and in ARNs. Knows nothing of
//! statements.

/// Whether the pattern stands for everything.
pub(super) fn is_everything(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// Whether the text holds a wildcard at all.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether the pattern covers an action; case does not count in actions.
pub(super) fn covers_action(pattern: &str, action: &str) -> bool {
    covers(pattern.as_bytes(), action.as_bytes(), u8::eq_ignore_ascii_case)
}

/// Whether the pattern covers an ARN.
pub(super) fn covers_arn(pattern: &str, arn: &str) -> bool {
    covers(pattern.as_bytes(), arn.as_bytes(), u8::eq)
}

/// Whether an ARN leaves the account open: its account is a wildcard, or it has none and its resource is one.
pub(super) fn is_open_arn(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':').skip(4);
    match (parts.next(), parts.next()) {
        (Some(""), resource) => resource.is_none_or(is_everything),
        (Some(account), _) => has_wildcard(account),
        (None, _) => has_wildcard(pattern),
    }
}

/// The usual match with one point to fall back to: the latest `*` takes in one more byte.
fn covers(pattern: &[u8], text: &[u8], is_same: fn(&u8, &u8) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut fallback: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), text.get(seen)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                at += 1;
                fallback = Some((at, seen));
            }
            (Some(wanted), Some(byte)) if is_same(wanted, byte) || *wanted == b'?' => {
                at += 1;
                seen += 1;
            }
            _ => match fallback {
                Some((after_star, taken)) if taken < text.len() => {
                    fallback = Some((after_star, taken + 1));
                    at = after_star;
                    seen = taken + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_iam_does() {
        for (pattern, action, expected) in [
            ("*", "iam:PassRole", true),
            ("iam:*", "iam:PassRole", true),
            ("IAM:pass*", "iam:PassRole", true),
            ("iam:*Role", "iam:PassRole", true),
            ("iam:Pas?Role", "iam:PassRole", true),
            ("iam:*Role*Role", "iam:PassRole", false),
            ("iam:Get*", "iam:PassRole", false),
            ("s3:*", "iam:PassRole", false),
            ("iam:PassRole", "iam:PassRoles", false),
            ("", "iam:PassRole", false),
            ("**", "iam:PassRole", true),
        ] {
            assert_eq!(covers_action(pattern, action), expected, "{pattern}");
        }
        assert!(!covers_arn("arn:aws:iam::1:user/A*", "arn:aws:iam::1:user/ab"), "case counts in ARNs");
    }

    #[test]
    fn an_open_arn_names_no_account() {
        for (arn, open) in [
            ("arn:aws:bedrock:eu-west-1:111122223333:agent/*", false),
            ("arn:aws:bedrock:*:*:agent/*", true),
            ("arn:aws:s3:::bucket", false),
            ("arn:aws:s3:::*", true),
            ("arn:aws:*", true),
            ("*", true),
        ] {
            assert_eq!(is_open_arn(arn), open, "{arn}");
        }
    }
}
