//! What a story is made of: the shapes of its content.
//!
//! Days are counted from the day on which the demo is made; what lies behind it is negative. Members are named by
//! their seats, 0 is the chair; policies, sectors, pilots and migrations by their places in their tables. What the
//! contract keeps in one language only is in Arabic, and in both where it is short.

use crate::domain::activity::{ActivityState, Priority};
use crate::domain::ballot::Choice;
use crate::domain::pilot::{Direction, PilotOutcome};
use crate::domain::policy::PolicyKind;
use crate::domain::scales::{Aim, EvolutionStage};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// Text in Arabic and English; what has not been translated is empty.
pub(super) type Text = (&'static str, &'static str);

/// The text as records hold it.
pub(super) fn text((ar, en): Text) -> LocalizedText {
    let written = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    LocalizedText::new(written(ar), written(en)).unwrap_or_else(|| LocalizedText::both(ar, en))
}

/// A task force.
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
    /// When each step shall have passed.
    pub(super) targets: [i64; 5],
}

/// A document that proves something.
pub(super) struct Link {
    pub(super) title: Text,
    pub(super) url: &'static str,
}

/// What becomes of a policy.
pub(super) enum Verdict {
    Adopted,
    /// Why.
    Rejected(Text),
    /// It was adopted; by now an earlier one of the table has taken its place, and why.
    Superseded(usize, Text),
}

/// A policy.
pub(super) struct Policy {
    pub(super) title: Text,
    pub(super) kind: PolicyKind,
    pub(super) description: Text,
    pub(super) reference: Option<&'static str>,
    pub(super) aims: &'static [Aim],
    pub(super) verdict: Verdict,
    pub(super) proof: Option<Link>,
}

/// A study of a sector.
pub(super) struct Study {
    pub(super) title: Text,
    pub(super) approach: &'static str,
    pub(super) findings: Text,
    pub(super) recommendation: Text,
    pub(super) proof: Option<Link>,
}

/// What becomes of a sector.
pub(super) enum Choosing {
    /// It is studied: its maturity now and target, with what each rests on.
    Studied { now: (i16, &'static str), target: (i16, &'static str), study: Study },
    /// Why not.
    NotSelected(Text),
}

/// A sector.
pub(super) struct Sector {
    pub(super) name: Text,
    /// Who looks into it.
    pub(super) who: usize,
    pub(super) rationale: Text,
    pub(super) choosing: Choosing,
}

/// An indicator of a pilot.
pub(super) struct Indicator {
    pub(super) name: Text,
    pub(super) unit: &'static str,
    pub(super) direction: Direction,
    pub(super) baseline: Option<&'static str>,
    pub(super) target: Option<&'static str>,
    /// On which day, what was measured, and where the value comes from.
    pub(super) measured: &'static [(i64, &'static str, &'static str)],
}

/// A pilot.
pub(super) struct Pilot {
    pub(super) title: Text,
    pub(super) sector: usize,
    pub(super) policy: Option<usize>,
    pub(super) owner: usize,
    pub(super) aims: &'static [Aim],
    pub(super) hypothesis: &'static str,
    /// Its first day and its last.
    pub(super) days: (i64, i64),
    pub(super) indicators: &'static [Indicator],
    /// What its evaluation said, and what was learned.
    pub(super) evaluation: Option<(PilotOutcome, Text)>,
}

/// A migration.
pub(super) struct Migration {
    pub(super) pilot: usize,
    pub(super) title: Text,
    pub(super) target_system: &'static str,
    pub(super) planned_on: i64,
    pub(super) rollback_plan: &'static str,
    pub(super) checklist: &'static [Text],
    /// Records there were, loaded, rejected.
    pub(super) counts: (i64, i64, i64),
    pub(super) receiving_unit: &'static str,
    pub(super) service_owner: &'static str,
    pub(super) proof: Link,
}

/// What an activity is about.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Policy(usize),
    Sector(usize),
    Pilot(usize),
    Migration(usize),
}

/// What becomes of an activity.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It waits for its turn.
    Planned,
    /// Somebody is at it.
    InProgress,
    /// Another looks at it.
    InReview,
    /// It can't go on: why.
    Blocked(Text),
    /// It is finished.
    Done,
    /// It was given up: why.
    Cancelled(Text),
}

impl Fate {
    /// The states that lead to it, with their reasons.
    pub(super) fn way(self) -> Vec<(ActivityState, Option<LocalizedText>)> {
        let start = (ActivityState::InProgress, None);
        match self {
            Self::Planned => Vec::new(),
            Self::InProgress => vec![start],
            Self::InReview => vec![start, (ActivityState::InReview, None)],
            Self::Done => vec![start, (ActivityState::Done, None)],
            Self::Blocked(why) => vec![start, (ActivityState::Blocked, Some(text(why)))],
            Self::Cancelled(why) => vec![(ActivityState::Cancelled, Some(text(why)))],
        }
    }
}

/// An activity.
pub(super) struct Activity {
    pub(super) step: StepName,
    pub(super) title: Text,
    pub(super) who: Option<usize>,
    pub(super) due: Option<i64>,
    pub(super) priority: Priority,
    pub(super) about: Option<Subject>,
    pub(super) fate: Fate,
    /// Who said what about it.
    pub(super) said: &'static [(usize, &'static str)],
}

/// An activity of normal priority, about nothing in particular, that somebody finished without a word.
pub(super) const fn done(step: StepName, who: usize, due: i64, title: Text) -> Activity {
    Activity {
        step,
        title,
        who: Some(who),
        due: Some(due),
        priority: Priority::Normal,
        about: None,
        fate: Fate::Done,
        said: &[],
    }
}

/// The same activity about something.
pub(super) const fn about(subject: Subject, activity: Activity) -> Activity {
    Activity { about: Some(subject), ..activity }
}

/// A ballot on a submission: whose, what they say, a word with it.
pub(super) struct Ballot {
    pub(super) who: usize,
    pub(super) choice: Choice,
    pub(super) comment: Option<&'static str>,
    /// Why they recuse themselves.
    pub(super) reason: Option<Text>,
}

/// A ballot without a reason.
pub(super) const fn vote(who: usize, choice: Choice, comment: Option<&'static str>) -> Ballot {
    Ballot { who, choice, comment, reason: None }
}

/// A condition of the council.
pub(super) struct Condition {
    pub(super) text: Text,
    pub(super) owner: usize,
    pub(super) due: i64,
}
