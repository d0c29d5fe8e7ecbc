//! Earlier decisions of the council, with their reasons and conditions.

use super::wording::{Wording, brief, fact, section, text, value};
use crate::domain::decision::DecisionOutcome;
use crate::domain::report::{ReportCondition, ReportDecision, ReportModel};
use crate::domain::step::StepName;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::document::{Block, Line, Section, Span, Table, fill};
use crate::render::words::short;

words! {
    /// Fixed texts on decisions.
    struct CouncilWords {
        decisions: "Earlier decisions of the council", "قرارات المجلس السابقة";
        heading: "Decision {0} on report {1}, {2}", "القرار {0} بشأن التقرير {1}، {2}";
        outcome: "Decision", "القرار";
        recommended: "Recommended by the report", "توصية التقرير";
        with_step: "{0}: {1}", "{0}: {1}";
        departs: "{0} (the council decided otherwise)", "{0} (قرر المجلس خلافها)";
        reason: "Reason of the council", "مسوغات المجلس";
        meeting: "Meeting", "الجلسة";
        corrects: "Corrects", "يصحح";
        corrects_value: "Decision {0}", "القرار {0}";
        conditions: "Conditions of decision {0}", "شروط القرار {0}";
        condition: "Condition", "الشرط";
        owner: "Responsible", "المسؤول";
        due: "Due date", "تاريخ الاستحقاق";
        state: "State", "الحالة";
        since: "{0}, since {1}", "{0} منذ {1}";
        explained: "Explanation", "التوضيح";
    }
}

pub(super) fn decisions(wording: Wording, model: &ReportModel) -> Section {
    let fixed = CouncilWords::of(wording.language);
    let mut blocks: Vec<Block> =
        model.decisions.iter().flat_map(|decision| details(wording, decision)).collect();
    if blocks.is_empty() {
        blocks.push(wording.none());
    }
    section("decisions", fixed.decisions, blocks)
}

fn details(wording: Wording, decision: &ReportDecision) -> Vec<Block> {
    let fixed = CouncilWords::of(wording.language);
    let numbers = [Span::value(decision.number), Span::value(decision.report_number)];
    let [number, report] = numbers.clone();
    let heading = fill(fixed.heading, &[number, report, wording.day(decision.decided_on)]);
    let mut facts =
        vec![fact(fixed.outcome, ruling(wording, decision.outcome, decision.return_to_step, true))];
    if let Some(recommendation) = decision.recommendation {
        let mut recommended = ruling(wording, recommendation, decision.recommended_step, false);
        if decision.departs {
            let plain = Span::words(crate::render::document::plain(&recommended));
            recommended = fill(fixed.departs, &[plain]);
        }
        facts.push(fact(fixed.recommended, recommended));
    }
    if let Some(reason) = &decision.reason {
        facts.push(fact(fixed.reason, vec![wording.text(reason)]));
    }
    facts.push(fact(fixed.meeting, value(&decision.meeting_reference)));
    if let Some(corrected) = decision.supersedes {
        facts.push(fact(fixed.corrects, fill(fixed.corrects_value, &[Span::value(corrected)])));
    }
    let mut blocks = vec![Block::Heading(heading), Block::Facts(facts)];
    if !decision.conditions.is_empty() {
        let [number, _] = numbers;
        let rows = decision.conditions.iter().map(|condition| row(wording, condition)).collect();
        let columns = vec![
            text(fixed.condition),
            brief(fixed.owner),
            brief(fixed.due),
            brief(fixed.state),
            text(fixed.explained),
        ];
        let caption = fill(fixed.conditions, &[number]);
        blocks.push(Block::Table(Table { caption, columns, rows }));
    }
    blocks
}

/// A decision or a recommendation, with the step that is done again.
fn ruling(wording: Wording, outcome: DecisionOutcome, step: Option<StepName>, is_strong: bool) -> Line {
    let fixed = CouncilWords::of(wording.language);
    let label = outcome.label();
    let label = short(label.in_language(wording.language)).to_owned();
    let outcome = if is_strong { Span::Strong(label) } else { Span::Words(label) };
    match step {
        Some(step) => fill(fixed.with_step, &[outcome, wording.label(step)]),
        None => vec![outcome],
    }
}

fn row(wording: Wording, condition: &ReportCondition) -> Vec<Line> {
    let fixed = CouncilWords::of(wording.language);
    let state = wording.strong(condition.state);
    let state = match condition.state_since {
        Some(since) => fill(fixed.since, &[state, wording.day_of(since)]),
        None => vec![state],
    };
    vec![
        vec![wording.text(&condition.text)],
        vec![wording.text(&condition.owner.name)],
        vec![wording.day(condition.due_date)],
        state,
        wording.optional(condition.state_reason.as_ref()),
    ]
}

#[cfg(test)]
mod tests {
    use super::CouncilWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<CouncilWords>();
    }
}
