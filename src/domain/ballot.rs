//! The vote on a submitted step: entitled members, the count, and the end of the vote.

vocabulary! {
    /// What an entitled member says to a submission.
    pub enum Choice in "voteChoices" {
        Approve = "approve", "Approve", "موافقة";
        Return = "return", "Return for more work", "إعادة لمزيد من العمل";
        Abstain = "abstain", "Abstain", "امتناع";
        Recuse = "recuse", "Recuse: has an interest and leaves the count", "تنحٍّ لتعارض المصالح";
    }
}

/// The smallest denominator that can decide a vote.
pub const QUORUM: usize = 3;

/// The ballot of an entitled member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ballot {
    /// The choice, if the member has voted.
    pub choice: Option<Choice>,
    /// True if the seat ended while voting was open, before the member had voted.
    pub left: bool,
}

/// The count of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Members who were entitled when the step was submitted.
    pub entitled: usize,
    /// Members who count: neither recused nor gone without a vote.
    pub denominator: usize,
    /// Votes to approve.
    pub approve: usize,
    /// Votes to return.
    pub r#return: usize,
    /// Abstentions.
    pub abstain: usize,
    /// Recusals.
    pub recuse: usize,
    /// Members who left without a vote.
    pub left: usize,
    /// Members who may still vote for the first time.
    pub pending: usize,
}

/// The end of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteOutcome {
    /// More than half of the denominator approve.
    Passed,
    /// No more than half of the denominator can still approve.
    Returned,
    /// Fewer than [`QUORUM`] members are left in the denominator. The step is returned.
    QuorumLost,
}

impl Tally {
    /// Counts the ballots.
    pub fn of(ballots: impl IntoIterator<Item = Ballot>) -> Self {
        let mut tally = Self::default();
        for ballot in ballots {
            tally.entitled += 1;
            match ballot.choice {
                Some(Choice::Approve) => tally.approve += 1,
                Some(Choice::Return) => tally.r#return += 1,
                Some(Choice::Abstain) => tally.abstain += 1,
                Some(Choice::Recuse) => tally.recuse += 1,
                None if ballot.left => tally.left += 1,
                None => tally.pending += 1,
            }
        }
        tally.denominator = tally.entitled - tally.recuse - tally.left;
        tally
    }

    /// Tells whether too few members are left in the denominator.
    pub fn is_quorum_lost(&self) -> bool {
        self.denominator < QUORUM
    }

    /// The end of the vote, or `None` while the vote is open.
    pub fn outcome(&self) -> Option<VoteOutcome> {
        if self.is_quorum_lost() {
            Some(VoteOutcome::QuorumLost)
        } else if 2 * self.approve > self.denominator {
            Some(VoteOutcome::Passed)
        } else if 2 * (self.approve + self.pending) <= self.denominator {
            Some(VoteOutcome::Returned)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;

    fn voted(choices: &[(Choice, usize)], pending: usize) -> Tally {
        let cast = choices.iter().flat_map(|(choice, times)| vec![Some(*choice); *times]);
        let ballots = cast.chain(vec![None; pending]).map(|choice| Ballot { choice, left: false });
        Tally::of(ballots)
    }

    #[test]
    fn it_passes_when_more_than_half_of_the_denominator_approve() {
        use Choice::{Abstain, Approve, Recuse, Return};

        for (choices, pending, outcome) in [
            (&[(Approve, 2)][..], 3, None),
            (&[(Approve, 3)], 2, Some(VoteOutcome::Passed)),
            (&[(Approve, 3), (Return, 3)], 0, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Return, 2), (Recuse, 1)], 0, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Return, 1), (Recuse, 2)], 0, Some(VoteOutcome::Passed)),
            (&[(Return, 3)], 2, Some(VoteOutcome::Returned)),
            (&[(Return, 2)], 3, None),
            (&[(Abstain, 3)], 2, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Recuse, 3)], 0, Some(VoteOutcome::QuorumLost)),
            (&[(Recuse, 3)], 2, Some(VoteOutcome::QuorumLost)),
            (&[(Recuse, 2)], 3, None),
        ] {
            assert_eq!(voted(choices, pending).outcome(), outcome, "{choices:?} and {pending} pending");
        }
    }

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let choice = prop::option::of(prop::sample::select(Choice::ALL));
        let ballot = (choice, any::<bool>())
            .prop_map(|(choice, left)| Ballot { choice, left: left && choice.is_none() });
        prop::collection::vec(ballot, 5..=7)
    }

    proptest! {
        /// Once no member can vote any more, the vote is decided, with any votes and any members who left.
        #[test]
        fn every_vote_ends(ballots in ballots()) {
            let tally = Tally::of(ballots);
            prop_assert!(tally.pending > 0 || tally.outcome().is_some(), "{tally:?}");
            prop_assert_eq!(tally.denominator, tally.approve + tally.r#return + tally.abstain + tally.pending);
        }

        /// A step is not returned while the pending votes could still pass it, nor passed while they could still
        /// prevent it.
        #[test]
        fn it_is_decided_when_the_pending_votes_can_no_longer_change_it(ballots in ballots()) {
            let tally = Tally::of(ballots.iter().copied());
            let finish = |choice: Choice| {
                Tally::of(ballots.iter().map(|ballot| match ballot {
                    Ballot { choice: None, left: false } => Ballot { choice: Some(choice), left: false },
                    other => *other,
                }))
                .outcome()
            };
            let (best, worst) = (finish(Choice::Approve), finish(Choice::Return));
            match tally.outcome() {
                Some(outcome) => prop_assert_eq!((best, worst), (Some(outcome), Some(outcome))),
                None => prop_assert_ne!(best, worst),
            }
        }
    }
}
