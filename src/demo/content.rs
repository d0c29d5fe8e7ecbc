//! The types of the demo data.
//!
//! Days are counted from the day of seeding, so past days are negative. Members are referred to by their seats, where
//! 0 is the chair; policies, sectors, pilots and migrations by their indices in their tables. Texts that the API
//! stores in one language only are in Arabic, and in both languages where they are short.

use crate::domain::activity::{ActivityPriority, ActivityState};
use crate::domain::ballot::VoteChoice;
use crate::domain::pilot::{IndicatorDirection, PilotOutcome};
use crate::domain::policy::PolicyKind;
use crate::domain::scales::{Aim, EvolutionStage};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// Text in Arabic and English; a missing translation is empty.
pub(super) type Text = (&'static str, &'static str);

/// The text as the use cases take it.
pub(super) fn text((ar, en): Text) -> LocalizedText {
    let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    LocalizedText::new(non_empty(ar), non_empty(en)).unwrap_or_else(|| LocalizedText::both(ar, en))
}

pub(super) struct Team {
    pub(super) name: Text,
    pub(super) city: Text,
    pub(super) mandate: Text,
    pub(super) time_zone: &'static str,
    pub(super) max_sectors: i16,
    pub(super) evolution_stage: Option<EvolutionStage>,
    pub(super) maturity_level: i16,
    pub(super) next_council: i64,
    /// The accounts of its members; the first is the chair.
    pub(super) seats: &'static [usize],
    /// The target date of each step.
    pub(super) targets: [i64; 5],
}

/// A document that is linked as evidence.
pub(super) struct Link {
    pub(super) title: Text,
    pub(super) url: &'static str,
}

/// The final state of a policy.
pub(super) enum PolicyOutcome {
    Adopted,
    /// With the reason.
    Rejected(Text),
    /// Adopted first, then superseded by an earlier policy of the table, with the reason.
    Superseded(usize, Text),
}

pub(super) struct Policy {
    pub(super) title: Text,
    pub(super) kind: PolicyKind,
    pub(super) description: Text,
    pub(super) reference: Option<&'static str>,
    pub(super) aims: &'static [Aim],
    pub(super) outcome: PolicyOutcome,
    pub(super) evidence: Option<Link>,
}

pub(super) struct Study {
    pub(super) title: Text,
    pub(super) approach: &'static str,
    pub(super) findings: Text,
    pub(super) recommendation: Text,
    pub(super) evidence: Option<Link>,
}

/// The final state of a sector.
pub(super) enum Selection {
    /// Selected and studied, with the current and the target maturity and the evidence of each.
    Studied { current: (i16, &'static str), target: (i16, &'static str), study: Study },
    /// With the reason.
    NotSelected(Text),
}

pub(super) struct Sector {
    pub(super) name: Text,
    /// The member who assesses and studies the sector.
    pub(super) seat: usize,
    pub(super) rationale: Text,
    pub(super) selection: Selection,
}

pub(super) struct Indicator {
    pub(super) name: Text,
    pub(super) unit: &'static str,
    pub(super) direction: IndicatorDirection,
    pub(super) baseline: Option<&'static str>,
    pub(super) target: Option<&'static str>,
    /// Day, value and source of each measurement.
    pub(super) measurements: &'static [(i64, &'static str, &'static str)],
}

pub(super) struct Pilot {
    pub(super) title: Text,
    pub(super) sector: usize,
    pub(super) policy: Option<usize>,
    pub(super) owner: usize,
    pub(super) aims: &'static [Aim],
    pub(super) hypothesis: &'static str,
    /// The first and the last day.
    pub(super) days: (i64, i64),
    pub(super) indicators: &'static [Indicator],
    /// The outcome and the lessons.
    pub(super) evaluation: Option<(PilotOutcome, Text)>,
}

pub(super) struct Migration {
    pub(super) pilot: usize,
    pub(super) title: Text,
    pub(super) target_system: &'static str,
    pub(super) planned_on: i64,
    pub(super) rollback_plan: &'static str,
    pub(super) checklist: &'static [Text],
    /// Number of records in the source, loaded, and rejected.
    pub(super) counts: (i64, i64, i64),
    pub(super) receiving_unit: &'static str,
    pub(super) service_owner: &'static str,
    pub(super) evidence: Link,
}

/// The subject of an activity.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Policy(usize),
    Sector(usize),
    Pilot(usize),
    Migration(usize),
}

/// The final state of an activity.
#[derive(Clone, Copy)]
pub(super) enum FinalState {
    Planned,
    InProgress,
    InReview,
    /// With the reason.
    Blocked(Text),
    Done,
    /// With the reason.
    Cancelled(Text),
}

impl FinalState {
    /// The transitions that lead to the state, with their reasons.
    pub(super) fn transitions(self) -> Vec<(ActivityState, Option<LocalizedText>)> {
        let start = (ActivityState::InProgress, None);
        match self {
            Self::Planned => Vec::new(),
            Self::InProgress => vec![start],
            Self::InReview => vec![start, (ActivityState::InReview, None)],
            Self::Done => vec![start, (ActivityState::Done, None)],
            Self::Blocked(reason) => vec![start, (ActivityState::Blocked, Some(text(reason)))],
            Self::Cancelled(reason) => vec![(ActivityState::Cancelled, Some(text(reason)))],
        }
    }
}

pub(super) struct Activity {
    pub(super) step: StepName,
    pub(super) title: Text,
    pub(super) assignee: Option<usize>,
    pub(super) due: Option<i64>,
    pub(super) priority: ActivityPriority,
    pub(super) subject: Option<Subject>,
    pub(super) final_state: FinalState,
    /// Author and text of each comment.
    pub(super) comments: &'static [(usize, &'static str)],
}

/// A finished activity of normal priority, without a subject and comments.
pub(super) const fn done(step: StepName, assignee: usize, due: i64, title: Text) -> Activity {
    Activity {
        step,
        title,
        assignee: Some(assignee),
        due: Some(due),
        priority: ActivityPriority::Normal,
        subject: None,
        final_state: FinalState::Done,
        comments: &[],
    }
}

/// Sets the subject of an activity.
pub(super) const fn with_subject(subject: Subject, activity: Activity) -> Activity {
    Activity { subject: Some(subject), ..activity }
}

/// A vote on a submission.
pub(super) struct Ballot {
    pub(super) seat: usize,
    pub(super) choice: VoteChoice,
    pub(super) comment: Option<&'static str>,
    /// The reason of a recusal.
    pub(super) reason: Option<Text>,
}

/// A vote that is no recusal.
pub(super) const fn vote(seat: usize, choice: VoteChoice, comment: Option<&'static str>) -> Ballot {
    Ballot { seat, choice, comment, reason: None }
}

pub(super) struct Condition {
    pub(super) text: Text,
    pub(super) owner: usize,
    pub(super) due: i64,
}
