//! Renderings: what people read, print, open in a spreadsheet, put into a calendar or keep in an archive.
//!
//! Everything here is a function of data that the caller has read: the model of a report, a status, rows. Nothing here
//! knows the database or HTTP. Rendering a document takes milliseconds of a processor, so that callers render on threads
//! for blocking work, a bounded number at once.

#[macro_use]
pub mod words;

pub mod archive;
pub mod bidi;
pub mod calendar;
pub mod charts;
pub mod csv;
pub mod dates;
pub mod document;
pub mod files;
pub mod html;
pub mod mail;
pub mod notices;
pub mod pages;
#[cfg(feature = "pdf")]
pub mod pdf;
pub mod problem;
pub mod report;
pub mod sentences;
pub mod sheet;
pub mod xlsx;
