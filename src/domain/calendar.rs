//! Days in the time zone of a task force. Whether work is overdue is computed, never stored.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::activity::ActivityState;

/// Tells whether the name is one of a time zone (IANA), as `Asia/Amman`.
pub fn is_time_zone(name: &str) -> bool {
    name.parse::<Tz>().is_ok()
}

/// Tells whether the due date of an activity has passed while its work is open. Work on the due date itself is in time.
pub fn is_overdue(due: Option<NaiveDate>, state: ActivityState, today: NaiveDate) -> bool {
    state.is_open() && due.is_some_and(|due| due < today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activity_is_overdue_from_the_day_after_its_due_date_while_open() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
        assert!(!is_overdue(Some(day(22)), ActivityState::Planned, day(22)));
        assert!(is_overdue(Some(day(22)), ActivityState::Blocked, day(23)));
        assert!(!is_overdue(Some(day(22)), ActivityState::Done, day(23)));
        assert!(!is_overdue(None, ActivityState::Planned, day(23)));
    }

    #[test]
    fn a_time_zone_is_an_iana_name() {
        assert!(is_time_zone("Asia/Amman"));
        assert!(!is_time_zone("Amman"));
        assert!(!is_time_zone("+03:00"));
    }
}
