//! The fonts, the template and the library of typst, which all documents share.

use std::collections::HashMap;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime};
use typst::syntax::{FileId, Source, VirtualPath};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt as _, World};

use super::PdfError;

/// The fonts, embedded in the program. Their licence is in `fonts/OFL.txt`.
///
/// Noto Sans and Noto Naskh Arabic are the files of their publisher: names can be in Greek, Cyrillic, Vietnamese, Persian
/// or Urdu, and a part of the letters would save 1% of the program. The subsets have the arrows, mathematical signs,
/// shapes and check marks that Noto Sans lacks, a tenth of their fonts.
const FONTS: [(&str, &[u8]); 6] = [
    ("NotoSans-Regular", include_bytes!("fonts/NotoSans-Regular.ttf")),
    ("NotoSans-Bold", include_bytes!("fonts/NotoSans-Bold.ttf")),
    ("NotoNaskhArabic-Regular", include_bytes!("fonts/NotoNaskhArabic-Regular.ttf")),
    ("NotoNaskhArabic-Bold", include_bytes!("fonts/NotoNaskhArabic-Bold.ttf")),
    ("NotoSansMath-Subset", include_bytes!("fonts/NotoSansMath-Subset.ttf")),
    ("NotoSansSymbols2-Subset", include_bytes!("fonts/NotoSansSymbols2-Subset.ttf")),
];

/// The name by which the template reads the document.
const DATA: &str = "document.json";

/// The parts that all documents share.
pub(super) struct Printer {
    library: LazyHash<Library>,
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    /// The fonts that have a sign, each with a bit of its own.
    letters: HashMap<char, u8>,
    template: Source,
    data: FileId,
}

impl Printer {
    /// The printer of the program.
    pub(super) fn get() -> Result<&'static Self, PdfError> {
        static PRINTER: LazyLock<Result<Printer, PdfError>> = LazyLock::new(Printer::new);
        PRINTER.as_ref().map_err(Clone::clone)
    }

    fn new() -> Result<Self, PdfError> {
        let mut fonts = Vec::with_capacity(FONTS.len());
        for (name, content) in FONTS {
            fonts.push(Font::new(Bytes::new(content), 0).ok_or(PdfError::Font(name))?);
        }
        let mut letters = HashMap::new();
        for (bit, font) in fonts.iter().enumerate() {
            for letter in font.info().coverage.iter().filter_map(char::from_u32) {
                *letters.entry(letter).or_default() |= 1 << bit;
            }
        }
        let file = |name| FileId::new(None, VirtualPath::new(name));
        Ok(Self {
            // The feature says which cells of a table are the heading of a row.
            library: LazyHash::new(
                Library::builder().with_features([Feature::A11yExtras].into_iter().collect()).build(),
            ),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            letters,
            template: Source::new(file("template.typ"), include_str!("template.typ").to_owned()),
            data: file(DATA),
            fonts,
        })
    }

    /// The fonts that have a sign, each with a bit of its own.
    pub(super) fn fonts_with(&self, letter: char) -> u8 {
        self.letters.get(&letter).copied().unwrap_or_default()
    }
}

/// A document that is printed.
pub(super) struct Job<'a> {
    printer: &'a Printer,
    data: Bytes,
}

impl<'a> Job<'a> {
    pub(super) fn new(printer: &'a Printer, data: Vec<u8>) -> Self {
        Self { printer, data: Bytes::new(data) }
    }
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.printer.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.printer.book
    }

    fn main(&self) -> FileId {
        self.printer.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main() { Ok(self.printer.template.clone()) } else { Err(not_found(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.printer.data { Ok(self.data.clone()) } else { Err(not_found(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.printer.fonts.get(index).cloned()
    }

    /// A document shows no time but its own.
    fn today(&self, _: Option<i64>) -> Option<Datetime> {
        None
    }
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().as_rootless_path().to_owned())
}
