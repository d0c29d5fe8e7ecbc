//! The activities over time, and the due dates: what the charts of a report and of a status show.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::activity::ActivityState;
use crate::domain::text::LocalizedText;

/// The activities of the cycle over time, and the dates ahead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportTimeline {
    /// Day that the report describes, in the task force's time zone.
    #[schema(example = "2026-12-15")]
    pub day: NaiveDate,
    /// Day of the council's next meeting.
    #[schema(required, example = "2027-01-15")]
    pub next_council_date: Option<NaiveDate>,
    /// Activities by state, oldest day first: a day of each week since the opening of the cycle, or of every second, third
    /// or further week in a long cycle. Deleted activities are not counted.
    pub history: Vec<ReportActivityCounts>,
    /// Number of open activities with a due date.
    #[schema(minimum = 0, example = 6)]
    pub due: i64,
    /// Open activities with a due date, by due date: the 100 that are nearest to the day.
    pub due_items: Vec<ReportDueActivity>,
}

/// An open activity with a due date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportDueActivity {
    /// Unique id.
    pub id: Uuid,
    /// Number of the activity.
    #[schema(minimum = 1, example = 14)]
    pub number: i32,
    /// Title.
    pub title: LocalizedText,
    /// Due date.
    #[schema(example = "2027-01-15")]
    pub due_date: NaiveDate,
}

/// Numbers of activities by state on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportActivityCounts {
    /// The day.
    #[schema(example = "2026-12-15")]
    pub day: NaiveDate,
    /// Number of planned activities.
    #[schema(example = 4)]
    pub planned: u32,
    /// Number of activities in progress.
    #[schema(example = 3)]
    pub in_progress: u32,
    /// Number of activities in review.
    #[schema(example = 1)]
    pub in_review: u32,
    /// Number of blocked activities.
    #[schema(example = 0)]
    pub blocked: u32,
    /// Number of finished activities.
    #[schema(example = 31)]
    pub done: u32,
    /// Number of cancelled activities.
    #[schema(example = 2)]
    pub cancelled: u32,
}

/// Changes of state of several activities between two days of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChanges {
    /// The number of days of the history that are left after the changes; 0 for changes since the last but one.
    pub days_after: u32,
    /// The state before; `None` for new activities.
    pub from: Option<ActivityState>,
    /// The state after.
    pub to: ActivityState,
    /// The number of activities.
    pub count: i64,
}

/// The days of a history: from a day back to the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryDays {
    /// The last day.
    pub last: NaiveDate,
    /// The number of weeks between two days.
    pub weeks: u32,
    /// The number of days before the last.
    pub before: u32,
}

/// The most days of a history. A cycle of more weeks has a day for every second, third or further week.
const MOST_DAYS: u32 = 60;

impl HistoryDays {
    /// The days of a cycle, as many as fit.
    pub fn new(first: NaiveDate, last: NaiveDate) -> Self {
        let days = u32::try_from(last.signed_duration_since(first).num_days()).unwrap_or(0);
        let weeks = days.div_ceil(7 * (MOST_DAYS - 1)).max(1);
        Self { last, weeks, before: days / (7 * weeks) }
    }

    /// The days whose changes are known if only those since the end of a day are.
    #[must_use]
    pub fn since(self, days_after: u32) -> Self {
        Self { before: self.before.min(days_after), ..self }
    }

    /// The numbers of activities by state at the end of each day: those of the present, less the changes since. The
    /// changes can be in any order, and only those after the first day count.
    pub fn counts(
        self,
        present: &[(ActivityState, i64)],
        changes: &[StateChanges],
    ) -> Vec<ReportActivityCounts> {
        let days = (0..=self.before).rev();
        days.map(|days_after| {
            let since = || changes.iter().filter(|change| change.days_after < days_after);
            let of = |state: ActivityState| {
                let now = present.iter().filter(|(other, _)| *other == state).map(|(_, count)| count);
                let entered = since().filter(|change| change.to == state).map(|change| change.count);
                let left = since().filter(|change| change.from == Some(state)).map(|change| change.count);
                // A clock that was put back can show an activity that leaves a state before it enters the state.
                let then = now.sum::<i64>() - entered.sum::<i64>() + left.sum::<i64>();
                u32::try_from(then).unwrap_or(0)
            };
            let weeks = u64::from(days_after) * u64::from(self.weeks);
            ReportActivityCounts {
                day: self.last.checked_sub_days(Days::new(7 * weeks)).unwrap_or(self.last),
                planned: of(ActivityState::Planned),
                in_progress: of(ActivityState::InProgress),
                in_review: of(ActivityState::InReview),
                blocked: of(ActivityState::Blocked),
                done: of(ActivityState::Done),
                cancelled: of(ActivityState::Cancelled),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_counts_the_activities_by_the_state_that_they_had() {
        let change = |days_after, from, to, count| StateChanges { days_after, from, to, count };
        let changes = [
            change(0, Some(ActivityState::InProgress), ActivityState::Done, 1),
            change(1, Some(ActivityState::Planned), ActivityState::InProgress, 2),
            // Before the cycle was opened, which the first day includes.
            change(9, None, ActivityState::Planned, 3),
            change(1, None, ActivityState::Planned, 1),
        ];
        let present = [(ActivityState::Planned, 2), (ActivityState::InProgress, 1), (ActivityState::Done, 1)];
        let last = NaiveDate::from_ymd_opt(2026, 12, 15).unwrap();
        let days = HistoryDays { last, weeks: 2, before: 2 };
        let counts = days.counts(&present, &changes);
        let seen: Vec<_> = counts
            .iter()
            .map(|counts| (counts.day.to_string(), counts.planned, counts.in_progress, counts.done))
            .collect();
        let expected = [("2026-11-17", 3, 0, 0), ("2026-12-01", 2, 2, 0), ("2026-12-15", 2, 1, 1)];
        assert_eq!(seen, expected.map(|(day, planned, going, done)| (day.to_owned(), planned, going, done)));
        assert!(counts.iter().all(|counts| counts.in_review + counts.blocked + counts.cancelled == 0));
        assert_eq!(HistoryDays::new(last, last).counts(&[], &[]).len(), 1);
        // Where the oldest changes are not known, the history begins later.
        assert_eq!(days.since(1).counts(&present, &changes[..1]), counts[1..]);
        assert_eq!(days.since(9).counts(&present, &changes), counts);
    }

    #[test]
    fn a_history_begins_with_the_cycle_and_has_at_most_sixty_days() {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        for (days, weeks, before) in [
            (0, 1, 0),
            (6, 1, 0),
            (7, 1, 1),
            (20, 1, 2),
            (413, 1, 59),
            (414, 2, 29),
            (419, 2, 29),
            (420, 2, 30),
            (826, 2, 59),
            (827, 3, 39),
        ] {
            let last = first + Days::new(days);
            assert_eq!(HistoryDays::new(first, last), HistoryDays { last, weeks, before }, "{days} days");
        }
        assert_eq!(HistoryDays::new(first + Days::new(3), first).before, 0);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_count_negative() {
        let backwards = StateChanges {
            days_after: 1,
            from: Some(ActivityState::Planned),
            to: ActivityState::Done,
            count: 1,
        };
        let created = StateChanges { days_after: 0, from: None, to: ActivityState::Planned, count: 1 };
        let last = NaiveDate::from_ymd_opt(2026, 12, 15).unwrap();
        let present = [(ActivityState::Done, 1)];
        let counts = HistoryDays { last, weeks: 1, before: 1 }.counts(&present, &[backwards, created]);
        assert_eq!(counts.iter().map(|counts| counts.planned).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(counts.iter().map(|counts| counts.done).collect::<Vec<_>>(), [1, 1]);
    }
}
