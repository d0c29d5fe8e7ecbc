//! Reads an archive that anybody may have made: within bounded memory, and without trust in a number of the file.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Seek, SeekFrom, Take};

use sha2::{Digest as _, Sha256};
use zip::read::{ArchiveOffset, Config, ZipFile};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::{ArchivedFile, FORMAT, FORMAT_VERSION, MANIFEST, MOST_MEMBERS, Manifest};

/// The most bytes of the directory, which is read as a whole.
const MOST_DIRECTORY: u64 = 48 * 1024 * 1024;

/// The most bytes of the manifest, which is read as a whole.
const MOST_MANIFEST: u64 = 64 * 1024 * 1024;

/// The most bytes of a line, and of a content that is read as a whole.
pub const MOST_LINE: u64 = 16 * 1024 * 1024;
pub const MOST_CONTENT: u64 = 32 * 1024 * 1024;

/// The unpacked members may be so many times as large as the file, beyond so many bytes. Rows become a tenth, and only contents
/// of repetitions become less; their sum is limited by the storage of a task force.
const MOST_RATIO: u64 = 100;
const FREE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The record at the end of a ZIP file without a comment, and the two that precede it in a large one.
const END: usize = 22;
const END_64_LOCATOR: usize = 20;
const END_64: usize = 56;

/// The reason why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The operating system does not give the bytes.
    #[error("the file can't be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The file has no directory at its end.
    #[error("the file is no complete archive: it is cut off, something was appended, or it is no ZIP file")]
    Incomplete,
    /// The directory or the manifest is not one that the service writes.
    #[error("{0}")]
    Refused(String),
    /// A member is not what the manifest says.
    #[error("{path}: {defect}")]
    Member { path: String, defect: String },
}

/// The result of reading an archive.
pub type Result<T> = std::result::Result<T, ArchiveError>;

fn refused(why: impl Into<String>) -> ArchiveError {
    ArchiveError::Refused(why.into())
}

/// An archive whose directory agrees with its manifest.
#[expect(missing_debug_implementations, reason = "the reader of the file may have none")]
pub struct ArchiveReader<R> {
    zip: ZipArchive<R>,
    manifest: Manifest,
    /// The place of each path among the files of the manifest.
    places: HashMap<String, usize>,
}

impl<R: Read + Seek> ArchiveReader<R> {
    /// Opens an archive, and compares its directory with its manifest. No other member is read.
    ///
    /// # Errors
    /// A file that is no archive, or that could cost more than an archive does.
    pub fn open(mut input: R) -> Result<Self> {
        let length = check_end(&mut input)?;
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut zip = ZipArchive::with_config(config, input).map_err(of_zip)?;
        check_directory(&mut zip, length)?;
        let manifest = read_manifest(&mut zip)?;
        let mut places = HashMap::with_capacity(manifest.files.len());
        for (place, file) in manifest.files.iter().enumerate() {
            if places.insert(file.path.clone(), place).is_some() {
                return Err(refused(format!("the manifest names {:?} twice", file.path)));
            }
            if file.path == MANIFEST || zip.index_for_name_raw(file.path.as_bytes()).is_none() {
                return Err(refused(format!("the manifest names {:?}, which is no member", file.path)));
            }
        }
        // Each path of the manifest is a member, and no path is there twice.
        if zip.len() != places.len().saturating_add(1) {
            return Err(refused("the archive has members that the manifest does not name"));
        }
        Ok(Self { zip, manifest, places })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The entry of a member in the manifest.
    pub fn file(&self, path: &str) -> Option<&ArchivedFile> {
        self.manifest.files.get(*self.places.get(path)?)
    }

    /// Begins to read a member.
    ///
    /// # Errors
    /// A member that is not there.
    pub fn member(&mut self, path: &str) -> Result<Member<'_, R>> {
        let file = self.places.get(path).and_then(|place| self.manifest.files.get(*place));
        let file = file.ok_or_else(|| member(path, "the archive has no such member"))?;
        let content = self.zip.index_for_name_raw(path.as_bytes()).ok_or(ZipError::FileNotFound);
        let content = content.and_then(|index| self.zip.by_index(index));
        let content = content.map_err(|error| member(path, error))?;
        // One byte more than there may be shows that there are more.
        let content = content.take(file.bytes.saturating_add(1));
        Ok(Member { content: BufReader::new(Hashing { content, bytes: 0, hash: Sha256::new() }), file })
    }
}

/// A member that is being read.
#[expect(missing_debug_implementations, reason = "the reader of the file may have none")]
pub struct Member<'a, R: Read> {
    content: BufReader<Hashing<'a, R>>,
    file: &'a ArchivedFile,
}

/// Counts and hashes what is read.
struct Hashing<'a, R: Read> {
    content: Take<ZipFile<'a, R>>,
    bytes: u64,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(length).unwrap_or_default());
        Ok(length)
    }
}

impl<R: Read> Member<'_, R> {
    fn defect(&self, defect: impl std::fmt::Display) -> ArchiveError {
        member(&self.file.path, defect)
    }

    /// Reads the next line, without its end; false after the last one.
    ///
    /// # Errors
    /// A line that is too long, not complete or no text.
    pub fn next_line(&mut self, line: &mut String) -> Result<bool> {
        line.clear();
        let read = (&mut self.content).take(MOST_LINE).read_line(line);
        if read.map_err(|error| self.defect(error))? == 0 {
            return Ok(false);
        }
        if line.pop() == Some('\n') { Ok(true) } else { Err(self.defect("a line is too long or has no end")) }
    }

    /// Reads the content as a whole.
    ///
    /// # Errors
    /// As [`Member::finish`]; a content that is too large.
    pub fn read_whole(mut self) -> Result<Vec<u8>> {
        if self.file.bytes > MOST_CONTENT {
            return Err(self.defect("the content is larger than any that the service stores"));
        }
        let mut content = Vec::new();
        self.content.read_to_end(&mut content).map_err(|error| self.defect(error))?;
        self.finish()?;
        Ok(content)
    }

    /// Reads what was not read yet, and compares size and hash with the manifest.
    ///
    /// # Errors
    /// A content that is not the one of the manifest.
    pub fn finish(mut self) -> Result<()> {
        io::copy(&mut self.content, &mut io::sink()).map_err(|error| self.defect(error))?;
        let Self { content, file } = self;
        let Hashing { bytes, hash, .. } = content.into_inner();
        if bytes != file.bytes {
            return Err(member(&file.path, "the content does not have the size that the manifest names"));
        }
        if hex::encode(hash.finalize()) != file.sha256 {
            return Err(member(&file.path, "the content does not have the hash that the manifest names"));
        }
        Ok(())
    }
}

fn member(path: &str, defect: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Member { path: path.to_owned(), defect: defect.to_string() }
}

fn of_zip(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error)
            if error.kind() != ErrorKind::UnexpectedEof && error.kind() != ErrorKind::InvalidData =>
        {
            ArchiveError::Unreadable(error)
        }
        other => refused(format!("the directory of the ZIP file is damaged: {other}")),
    }
}

/// A number of the end of a ZIP file, at a place and of a width in bytes.
fn number(record: &[u8], at: usize, width: usize) -> u64 {
    let bytes = record.get(at..).and_then(|rest| rest.get(..width)).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Checks the last records of a ZIP file before the directory is read, since their numbers say how much memory it takes.
/// Returns the length of the file.
fn check_end<R: Read + Seek>(input: &mut R) -> Result<u64> {
    let length = input.seek(SeekFrom::End(0)).map_err(ArchiveError::Unreadable)?;
    let all = END_64 + END_64_LOCATOR + END;
    let wanted = usize::try_from(length).unwrap_or(all).min(all);
    let back = i64::try_from(wanted).unwrap_or_default();
    let mut records = vec![0; wanted];
    input.seek(SeekFrom::End(-back)).map_err(ArchiveError::Unreadable)?;
    input.read_exact(&mut records).map_err(ArchiveError::Unreadable)?;
    let (before, end) = records.split_at(wanted.saturating_sub(END));
    if end.len() < END || !end.starts_with(b"PK\x05\x06") || number(end, 20, 2) != 0 {
        return Err(ArchiveError::Incomplete);
    }
    let (mut members, mut size, mut offset, mut records) =
        (number(end, 10, 2), number(end, 12, 4), number(end, 16, 4), END);
    if before.get(END_64..).is_some_and(|locator| locator.starts_with(b"PK\x06\x07")) {
        if !before.starts_with(b"PK\x06\x06") {
            return Err(ArchiveError::Incomplete);
        }
        (members, size, offset, records) =
            (number(before, 32, 8), number(before, 40, 8), number(before, 48, 8), all);
    }
    let records = u64::try_from(records).unwrap_or_default();
    if offset.checked_add(size).and_then(|end| end.checked_add(records)) != Some(length) {
        return Err(ArchiveError::Incomplete);
    }
    if members > u64::try_from(MOST_MEMBERS).unwrap_or(u64::MAX) {
        return Err(refused(format!("the archive has {members} members, and {MOST_MEMBERS} are the most")));
    }
    if size > MOST_DIRECTORY {
        return Err(refused("the directory of the ZIP file is larger than that of any archive"));
    }
    Ok(length)
}

/// Checks each entry of the directory, as far as it can be checked without reading members.
fn check_directory<R: Read + Seek>(zip: &mut ZipArchive<R>, length: u64) -> Result<()> {
    if zip.has_duplicate_names() {
        return Err(refused("two members have the same name"));
    }
    let mut unpacked = 0_u64;
    for index in 0..zip.len() {
        let entry = zip.by_index_data(index).map_err(of_zip)?;
        let path = std::str::from_utf8(entry.name_raw()).ok().filter(|path| is_safe(path));
        let path = path.ok_or_else(|| {
            refused(format!("a member has the name {:?}", String::from_utf8_lossy(entry.name_raw())))
        })?;
        if entry.encrypted() || entry.is_symlink() || !entry.is_file() {
            return Err(refused(format!("{path:?} is no plain file")));
        }
        if !matches!(entry.compression(), CompressionMethod::Deflated | CompressionMethod::Stored) {
            return Err(refused(format!("{path:?} is compressed in a way that archives are not")));
        }
        unpacked = unpacked.saturating_add(entry.size());
    }
    if unpacked > length.saturating_mul(MOST_RATIO).saturating_add(FREE_BYTES) {
        return Err(refused(format!(
            "the members would be {unpacked} bytes, out of {length} bytes of the file"
        )));
    }
    Ok(())
}

/// Tells whether a path stays in the folder that an archive is unpacked into, on every system.
fn is_safe(path: &str) -> bool {
    let is_plain = |character: char| !character.is_control() && !matches!(character, '\\' | ':');
    path.len() <= 1000
        && path.chars().all(is_plain)
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn read_manifest<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<Manifest> {
    let index =
        zip.index_for_name_raw(MANIFEST.as_bytes()).ok_or_else(|| refused("the archive has no manifest"))?;
    let entry = zip.by_index(index).map_err(of_zip)?;
    let mut text = Vec::new();
    entry
        .take(MOST_MANIFEST.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(|error| refused(format!("the manifest is damaged: {error}")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST_MANIFEST {
        return Err(refused("the manifest is larger than that of any archive"));
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Layout {
        format: String,
        format_version: u32,
    }
    let no_manifest = |error: serde_json::Error| refused(format!("the manifest is none: {error}"));
    let Layout { format, format_version } = serde_json::from_slice(&text).map_err(no_manifest)?;
    if format != FORMAT {
        return Err(refused("the file is no archive of a task force"));
    }
    if format_version != FORMAT_VERSION {
        return Err(refused(format!(
            "the archive has layout {format_version}, and this version of taskforce reads layout {FORMAT_VERSION}"
        )));
    }
    serde_json::from_slice(&text).map_err(no_manifest)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::render::archive::Contents;
    use crate::render::archive::sample::contents;
    use crate::render::archive::writer::ArchiveWriter;

    fn written(members: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut archive = ArchiveWriter::new(&mut bytes, contents().as_of);
        for number in 0..members {
            archive.begin(format!("tables/{number}.jsonl")).unwrap();
            archive.write(b"{\"a\":1}\n{\"a\":2}\n").unwrap();
        }
        archive.finish(contents()).unwrap();
        bytes
    }

    fn open(bytes: Vec<u8>) -> Result<ArchiveReader<Cursor<Vec<u8>>>> {
        ArchiveReader::open(Cursor::new(bytes))
    }

    fn error(bytes: Vec<u8>) -> String {
        open(bytes).err().map_or_else(|| "opened".to_owned(), |error| error.to_string())
    }

    /// A ZIP file with these members and a manifest that names them, with these sizes.
    fn forged(members: &[(&str, &[u8], u64)], others: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let files = members.iter().map(|(path, content, bytes)| {
            let (path, sha256) = ((*path).to_owned(), hex::encode(Sha256::digest(content)));
            ArchivedFile { path, bytes: *bytes, sha256 }
        });
        let manifest = Manifest { contents: contents(), files: files.collect() };
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let named = members.iter().map(|(path, content, _)| (*path, *content));
        for (path, content) in named.chain(others.iter().copied()).chain([(MANIFEST, manifest.as_slice())]) {
            zip.start_file(path, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn what_was_written_is_read() {
        let mut archive = open(written(3)).unwrap();
        assert_eq!(archive.manifest().contents, contents());
        let mut member = archive.member("tables/1.jsonl").unwrap();
        let mut line = String::new();
        let mut lines = Vec::new();
        while member.next_line(&mut line).unwrap() {
            lines.push(line.clone());
        }
        member.finish().unwrap();
        assert_eq!(lines, ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(archive.member("tables/2.jsonl").unwrap().read_whole().unwrap().len(), 16);
        assert!(archive.member("tables/3.jsonl").is_err());
    }

    /// More members than a ZIP file counts without the records of large ones.
    #[test]
    fn a_large_directory_is_read() {
        let archive = open(written(66_000)).unwrap();
        assert_eq!(archive.manifest().files.len(), 66_000);
    }

    #[test]
    fn a_file_that_is_cut_off_or_longer_is_no_archive() {
        let whole = written(3);
        for length in 0..whole.len() {
            assert!(open(whole[..length].to_vec()).is_err(), "{length}");
        }
        assert!(error([whole.clone(), b" ".to_vec()].concat()).contains("appended"));
        assert!(error([b" ".to_vec(), whole].concat()).contains("no complete archive"));
        assert!(error(b"name,title\n".repeat(100)).contains("no ZIP file"));
        assert!(error(Vec::new()).contains("no ZIP file"));
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        for path in
            ["../a", "a/../../b", "/etc/passwd", "a//b", "a/", ".", "a\\..\\b", "C:/a", "a\nb", "a\0b", ""]
        {
            let refused = error(forged(&[(path, b"x", 1)], &[]));
            assert!(refused.contains("name") || refused.contains("plain file"), "{path:?}: {refused}");
        }
        assert!(open(forged(&[("evidence/1/محضر (1).pdf", b"x", 1)], &[])).is_ok());
    }

    #[test]
    fn members_and_manifest_name_the_same() {
        let twice = forged(&[("a", b"x", 1), ("b", b"y", 1)], &[]);
        // The name of the second entry, in its own header and in the directory, becomes that of the first.
        let renamed: Vec<u8> = {
            let mut bytes = twice;
            for at in 0..bytes.len() - 31 {
                if bytes[at..].starts_with(b"PK\x03\x04") && bytes[at + 30] == b'b' {
                    bytes[at + 30] = b'a';
                }
                if bytes[at..].starts_with(b"PK\x01\x02") && bytes.get(at + 46) == Some(&b'b') {
                    bytes[at + 46] = b'a';
                }
            }
            bytes
        };
        assert!(error(renamed).contains("the same name"));
        assert!(error(forged(&[("a", b"x", 1)], &[("b", b"y")])).contains("does not name"));
        let mut without = contents();
        without.format = "other".to_owned();
        let mut bytes = Vec::new();
        ArchiveWriter::new(&mut bytes, without.as_of).finish(without).unwrap();
        assert!(error(bytes).contains("no archive of a task force"));
        let later = Contents { format_version: 2, ..contents() };
        let mut bytes = Vec::new();
        ArchiveWriter::new(&mut bytes, later.as_of).finish(later).unwrap();
        assert!(error(bytes).contains("layout 2"));
    }

    #[test]
    fn a_member_has_the_size_and_the_hash_of_the_manifest() {
        let defect =
            |archive: Vec<u8>| open(archive).unwrap().member("a").unwrap().finish().unwrap_err().to_string();
        assert!(defect(forged(&[("a", b"xyz", 2)], &[])).contains("size"));
        assert!(defect(forged(&[("a", b"xyz", 4)], &[])).contains("size"));
        assert!(defect(forged(&[("a", b"xyz", 0)], &[])).contains("size"));
        let other = {
            let sha256 = hex::encode(Sha256::digest(b"abc"));
            let file = ArchivedFile { path: "a".to_owned(), bytes: 3, sha256 };
            let manifest = Manifest { contents: contents(), files: vec![file] };
            let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
            for (path, content) in
                [("a", b"xyz".to_vec()), (MANIFEST, serde_json::to_vec(&manifest).unwrap())]
            {
                zip.start_file(path, SimpleFileOptions::default()).unwrap();
                zip.write_all(&content).unwrap();
            }
            zip.finish().unwrap().into_inner()
        };
        assert!(defect(other).contains("hash"));
    }

    /// The numbers at the end of the file claim more than there is.
    #[test]
    fn claims_of_the_directory_are_not_believed() {
        let whole = written(3);
        let end = whole.len() - END;
        let with = |at: usize, bytes: &[u8]| {
            let mut forged = whole.clone();
            forged[end + at..end + at + bytes.len()].copy_from_slice(bytes);
            forged
        };
        assert!(error(with(12, &u32::MAX.to_le_bytes())).contains("no complete archive"));
        assert!(error(with(16, &0_u32.to_le_bytes())).contains("no complete archive"));
        assert_ne!(error(with(10, &[0xff, 0xff])), "opened");
        // A directory for a large file that claims a billion members.
        let mut large = whole[..end].to_vec();
        let (size, offset) = (number(&whole, end + 12, 4), number(&whole, end + 16, 4));
        large.extend_from_slice(b"PK\x06\x06");
        large.extend_from_slice(&[0; 20]);
        for claim in [1_000_000_000, 1_000_000_000, size, offset] {
            large.extend_from_slice(&claim.to_le_bytes());
        }
        large.extend_from_slice(b"PK\x06\x07");
        large.extend_from_slice(&[0; 16]);
        large.extend_from_slice(&whole[end..]);
        assert!(error(large).contains("1000000000 members"));
    }

    /// Sizes that together would fill a disk.
    #[test]
    fn a_bomb_is_refused_by_what_it_declares() {
        let whole = written(3);
        let mut forged = whole.clone();
        for at in 0..forged.len() - 46 {
            if forged[at..].starts_with(b"PK\x01\x02") {
                forged[at + 24..at + 28].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
            }
        }
        assert!(error(forged).contains("would be"));
    }
}
