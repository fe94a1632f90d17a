//! `report.md`: for pull requests and wikis. Also how any text is written so that Markdown shows it as it is.

use std::io::Write;

use super::text::visible;
use super::{Error, Input, Report, document, template};

/// The report as Markdown.
pub struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "md"
    }

    fn file(&self) -> &'static str {
        "report.md"
    }

    fn about(&self) -> &'static str {
        "summary, tables and plan for a wiki or pull request"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let document = document::build(input.record, input.templates)?;
        let text = input.templates.render("markdown/report.md.jinja", &document, template::as_markdown())?;
        out.write_all(text.as_bytes())?;
        Ok(())
    }
}

/// Text that Markdown shows as it is. Beside markup, what viewers add of their own is kept from happening: links
/// made of bare addresses, people called by `@name`, formulas between `$`, placeholders of site generators.
pub(super) fn escape(text: &str) -> String {
    let shown = visible(text);
    let mut escaped = String::with_capacity(shown.len());
    let mut characters = shown.chars().peekable();
    let mut before: Option<char> = None;
    let mut only_digits = true;
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let is_markup = match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' | '{' | '}' => true,
            // These make lists, headings and rules, but only where a line begins.
            '-' | '+' | '=' => before.is_none(),
            ')' => before.is_some() && only_digits && next.is_none_or(char::is_whitespace),
            '.' => {
                (before.is_some() && only_digits && next.is_none_or(char::is_whitespace)) || escaped.ends_with("www")
            }
            ':' => next == Some('/'),
            _ => false,
        };
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A backslash does not keep a viewer from calling somebody, a character between does.
            '@' if before.is_none_or(|before| !before.is_alphanumeric()) => escaped.push_str("@\u{200b}"),
            character => {
                if is_markup {
                    escaped.push('\\');
                }
                escaped.push(character);
            }
        }
        only_digits &= character.is_ascii_digit();
        before = Some(character);
    }
    escaped
}

/// A name as a code span. Where it holds what would end the span or the cell of a table, it is escaped instead.
pub(super) fn code(text: &str) -> String {
    let shown = visible(text);
    let shown = shown.trim();
    if shown.is_empty() || shown.contains(['`', '|', '{', '}']) { escape(shown) } else { format!("`{shown}`") }
}

#[cfg(test)]
mod tests {
    use comrak::{Options, markdown_to_html};

    use super::*;

    const NAMES: [&str; 14] = [
        "<script>alert(1)</script>",
        "a|b *c* _d_ ~~e~~ `f`",
        "[x](javascript:alert(1)) ![y](http://z)",
        "http://example.com/?a=b&c=d and www.example.com",
        "# heading",
        "- item",
        "+ item",
        "1. item",
        "2) item",
        "=====",
        "\\| \\<b>",
        "&lt;b&gt;",
        "| a | b |",
        "{{ site.title }} $x$",
    ];

    fn html(markdown: &str) -> String {
        let mut options = Options::default();
        options.extension.table = true;
        options.extension.strikethrough = true;
        options.extension.autolink = true;
        options.extension.tasklist = true;
        options.render.r#unsafe = true;
        markdown_to_html(markdown, &options)
    }

    fn text(html: &str) -> String {
        html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn names_are_shown_as_they_are_wherever_they_stand() {
        for name in NAMES {
            assert_eq!(text(&html(&escape(name))), format!("<p>{name}</p>\n"));
            assert_eq!(text(&html(&format!("- {}", escape(name)))), format!("<ul>\n<li>{name}</li>\n</ul>\n"));
        }
    }

    #[test]
    fn names_stay_in_their_cell() {
        for name in NAMES {
            for written in [escape(name), code(name)] {
                let table = html(&format!("| a | b |\n|---|---|\n| {written} | end |\n"));
                let shown = text(&table).replace("<code>", "").replace("</code>", "");
                assert!(shown.contains(&format!("<td>{name}</td>\n<td>end</td>")), "{shown}");
            }
        }
    }

    #[test]
    fn nobody_is_called_and_no_formula_begins() {
        assert_eq!(escape("ask @admin, not a@b.example"), "ask @\u{200b}admin, not a@b.example");
        assert_eq!(escape("$x$ {{ y }}"), "\\$x\\$ \\{\\{ y \\}\\}");
        assert_eq!(escape("12.5 hours"), "12.5 hours");
        assert_eq!(code("@admin"), "`@admin`");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(code(""), "");
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(escape("line\nbreak"), "line break");
        assert_eq!(code("line\nbreak"), "`line break`");
    }
}
