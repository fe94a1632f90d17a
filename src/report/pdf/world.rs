//! What typst may see: the templates, the document and the fonts inside the binary. No file of the machine, no
//! package, no clock.

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_kit::fonts::FontStore;

use crate::report::{Error, Templates};

/// Where the document is found by templates.
const DATA: &str = "document.json";
/// Where the record is found, to be attached.
const RECORD: &str = "assessment.json";
/// Folder of fonts among the templates.
const FONTS: &str = "fonts/";

/// The world of one report.
pub(super) struct ReportWorld<'a> {
    templates: &'a Templates,
    library: LazyHash<Library>,
    fonts: FontStore,
    main: FileId,
    main_path: String,
    data: Bytes,
    record: Bytes,
}

impl<'a> ReportWorld<'a> {
    /// A world whose main file is a template, with the document and the record as JSON.
    pub fn new(templates: &'a Templates, main: &str, data: Vec<u8>, record: Vec<u8>) -> Result<Self, Error> {
        let mut fonts = FontStore::new();
        for (_, bytes) in templates.under(FONTS) {
            for font in Font::iter(Bytes::new(bytes.to_vec())) {
                let mut info: FontInfo = font.info().clone();
                // IBM's own abbreviation of SemiBold, which typst takes for a family of its own.
                if let Some(family) = info.family.strip_suffix(" SmBld").map(str::to_owned) {
                    info.family = family;
                }
                fonts.push((font, info));
            }
        }
        fonts.extend(typst_kit::fonts::embedded());
        Ok(Self {
            templates,
            library: LazyHash::new(Library::default()),
            fonts,
            main: id(main).ok_or_else(|| Error::Format { format: "pdf", message: format!("`{main}` is no path") })?,
            main_path: main.to_owned(),
            data: Bytes::new(data),
            record: Bytes::new(record),
        })
    }

    /// Typst's faults as one error that names the template and line.
    pub fn explain(&self, faults: &[SourceDiagnostic]) -> Error {
        let message = faults.first().map_or_else(String::new, |fault| {
            let line = fault.span.id().and_then(|file| {
                let source = self.source(file).ok()?;
                let range = self.range(fault.span)?;
                let line = source.lines().byte_to_line(range.start)? + 1;
                Some(format!("{}:{line}: ", file.get().vpath().get_without_slash()))
            });
            let hints: Vec<String> = fault.hints.iter().map(|hint| hint.v.to_string()).collect();
            let hints = if hints.is_empty() { String::new() } else { format!(" ({})", hints.join("; ")) };
            format!("{}{}{hints}", line.unwrap_or_default(), fault.message)
        });
        let is_the_users = self.templates.is_the_users(&self.main_path);
        Error::Template { name: self.main_path.clone(), message, is_the_users }
    }
}

fn id(path: &str) -> Option<FileId> {
    Some(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).ok()?).intern())
}

impl World for ReportWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let bytes = self.file(id)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| FileError::InvalidUtf8)?;
        Ok(Source::new(id, text.to_owned()))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.get().vpath().get_without_slash();
        match path.rsplit('/').next() {
            Some(DATA) => return Ok(self.data.clone()),
            Some(RECORD) => return Ok(self.record.clone()),
            _ => {}
        }
        match self.templates.get(path) {
            Some(bytes) => Ok(Bytes::new(bytes.to_vec())),
            None => Err(FileError::NotFound(path.into())),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        // A report bears the assessment's date and no other.
        None
    }
}
