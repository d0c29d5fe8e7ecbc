//! Office documents: ZIP archives whose directory shows which program they are for, and whether they declare macros.
//!
//! A document with macros is of no accepted kind, whatever its parts are called: a program runs only the macros that the
//! list of content types of an Office Open XML file declares, or that lie in the folders of an OpenDocument file. Apart
//! from that, the content of a document is not looked at.

use flate2::{Decompress, FlushDecompress, Status};

/// The media types of Office Open XML.
pub const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub const POWER_POINT: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// The beginning of an entry of a ZIP archive.
pub const ENTRY: &[u8] = b"PK\x03\x04";
/// The beginning of an entry in the directory of a ZIP archive.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// The beginning of the record after the directory of a ZIP archive.
const DIRECTORY_END: &[u8] = b"PK\x05\x06\0";
/// The maximum distance of that record from the end: its own length, and a comment.
const MAX_DIRECTORY_END: usize = 22 + 65_535;

/// The list of the content types of an Office Open XML file.
const CONTENT_TYPES: &str = "[content_types].xml";
/// The maximum size of that list; a few kilobytes are usual.
const MAX_CONTENT_TYPES: usize = 256 * 1024;

/// The beginnings of the parts of an Office Open XML file that show its program. Word in a browser also writes
/// `word/document2.xml`.
const MAIN_PARTS: [(&str, &str); 3] =
    [("word/document", WORD), ("xl/workbook", EXCEL), ("ppt/presentation", POWER_POINT)];

/// Texts in the list of content types that declare macros: of VBA, of Excel 4.0, and documents with them. A reference to
/// a character and a declaration of an entity could spell any of them, and no program writes either there.
const DECLARE_MACROS: [&str; 6] = ["vbaproject", "macroenabled", "macrosheet", "&#", "<!doctype", "<!entity"];

/// The folders of macros in an OpenDocument file.
const MACRO_FOLDERS: [&str; 2] = ["basic/", "scripts/"];

/// The media type of an office document; `None` for other content, and for a document with macros.
pub fn media_type(content: &[u8]) -> Option<&str> {
    let content = content.starts_with(ENTRY).then_some(content)?;
    let entries = entries(content)?;
    match open_document(content) {
        Some(media_type) => {
            let is_macro = |entry: &Entry| MACRO_FOLDERS.iter().any(|folder| entry.name.starts_with(folder));
            (!entries.iter().any(is_macro)).then_some(media_type)
        }
        None => open_xml(content, &entries),
    }
}

/// The media type of an OpenDocument file, which is its first entry, not compressed.
fn open_document(content: &[u8]) -> Option<&str> {
    let length = usize::try_from(number(content, 22, 4)?).ok()?;
    let (name, rest) = content.get(30..)?.split_at_checked(8)?;
    std::str::from_utf8(rest.get(..length)?).ok().filter(|_| name == b"mimetype")
}

/// The media type of an Office Open XML file, by the names in its directory.
fn open_xml(content: &[u8], entries: &[Entry]) -> Option<&'static str> {
    let mut lists = entries.iter().filter(|entry| entry.name == CONTENT_TYPES);
    // Of two lists, each program could read another.
    let (Some(list), None) = (lists.next(), lists.next()) else { return None };
    let list = list.text(content)?.to_ascii_lowercase();
    let is_macro =
        |entry: &Entry| entry.name.ends_with("vbaproject.bin") || entry.name.contains("macrosheets/");
    if entries.iter().any(is_macro) || DECLARE_MACROS.iter().any(|declares| list.contains(declares)) {
        return None;
    }
    let has =
        |part: &str| entries.iter().any(|entry| entry.name.starts_with(part) && entry.name.ends_with(".xml"));
    MAIN_PARTS.into_iter().find(|(part, _)| has(part)).map(|(_, media_type)| media_type)
}

/// An entry in the directory of a ZIP archive.
struct Entry {
    /// The name in lower case: programs read names without regard to it.
    name: String,
    method: u32,
    compressed_size: u32,
    /// The place of the entry itself.
    at: u32,
}

impl Entry {
    /// The text of the entry, if it is UTF-8 and no longer than a list of content types.
    fn text(&self, content: &[u8]) -> Option<String> {
        let entry = content.get(usize::try_from(self.at).ok()?..)?;
        entry.strip_prefix(ENTRY)?;
        let before = 30 + number(entry, 26, 2)?.checked_add(number(entry, 28, 2)?)?;
        let data = entry.get(usize::try_from(before).ok()?..)?;
        let data = data.get(..usize::try_from(self.compressed_size).ok()?)?;
        let text = match self.method {
            0 if data.len() <= MAX_CONTENT_TYPES => data.to_vec(),
            8 => inflated(data)?,
            _ => return None,
        };
        String::from_utf8(text).ok().filter(|text| !text.contains('\0'))
    }
}

/// Compressed data that is no longer than a list of content types.
fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    // Only the capacity is filled.
    let mut text = Vec::with_capacity(MAX_CONTENT_TYPES);
    let status = Decompress::new(false).decompress_vec(data, &mut text, FlushDecompress::Finish);
    status.is_ok_and(|status| status == Status::StreamEnd).then_some(text)
}

/// The entries in the directory of a ZIP archive.
fn entries(content: &[u8]) -> Option<Vec<Entry>> {
    let tail = content.len().saturating_sub(MAX_DIRECTORY_END);
    let end = content.get(tail..)?.windows(DIRECTORY_END.len()).rposition(|four| four == DIRECTORY_END)?;
    let end = content.get(tail.checked_add(end)?..)?;
    let count = number(end, 10, 2)?;
    let mut rest = content.get(usize::try_from(number(end, 16, 4)?).ok()?..)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        rest.strip_prefix(DIRECTORY_ENTRY)?;
        let [name, extra, comment] = [28, 30, 32].map(|at| number(rest, at, 2));
        let name = usize::try_from(name?).ok()?.checked_add(46)?;
        entries.push(Entry {
            name: String::from_utf8_lossy(rest.get(46..name)?).to_ascii_lowercase(),
            method: number(rest, 10, 2)?,
            compressed_size: number(rest, 20, 4)?,
            at: number(rest, 42, 4)?,
        });
        rest = rest.get(name.checked_add(usize::try_from(extra?.checked_add(comment?)?).ok()?)?..)?;
    }
    Some(entries)
}

/// A number of this many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const TYPES: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");

    /// A ZIP archive of these entries, stored or compressed.
    fn archive_by(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in entries {
            archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        archive_by(CompressionMethod::Stored, entries)
    }

    #[test]
    fn an_archive_shows_its_kind_in_its_directory() {
        let inner = archive(&[TYPES, ("xl/workbook.xml", b"<x/>")]);
        for (part, kind) in [
            ("word/document.xml", WORD),
            ("word/document2.xml", WORD),
            ("xl/workbook.xml", EXCEL),
            ("ppt/presentation.xml", POWER_POINT),
        ] {
            for entries in [
                &[TYPES, ("_rels/.rels", b"x".as_slice()), (part, b"<x/>")][..],
                &[(part, b"<x/>"), ("embedded.xlsx", &inner), TYPES],
            ] {
                for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
                    assert_eq!(media_type(&archive_by(method, entries)), Some(kind), "{part}");
                }
            }
            assert_eq!(media_type(&archive(&[(part, b"x")])), None);
        }
        assert_eq!(media_type(&inner), Some(EXCEL));
        assert_eq!(
            media_type(&archive(&[TYPES, ("embedded.xlsx", &inner)])),
            None,
            "what is within does not count"
        );
        let open = "application/vnd.oasis.opendocument.text";
        let of = |media_type: &[u8], name: &str| archive(&[(name, media_type), ("content.xml", b"<x/>")]);
        assert_eq!(media_type(&of(open.as_bytes(), "mimetype")), Some(open));
        assert_eq!(media_type(&of(open.as_bytes(), "mimetypo")), None);
        for nothing in [&b""[..], b"PK\x03\x04", b"PK\x05\x06\0", b"PK\x03\x04\0rest"] {
            assert_eq!(media_type(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_document_with_macros_is_of_no_kind_whatever_its_parts_are_called() {
        let part = ("word/document.xml", b"x".as_slice());
        for name in
            ["word/vbaProject.bin", "word/vbaproject.BIN", "vbaProject.bin", "xl/macrosheets/sheet1.xml"]
        {
            assert_eq!(media_type(&archive(&[TYPES, part, (name, b"x")])), None, "{name}");
        }
        for types in [
            "<Types><Override PartName='/word/a.bin' ContentType='application/vnd.ms-office.vbaProject'/></Types>",
            "<Types><Default Extension='dat' ContentType='application/vnd.ms-office.VBAPROJECT'/></Types>",
            "<Types><Override PartName='/x' ContentType='application/vnd.ms-word.document.macroEnabled.main+xml'/></Types>",
            "<Types><Override PartName='/x' ContentType='application/vnd.ms-excel.macrosheet+xml'/></Types>",
            "<Types><Override PartName='/x' ContentType='application/vnd.ms-office.&#118;baProject'/></Types>",
            "<!DOCTYPE x [<!ENTITY v 'vba'>]><Types/>",
            "<Types>\0</Types>",
        ] {
            for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
                let types = (TYPES.0, types.as_bytes());
                assert_eq!(
                    media_type(&archive_by(method, &[types, part, ("word/a.bin", b"x")])),
                    None,
                    "{types:?}"
                );
            }
        }
        let long = vec![b' '; 2 * 1024 * 1024];
        let bomb = archive_by(CompressionMethod::Deflated, &[(TYPES.0, &long), part]);
        assert_eq!(media_type(&bomb), None);
        let two = archive(&[TYPES, part, ("[content_types].xml", b"<Types/>")]);
        assert_eq!(media_type(&two), None, "two lists");
        let open = ("mimetype", b"application/vnd.oasis.opendocument.text".as_slice());
        for name in ["Basic/Standard/Module1.xml", "basic/script-lc.xml", "Scripts/python/run.py"] {
            assert_eq!(media_type(&archive(&[open, ("content.xml", b"x"), (name, b"x")])), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_content_panics(mut content in proptest::collection::vec(any::<u8>(), 0..200)) {
            content.splice(0..0, ENTRY.iter().copied());
            content.extend_from_slice(DIRECTORY_END);
            content.extend_from_slice(&[0, 0, 0, 0, 9, 0, 9, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0]);
            media_type(&content);
        }

        #[test]
        fn no_changed_archive_panics(cut in 0_usize..300, at in 0_usize..300, byte in any::<u8>()) {
            for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
                let mut whole = archive_by(method, &[TYPES, ("word/document.xml", b"<x/>")]);
                media_type(whole.get(..cut).unwrap_or(&whole));
                media_type(whole.get(cut..).unwrap_or(&whole));
                if let Some(changed) = whole.get_mut(at) {
                    *changed = byte;
                }
                media_type(&whole);
            }
        }
    }
}
