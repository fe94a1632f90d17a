//! Reading YAML that people wrote: one place for limits, and for turning the parser's error into a fault
//! that points at the line.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Diagnostic, Place, SourceFile};

/// Largest YAML file that is read, in bytes. Catalogs are under 100 kB; what is larger is not meant.
pub const MAX_YAML_BYTES: usize = 16 * 1024 * 1024;

/// Reads one YAML document.
///
/// # Errors
/// A fault with code `yaml/invalid` that points at the line, for text that is no YAML, breaks the parser's
/// budget (alias bombs, extreme nesting) or does not have the shape of `T`.
pub fn read<T: DeserializeOwned>(file: &Arc<SourceFile>) -> Result<T, Box<Diagnostic>> {
    if file.text().len() > MAX_YAML_BYTES {
        return Err(Box::new(
            Diagnostic::error("yaml/too-large", "this YAML file is larger than 16 MiB")
                .at(Place::Path(file.name().to_owned()))
                .help("split it, or check that it is the file you meant"),
        ));
    }
    serde_saphyr::from_str(file.text()).map_err(|error| Box::new(explain(file, &error)))
}

fn explain(file: &Arc<SourceFile>, error: &serde_saphyr::Error) -> Diagnostic {
    let error = error.without_snippet();
    let text = error.to_string();
    // The parser repeats the place at the end of its message; the fault carries it already.
    let message = text.split(" at line ").next().unwrap_or(&text);
    let message = message.lines().next().unwrap_or(message).trim_end_matches('.');
    let place = match error.location() {
        Some(location) => {
            let line = usize::try_from(location.line()).unwrap_or(1);
            let column = usize::try_from(location.column()).unwrap_or(1);
            let start = file.offset(line, column);
            Place::Span(Arc::clone(file), file.to_line_end(start))
        }
        None => Place::Path(file.name().to_owned()),
    };
    let mut characters = message.chars();
    let lowered =
        characters.next().map(|first| first.to_lowercase().chain(characters).collect::<String>()).unwrap_or_default();
    Diagnostic::error("yaml/invalid", lowered).at(place)
}
