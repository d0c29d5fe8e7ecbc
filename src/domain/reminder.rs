//! Reminders: the times at which people are reminded of what is due on a day.
//!
//! In the evening of the last working day before the day, people are reminded of what falls due; in the morning of the
//! first working day after, of what is overdue. Both are local times of the task force. [`RemindedDays`] is what people are to be
//! reminded of at an instant, so that a service that was away reminds later. A clock that jumps forward or back neither
//! loses nor doubles a reminder, since a reminder is known by kind, subject and day.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::working_week::WorkingWeek;

/// The time of the reminders of what falls due.
pub const EVENING: NaiveTime = hour(18);

/// The time of the reminders of what is overdue.
pub const MORNING: NaiveTime = hour(8);

/// The number of days for which a reminder of overdue work is made up for, such as after an outage.
const DAYS_MADE_UP: Days = Days::new(7);

const fn hour(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

/// The days of which people are reminded at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemindedDays {
    /// Days: work that is due on one of them falls due.
    pub due: RangeInclusive<NaiveDate>,
    /// Days: work that was due on one of them is overdue.
    pub overdue: RangeInclusive<NaiveDate>,
}

/// The local time of an instant. A zone that is no longer known counts as UTC, as for all days of its task force.
pub fn local(at: DateTime<Utc>, zone: &str) -> NaiveDateTime {
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    at.with_timezone(&zone).naive_local()
}

/// The days of which people are reminded at a local time; `None` at the ends of all dates.
pub fn reminded_days(now: NaiveDateTime, week: WorkingWeek<'_>) -> Option<RemindedDays> {
    let today = now.date();
    // The last working day on which this time of the day has passed.
    let last = |time: NaiveTime| {
        if week.includes(today) && now.time() >= time { Some(today) } else { week.last_before(today) }
    };
    // Nothing but the next working day, and the days without work before it, has its last working day by then.
    let due = today..=week.first_after(last(EVENING)?)?;
    let morning = last(MORNING)?;
    let overdue = morning.checked_sub_days(DAYS_MADE_UP)?..=morning.pred_opt()?;
    Some(RemindedDays { due, overdue })
}

/// Tells whether a vote that ends on a day has been open since before the evening on which its reminder comes. Of a shorter
/// vote, its members were told when it was opened.
pub fn was_open_before(day: NaiveDate, opened_at: NaiveDateTime, week: WorkingWeek<'_>) -> bool {
    week.last_before(day).is_some_and(|before| opened_at < before.and_time(EVENING))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;
    use crate::domain::working_week::{USUAL, Weekday};

    fn at(day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        date(day).and_hms_opt(hour, minute, 0).unwrap()
    }

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    #[test]
    fn over_a_weekend_reminders_come_on_thursday_evening_and_on_sunday_morning() {
        let days = |now| reminded_days(now, WorkingWeek(&USUAL)).unwrap();
        // 19 November 2026 is a Thursday.
        assert_eq!(days(at(19, 17, 59)).due, date(19)..=date(19));
        assert_eq!(days(at(19, 18, 0)).due, date(19)..=date(22));
        assert_eq!(days(at(20, 12, 0)).due, date(20)..=date(22), "what was missed is made up for");
        assert_eq!(days(at(22, 17, 59)).due, date(22)..=date(22));
        assert_eq!(days(at(22, 18, 0)).due, date(22)..=date(23));
        assert_eq!(days(at(22, 7, 59)).overdue, date(12)..=date(18));
        assert_eq!(days(at(22, 8, 0)).overdue, date(15)..=date(21));
        assert_eq!(days(at(21, 8, 0)).overdue, date(12)..=date(18), "nobody is reminded on a weekend");
    }

    #[test]
    fn the_times_are_those_of_the_zone_also_when_the_clocks_change() {
        let utc = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(local(utc("2026-11-19T15:00:00Z"), "Asia/Amman"), at(19, 18, 0));
        assert_eq!(local(utc("2026-11-19T15:00:00Z"), "US/Olympus"), at(19, 15, 0), "an unknown zone is UTC");
        // Beirut goes from summer time to winter time at midnight of 25 October 2026.
        let beirut = |text| local(utc(text), "Asia/Beirut").time();
        assert_eq!(beirut("2026-10-24T15:00:00Z"), EVENING);
        assert_eq!(beirut("2026-10-25T16:00:00Z"), EVENING);
    }

    #[test]
    fn a_vote_that_was_opened_after_the_evening_is_not_reminded_of() {
        let week = WorkingWeek(&USUAL);
        assert!(was_open_before(date(22), at(19, 17, 59), week));
        assert!(!was_open_before(date(22), at(19, 18, 0), week));
        assert!(!was_open_before(date(22), at(21, 9, 0), week));
    }

    proptest! {
        /// The days are those that the rule says: due days whose last working day before has had its evening, and overdue days
        /// whose first working day after has had its morning.
        #[test]
        fn the_days_are_those_of_the_rule(
            week in prop::sample::subsequence(Weekday::ALL, 1..=7),
            minutes in 0_i64..60 * 24 * 400,
            offset in -20_i64..20,
        ) {
            let week = WorkingWeek(&week);
            let now = at(1, 0, 0) + TimeDelta::minutes(minutes);
            let day = now.date() + TimeDelta::days(offset);
            let days = reminded_days(now, week).unwrap();
            let evening = week.last_before(day).unwrap().and_time(EVENING);
            prop_assert_eq!(days.due.contains(&day), evening <= now && now.date() <= day);
            let morning = week.first_after(day).unwrap().and_time(MORNING);
            if days.overdue.contains(&day) {
                prop_assert!(morning <= now);
            } else if morning <= now {
                prop_assert!(now - morning >= TimeDelta::days(1), "{day} is not made up for: {now}");
            }
        }

        /// However the clock jumps, each day is among both at some time, as long as the clock is looked at.
        #[test]
        fn no_day_is_passed_over(
            week in prop::sample::subsequence(Weekday::ALL, 1..=7),
            steps in prop::collection::vec(1_i64..60 * 20, 200..300),
        ) {
            let week = WorkingWeek(&week);
            let mut now = at(1, 0, 0);
            let mut seen = now;
            let (mut due, mut overdue) = (Vec::new(), Vec::new());
            for step in steps {
                seen = now;
                let days = reminded_days(now, week).unwrap();
                due.extend(days.due.start().iter_days().take_while(|day| day <= days.due.end()));
                overdue.extend(days.overdue.start().iter_days().take_while(|day| day <= days.overdue.end()));
                now += TimeDelta::minutes(step);
            }
            for day in date(1).iter_days().take_while(|day| *day < seen.date()) {
                prop_assert!(due.contains(&day), "nobody is told that {day} comes");
                if week.first_after(day).unwrap().and_time(MORNING) <= seen {
                    prop_assert!(overdue.contains(&day), "nobody is told that {day} has passed");
                }
            }
        }
    }
}
