//! The bytes of an export, however it is packed: a plain file, gzip or zstd, or an entry of a zip archive. Decides by
//! the first bytes, never by a name, and writes nothing: packed exports are read as a stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input::Progress;

/// Entries that an archive may have.
const MAX_ENTRIES: usize = 10_000;
/// Bytes that all entries of an archive may unpack to.
const MAX_UNPACKED: u64 = 32 << 30;
/// Times that an entry may be larger than what it is packed in, once it is over a mebibyte.
const MAX_RATIO: u64 = 1_000;

/// What every Office document has in it.
const OFFICE_PART: &str = "[Content_Types].xml";

/// Where the bytes of one export lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    /// The file, or the archive.
    file: PathBuf,
    entry: Option<Entry>,
}

/// One entry of a zip archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: PathBuf,
    start: u64,
    packed: u64,
    unpacked: u64,
    crc32: u32,
    is_deflated: bool,
}

/// An entry of an archive that is not read.
pub(super) struct Refused {
    /// Its name, as the archive gives it.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Content {
    /// A file by itself.
    #[must_use]
    pub fn file(file: PathBuf) -> Self {
        Self { file, entry: None }
    }

    /// Where it lies: the file, or for an entry of an archive the archive with the name in it, where nothing lies on
    /// disk.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match &self.entry {
            Some(entry) => self.file.join(&entry.name),
            None => self.file.clone(),
        }
    }

    /// The file on disk.
    #[must_use]
    pub fn file_on_disk(&self) -> &Path {
        &self.file
    }

    /// The path by which a format may be known: what is packed goes by the name of what is in it.
    #[must_use]
    pub fn name(&self) -> PathBuf {
        let path = self.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz" | "zst") => path.with_extension(""),
            _ => path,
        }
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn size(&self) -> io::Result<u64> {
        match &self.entry {
            Some(entry) => Ok(entry.packed),
            None => Ok(std::fs::metadata(&self.file)?.len()),
        }
    }

    /// The bytes as they lie there, for their digest: a file as it is, an entry of an archive unpacked.
    ///
    /// # Errors
    /// What the file system says, or that the archive is damaged.
    pub fn stored(&self) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(&self.file)?;
        let Some(entry) = &self.entry else { return Ok(Box::new(file)) };
        file.seek(SeekFrom::Start(entry.start))?;
        let packed = file.take(entry.packed);
        let bytes: Box<dyn Read + Send> =
            if entry.is_deflated { Box::new(flate2::read::DeflateDecoder::new(packed)) } else { Box::new(packed) };
        // One byte more than stated shows an entry that is longer than it says.
        Ok(Box::new(Checked { left: entry.unpacked, expected: entry.crc32, seen: flate2::Crc::new(), bytes }))
    }

    /// The bytes of the export itself, unpacked.
    ///
    /// # Errors
    /// What the file system says, or that what it is packed in is damaged.
    pub fn open(&self, progress: Option<Arc<dyn Progress>>) -> io::Result<Box<dyn Read + Send>> {
        let mut stored = self.stored()?;
        if let Some(progress) = progress {
            stored = Box::new(Counted { bytes: stored, progress });
        }
        let mut start = [0; 4];
        let read = read_up_to(&mut stored, &mut start)?;
        let start = start.get(..read).unwrap_or_default().to_vec();
        let packing = Packing::of(&start);
        let whole = io::Cursor::new(start).chain(stored);
        Ok(match packing {
            Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(whole)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(whole)?),
            Packing::None | Packing::Zip => Box::new(whole),
        })
    }
}

/// What the first bytes say that bytes are packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
    Zip,
}

impl Packing {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => Self::None,
        }
    }

    /// What a file is packed in.
    pub fn of_file(file: &Path) -> io::Result<Self> {
        let mut start = [0; 4];
        let read = read_up_to(&mut File::open(file)?, &mut start)?;
        Ok(Self::of(start.get(..read).unwrap_or_default()))
    }
}

/// The files of a zip archive, by name, and those that are refused.
///
/// # Errors
/// Why the archive as a whole cannot be read.
pub(super) fn unpack(archive: &Path) -> Result<(Vec<Content>, Vec<Refused>), String> {
    let damaged = |_| "a zip archive that is damaged".to_owned();
    let file = File::open(archive).map_err(|error| format!("the file cannot be read: {}", error.kind()))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(damaged)?;
    if zip.index_for_name(OFFICE_PART).is_some() {
        return Err("an Office document; save the sheet as CSV".to_owned());
    }
    if zip.len() > MAX_ENTRIES {
        return Err(format!("a zip archive of more than {MAX_ENTRIES} files; unpack it"));
    }
    let (mut contents, mut refused, mut total) = (Vec::new(), Vec::new(), 0_u64);
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(damaged)?;
        if entry.is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        total = total.saturating_add(entry.size());
        let is_deflated = match entry.compression() {
            zip::CompressionMethod::Stored => Some(false),
            zip::CompressionMethod::Deflated => Some(true),
            _ => None,
        };
        let reason = match (entry.enclosed_name(), is_deflated, entry.data_start()) {
            _ if entry.encrypted() => "encrypted; unpack the archive",
            _ if entry.is_symlink() => "a symbolic link; links are not followed",
            (None, ..) => "its name leads out of the archive",
            (_, None, _) => "packed in a way that is not read; unpack the archive",
            (.., None) => "the archive is damaged there",
            _ if total > MAX_UNPACKED => "the archive unpacks to more than 32 GiB; unpack it",
            _ if entry.size() > 1 << 20 && entry.size() / MAX_RATIO > entry.compressed_size() => {
                "it unpacks to more than a thousand times its size"
            }
            (Some(name), Some(is_deflated), Some(start)) => {
                let (packed, unpacked, crc32) = (entry.compressed_size(), entry.size(), entry.crc32());
                let entry = Entry { name, start, packed, unpacked, crc32, is_deflated };
                contents.push(Content { file: archive.to_path_buf(), entry: Some(entry) });
                continue;
            }
        };
        refused.push(Refused { name, reason: reason.to_owned() });
    }
    contents.sort();
    Ok((contents, refused))
}

/// Reads an entry to its stated end and sees that it is what the archive says.
struct Checked {
    bytes: Box<dyn Read + Send>,
    left: u64,
    expected: u32,
    seen: flate2::Crc,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the archive is damaged");
        let read = self.bytes.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(damaged)?;
        self.seen.update(buffer.get(..read).unwrap_or_default());
        if read == 0 && !buffer.is_empty() && (self.left > 0 || self.seen.sum() != self.expected) {
            return Err(damaged());
        }
        Ok(read)
    }
}

/// Tells how much has been read.
struct Counted {
    bytes: Box<dyn Read + Send>,
    progress: Arc<dyn Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.progress.read(read as u64);
        Ok(read)
    }
}

/// Fills as much of the buffer as there is.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &[u8] = b"{\"items\": []}\n";

    fn read(content: &Content) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        content.open(None)?.read_to_end(&mut bytes).map(|_| bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn archive(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes, deflate) in entries {
            let method = if *deflate { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        (folder, file)
    }

    #[test]
    fn what_is_packed_reads_as_what_is_in_it() {
        let zstd = zstd::encode_all(TEXT, 3).unwrap();
        // Two members in one file, as log shippers append them.
        let members = [gzip(&TEXT[..5]), gzip(&TEXT[5..])].concat();
        for (name, bytes) in [("a.json", TEXT.to_vec()), ("a.json.gz", gzip(TEXT)), ("a", members), ("a.zst", zstd)] {
            let (_folder, file) = written(name, &bytes);
            let content = Content::file(file);
            assert_eq!(read(&content).unwrap(), TEXT, "{name}");
            assert!(content.name().extension().is_none_or(|it| it == "json"), "{name}");
        }
    }

    #[test]
    fn entries_of_an_archive_are_read_where_they_lie() {
        let packed = gzip(TEXT);
        let zip = archive(&[("b/two.json", TEXT, true), ("a.json.gz", &packed, false), ("empty/", b"", false)]);
        let (_folder, file) = written("exports.zip", &zip);
        let (contents, refused) = unpack(&file).unwrap();
        assert!(refused.is_empty());
        let names: Vec<_> = contents.iter().map(|it| it.name().strip_prefix(&file).unwrap().to_path_buf()).collect();
        assert_eq!(names, [Path::new("a.json"), Path::new("b/two.json")]);
        for content in &contents {
            assert_eq!(read(content).unwrap(), TEXT);
        }
    }

    #[test]
    fn what_leads_out_of_an_archive_is_refused() {
        let (_folder, file) =
            written("a.zip", &archive(&[("../../etc/passwd", TEXT, true), ("good.json", TEXT, true)]));
        let (contents, refused) = unpack(&file).unwrap();
        assert_eq!(contents.len(), 1);
        assert_eq!(
            (refused[0].name.as_str(), refused[0].reason.as_str()),
            ("../../etc/passwd", "its name leads out of the archive")
        );
    }

    #[test]
    fn a_bomb_is_refused_and_a_damaged_entry_breaks_off() {
        let zeros = vec![0; 4 << 20];
        let (_folder, file) = written("bomb.zip", &archive(&[("zeros.json", &zeros, true)]));
        let (contents, refused) = unpack(&file).unwrap();
        assert!(contents.is_empty());
        assert_eq!(refused[0].reason, "it unpacks to more than a thousand times its size");

        let mut bytes = archive(&[("a.json", TEXT, false)]);
        let at = bytes.windows(TEXT.len()).position(|window| window == TEXT).unwrap();
        bytes[at] ^= 1;
        let (_folder, file) = written("damaged.zip", &bytes);
        let (contents, _) = unpack(&file).unwrap();
        assert_eq!(read(&contents[0]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let cut = &bytes[..bytes.len() / 2];
        let (_folder, file) = written("cut.zip", cut);
        assert_eq!(unpack(&file).err().unwrap(), "a zip archive that is damaged");
    }

    #[test]
    fn packing_that_breaks_off_is_an_error() {
        let bytes = gzip(&vec![b'x'; 10_000]);
        let (_folder, file) = written("a.gz", &bytes[..bytes.len() - 4]);
        assert!(read(&Content::file(file)).is_err());
    }
}
