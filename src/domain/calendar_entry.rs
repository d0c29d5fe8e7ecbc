//! Entries of a calendar: what of a task force is due on a day. A vote is among them if it has an end.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::activity::ActivityState;
use super::decision::{ConditionState, DecisionOutcome};
use super::event::SubjectKind;
use super::message::Message;
use super::reference::Reference;
use super::step::{StepName, StepState};
use super::submission::SubmissionState;
use super::text::LocalizedText;
use super::vocabulary::Vocabulary as _;

/// The most entries of a calendar. If there are more, those nearest to the present day are in the calendar.
pub const MOST_ENTRIES: i64 = 500;

/// The number of days before the present day that a calendar contains.
pub const DAYS_BACK: i32 = 366;

/// The number of days after the present day that a calendar contains.
pub const DAYS_AHEAD: i32 = 1098;

/// The subject of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueSubject {
    /// The due date of an activity.
    Activity { number: i32, step: StepName, title: LocalizedText, state: ActivityState },
    /// The due date that a deleted activity had.
    DeletedActivity { step: StepName, title: LocalizedText },
    /// The target date of a step.
    Step { step: StepName, cycle: i32, state: StepState },
    /// The end of the time for voting on a step, with the time of the day.
    Vote { step: StepName, state: SubmissionState, time: String },
    /// The due date of a condition of the council.
    Condition { text: LocalizedText, state: ConditionState },
    /// The council's next meeting about the task force, in this cycle.
    Meeting { cycle: i32 },
    /// A meeting of the council at which a decision was made.
    Decision { number: i32, outcome: DecisionOutcome, meeting: String },
}

/// The state of what is due, as far as calendars have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueState {
    Due,
    Done,
    Cancelled,
}

/// A day on which something of a task force is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarEntry {
    pub subject: DueSubject,
    /// The id of the subject; of the task force, for a meeting.
    pub id: Uuid,
    pub day: NaiveDate,
    /// The member in charge.
    pub person: Option<LocalizedText>,
    pub task_force_id: Uuid,
    pub task_force_name: LocalizedText,
    /// Tells whether the task force has ended its work.
    pub is_closed: bool,
    /// Grows with each change of the entry.
    pub sequence: i64,
    /// The last change of the entry.
    pub changed_at: DateTime<Utc>,
}

impl CalendarEntry {
    /// The identifier of the entry in every calendar: it stays the same whatever changes, as calendar programs need it.
    pub fn uid(&self) -> String {
        let id = self.id;
        match &self.subject {
            DueSubject::Activity { .. } | DueSubject::DeletedActivity { .. } => {
                format!("activity-{id}@taskforce")
            }
            DueSubject::Step { .. } => format!("step-{id}@taskforce"),
            DueSubject::Vote { .. } => format!("vote-{id}@taskforce"),
            DueSubject::Condition { .. } => format!("condition-{id}@taskforce"),
            DueSubject::Meeting { cycle } => format!("meeting-{id}-{cycle}@taskforce"),
            DueSubject::Decision { .. } => format!("decision-{id}@taskforce"),
        }
    }

    /// The state of the entry. Nothing but conditions is due in a task force that has ended its work.
    pub fn state(&self) -> DueState {
        let open = if self.is_closed { DueState::Cancelled } else { DueState::Due };
        match &self.subject {
            DueSubject::Activity { state: ActivityState::Done, .. }
            | DueSubject::Step { state: StepState::Passed, .. }
            | DueSubject::Vote { state: SubmissionState::Passed | SubmissionState::Returned, .. }
            | DueSubject::Condition { state: ConditionState::Met, .. } => DueState::Done,
            DueSubject::Activity { state: ActivityState::Cancelled, .. }
            | DueSubject::DeletedActivity { .. }
            | DueSubject::Vote { state: SubmissionState::Withdrawn, .. }
            | DueSubject::Condition { state: ConditionState::Waived | ConditionState::Superseded, .. } => {
                DueState::Cancelled
            }
            DueSubject::Activity { .. }
            | DueSubject::Step { .. }
            | DueSubject::Vote { .. }
            | DueSubject::Meeting { .. } => open,
            DueSubject::Condition { .. } | DueSubject::Decision { .. } => DueState::Due,
        }
    }

    /// The state of the subject, in words.
    pub fn state_label(&self) -> Option<Message> {
        match &self.subject {
            DueSubject::Activity { state, .. } => Some(state.label()),
            DueSubject::Step { state, .. } => Some(state.label()),
            DueSubject::Vote { state, .. } => Some(state.label()),
            DueSubject::Condition { state, .. } => Some(state.label()),
            DueSubject::DeletedActivity { .. } | DueSubject::Meeting { .. } | DueSubject::Decision { .. } => {
                None
            }
        }
    }

    /// The subject, as other resources name it; nothing for one that was deleted.
    pub fn reference(&self) -> Option<Reference> {
        let named = match &self.subject {
            DueSubject::Activity { .. } => Reference::untitled(SubjectKind::Activity, self.id),
            DueSubject::DeletedActivity { .. } => return None,
            DueSubject::Step { step, cycle, .. } => Reference {
                step: Some((step.code(), *cycle)),
                ..Reference::untitled(SubjectKind::Step, self.id)
            },
            DueSubject::Vote { .. } => Reference::untitled(SubjectKind::Submission, self.id),
            DueSubject::Condition { .. } => Reference::untitled(SubjectKind::Condition, self.id),
            DueSubject::Meeting { .. } => Reference::untitled(SubjectKind::TaskForce, self.id),
            DueSubject::Decision { number, .. } => Reference::decision(self.id, *number),
        };
        Some(named.in_task_force(self.task_force_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(subject: DueSubject, is_closed: bool) -> CalendarEntry {
        CalendarEntry {
            subject,
            id: Uuid::from_u128(1),
            day: NaiveDate::from_ymd_opt(2026, 12, 15).unwrap(),
            person: None,
            task_force_id: Uuid::from_u128(2),
            task_force_name: LocalizedText::both("فريق", "Team"),
            is_closed,
            sequence: 0,
            changed_at: DateTime::UNIX_EPOCH,
        }
    }

    fn title() -> LocalizedText {
        LocalizedText::both("عنوان", "Title")
    }

    #[test]
    fn what_is_over_is_done_or_cancelled_and_a_closed_task_force_leaves_only_conditions_due() {
        use DueState::{Cancelled, Done, Due};

        let activity =
            |state| DueSubject::Activity { number: 1, step: StepName::Policy, title: title(), state };
        let step = |state| DueSubject::Step { step: StepName::Policy, cycle: 1, state };
        let vote = |state| DueSubject::Vote { step: StepName::Policy, state, time: "16:00".to_owned() };
        let condition = |state| DueSubject::Condition { text: title(), state };
        let decision =
            DueSubject::Decision { number: 1, outcome: DecisionOutcome::Stop, meeting: "7".to_owned() };
        for (subject, open, closed) in [
            (activity(ActivityState::Planned), Due, Cancelled),
            (activity(ActivityState::Blocked), Due, Cancelled),
            (activity(ActivityState::Done), Done, Done),
            (activity(ActivityState::Cancelled), Cancelled, Cancelled),
            (DueSubject::DeletedActivity { step: StepName::Policy, title: title() }, Cancelled, Cancelled),
            (step(StepState::Locked), Due, Cancelled),
            (step(StepState::Submitted), Due, Cancelled),
            (step(StepState::Passed), Done, Done),
            (vote(SubmissionState::Voting), Due, Cancelled),
            (vote(SubmissionState::Passed), Done, Done),
            (vote(SubmissionState::Returned), Done, Done),
            (vote(SubmissionState::Withdrawn), Cancelled, Cancelled),
            (condition(ConditionState::Open), Due, Due),
            (condition(ConditionState::ReportedMet), Due, Due),
            (condition(ConditionState::Met), Done, Done),
            (condition(ConditionState::Waived), Cancelled, Cancelled),
            (condition(ConditionState::Superseded), Cancelled, Cancelled),
            (DueSubject::Meeting { cycle: 1 }, Due, Cancelled),
            (decision, Due, Due),
        ] {
            assert_eq!(entry(subject.clone(), false).state(), open, "{subject:?}");
            assert_eq!(entry(subject.clone(), true).state(), closed, "{subject:?} of a closed task force");
        }
    }

    #[test]
    fn a_deleted_activity_keeps_its_identifier() {
        let activity = DueSubject::Activity {
            number: 1,
            step: StepName::Policy,
            title: title(),
            state: ActivityState::Planned,
        };
        let deleted = DueSubject::DeletedActivity { step: StepName::Policy, title: title() };
        assert_eq!(entry(activity, false).uid(), entry(deleted.clone(), false).uid());
        assert_eq!(entry(deleted, false).reference(), None);
        let meeting = |cycle| entry(DueSubject::Meeting { cycle }, false).uid();
        assert_ne!(meeting(1), meeting(2), "each cycle has its meeting");
    }
}
