//! Documents as PDF, by typst.
//!
//! The template `pdf/template.typ` prints every document. A document reaches the template as data, never as source text,
//! so that nothing in a record is taken for markup. The files are PDF/A-2a: fonts are embedded, text can be copied as
//! Unicode, and the structure is tagged for screen readers.

mod copying;
mod data;
mod letters;
mod printer;
mod specimen;
#[cfg(test)]
mod tests;
mod widths;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use typst::comemo;
use typst::diag::{SourceDiagnostic, Warned};
use typst::foundations::{Datetime, Smart};
use typst::layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use self::copying::letters_behind_glyphs;
use self::data::Data;
use self::printer::{Job, Printer};
use super::document::Document;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// The standard of every file. The documents also satisfy PDF/UA-1, for readers of any ability. A file of typst declares
/// one standard, and what is filed for decades has to declare that of archives.
const STANDARD: PdfStandard = PdfStandard::A_2a;

/// The reason why a document could not be printed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PdfError {
    /// A font in the program is broken.
    #[error("the font {0} in the program cannot be read")]
    Font(&'static str),
    /// The template or the document is not as typst wants it.
    #[error("typst cannot print the document: {0}")]
    Typst(String),
    /// The document cannot be written as data.
    #[error("the document cannot be written as data: {0}")]
    Data(String),
}

/// Prints a document. The same document has the same bytes.
///
/// # Errors
/// A font, the template or the document is not as typst wants it.
pub fn print(document: &Document) -> Result<Vec<u8>, PdfError> {
    let Warned { output, warnings } = compile(document, STANDARD)?;
    if !warnings.is_empty() {
        tracing::warn!(warnings = sentences(&warnings), "a document was printed with warnings");
    }
    output
}

/// Prints a document with every kind of content in both languages, so that a font or a template that is broken is found
/// before a reader asks for a document.
///
/// # Errors
/// The document could not be printed, or typst warned of something.
pub fn check() -> Result<(), PdfError> {
    for language in Language::ALL {
        let Warned { output, warnings } = compile(&specimen::document(*language), STANDARD)?;
        output?;
        if !warnings.is_empty() {
            return Err(PdfError::Typst(sentences(&warnings)));
        }
    }
    Ok(())
}

fn compile(
    document: &Document,
    standard: PdfStandard,
) -> Result<Warned<Result<Vec<u8>, PdfError>>, PdfError> {
    let printer = Printer::get()?;
    let standards = PdfStandards::new(&[standard]).map_err(|error| PdfError::Typst(error.to_string()))?;
    let data = serde_json::to_vec(&Data::new(document, printer))
        .map_err(|error| PdfError::Data(error.to_string()))?;
    let job = Job::new(printer, data);
    let Warned { output, warnings } = typst::compile::<PagedDocument>(&job);
    let ident = format!("{} {}", document.hash, document.language.code());
    let output = output.and_then(|pages| {
        let options = PdfOptions {
            ident: Smart::Custom(&ident),
            timestamp: timestamp(document.date),
            standards,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&letters_behind_glyphs(pages), &options)
    });
    // typst remembers the results of its steps for a document that is printed again after an edit. Nothing is edited here.
    comemo::evict(0);
    Ok(Warned { output: output.map_err(|errors| PdfError::Typst(sentences(&errors))), warnings })
}

fn sentences(diagnostics: &[SourceDiagnostic]) -> String {
    let mut sentences: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    sentences.dedup();
    sentences.join("; ")
}

/// The time of a document for its metadata.
fn timestamp(time: DateTime<Utc>) -> Option<Timestamp> {
    let part = |number: u32| u8::try_from(number).ok();
    let datetime = Datetime::from_ymd_hms(
        time.year(),
        part(time.month())?,
        part(time.day())?,
        part(time.hour())?,
        part(time.minute())?,
        part(time.second())?,
    )?;
    Some(Timestamp::new_utc(datetime))
}
