//! Templates and report texts: those inside the binary, each replaced by a file of the same name in the user's
//! folder where there is one.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::document::Document;
use super::{Error, markdown, text};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Folder of the texts that all outputs share.
const TEXTS: &str = "text/";

/// Templates by path below `templates/`.
#[derive(Debug, Clone)]
pub struct Templates {
    files: BTreeMap<String, Vec<u8>>,
    users: Vec<String>,
}

impl Templates {
    /// The templates inside the binary.
    #[must_use]
    pub fn shipped() -> Self {
        let mut files = BTreeMap::new();
        collect(&SHIPPED, &mut files);
        Self { files, users: Vec::new() }
    }

    /// Adds or replaces files by those of a folder that is laid out like `templates/`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn overlay(&mut self, folder: &Path) -> Result<(), Error> {
        let failed = |source| Error::Templates { path: folder.to_path_buf(), source };
        std::fs::read_dir(folder).map_err(failed)?;
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| failed(error.into()))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = std::fs::read(entry.path()).map_err(failed)?;
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let key =
                relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            self.users.push(key.clone());
            self.files.insert(key, bytes);
        }
        Ok(())
    }

    /// The file at a path below `templates/`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Files below a folder, with their path below `templates/`.
    pub fn under(&self, folder: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(folder))
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Whether the user wrote the template.
    #[must_use]
    pub fn is_the_users(&self, path: &str) -> bool {
        self.users.iter().any(|known| known == path)
    }

    /// The texts that all outputs share, by name, filled from the document.
    ///
    /// # Errors
    /// When a text is wrong.
    pub fn render_texts(&self, document: &Document) -> Result<Vec<(String, String)>, Error> {
        let names: Vec<&str> =
            self.under(TEXTS).map(|(path, _)| path).filter(|path| path.ends_with(".md.jinja")).collect();
        let (environment, value) = (self.environment(as_markdown())?, Value::from(Serde(document)));
        names
            .into_iter()
            .map(|path| {
                let name = path.trim_start_matches(TEXTS).trim_end_matches(".md.jinja");
                Ok((name.to_owned(), self.fill(&environment, path, value.clone())?))
            })
            .collect()
    }

    /// Renders one template.
    ///
    /// # Errors
    /// When it does not exist or is wrong.
    pub fn render(&self, path: &str, document: &Document, escape: AutoEscape) -> Result<String, Error> {
        self.fill(&self.environment(escape)?, path, Value::from(Serde(document)))
    }

    /// Renders a template with values that are quoted already: nothing is escaped.
    ///
    /// # Errors
    /// When it does not exist or is wrong.
    pub fn render_plain(&self, path: &str, value: &impl serde::Serialize) -> Result<String, Error> {
        self.fill(&self.environment(AutoEscape::None)?, path, Value::from(Serde(value)))
    }

    fn fill(&self, environment: &Environment<'_>, path: &str, value: Value) -> Result<String, Error> {
        let filled = environment.get_template(path).and_then(|template| template.render(value));
        filled.map_err(|error| self.wrong(path, &error))
    }

    fn wrong(&self, path: &str, error: &minijinja::Error) -> Error {
        Error::Template {
            name: path.to_owned(),
            message: format!("{}{}", error, error.line().map(|line| format!(", line {line}")).unwrap_or_default()),
            is_the_users: self.is_the_users(path),
        }
    }

    /// All templates, ready to be filled.
    fn environment(&self, escape: AutoEscape) -> Result<Environment<'_>, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
        environment.set_syntax(syntax.build().map_err(|error| self.wrong("syntax", &error))?);
        environment.set_auto_escape_callback(move |_| escape.clone());
        environment.set_formatter(format);
        environment.add_filter("visible", |value: String| text::visible(&value));
        environment.add_filter("code", |value: String| Value::from_safe_string(markdown::code(&value)));
        for (name, bytes) in &self.files {
            if let (true, Ok(source)) = (name.ends_with(".jinja"), std::str::from_utf8(bytes)) {
                environment.add_template(name, source).map_err(|error| self.wrong(name, &error))?;
            }
        }
        Ok(environment)
    }
}

/// Escaping of values in Markdown; the name means nothing outside this file.
const MARKDOWN: &str = "markdown";

/// Escapes values so that Markdown shows them as they are.
pub(super) fn as_markdown() -> AutoEscape {
    AutoEscape::Custom(MARKDOWN.into())
}

fn format(
    out: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    // Lists and objects are written as text and may hold anything that a text may.
    let is_plain = matches!(
        value.kind(),
        ValueKind::Number | ValueKind::Bool | ValueKind::None | ValueKind::Undefined | ValueKind::Invalid
    );
    match state.auto_escape() {
        AutoEscape::Custom(name) if *name == MARKDOWN && !is_plain && !value.is_safe() => {
            out.write_str(&markdown::escape(&value.to_string())).map_err(minijinja::Error::from)
        }
        AutoEscape::Custom(_) => out.write_str(&value.to_string()).map_err(minijinja::Error::from),
        AutoEscape::Html if !is_plain && !value.is_safe() => {
            let shown = Value::from(text::visible(&value.to_string()));
            minijinja::escape_formatter(out, state, &shown)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn collect(folder: &Dir<'_>, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(inner, files),
            DirEntry::File(file) => {
                files.insert(file.path().to_string_lossy().replace('\\', "/"), file.contents().to_vec());
            }
        }
    }
}
