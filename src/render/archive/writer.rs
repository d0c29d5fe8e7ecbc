//! Writes an archive from the first byte to the last, to a sink that cannot go back.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use sha2::{Digest as _, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{ArchivedFile, Contents, MANIFEST, MOST_MEMBERS, Manifest};

/// Endings of members that deflate makes much smaller. Most other files are compressed already, and compressing them again
/// as well as possible would take most of the time of an archive.
const COMPRESSIBLE: [&str; 7] = [".json", ".jsonl", ".md", ".csv", ".txt", ".html", ".svg"];

/// The sink of an archive. Once the archive has failed, nothing more is written.
///
/// `ZipWriter` writes the directory of what there is when it is dropped: an archive that breaks off would look like a
/// complete one.
struct Sink<W> {
    inner: W,
    state: SinkState,
}

/// Tells a sink, from outside of the `ZipWriter` that owns it, that the archive has failed.
#[derive(Debug, Clone, Default)]
struct SinkState(Arc<AtomicBool>);

impl SinkState {
    fn has_failed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn fail(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The result of a use of the sink, of which the first error is the last result.
    fn noting<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() != ErrorKind::Interrupted) {
            self.fail();
        }
        result
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.state.has_failed() { Ok(bytes.len()) } else { self.state.noting(self.inner.write(bytes)) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.state.has_failed() { Ok(()) } else { self.state.noting(self.inner.flush()) }
    }
}

/// Closes the sink of an archive that is dropped, before the `ZipWriter` is.
struct CloseOnDrop(SinkState);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.fail();
    }
}

/// The member that is being written.
struct Member {
    path: String,
    bytes: u64,
    hash: Sha256,
}

/// An archive that is being written. If it is dropped before [`ArchiveWriter::finish`], the sink has no directory and is
/// no ZIP file.
#[expect(missing_debug_implementations, reason = "the writer of the ZIP file has none")]
pub struct ArchiveWriter<W: Write> {
    /// Before the `ZipWriter`, since fields are dropped in this order.
    close_on_drop: CloseOnDrop,
    zip: ZipWriter<StreamWriter<Sink<W>>>,
    modified: zip::DateTime,
    member: Option<Member>,
    files: Vec<ArchivedFile>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive whose members are dated with this instant.
    pub fn new(inner: W, as_of: DateTime<Utc>) -> Self {
        let state = SinkState::default();
        Self {
            close_on_drop: CloseOnDrop(state.clone()),
            zip: ZipWriter::new_stream(Sink { inner, state }),
            modified: date_of(as_of),
            member: None,
            files: Vec::new(),
        }
    }

    /// Ends the member before, and begins the next.
    ///
    /// # Errors
    /// Errors of the sink; a path that the archive has already; too many members.
    pub fn begin(&mut self, path: impl Into<String>) -> io::Result<()> {
        let path = path.into();
        self.end_member();
        if self.files.len() >= MOST_MEMBERS {
            return Err(io::Error::other(format!("an archive has at most {MOST_MEMBERS} members")));
        }
        let is_compressible = COMPRESSIBLE.iter().any(|ending| path.ends_with(ending));
        // Not the method `Stored`, which would need the size before the content: programs that read a ZIP file from its
        // beginning find the end of a stored member only by its size.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(if is_compressible { 6 } else { 1 }))
            .last_modified_time(self.modified)
            .unix_permissions(0o644);
        self.zip.start_file(path.as_str(), options)?;
        self.member = Some(Member { path, bytes: 0, hash: Sha256::new() });
        Ok(())
    }

    /// Writes the next bytes of the member that was begun last.
    ///
    /// # Errors
    /// Errors of the sink.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)?;
        if let Some(member) = &mut self.member {
            member.bytes = member.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            member.hash.update(bytes);
        }
        Ok(())
    }

    fn end_member(&mut self) {
        if let Some(Member { path, bytes, hash }) = self.member.take() {
            self.files.push(ArchivedFile { path, bytes, sha256: hex::encode(hash.finalize()) });
        }
    }

    /// Writes the manifest, and the directory that ends a ZIP file.
    ///
    /// # Errors
    /// Errors of the sink.
    pub fn finish(mut self, contents: Contents) -> io::Result<()> {
        self.end_member();
        let manifest = Manifest { contents, files: std::mem::take(&mut self.files) };
        self.begin(MANIFEST)?;
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        self.write(&text)?;
        let Self { zip, close_on_drop, .. } = self;
        let mut sink = zip.finish()?.into_inner();
        sink.flush()?;
        if close_on_drop.0.has_failed() { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

/// An instant as ZIP files have it: in two seconds, from 1980 to 2107.
fn date_of(at: DateTime<Utc>) -> zip::DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (month, day) = (small(at.month()), small(at.day()));
    let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
    zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;
    use crate::render::archive::sample::contents;

    fn write(sink: impl Write, finishes: bool) -> io::Result<()> {
        let mut archive = ArchiveWriter::new(sink, contents().as_of);
        archive.begin("tables/cycles.jsonl")?;
        archive.write(b"{\"number\"")?;
        archive.write(b":1}\n")?;
        archive.begin("evidence/1/محضر.pdf")?;
        archive.write(&[7; 1000])?;
        if finishes { archive.finish(contents()) } else { Ok(()) }
    }

    fn written(finishes: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, finishes).unwrap();
        bytes
    }

    #[test]
    fn a_manifest_names_every_member_with_its_hash() {
        let bytes = written(true);
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        zip.by_name(MANIFEST).unwrap().read_to_string(&mut text).unwrap();
        let manifest: Manifest = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest.contents, contents());
        assert_eq!(zip.len(), manifest.files.len() + 1);
        for file in manifest.files {
            let mut content = Vec::new();
            let mut member = zip.by_name(&file.path).unwrap();
            assert_eq!(member.last_modified().unwrap().to_string(), "2026-11-28 09:30:12");
            member.read_to_end(&mut content).unwrap();
            assert_eq!(file.bytes, u64::try_from(content.len()).unwrap());
            assert_eq!(file.sha256, hex::encode(Sha256::digest(&content)), "{}", file.path);
        }
    }

    #[test]
    fn an_archive_that_was_not_finished_is_no_zip_file() {
        let bytes = written(false);
        assert!(bytes.starts_with(b"PK"));
        assert!(zip::ZipArchive::new(Cursor::new(bytes)).is_err());
        let whole = written(true);
        for length in [whole.len() / 2, whole.len() - 1] {
            assert!(zip::ZipArchive::new(Cursor::new(&whole[..length])).is_err(), "{length}");
        }
    }

    /// A sink that takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_error_of_the_sink_ends_the_archive_wherever_it_happens() {
        let whole = written(true).len();
        write(Full(whole), true).unwrap();
        for room in 0..whole {
            assert!(write(Full(room), true).is_err(), "{room}");
        }
    }
}
