//! Files of evidence: the kinds that are accepted, and the kind that the content of a file shows.
//!
//! The crate `infer` is not used: it takes a text that begins with `BM` for a picture, and finds an office document only
//! if one of its first three entries tells. Here the directory at the end of the archive tells.

use super::office;

/// The size limit of an upload, in bytes.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;

/// A kind of file that is accepted: documents, tables and pictures. A browser executes none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Pdf,
    WordDocument,
    ExcelSheet,
    PowerPointPresentation,
    OpenDocumentText,
    OpenDocumentSpreadsheet,
    OpenDocumentPresentation,
    Png,
    Jpeg,
    Csv,
    Text,
}

/// The reason why content is no file of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentError {
    Empty,
    /// Text that is not UTF-8, or has a NUL.
    NotText,
    /// Not what files of the kind have at their beginning or, in archives, in the directory.
    OtherKind,
}

impl FileKind {
    /// All kinds, in the order of the contract.
    pub const ALL: [Self; 11] = [
        Self::Pdf,
        Self::WordDocument,
        Self::ExcelSheet,
        Self::PowerPointPresentation,
        Self::OpenDocumentText,
        Self::OpenDocumentSpreadsheet,
        Self::OpenDocumentPresentation,
        Self::Png,
        Self::Jpeg,
        Self::Csv,
        Self::Text,
    ];

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::WordDocument => office::WORD,
            Self::ExcelSheet => office::EXCEL,
            Self::PowerPointPresentation => office::POWER_POINT,
            Self::OpenDocumentText => "application/vnd.oasis.opendocument.text",
            Self::OpenDocumentSpreadsheet => "application/vnd.oasis.opendocument.spreadsheet",
            Self::OpenDocumentPresentation => "application/vnd.oasis.opendocument.presentation",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Csv => "text/csv",
            Self::Text => "text/plain",
        }
    }

    /// The kind of a media type, which is given without parameters.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type().eq_ignore_ascii_case(media_type))
    }

    /// The endings that the name of such a file can have; a name without one of them gets the first.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::WordDocument => &["docx"],
            Self::ExcelSheet => &["xlsx"],
            Self::PowerPointPresentation => &["pptx"],
            Self::OpenDocumentText => &["odt"],
            Self::OpenDocumentSpreadsheet => &["ods"],
            Self::OpenDocumentPresentation => &["odp"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Csv => &["csv", "txt"],
            // No ending of a program: a text can be a script.
            Self::Text => &["txt", "text", "md", "log", "csv"],
        }
    }

    /// Tells whether files of the kind are text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Text)
    }

    /// Checks that content can be a file of this kind: the whole of a text, the directory of an archive, and the beginning
    /// of other files.
    ///
    /// # Errors
    /// Why it is no such file.
    pub fn check(self, content: &[u8]) -> Result<(), ContentError> {
        let signature: &[u8] = match self {
            _ if content.is_empty() => return Err(ContentError::Empty),
            Self::Csv | Self::Text => {
                return if is_text(content) { Ok(()) } else { Err(ContentError::NotText) };
            }
            Self::Pdf => b"%PDF-",
            Self::Png => b"\x89PNG\r\n\x1a\n",
            Self::Jpeg => b"\xff\xd8\xff",
            // The office formats are ZIP archives.
            _ => return if archived(content) == Some(self) { Ok(()) } else { Err(ContentError::OtherKind) },
        };
        if content.starts_with(signature) { Ok(()) } else { Err(ContentError::OtherKind) }
    }

    /// The kind that content shows. Only the name of a file tells a table from another text.
    pub fn detect(content: &[u8], name: Option<&str>) -> Option<Self> {
        let by_beginning = [Self::Pdf, Self::Png, Self::Jpeg];
        if let Some(kind) = by_beginning.into_iter().find(|kind| kind.check(content).is_ok()) {
            return Some(kind);
        }
        if content.starts_with(office::ENTRY) {
            return archived(content);
        }
        let is_table = || {
            let ending = name.and_then(|name| name.rsplit_once('.'));
            ending.is_some_and(|(_, ending)| ending.trim().eq_ignore_ascii_case("csv"))
        };
        match content {
            [] => None,
            text if !is_text(text) => None,
            _ if is_table() => Some(Self::Csv),
            _ => Some(Self::Text),
        }
    }
}

fn is_text(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok() && !content.contains(&0)
}

/// The kind of a ZIP archive.
fn archived(content: &[u8]) -> Option<FileKind> {
    FileKind::of_media_type(office::media_type(content)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A ZIP archive of these entries.
    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, content) in entries {
            archive.start_file(*name, stored).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn a_file_is_what_it_says_it_is() {
        let types = ("[Content_Types].xml", b"<Types/>".as_slice());
        for kind in FileKind::ALL {
            let office = |part| archive(&[types, (part, b"<x/>")]);
            let document = match kind {
                FileKind::WordDocument => office("word/document.xml"),
                FileKind::ExcelSheet => office("xl/workbook.xml"),
                FileKind::PowerPointPresentation => office("ppt/presentation.xml"),
                _ => archive(&[("mimetype", kind.media_type().as_bytes())]),
            };
            let right: &[u8] = match kind {
                FileKind::Pdf => b"%PDF-1.7",
                FileKind::Png => b"\x89PNG\r\n\x1a\n...",
                FileKind::Jpeg => b"\xff\xd8\xff\xe0",
                FileKind::Csv | FileKind::Text => "الاسم,العدد".as_bytes(),
                _ => &document,
            };
            assert_eq!(kind.check(right), Ok(()), "{kind:?}");
            assert_eq!(kind.check(b""), Err(ContentError::Empty), "{kind:?}");
            assert!(kind.check(b"\x00\x01\x02").is_err(), "{kind:?}");
            assert!(kind.check(b"PK\x03\x04\0rest").is_err(), "{kind:?}");
            assert_eq!(kind.check(b"<html>").is_err(), !kind.is_text(), "{kind:?}");
            assert_eq!(FileKind::of_media_type(&kind.media_type().to_uppercase()), Some(kind));
        }
        assert_eq!(FileKind::Text.check(b"\xff\xfe"), Err(ContentError::NotText));
    }

    #[test]
    fn content_shows_its_kind() {
        let detect = |content: &[u8]| FileKind::detect(content, None);
        assert_eq!(detect(b"%PDF-1.7\n%\xe2\xe3"), Some(FileKind::Pdf));
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n\0\0"), Some(FileKind::Png));
        assert_eq!(detect(b"\xff\xd8\xff\xe0\0"), Some(FileKind::Jpeg));
        assert_eq!(detect("BM: محضر".as_bytes()), Some(FileKind::Text));
        for nothing in [&b""[..], b"\0", b"\xff\xfea\0", b"PK\x03\x04", b"PK\x05\x06\0", b"GIF89a\0"] {
            assert_eq!(detect(nothing), None, "{nothing:?}");
        }
        for (name, kind) in [
            (Some("a.csv"), FileKind::Csv),
            (Some("a.CSV"), FileKind::Csv),
            (Some("csv"), FileKind::Text),
            (Some("a.csv.txt"), FileKind::Text),
            (None, FileKind::Text),
        ] {
            assert_eq!(FileKind::detect(b"a,b", name), Some(kind), "{name:?}");
        }
    }

    #[test]
    fn an_archive_is_no_other_kind_than_its_directory_shows() {
        let types = ("[Content_Types].xml", b"<Types/>".as_slice());
        let sheet = archive(&[types, ("xl/workbook.xml", b"<x/>")]);
        assert_eq!(FileKind::detect(&sheet, Some("a.csv")), Some(FileKind::ExcelSheet));
        assert_eq!(FileKind::WordDocument.check(&sheet), Err(ContentError::OtherKind));
        let jar = archive(&[("META-INF/MANIFEST.MF", b"x".as_slice()), ("A.class", b"x")]);
        assert_eq!(FileKind::WordDocument.check(&jar), Err(ContentError::OtherKind));
        assert_eq!(FileKind::detect(&jar, None), None);
        let template = b"application/vnd.oasis.opendocument.text-template".as_slice();
        assert_eq!(FileKind::detect(&archive(&[("mimetype", template)]), None), None);
    }
}
