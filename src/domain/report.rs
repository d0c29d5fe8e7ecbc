//! The report to the council: its states, and its contents as data.

mod abridgement;
mod changes;
mod comparison;
mod lists;
mod model;
mod timeline;

pub use abridgement::*;
pub use changes::*;
pub use comparison::changes;
pub use lists::*;
pub use model::*;
pub use timeline::*;

use super::decimal::Decimal;
use super::pilot::IndicatorDirection;
use super::refusal::{Refusal, RefusalCode};
use super::state_machine::TransitionRule;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// State of a report.
    pub enum ReportState {
        Draft = "draft", "Draft", "مسودة";
        Submitted = "submitted", "Before the council", "معروض على المجلس";
        Superseded = "superseded", "Superseded by a later one", "مُستبدَل بتقرير لاحق";
        Decided = "decided", "Decided on", "صدر القرار بشأنه";
    }
}

vocabulary! {
    /// The result of comparing an indicator with its target.
    pub enum TargetVerdict {
        Reached = "reached", "Target reached", "تحقق المستهدف";
        NotReached = "notReached", "Target not reached", "لم يتحقق المستهدف";
        NotMeasured = "notMeasured", "Not measured", "لم يُقَس";
        Retired = "retired", "Indicator retired", "أُوقف العمل بالمؤشر";
    }
}

impl TargetVerdict {
    /// The verdict on the last measurement. Without a measurement or a target, the verdict is `NotMeasured`.
    pub fn of(direction: IndicatorDirection, target: Option<&Decimal>, actual: Option<&Decimal>) -> Self {
        let (Some(target), Some(actual)) = (target, actual) else { return Self::NotMeasured };
        let reached = match direction {
            IndicatorDirection::Up => actual >= target,
            IndicatorDirection::Down => actual <= target,
        };
        if reached { Self::Reached } else { Self::NotReached }
    }
}

vocabulary! {
    /// Cause of a risk.
    pub enum RiskCause {
        Blocked = "blocked", "Blocked", "متوقف";
        Overdue = "overdue", "Overdue", "متأخر عن موعده";
        ReconciliationDifference = "reconciliationDifference", "Counts of records differ", "أعداد السجلات غير متطابقة";
    }
}

vocabulary! {
    /// Form in which a report is read.
    pub enum ReportFormat {
        Json = "json", "Data (JSON)", "بيانات (JSON)";
        Html = "html", "Web page (HTML)", "صفحة ويب (HTML)";
        Pdf = "pdf", "Document to print (PDF)", "مستند للطباعة (PDF)";
    }
}

/// A command that changes the state of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportCommand {
    /// The members passed step 5 with the report.
    Submit,
    /// The members passed step 5 with a later report.
    Supersede,
    /// The council decided on the report.
    Decide,
}

impl ReportCommand {
    /// Every command.
    pub const ALL: [Self; 3] = [Self::Submit, Self::Supersede, Self::Decide];
}

impl ReportState {
    /// The state after a command.
    ///
    /// # Errors
    /// `reportNotSubmitted` for a decision on a report that is not before the council, otherwise
    /// `transitionNotAllowed`.
    pub fn transition(self, command: ReportCommand) -> Result<Self, Refusal> {
        match (self, command) {
            (Self::Draft, ReportCommand::Submit) => Ok(Self::Submitted),
            (Self::Draft, ReportCommand::Supersede) => Ok(Self::Superseded),
            (Self::Submitted, ReportCommand::Decide) => Ok(Self::Decided),
            (_, ReportCommand::Decide) => Err(RefusalCode::ReportNotSubmitted.into()),
            _ => Err(RefusalCode::TransitionNotAllowed.into()),
        }
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for state in ReportState::ALL {
        for command in ReportCommand::ALL {
            if let Ok(to) = state.transition(command) {
                rules.push(TransitionRule { from: state.code(), to: to.code(), reason_required: false });
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of reports, written a second time: every state × every command.
    #[test]
    fn every_state_takes_exactly_the_legal_commands() {
        use ReportCommand::{Decide, Submit, Supersede};
        use ReportState::{Decided, Draft, Submitted, Superseded};

        for &state in ReportState::ALL {
            for command in ReportCommand::ALL {
                let expected = match (state, command) {
                    (Draft, Submit) => Some(Submitted),
                    (Draft, Supersede) => Some(Superseded),
                    (Submitted, Decide) => Some(Decided),
                    _ => None,
                };
                let taken = state.transition(command);
                assert_eq!(taken.clone().ok(), expected, "{state} {command:?}");
                if let (Err(refusal), Decide) = (taken, command) {
                    assert_eq!(refusal.code, RefusalCode::ReportNotSubmitted);
                }
            }
        }
    }

    #[test]
    fn a_target_is_reached_in_its_own_direction_and_only_by_what_was_measured() {
        use IndicatorDirection::{Down, Up};
        use TargetVerdict::{NotMeasured, NotReached, Reached};

        for (direction, target, actual, expected) in [
            (Up, Some("80"), Some("80.5"), Reached),
            (Up, Some("80"), Some("80.00"), Reached),
            (Up, Some("80"), Some("79.999999"), NotReached),
            (Down, Some("12.5"), Some("12"), Reached),
            (Down, Some("12.5"), Some("12.50"), Reached),
            (Down, Some("12.5"), Some("12.6"), NotReached),
            (Down, Some("-1"), Some("0"), NotReached),
            (Up, Some("80"), None, NotMeasured),
            (Down, None, Some("3"), NotMeasured),
            (Up, None, None, NotMeasured),
        ] {
            let number = |text: Option<&str>| text.map(|text| Decimal::parse(text).unwrap());
            let (target, actual) = (number(target), number(actual));
            let verdict = TargetVerdict::of(direction, target.as_ref(), actual.as_ref());
            assert_eq!(verdict, expected, "{direction}: {actual:?} of {target:?}");
        }
    }
}
