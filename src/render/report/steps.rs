//! The five steps: where each stands, how the members voted, and what the chair waived.

use super::wording::{Wording, brief, listed, number, section, table, text, value};
use crate::domain::ballot::VoteChoice;
use crate::domain::report::{ReportModel, ReportStep, ReportSubmission, ReportVote};
use crate::render::document::{Block, Line, Section, Span, fill};

words! {
    /// Fixed texts on the steps.
    struct StepWords {
        steps: "The five steps", "الخطوات الخمس";
        step: "Step", "الخطوة";
        state: "State", "الحالة";
        due: "Due date", "تاريخ الاستحقاق";
        passed: "Passed on", "أُقرَّت في";
        numbered: "{0}. {1}", "{0}. {1}";
        overview: "State of the steps", "حالة الخطوات";
        votes: "Submissions of the steps, and the votes of the members", "طلبات إقرار الخطوات وتصويت الأعضاء عليها";
        submitted: "Submitted on", "قُدِّم في";
        outcome: "Outcome", "النتيجة";
        approve: "Approve", "موافقة";
        returned: "Return", "إعادة";
        abstain: "Abstain", "امتناع";
        absent: "Absent or not voted", "غائب أو لم يصوّت";
        counted: "Counted members", "الأعضاء المحتسبون";
        comments: "Comments of the members", "تعليقات الأعضاء";
        comment: "{0} ({1}, step {2}): {3}", "{0} ({1}، الخطوة {2}): {3}";
        recusals: "Recusals", "التنحي عن التصويت";
        recusal: "{0} (step {1})", "{0} (الخطوة {1})";
        recusal_reason: "{0} (step {1}): {2}", "{0} (الخطوة {1}): {2}";
        waivers: "Criteria waived by the chair", "المعايير التي أعفى منها رئيس الفريق";
        waiver: "{0}: {1} ({2}, {3})", "{0}: {1} ({2}، {3})";
        notes: "Notes of the chair on steps that the council reopened", "ملاحظات رئيس الفريق على الخطوات التي أعاد المجلس فتحها";
        note: "Decision {0}: {1} ({2}, {3})", "القرار {0}: {1} ({2}، {3})";
    }
}

/// The section on the steps, on a page of its own if the first page ends before.
pub(super) fn steps(wording: Wording, model: &ReportModel, starts_page: bool) -> Section {
    let fixed = StepWords::of(wording.language);
    let mut blocks = vec![overview(wording, model)];
    blocks.extend(votes(wording, model));
    listed(&mut blocks, fixed.comments, comments(wording, model));
    listed(&mut blocks, fixed.recusals, recusals(wording, model));
    listed(&mut blocks, fixed.waivers, waivers(wording, model));
    listed(&mut blocks, fixed.notes, notes(wording, model));
    Section { starts_page, ..section("steps", fixed.steps, blocks) }
}

fn overview(wording: Wording, model: &ReportModel) -> Block {
    let fixed = StepWords::of(wording.language);
    let row = |step: &ReportStep| {
        vec![
            fill(fixed.numbered, &[Span::value(step.step.ordinal()), wording.label(step.step)]),
            vec![wording.strong(step.state)],
            wording.optional_day(step.target_date),
            wording.optional_day_of(step.passed_at),
        ]
    };
    let columns = vec![text(fixed.step), brief(fixed.state), brief(fixed.due), brief(fixed.passed)];
    table(wording, fixed.overview, columns, model.steps.iter().map(row).collect())
}

/// Each submission with its step.
fn submissions(model: &ReportModel) -> impl Iterator<Item = (&ReportStep, &ReportSubmission)> {
    model.steps.iter().flat_map(|step| step.submissions.iter().map(move |submission| (step, submission)))
}

fn votes(wording: Wording, model: &ReportModel) -> Vec<Block> {
    let fixed = StepWords::of(wording.language);
    let row = |(step, submission): (&ReportStep, &ReportSubmission)| {
        let tally = &submission.tally;
        vec![
            fill(fixed.numbered, &[Span::value(step.step.ordinal()), wording.label(step.step)]),
            vec![wording.day_of(submission.submitted_at)],
            vec![wording.strong(submission.state)],
            value(tally.denominator),
            value(tally.approve),
            value(tally.r#return),
            value(tally.abstain),
            value(tally.absent.saturating_add(tally.pending)),
        ]
    };
    let rows: Vec<_> = submissions(model).map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = vec![
        text(fixed.step),
        brief(fixed.submitted),
        brief(fixed.outcome),
        number(fixed.counted),
        number(fixed.approve),
        number(fixed.returned),
        number(fixed.abstain),
        number(fixed.absent),
    ];
    vec![table(wording, fixed.votes, columns, rows)]
}

/// The comments of members with their votes.
fn comments(wording: Wording, model: &ReportModel) -> Vec<Line> {
    let fixed = StepWords::of(wording.language);
    let comment = |step: &ReportStep, vote: &ReportVote| {
        let said = vote.comment.as_ref()?;
        let choice = wording.short(vote.choice?);
        let step = Span::value(step.step.ordinal());
        Some(fill(fixed.comment, &[wording.text(&vote.name), choice, step, Span::value(said)]))
    };
    submissions(model)
        .flat_map(|(step, submission)| submission.votes.iter().filter_map(move |vote| comment(step, vote)))
        .collect()
}

fn recusals(wording: Wording, model: &ReportModel) -> Vec<Line> {
    let fixed = StepWords::of(wording.language);
    let recusal = |step: &ReportStep, vote: &ReportVote| {
        let (name, step) = (wording.text(&vote.name), Span::value(step.step.ordinal()));
        match &vote.reason {
            Some(reason) => fill(fixed.recusal_reason, &[name, step, wording.text(reason)]),
            None => fill(fixed.recusal, &[name, step]),
        }
    };
    submissions(model)
        .flat_map(|(step, submission)| {
            let recused = submission.votes.iter().filter(|vote| vote.choice == Some(VoteChoice::Recuse));
            recused.map(move |vote| recusal(step, vote))
        })
        .collect()
}

fn waivers(wording: Wording, model: &ReportModel) -> Vec<Line> {
    let fixed = StepWords::of(wording.language);
    let waivers = model.steps.iter().flat_map(|step| &step.waivers);
    waivers
        .map(|waiver| {
            let (reason, name) = (wording.text(&waiver.reason), wording.text(&waiver.name));
            let criterion = wording.label(waiver.criterion);
            fill(fixed.waiver, &[criterion, reason, name, wording.day_of(waiver.at)])
        })
        .collect()
}

fn notes(wording: Wording, model: &ReportModel) -> Vec<Line> {
    let fixed = StepWords::of(wording.language);
    let notes = model.steps.iter().flat_map(|step| &step.adjustment_notes);
    notes
        .map(|note| {
            let (said, name) = (wording.text(&note.note), wording.text(&note.name));
            fill(fixed.note, &[Span::value(note.decision_number), said, name, wording.day_of(note.at)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::StepWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<StepWords>();
    }
}
