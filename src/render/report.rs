//! A report as a document: the contents of the model in one language, the recommendation first.
//!
//! The document depends on nothing but the arguments, so that a report that was submitted once has the same document as
//! long as the same version renders it.

mod annex;
mod council;
mod pilots;
mod products;
mod steps;
mod summary;
mod wording;
mod work;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::report::ReportModel;
use crate::domain::text::Language;
use crate::render::document::{Document, Span, fill};
use wording::Wording;

words! {
    /// Fixed texts of the document.
    struct ReportWords {
        title: "Report {0} to the council: {1}", "التقرير {0} المرفوع إلى المجلس: {1}";
        footer: "Report {0} of {1} · {2}", "التقرير {0} · {1} · {2}";
        draft: "Draft", "مسودة";
        file_name: "Report {0} - {1}", "التقرير {0} - {1}";
    }
}

/// The facts about a report that its model does not contain.
#[derive(Debug, Clone)]
pub struct ReportFacts {
    /// The hash of the model, in hexadecimal.
    pub hash: String,
    /// Time of the submission to the council; `None` for a report that the council has never received.
    pub submitted_at: Option<DateTime<Utc>>,
}

/// The document of a report.
pub fn document(model: &ReportModel, facts: &ReportFacts, language: Language) -> Document {
    let fixed = ReportWords::of(language);
    let control = &model.control;
    let zone = control.time_zone.as_ref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
    let wording = Wording { language, zone };
    let is_draft = facts.submitted_at.is_none();

    let mut sections = summary::summary(wording, model, is_draft, facts.submitted_at);
    sections.extend(summary::changes(wording, model));
    sections.extend([
        steps::steps(wording, model),
        products::policies(wording, model),
        products::sectors(wording, model),
        pilots::pilots(wording, model),
        pilots::migrations(wording, model),
        products::aims(wording, model),
        work::activities(wording, model),
        work::risks(wording, model),
        council::decisions(wording, model),
        pilots::lessons(wording, model),
        annex::members(wording, model),
        annex::evidence(wording, model),
        annex::verification(wording, model, &facts.hash),
    ]);
    let (number, name) = (Span::value(control.number), wording.text(&control.name));
    Document {
        language,
        title: fill(fixed.title, &[number.clone(), name.clone()]),
        mark: is_draft.then_some(fixed.draft),
        author: control.author.name.in_language(language).to_owned(),
        date: facts.submitted_at.unwrap_or(control.as_of),
        hash: facts.hash.clone(),
        footer: fill(fixed.footer, &[number, name, Span::Code(facts.hash.clone())]),
        sections,
    }
}

/// The name of a file with the report, without an ending.
pub fn file_name(model: &ReportModel, language: Language) -> String {
    let name = model.control.name.in_language(language);
    let number = model.control.number.to_string();
    ReportWords::of(language).file_name.replace("{0}", &number).replace("{1}", name)
}
