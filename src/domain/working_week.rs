//! The working week of a task force: the days of the week on which its members work.
//!
//! A task force without another setting works from Sunday to Thursday, as most cities of the region do. No table of
//! countries decides: working weeks change by decree, and a city may differ from its country.

use chrono::{Datelike as _, NaiveDate};

vocabulary! {
    /// Day of the week.
    pub enum Weekday {
        Sunday = "sunday", "Sunday", "الأحد";
        Monday = "monday", "Monday", "الاثنين";
        Tuesday = "tuesday", "Tuesday", "الثلاثاء";
        Wednesday = "wednesday", "Wednesday", "الأربعاء";
        Thursday = "thursday", "Thursday", "الخميس";
        Friday = "friday", "Friday", "الجمعة";
        Saturday = "saturday", "Saturday", "السبت";
    }
}

/// The working days of a task force without another setting.
pub const USUAL: [Weekday; 5] =
    [Weekday::Sunday, Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday];

impl Weekday {
    /// The day of the week of a date.
    pub fn of(date: NaiveDate) -> Self {
        match date.weekday() {
            chrono::Weekday::Sun => Self::Sunday,
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
        }
    }
}

/// The days in the order of the week, each once.
#[must_use]
pub fn in_order(mut days: Vec<Weekday>) -> Vec<Weekday> {
    days.sort_unstable();
    days.dedup();
    days
}

/// The working days of a week. A week without working days counts as one of seven, so that there always is a next one.
#[derive(Debug, Clone, Copy)]
pub struct WorkingWeek<'a>(pub &'a [Weekday]);

impl WorkingWeek<'_> {
    /// Tells whether people work on a date.
    pub fn includes(self, date: NaiveDate) -> bool {
        self.0.is_empty() || self.0.contains(&Weekday::of(date))
    }

    /// The last working day before a date; `None` at the beginning of all dates.
    pub fn last_before(self, date: NaiveDate) -> Option<NaiveDate> {
        std::iter::successors(date.pred_opt(), NaiveDate::pred_opt).take(7).find(|day| self.includes(*day))
    }

    /// The first working day after a date; `None` at the end of all dates.
    pub fn first_after(self, date: NaiveDate) -> Option<NaiveDate> {
        std::iter::successors(date.succ_opt(), NaiveDate::succ_opt).take(7).find(|day| self.includes(*day))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;

    fn day(of_november: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, of_november).unwrap()
    }

    #[test]
    fn from_sunday_to_thursday_the_weekend_is_passed_over() {
        let week = WorkingWeek(&USUAL);
        // 22 November 2026 is a Sunday.
        assert_eq!(Weekday::of(day(22)), Weekday::Sunday);
        assert_eq!((week.last_before(day(22)), week.first_after(day(19))), (Some(day(19)), Some(day(22))));
        assert_eq!((week.last_before(day(24)), week.first_after(day(22))), (Some(day(23)), Some(day(23))));
        assert!(!week.includes(day(20)) && !week.includes(day(21)) && week.includes(day(26)));
        let only_monday = [Weekday::Monday];
        let only_monday = WorkingWeek(&only_monday);
        assert_eq!(only_monday.last_before(day(23)), Some(day(16)));
        assert_eq!(only_monday.first_after(day(23)), Some(day(30)));
        assert_eq!(WorkingWeek(&[]).last_before(day(22)), Some(day(21)));
        assert_eq!((week.last_before(NaiveDate::MIN), week.first_after(NaiveDate::MAX)), (None, None));
    }

    #[test]
    fn days_are_in_the_order_of_the_week() {
        let days = vec![Weekday::Saturday, Weekday::Sunday, Weekday::Saturday];
        assert_eq!(in_order(days), [Weekday::Sunday, Weekday::Saturday]);
    }

    fn weeks() -> impl Strategy<Value = Vec<Weekday>> {
        prop::sample::subsequence(Weekday::ALL, 1..=7)
    }

    proptest! {
        /// The nearest working day lies within a week, and no working day lies between.
        #[test]
        fn the_nearest_working_day_is_the_nearest(week in weeks(), offset in 0_i64..40_000) {
            let week = WorkingWeek(&week);
            let date = day(1) + chrono::TimeDelta::days(offset - 20_000);
            let (before, after) = (week.last_before(date).unwrap(), week.first_after(date).unwrap());
            prop_assert!(before < date && date < after);
            prop_assert!(week.includes(before) && week.includes(after));
            prop_assert!((after - date).num_days() <= 7 && (date - before).num_days() <= 7);
            for between in before.iter_days().skip(1).take_while(|between| *between < after) {
                prop_assert!(between == date || !week.includes(between));
            }
            prop_assert_eq!(week.last_before(after), Some(if week.includes(date) { date } else { before }));
        }
    }
}
