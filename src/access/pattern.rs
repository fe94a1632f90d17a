//! Wildcard patterns as IAM and federation subjects use them: `*` for any run of characters, `?` for one.

/// Whether a pattern covers a text, without regard to case.
pub(super) fn covers(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stood, and how much of the text it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expected) if expected == character || *expected == '?' => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    star = Some((at, swallowed + 1));
                    p = at + 1;
                    t = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("sts:*", "sts:AssumeRole", true),
            ("sts:Assume?ole", "sts:assumerole", true),
            ("sts:*", "s3:GetObject", false),
            ("arn:aws:iam::1:role/a*b*c", "arn:aws:iam::1:role/axxbyyc", true),
            ("arn:aws:iam::1:role/a*b*c", "arn:aws:iam::1:role/axxbyyd", false),
            ("system:serviceaccount:*:api", "system:serviceaccount:payments:api", true),
            ("", "x", false),
        ] {
            assert_eq!(covers(pattern, text), expected, "{pattern} {text}");
        }
    }
}
