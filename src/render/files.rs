//! Documents as files.

use super::document::Document;
use super::html;
#[cfg(feature = "pdf")]
use super::pdf;
use crate::domain::report::ReportFormat;

/// The forms that this program renders: not PDF, if the program was built without the feature `pdf`.
pub const FORMS: &[ReportFormat] = &[
    ReportFormat::Html,
    #[cfg(feature = "pdf")]
    ReportFormat::Pdf,
];

/// The reason why a document is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The template of a page failed.
    #[error("the page cannot be rendered: {0}")]
    Html(#[from] askama::Error),
    /// typst failed.
    #[cfg(feature = "pdf")]
    #[error(transparent)]
    Pdf(#[from] pdf::PdfError),
    /// The form is not among [`FORMS`].
    #[error("the program renders no {0}")]
    Form(ReportFormat),
}

/// The file of a document in one of [`FORMS`].
///
/// # Errors
/// The document cannot be rendered in the form.
pub fn file(document: &Document, form: ReportFormat) -> Result<Vec<u8>, FileError> {
    match form {
        ReportFormat::Html => Ok(html::html(document)?.into_bytes()),
        #[cfg(feature = "pdf")]
        ReportFormat::Pdf => Ok(pdf::print(document)?),
        #[cfg(not(feature = "pdf"))]
        ReportFormat::Pdf => Err(FileError::Form(form)),
        ReportFormat::Json => Err(FileError::Form(form)),
    }
}
