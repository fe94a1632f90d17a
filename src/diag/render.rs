//! Faults as text with the line they point at. The only user of the snippet library.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer as Snippets, Snippet};

use super::{Diagnostic, Place, Severity};

/// Turns faults into text for a person.
#[derive(Debug, Clone, Copy)]
pub struct Renderer {
    color: bool,
}

impl Renderer {
    /// With or without terminal colours.
    #[must_use]
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    /// One fault as text: what, where, the line itself where there is one, and what to do.
    #[must_use]
    pub fn text(&self, fault: &Diagnostic) -> String {
        let level = match fault.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let message = printable(&fault.message);
        let title = level.primary_title(message.as_str()).id(fault.code);
        let place = fault.place.as_ref().map(Place::describe).map(|place| printable(&place));
        let source = match &fault.place {
            Some(Place::Span(file, _)) => printable_in_place(file.text()),
            _ => String::new(),
        };
        let mut group = match &fault.place {
            Some(Place::Span(file, range)) => Group::with_title(title).element(
                Snippet::source(source.as_str())
                    .path(file.name())
                    .annotation(AnnotationKind::Primary.span(range.clone())),
            ),
            Some(_) => {
                Group::with_title(title).element(annotate_snippets::Origin::path(place.as_deref().unwrap_or_default()))
            }
            None => Group::with_title(title),
        };
        let help = fault.help.as_deref().map(printable);
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if self.color { Snippets::styled() } else { Snippets::plain() };
        renderer.render(&[group])
    }
}

/// Text that a terminal only shows: names in exports may hold characters that it would obey, or that turn the
/// direction of writing.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// The same with every character as long in bytes as the one it stands for, so that places stay right.
fn printable_in_place(text: &str) -> String {
    let shown = |c: char| match c.len_utf8() {
        1 => ' ',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    text.chars().map(|c| if !matches!(c, '\n' | '\r' | '\t') && is_obeyed(c) { shown(c) } else { c }).collect()
}

fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_and_places_stay_right() {
        let text = "a\u{1b}[31m\u{9b}2J\u{202e}b\n";
        assert_eq!(printable(text), "a\u{fffd}[31m\u{fffd}2J\u{fffd}b\n");
        let in_place = printable_in_place(text);
        assert_eq!(in_place, "a [31m\u{bf}2J\u{fffd}b\n");
        assert_eq!(in_place.len(), text.len());
    }
}
