//! The vote on a submitted step: entitled members, the count, and the end of the vote.

vocabulary! {
    /// Choice of a member who votes on a submission.
    pub enum VoteChoice {
        Approve = "approve", "Approve", "موافقة";
        Return = "return", "Return for more work", "إعادة لمزيد من العمل";
        Abstain = "abstain", "Abstain", "امتناع";
        Recuse = "recuse", "Recuse: has an interest and leaves the count", "تنحٍّ لتعارض المصالح (لا يدخل في الاحتساب)";
    }
}

/// The smallest denominator that can decide a vote.
pub const QUORUM: usize = 3;

/// The ballot of an entitled member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ballot {
    /// The choice, if the member has voted. A vote that was cast stands, whatever becomes of its member.
    pub choice: Option<VoteChoice>,
    /// True if the member has not voted and cannot: the seat has ended, or the user is disabled.
    pub absent: bool,
}

/// The count of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Members who were entitled when the step was submitted.
    pub entitled: usize,
    /// Members who count: all but those who recused themselves. An absent member counts, so that nobody passes a step by
    /// ending the seats of others.
    pub denominator: usize,
    /// Votes to approve.
    pub approve: usize,
    /// Votes to return.
    pub r#return: usize,
    /// Abstentions.
    pub abstain: usize,
    /// Recusals.
    pub recuse: usize,
    /// Members who cannot vote any more and have not voted. They count as not approving.
    pub absent: usize,
    /// Members who may still vote for the first time.
    pub pending: usize,
}

/// The progress of a vote, without what the members chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnout {
    /// Members who were entitled when the step was submitted.
    pub entitled: usize,
    /// Members who have voted.
    pub voted: usize,
    /// Members who cannot vote any more and have not voted.
    pub absent: usize,
    /// Members who may still vote for the first time.
    pub pending: usize,
}

impl From<Tally> for Turnout {
    fn from(tally: Tally) -> Self {
        let Tally { entitled, absent, pending, .. } = tally;
        Self {
            entitled,
            voted: tally.approve + tally.r#return + tally.abstain + tally.recuse,
            absent,
            pending,
        }
    }
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
                Some(VoteChoice::Approve) => tally.approve += 1,
                Some(VoteChoice::Return) => tally.r#return += 1,
                Some(VoteChoice::Abstain) => tally.abstain += 1,
                Some(VoteChoice::Recuse) => tally.recuse += 1,
                None if ballot.absent => tally.absent += 1,
                None => tally.pending += 1,
            }
        }
        tally.denominator = tally.entitled - tally.recuse;
        tally
    }

    /// The number of approvals that pass the submission: more than half of the denominator.
    pub fn approvals_needed(&self) -> usize {
        self.denominator / 2 + 1
    }

    /// Tells whether too few members are left in the denominator.
    pub fn is_quorum_lost(&self) -> bool {
        self.denominator < QUORUM
    }

    /// The end of the vote, or `None` while the vote is open.
    pub fn outcome(&self) -> Option<VoteOutcome> {
        if self.is_quorum_lost() {
            Some(VoteOutcome::QuorumLost)
        } else if self.approve >= self.approvals_needed() {
            Some(VoteOutcome::Passed)
        } else if self.approve + self.pending < self.approvals_needed() {
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

    fn tally(choices: &[(VoteChoice, usize)], absent: usize, pending: usize) -> Tally {
        let cast = choices.iter().flat_map(|(choice, times)| vec![Some(*choice); *times]);
        let cast = cast.map(|choice| Ballot { choice, absent: false });
        let absent = vec![Ballot { choice: None, absent: true }; absent];
        Tally::of(cast.chain(absent).chain(vec![Ballot::default(); pending]))
    }

    #[test]
    fn it_passes_when_more_than_half_of_the_denominator_approve() {
        use VoteChoice::{Abstain, Approve, Recuse, Return};

        for (choices, absent, pending, needed, outcome) in [
            (&[(Approve, 2)][..], 0, 3, 3, None),
            (&[(Approve, 3)], 0, 2, 3, Some(VoteOutcome::Passed)),
            (&[(Approve, 3), (Return, 3)], 0, 0, 4, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Return, 2), (Recuse, 1)], 0, 0, 3, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Return, 1), (Recuse, 2)], 0, 0, 2, Some(VoteOutcome::Passed)),
            (&[(Return, 3)], 0, 2, 3, Some(VoteOutcome::Returned)),
            (&[(Return, 2)], 0, 3, 3, None),
            (&[(Abstain, 3)], 0, 2, 3, Some(VoteOutcome::Returned)),
            (&[(Approve, 2), (Recuse, 3)], 0, 0, 2, Some(VoteOutcome::QuorumLost)),
            (&[(Recuse, 3)], 0, 2, 2, Some(VoteOutcome::QuorumLost)),
            (&[(Recuse, 2)], 0, 3, 2, None),
            // The chair and one ally of five end the seats of two others, and then of the fifth.
            (&[(Approve, 2)], 2, 1, 3, None),
            (&[(Approve, 2)], 3, 0, 3, Some(VoteOutcome::Returned)),
            (&[], 2, 3, 3, None),
            (&[], 3, 2, 3, Some(VoteOutcome::Returned)),
            (&[(Approve, 3)], 3, 0, 4, Some(VoteOutcome::Returned)),
            (&[(Approve, 4)], 3, 0, 4, Some(VoteOutcome::Passed)),
            (&[(Recuse, 2)], 1, 2, 2, None),
            (&[(Recuse, 2)], 2, 1, 2, Some(VoteOutcome::Returned)),
        ] {
            let tally = tally(choices, absent, pending);
            let case = format!("{choices:?}, {absent} absent, {pending} pending");
            assert_eq!((tally.approvals_needed(), tally.outcome()), (needed, outcome), "{case}");
        }
    }

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let choice = prop::option::of(prop::sample::select(VoteChoice::ALL));
        let ballot = (choice, any::<bool>())
            .prop_map(|(choice, absent)| Ballot { choice, absent: absent && choice.is_none() });
        prop::collection::vec(ballot, 5..=7)
    }

    proptest! {
        /// Once no member can vote any more, the vote is decided, with any votes and any absent members.
        #[test]
        fn every_vote_ends(ballots in ballots()) {
            let tally = Tally::of(ballots);
            prop_assert!(tally.pending > 0 || tally.outcome().is_some(), "{tally:?}");
            let counted = tally.approve + tally.r#return + tally.abstain + tally.absent + tally.pending;
            prop_assert_eq!(tally.denominator, counted);
        }

        /// A member who becomes absent passes nothing and loses no quorum; the number of approvals needed stays.
        #[test]
        fn absence_passes_nothing(ballots in ballots(), who in 0usize..7) {
            let before = Tally::of(ballots.iter().copied());
            let mut after = ballots;
            let at = who % after.len();
            after[at].absent = after[at].choice.is_none();
            let after = Tally::of(after);
            prop_assert_eq!(after.approvals_needed(), before.approvals_needed());
            match before.outcome() {
                None => prop_assert!(matches!(after.outcome(), None | Some(VoteOutcome::Returned)), "{after:?}"),
                decided => prop_assert_eq!(after.outcome(), decided),
            }
        }

        /// A step is not returned while the pending votes could still pass it, nor passed while they could still
        /// prevent it.
        #[test]
        fn it_is_decided_when_the_pending_votes_can_no_longer_change_it(ballots in ballots()) {
            let tally = Tally::of(ballots.iter().copied());
            let finish = |choice: VoteChoice| {
                Tally::of(ballots.iter().map(|ballot| match ballot {
                    Ballot { choice: None, absent: false } => Ballot { choice: Some(choice), absent: false },
                    other => *other,
                }))
                .outcome()
            };
            let (best, worst) = (finish(VoteChoice::Approve), finish(VoteChoice::Return));
            match tally.outcome() {
                Some(outcome) => prop_assert_eq!((best, worst), (Some(outcome), Some(outcome))),
                None => prop_assert_ne!(best, worst),
            }
        }
    }
}
