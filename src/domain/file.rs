//! Files of evidence: the kinds that are accepted, and the kind that the content of a file shows.
//!
//! The crate `infer` is not used: it takes a text that begins with `BM` for a picture, and finds an office document only
//! if one of its first three entries tells. Here the directory at the end of the archive tells.

use std::collections::BTreeSet;

/// The size limit of an upload, in bytes.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;

/// The beginning of an entry of a ZIP archive.
const ENTRY: &[u8] = b"PK\x03\x04";
/// The beginning of an entry in the directory of a ZIP archive.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// The beginning of the record after the directory of a ZIP archive.
const DIRECTORY_END: &[u8] = b"PK\x05\x06\0";
/// The maximum distance of that record from the end: its own length, and a comment.
const MAX_DIRECTORY_END: usize = 22 + 65_535;

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

/// Why content is no file of a kind.
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
            Self::WordDocument => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::ExcelSheet => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::PowerPointPresentation => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
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
        if content.starts_with(ENTRY) {
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
    let content = content.starts_with(ENTRY).then_some(content)?;
    open_document(content).or_else(|| office_document(content))
}

/// The kind of an OpenDocument file, whose first entry is its media type, not compressed.
fn open_document(content: &[u8]) -> Option<FileKind> {
    let length = usize::try_from(number(content, 22, 4)?).ok()?;
    let (name, rest) = content.get(30..)?.split_at_checked(8)?;
    let media_type = std::str::from_utf8(rest.get(..length)?).ok()?;
    FileKind::of_media_type(media_type).filter(|_| name == b"mimetype")
}

/// The kind of an Office Open XML file, by the names in the directory of the archive. A file with macros is of no accepted
/// kind.
fn office_document(content: &[u8]) -> Option<FileKind> {
    let names = entry_names(content)?;
    let has =
        |start: &str, end: &str| names.iter().any(|name| name.starts_with(start) && name.ends_with(end));
    if !has("[content_types].xml", "") || has("", "vbaproject.bin") {
        return None;
    }
    // Word in a browser also writes `word/document2.xml`.
    let main_parts = [
        ("word/document", FileKind::WordDocument),
        ("xl/workbook", FileKind::ExcelSheet),
        ("ppt/presentation", FileKind::PowerPointPresentation),
    ];
    main_parts.into_iter().find(|(part, _)| has(part, ".xml")).map(|(_, kind)| kind)
}

/// The names in the directory of a ZIP archive, in lower case: programs read them without regard to it.
fn entry_names(content: &[u8]) -> Option<BTreeSet<String>> {
    let tail = content.len().saturating_sub(MAX_DIRECTORY_END);
    let end = content.get(tail..)?.windows(DIRECTORY_END.len()).rposition(|four| four == DIRECTORY_END)?;
    let end = content.get(tail.checked_add(end)?..)?;
    let count = number(end, 10, 2)?;
    let mut rest = content.get(usize::try_from(number(end, 16, 4)?).ok()?..)?;
    let mut names = BTreeSet::new();
    for _ in 0..count {
        rest.strip_prefix(DIRECTORY_ENTRY)?;
        let [name, extra, comment] = [28, 30, 32].map(|at| number(rest, at, 2));
        let name = usize::try_from(name?).ok()?.checked_add(46)?;
        names.insert(String::from_utf8_lossy(rest.get(46..name)?).to_ascii_lowercase());
        rest = rest.get(name.checked_add(usize::try_from(extra?.checked_add(comment?)?).ok()?)?..)?;
    }
    Some(names)
}

/// A number of this many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ZIP archive of stored entries.
    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let low = |number: usize, length: usize| number.to_le_bytes()[..length].to_vec();
        let (mut archive, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in entries {
            let sizes = [low(content.len(), 4), low(content.len(), 4), low(name.len(), 2)].concat();
            directory.extend([DIRECTORY_ENTRY, &[0; 16], &sizes, &[0; 12], &low(archive.len(), 4)].concat());
            directory.extend(name.as_bytes());
            archive.extend([ENTRY, &[0; 14], &sizes, &[0; 2], name.as_bytes(), content].concat());
        }
        let (at, count) = (low(archive.len(), 4), low(entries.len(), 2));
        let end = [DIRECTORY_END, &[0; 3], &count, &count, &low(directory.len(), 4), &at, &[0; 2]].concat();
        [archive, directory, end].concat()
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
    fn an_archive_shows_its_kind_in_its_directory() {
        let of = |entries: &[(&str, &[u8])]| FileKind::detect(&archive(entries), Some("a.csv"));
        for kind in [
            FileKind::OpenDocumentText,
            FileKind::OpenDocumentSpreadsheet,
            FileKind::OpenDocumentPresentation,
        ] {
            let media_type = kind.media_type().as_bytes();
            assert_eq!(of(&[("mimetype", media_type), ("content.xml", b"<x/>")]), Some(kind));
            let template = [media_type, b"-template"].concat();
            assert_eq!(of(&[("mimetype", template.as_slice())]), None);
            assert_eq!(of(&[("mimetypo", media_type)]), None);
        }
        let types = ("[Content_Types].xml", b"<Types/>".as_slice());
        let inner = archive(&[types, ("xl/workbook.xml", b"<x/>")]);
        for (part, kind) in [
            ("word/document.xml", FileKind::WordDocument),
            ("xl/workbook.xml", FileKind::ExcelSheet),
            ("ppt/presentation.xml", FileKind::PowerPointPresentation),
        ] {
            assert_eq!(of(&[types, ("_rels/.rels", b"x"), (part, b"<x/>")]), Some(kind));
            assert_eq!(of(&[(part, b"<x/>"), ("embedded.xlsx", &inner), types]), Some(kind));
            for macros in ["word/vbaProject.bin", "word/vbaproject.BIN", "vbaProject.bin"] {
                let archive = archive(&[types, (part, b"x"), (macros, b"x")]);
                assert_eq!(FileKind::detect(&archive, None), None, "{macros}");
                assert_eq!(kind.check(&archive), Err(ContentError::OtherKind), "{macros}");
            }
            assert_eq!(of(&[(part, b"x")]), None);
        }
        assert_eq!(of(&[types, ("word/document2.xml", b"x")]), Some(FileKind::WordDocument));
        assert_eq!(of(&[types, ("embedded.xlsx", &inner)]), None, "what is within does not count");
        assert_eq!(FileKind::WordDocument.check(&inner), Err(ContentError::OtherKind));
        let jar = archive(&[("META-INF/MANIFEST.MF", b"x".as_slice()), ("A.class", b"x")]);
        assert_eq!(FileKind::WordDocument.check(&jar), Err(ContentError::OtherKind));
    }

    proptest! {
        #[test]
        fn no_content_panics(mut content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _: Option<FileKind> = FileKind::detect(&content, None);
            content.splice(0..0, ENTRY.iter().copied());
            content.extend_from_slice(DIRECTORY_END);
            content.extend_from_slice(&[0, 0, 0, 0, 9, 0, 9, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0]);
            let _: Option<FileKind> = FileKind::detect(&content, None);
        }

        #[test]
        fn no_cut_archive_panics(cut in 0_usize..200) {
            let whole = archive(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<x/>")]);
            let _: Option<FileKind> = FileKind::detect(whole.get(..cut).unwrap_or(&whole), None);
            let _: Option<FileKind> = FileKind::detect(whole.get(cut..).unwrap_or(&whole), None);
        }
    }
}
