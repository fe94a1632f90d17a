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
        let mut group = match &fault.place {
            Some(Place::Span(file, range)) => Group::with_title(title).element(
                Snippet::source(file.text()).path(file.name()).annotation(AnnotationKind::Primary.span(range.clone())),
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

/// Names in exports may hold control characters; a terminal must not obey them.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
