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

use crate::domain::report::{ReportList, ReportModel};
use crate::domain::text::{Language, LocalizedText};
use crate::render::charts::{ChartSource, Charts};
use crate::render::document::{Block, Document, Section, Span, fill};
use wording::Wording;

words! {
    /// Fixed texts of the document.
    struct ReportWords {
        title: "Report {0} to the council: {1}", "التقرير {0} إلى المجلس: {1}";
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
    let is_first_page = sections.iter().all(|section| !section.starts_page);
    sections.extend([
        steps::steps(wording, model, is_first_page),
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
    place(&mut sections, ChartSource::of_report(model).charts(language));
    for section in &mut sections {
        let abridged = model.abridged.iter().filter(|abridged| concerns(section.id, abridged.list));
        section.blocks.extend(abridged.map(|abridged| wording.abridged(abridged)));
    }
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

/// Puts each chart before the tables of its section.
fn place(sections: &mut [Section], charts: Charts) {
    let Charts { steps, activities, maturity, indicators, aims, timeline } = charts;
    let places = [
        ("steps", steps),
        ("sectors", maturity),
        ("pilots", indicators),
        ("aims", aims),
        ("activities", activities),
        ("decisions", timeline),
    ];
    for (id, chart) in places {
        let section = sections.iter_mut().find(|section| section.id == id);
        if let (Some(section), Some(chart)) = (section, chart) {
            section.blocks.insert(0, Block::Chart(chart));
        }
    }
}

/// Tells whether a section has to say that a list is abridged: it shows the list or counts its items.
fn concerns(section: &str, list: ReportList) -> bool {
    let lists: &[ReportList] = match section {
        "summary" => return true,
        "changes" => &[ReportList::Changes],
        "steps" => &[ReportList::Submissions, ReportList::AdjustmentNotes],
        "policies" => &[ReportList::Policies],
        "sectors" => &[ReportList::Sectors, ReportList::Studies],
        "pilots" => &[ReportList::Pilots, ReportList::Indicators, ReportList::Evaluations],
        "migrations" => &[ReportList::Migrations],
        "aims" => &[ReportList::Policies, ReportList::Pilots],
        "decisions" => &[ReportList::Decisions, ReportList::Conditions],
        "lessons" => &[ReportList::Pilots],
        "members" => &[ReportList::Members],
        "evidence" => &[ReportList::Evidence],
        _ => &[],
    };
    lists.contains(&list)
}

/// The name of a file with the report, without an ending.
pub fn file_name(task_force: &LocalizedText, number: i32, language: Language) -> String {
    let name = ReportWords::of(language).file_name.replace("{0}", &number.to_string());
    name.replace("{1}", task_force.in_language(language))
}

#[cfg(test)]
mod tests;
