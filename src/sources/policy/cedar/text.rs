//! Cedar's syntax, as far as one must know it to cut a file into policies and a policy into scope and conditions:
//! strings, comments, brackets and semicolons.

/// One piece of source text that is neither blank nor comment.
enum Token<'a> {
    /// A string with its quotes.
    Quoted(&'a str),
    /// Any other character.
    Character(char),
    /// Blanks and comments.
    Gap,
}

/// Hands out tokens from left to right, each with the offset behind it.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..)?;
        let first = rest.chars().next()?;
        let (token, length) = if first.is_whitespace() {
            (Token::Gap, rest.len() - rest.trim_start().len())
        } else if rest.starts_with("//") {
            (Token::Gap, rest.find('\n').unwrap_or(rest.len()))
        } else if first == '"' {
            let length = quoted_length(rest);
            (Token::Quoted(rest.get(..length).unwrap_or(rest)), length)
        } else {
            (Token::Character(first), first.len_utf8())
        };
        self.at += length;
        Some((token, self.at))
    }
}

/// Bytes of the string at the start of the text, to its end where it has none.
fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The policies of a file, each with the number of the line that it starts in, and what is left after the last
/// semicolon.
pub(super) fn policies(text: &str) -> (Vec<(usize, &str)>, &str) {
    let mut found = Vec::new();
    let mut start = None;
    let mut line = 1;
    let mut counted = 0;
    let mut before = 0;
    for (token, after) in (Tokens { text, at: 0 }) {
        match token {
            Token::Gap => {}
            Token::Quoted(_) | Token::Character(_) => {
                let from = *start.get_or_insert(before);
                if matches!(token, Token::Character(';')) {
                    line += text.get(counted..from).unwrap_or_default().matches('\n').count();
                    counted = from;
                    found.push((line, text.get(from..after).unwrap_or_default()));
                    start = None;
                }
            }
        }
        before = after;
    }
    (found, start.and_then(|from| text.get(from..)).unwrap_or_default())
}

/// Where in an annotation the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Annotation {
    /// In none.
    None,
    /// In its name.
    Name,
    /// After its name.
    Named,
    /// In its brackets.
    Value,
}

/// The conditions of a policy in one line, without comments: what follows its scope, up to the semicolon.
pub(super) fn conditions(policy: &str) -> String {
    let mut shown = String::new();
    let mut depth = 0_usize;
    let mut is_past_scope = false;
    let mut annotation = Annotation::None;
    for (token, _) in (Tokens { text: policy, at: 0 }) {
        match (token, annotation) {
            (Token::Gap, _) if is_past_scope && (shown.is_empty() || shown.ends_with(' ')) => {}
            (Token::Gap, _) if is_past_scope => shown.push(' '),
            (Token::Quoted(text), _) if is_past_scope => shown.push_str(text),
            (Token::Character(character), _) if is_past_scope => shown.push(character),
            (Token::Gap, Annotation::Name) => annotation = Annotation::Named,
            (Token::Character('@'), Annotation::None) => annotation = Annotation::Name,
            (Token::Character('('), _) => {
                depth += 1;
                if annotation != Annotation::None {
                    annotation = Annotation::Value;
                }
            }
            (Token::Character(')'), _) => {
                depth = depth.saturating_sub(1);
                // The brackets of annotations come before those of the scope.
                is_past_scope = depth == 0 && annotation != Annotation::Value;
                if depth == 0 {
                    annotation = Annotation::None;
                }
            }
            // An annotation without a value ends where another word begins.
            (Token::Character(_), Annotation::Named) => annotation = Annotation::None,
            _ => {}
        }
    }
    shown.trim_end().trim_end_matches(';').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_at_semicolons_that_end_a_policy() {
        let text = "// a; b\n@id(\"x;y\")\npermit (principal, action, resource)\nwhen { a == \"\\\";\" };\n\nforbid (b); // end;\n";
        let (found, rest) = policies(text);
        let first = "@id(\"x;y\")\npermit (principal, action, resource)\nwhen { a == \"\\\";\" };";
        assert_eq!(found, [(2, first), (6, "forbid (b);")]);
        assert_eq!(rest, "");
        assert_eq!(policies("permit (a);\npermit (b").1, "permit (b");
        assert_eq!(policies("// only\n").0.len(), 0);
    }

    #[test]
    fn conditions_follow_the_scope() {
        for (policy, expected) in [
            ("permit (principal, action, resource);", ""),
            (
                "@id(\"a)(\")\npermit (principal, action in [A::\"(x)\"], resource)\nwhen {\n  a ==  \"b  c\" // why\n};",
                "when { a == \"b  c\" }",
            ),
            ("@a permit (principal, action, resource) when { (b) };", "when { (b) }"),
            (
                "@a(\"1\")@b(\"2\") forbid(principal, action, resource) when { f(x) } unless { y };",
                "when { f(x) } unless { y }",
            ),
        ] {
            assert_eq!(conditions(policy), expected, "{policy}");
        }
    }
}
