//! The time for voting: a vote can have an end. A vote that has not passed by then is returned.
//!
//! While the task force is suspended, nobody can vote. The time for voting therefore pauses, and the end moves on by the
//! length of the pause, so that the members have the time that they were given.

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::{FieldError, FieldErrorCode};

/// The longest time for voting. A vote on a step takes days or weeks; a later end is a mistake in the year.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// The time for voting on a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VotingTime {
    /// The end; `None` for a vote that is open until its outcome is decided.
    pub ends_at: Option<DateTime<Utc>>,
    /// The instant since which the vote pauses.
    pub paused_at: Option<DateTime<Utc>>,
}

impl VotingTime {
    /// A time for voting that begins now.
    ///
    /// # Errors
    /// The error of an end that is not in the future, or too far.
    pub fn begin(ends_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Self, FieldError> {
        let error = |code| FieldError::at("/votingEndsAt", code);
        match ends_at {
            Some(end) if end <= now => {
                Err(error(FieldErrorCode::TooSmall)
                    .saying("must lie in the future", "يجب أن يكون في المستقبل"))
            }
            Some(end) if end > now + LONGEST => Err(error(FieldErrorCode::TooLarge)
                .saying("must lie at most 90 days ahead", "يجب ألا يبعد أكثر من 90 يومًا من الآن")),
            ends_at => Ok(Self { ends_at, paused_at: None }),
        }
    }

    /// Tells whether the time is over. Votes that are cast at the end itself are too late.
    pub fn is_over(self, now: DateTime<Utc>) -> bool {
        self.paused_at.is_none() && self.ends_at.is_some_and(|end| end <= now)
    }

    /// The time while the task force is suspended. A vote without an end has nothing to pause.
    #[must_use]
    pub fn paused(self, now: DateTime<Utc>) -> Self {
        Self { paused_at: self.ends_at.map(|_| self.paused_at.unwrap_or(now)), ..self }
    }

    /// The time after a suspension. A clock that was put back in the meantime takes no time from the members.
    #[must_use]
    pub fn resumed(self, now: DateTime<Utc>) -> Self {
        let pause =
            self.paused_at.map_or(TimeDelta::zero(), |paused_at| (now - paused_at).max(TimeDelta::zero()));
        Self {
            ends_at: self.ends_at.map(|end| end.checked_add_signed(pause).unwrap_or(end)),
            paused_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn the_end_lies_in_the_future_and_at_most_90_days_ahead() {
        let code = |ends_at| VotingTime::begin(Some(ends_at), at(0)).map_err(|error| error.code);
        assert_eq!(code(at(0)), Err(FieldErrorCode::TooSmall));
        assert_eq!(code(at(-1)), Err(FieldErrorCode::TooSmall));
        assert_eq!(code(at(0) + LONGEST + TimeDelta::microseconds(1)), Err(FieldErrorCode::TooLarge));
        assert!(code(at(1)).is_ok() && code(at(0) + LONGEST).is_ok());
        assert_eq!(VotingTime::begin(None, at(0)), Ok(VotingTime::default()));
    }

    proptest! {
        /// The members have the minutes that they were given, however often the vote pauses.
        #[test]
        fn pauses_take_no_time_from_the_members(given in 1_i64..1000, parts in prop::collection::vec((0_i64..50, 0_i64..5000), 0..8)) {
            let mut time = VotingTime::begin(Some(at(given)), at(0)).unwrap();
            let (mut now, mut used) = (0, 0);
            for (open, pause) in parts {
                (now, used) = (now + open, used + open);
                prop_assert_eq!(time.is_over(at(now)), used >= given);
                time = time.paused(at(now));
                prop_assert!(!time.is_over(at(now + pause)), "nothing ends during a pause");
                prop_assert_eq!(time.paused(at(now + pause)), time);
                now += pause;
                time = time.resumed(at(now));
            }
            prop_assert_eq!(time.ends_at, Some(at(now + given - used)));
        }

        /// A vote without an end stays open, and a clock that is put back during a pause moves no end.
        #[test]
        fn a_pause_makes_no_end_and_brings_none_nearer(given in 1_i64..1000, back in 0_i64..1000) {
            let endless = VotingTime::default().paused(at(5)).resumed(at(9));
            prop_assert_eq!(endless, VotingTime::default());
            let time = VotingTime::begin(Some(at(given)), at(0)).unwrap();
            prop_assert_eq!(time.paused(at(0)).resumed(at(-back)), time);
        }
    }
}
