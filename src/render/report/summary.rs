//! The first page: the recommendation, and the state of the work in a few lines.

use chrono::{DateTime, Utc};

use super::wording::{Wording, fact, section, table, text, value, words};
use crate::domain::pilot::PilotState;
use crate::domain::report::{ReportChange, ReportModel, TargetVerdict};
use crate::domain::step::StepState;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::document::{Block, Line, Section, Span, fill};
use crate::render::words::short;

words! {
    /// Fixed texts of the first page.
    struct SummaryWords {
        summary: "Summary", "الخلاصة";
        draft: "This report is a draft. The members of the task force have not passed it, and the council has not received it.", "هذا التقرير مسودة لم يقرّها أعضاء فريق العمل ولم تُعرض على المجلس.";
        request: "The council is asked to decide on this report. The task force recommends:", "يُطلب من المجلس اتخاذ قرار بشأن هذا التقرير. ويوصي فريق العمل بما يأتي:";
        step_again: "The step to be done again: {0}", "الخطوة التي تُعاد: {0}";
        reasons: "Reasons for the recommendation", "مسوغات التوصية";
        reasons_below: "The reasons are given below.", "مسوغات التوصية مبيّنة أدناه.";
        task_force: "Task force", "فريق العمل";
        city: "City", "المدينة";
        cycle: "Cycle", "الدورة";
        period: "Period", "الفترة";
        period_value: "{0} to {1}", "من {0} إلى {1}";
        as_of: "Records as of", "البيانات كما كانت في";
        as_of_value: "{0} ({1})", "{0} (بتوقيت {1})";
        author: "Prepared by", "إعداد";
        submitted: "Put before the council on", "عُرض على المجلس في";
        replaces: "Replaces", "يحل محل";
        replaces_value: "Report {0}", "التقرير {0}";
        health: "Health of the task force", "الحالة العامة لفريق العمل";
        health_value: "{0}, as stated on {1}", "{0}، بحسب بيان {1}";
        health_noted: "{0}, as stated on {1}: {2}", "{0}، بحسب بيان {1}: {2}";
        steps: "Steps passed", "الخطوات المُقرَّة";
        targets: "Indicators that reached their target", "المؤشرات التي بلغت المستهدف";
        count_of: "{0} of {1}", "{0} من {1}";
        pilots: "Pilots", "المشاريع التجريبية";
        counted: "{0}: {1}", "{0}: {1}";
        activities: "Activities", "الأنشطة";
        activities_value: "Done: {0}, open: {1}, of these overdue: {2}", "المنجزة: {0}، والمفتوحة: {1}، ومنها المتأخرة عن موعدها: {2}";
        risks: "Risks", "المخاطر";
        conditions: "Conditions of the council still to be met", "شروط المجلس التي لم تُستوفَ بعد";
        changes: "Changes since the last report", "ما تغيّر منذ التقرير السابق";
        changes_since: "Since report {0}, as of {1}:", "منذ التقرير {0} بتاريخ {1}:";
        first_report: "No earlier report of the task force has been before the council.", "لم يسبق أن عُرض على المجلس تقرير لفريق العمل.";
        unchanged: "Nothing that this report contains has changed since report {0}.", "لم يتغير شيء مما يتضمنه هذا التقرير منذ التقرير {0}.";
        changes_caption: "Changes by subject", "التغييرات بحسب الموضوع";
        kind: "Kind", "النوع";
        subject: "Subject", "الموضوع";
        change: "Change", "التغيير";
        added: "Added to the report", "إضافة إلى التقرير";
        added_as: "Added: {0}", "إضافة إلى التقرير: {0}";
        removed: "No longer in the report", "لم يعد واردًا في التقرير";
        set: "{0}: {1}", "{0}: {1}";
        cleared: "{0}: none now (before: {1})", "{0}: لا شيء حاليًا (سابقًا: {1})";
        moved: "{0}: from {1} to {2}", "{0}: من «{1}» إلى «{2}»";
    }
}

/// The longest reasons, in characters, that leave the first page one page.
const MOST_ON_FIRST_PAGE: usize = 1200;

/// The first page, and the reasons on a page of their own if they are long.
pub(super) fn summary(
    wording: Wording,
    model: &ReportModel,
    is_draft: bool,
    submitted_at: Option<DateTime<Utc>>,
) -> Vec<Section> {
    let fixed = SummaryWords::of(wording.language);
    let reasons: Vec<Line> = wording.paragraphs(&model.asked.summary).collect();
    let length = model.asked.summary.in_language(wording.language).chars().count();
    let fits = length <= MOST_ON_FIRST_PAGE;

    let mut frame = vec![
        words(fixed.request),
        vec![Span::strong(model.asked.recommendation.label().in_language(wording.language))],
    ];
    if let Some(step) = model.asked.return_to_step {
        frame.push(fill(fixed.step_again, &[wording.label(step)]));
    }
    if fits {
        frame.extend(reasons.iter().cloned());
    } else {
        frame.push(words(fixed.reasons_below));
    }
    let mut blocks = Vec::new();
    if is_draft {
        blocks.push(Block::Paragraph(vec![Span::strong(fixed.draft)]));
    }
    blocks.push(Block::Frame(frame));
    blocks.push(identification(wording, model, submitted_at));
    blocks.push(figures(wording, model));
    let mut sections = vec![section("summary", fixed.summary, blocks)];
    if !fits {
        let blocks = reasons.into_iter().map(Block::Paragraph).collect();
        sections.push(Section { starts_page: true, ..section("reasons", fixed.reasons, blocks) });
    }
    sections
}

/// The identification of the report.
fn identification(wording: Wording, model: &ReportModel, submitted_at: Option<DateTime<Utc>>) -> Block {
    let fixed = SummaryWords::of(wording.language);
    let control = &model.control;
    let period = [wording.day_of(control.period.from), wording.day_of(control.period.to)];
    let as_of = [wording.time(control.as_of), Span::value(wording.zone.name())];
    let mut facts = vec![
        fact(fixed.task_force, vec![wording.text(&control.name)]),
        fact(fixed.city, vec![wording.text(&control.city)]),
        fact(fixed.cycle, value(control.cycle)),
        fact(fixed.period, fill(fixed.period_value, &period)),
        fact(fixed.as_of, fill(fixed.as_of_value, &as_of)),
        fact(fixed.author, vec![wording.text(&control.author.name)]),
    ];
    if let Some(submitted_at) = submitted_at {
        facts.push(fact(fixed.submitted, vec![wording.day_of(submitted_at)]));
    }
    if let Some(replaced) = control.supersedes {
        facts.push(fact(fixed.replaces, fill(fixed.replaces_value, &[Span::value(replaced)])));
    }
    Block::Facts(facts)
}

/// The state of the work in numbers.
fn figures(wording: Wording, model: &ReportModel) -> Block {
    let fixed = SummaryWords::of(wording.language);
    let count_of = |part: usize, all: usize| fill(fixed.count_of, &[Span::value(part), Span::value(all)]);
    let mut facts = Vec::new();
    if let Some(stated) = &model.health {
        let (rating, day) = (wording.strong(stated.health), wording.day_of(stated.stated_at));
        let line = match &stated.note {
            Some(note) => fill(fixed.health_noted, &[rating, day, wording.text(note)]),
            None => fill(fixed.health_value, &[rating, day]),
        };
        facts.push(fact(fixed.health, line));
    }
    let passed = model.steps.iter().filter(|step| step.state == StepState::Passed).count();
    facts.push(fact(fixed.steps, count_of(passed, model.steps.len())));
    let by_state = PilotState::ALL.iter().filter_map(|state| {
        let count = model.pilots.iter().filter(|pilot| pilot.state == *state).count();
        (count > 0).then(|| fill(fixed.counted, &[wording.short(*state), Span::value(count)]))
    });
    facts.push(fact(fixed.pilots, wording.list(by_state)));
    let in_use = || {
        let indicators = model.pilots.iter().flat_map(|pilot| &pilot.indicators);
        indicators.filter(|indicator| indicator.verdict != TargetVerdict::Retired)
    };
    let reached = in_use().filter(|indicator| indicator.verdict == TargetVerdict::Reached).count();
    facts.push(fact(fixed.targets, count_of(reached, in_use().count())));
    let activities = &model.activities;
    let counts = [activities.done, activities.open, activities.overdue].map(Span::value);
    facts.push(fact(fixed.activities, fill(fixed.activities_value, &counts)));
    facts.push(fact(fixed.risks, value(model.risks.total)));
    let conditions = model.decisions.iter().flat_map(|decision| &decision.conditions);
    let pending = conditions.filter(|condition| condition.state.is_pending()).count();
    facts.push(fact(fixed.conditions, value(pending)));
    Block::Facts(facts)
}

/// The changes since the last report. A report of an earlier version does not say.
pub(super) fn changes(wording: Wording, model: &ReportModel) -> Option<Section> {
    let fixed = SummaryWords::of(wording.language);
    // A table does not fit on the first page.
    let mut starts_page = false;
    let blocks = match &model.changes {
        None if model.control.time_zone.is_some() => vec![Block::Paragraph(words(fixed.first_report))],
        None => return None,
        Some(changes) if changes.items.is_empty() => {
            let sentence = fill(fixed.unchanged, &[Span::value(changes.since_report)]);
            vec![Block::Paragraph(sentence)]
        }
        Some(changes) => {
            starts_page = true;
            let since = [Span::value(changes.since_report), wording.day_of(changes.since)];
            let rows = changes.items.iter().map(|change| {
                vec![
                    vec![wording.text(&change.title)],
                    vec![wording.short(change.kind)],
                    described(wording, change),
                ]
            });
            let columns = vec![text(fixed.subject), super::wording::brief(fixed.kind), text(fixed.change)];
            vec![
                Block::Paragraph(fill(fixed.changes_since, &since)),
                table(wording, fixed.changes_caption, columns, rows.collect()),
            ]
        }
    };
    Some(Section { starts_page, ..section("changes", fixed.changes, blocks) })
}

/// A change in words.
fn described(wording: Wording, change: &ReportChange) -> Line {
    use crate::domain::report::ReportAspect;

    let fixed = SummaryWords::of(wording.language);
    let named = |code: &String| match change.aspect {
        ReportAspect::Value => Span::value(code),
        _ => Span::value(short(change.label_of(code).in_language(wording.language))),
    };
    let (before, after) = (change.before.as_ref().map(named), change.after.as_ref().map(named));
    let aspect = wording.short(change.aspect);
    match (change.aspect, before, after) {
        (ReportAspect::Added, _, Some(after)) => fill(fixed.added_as, &[after]),
        (ReportAspect::Added, _, None) => words(fixed.added),
        (ReportAspect::Removed, _, _) => words(fixed.removed),
        (_, Some(before), Some(after)) => fill(fixed.moved, &[aspect, before, after]),
        (_, None, Some(after)) => fill(fixed.set, &[aspect, after]),
        (_, Some(before), None) => fill(fixed.cleared, &[aspect, before]),
        (_, None, None) => vec![aspect],
    }
}

#[cfg(test)]
mod tests {
    use super::SummaryWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<SummaryWords>();
    }
}
