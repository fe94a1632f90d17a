//! One file to load, and what is known of it before it is read.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use super::content::{Content, read_up_to};
use super::mapped::Map;
use super::output::Broken;
use crate::config::Moment;

/// Largest file that a format without streaming may read at once, in bytes.
const MAX_WHOLE_BYTES: u64 = 64 * 1024 * 1024;
/// The byte-order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes that are asked of the system at once.
const BUFFER: usize = 256 * 1024;

/// Who wants to know how far reading has come.
pub trait Progress: Send + Sync {
    /// How many bytes all files have on disk.
    fn total(&self, bytes: u64);
    /// That so many more have been read.
    fn read(&self, bytes: u64);
}

/// A file to load.
#[derive(Clone)]
pub struct Input {
    /// Its bytes.
    pub content: Content,
    /// Its name as the user knows it, with `/` between folders.
    pub path: String,
    /// First 16 hex digits of its SHA-256; every row carries it.
    pub source_id: String,
    /// Scope of its records, unless the file says otherwise: from rungs.yaml, else the folder's name.
    pub scope_id: String,
    /// Moment of the export, unless the file says otherwise; `None` where nobody stated one.
    pub as_of: Option<Moment>,
    /// How its columns become columns of a table, where rungs.yaml says so.
    pub(super) map: Option<Arc<Map>>,
    /// Who wants to know how far reading has come.
    pub progress: Option<Arc<dyn Progress>>,
}

impl Input {
    /// The file's bytes, unpacked, from the start, without a byte-order mark.
    ///
    /// # Errors
    /// [`Broken`] when it cannot be opened.
    pub fn reader(&self) -> Result<BufReader<impl Read + use<>>, Broken> {
        let progress = self.progress.clone();
        let mut bytes = self.content.open(progress).map_err(|error| Broken::io(&error))?;
        // Whoever looks at the first bytes before reading sees as many as fit, not only those of the mark.
        let mut head = vec![0; BUFFER];
        let read = read_up_to(&mut bytes, &mut head).map_err(|error| Broken::io(&error))?;
        head.truncate(read);
        if head.starts_with(MARK) {
            head.drain(..MARK.len());
        }
        Ok(BufReader::with_capacity(BUFFER, io::Cursor::new(head).chain(bytes)))
    }

    /// The whole file as text, for small formats that cannot be streamed.
    ///
    /// # Errors
    /// [`Broken`] when it is too large, cannot be read, or is not UTF-8.
    pub fn text(&self) -> Result<String, Broken> {
        let mut bytes = Vec::new();
        self.reader()?.take(MAX_WHOLE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| Broken::io(&error))?;
        if bytes.len() as u64 > MAX_WHOLE_BYTES {
            return Err(Broken::new("the file is larger than 64 MiB, which no file of this format is"));
        }
        String::from_utf8(bytes).map_err(|_| Broken::new("the file is not UTF-8 text"))
    }
}
