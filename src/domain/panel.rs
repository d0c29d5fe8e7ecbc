//! The panel of five to seven members with one chair.
//!
//! A change of members is planned and checked as a whole: a panel of five loses a member and gains the successor in one
//! change, and the chair is passed on in one change.

use uuid::Uuid;

use super::ballot::{Ballot, Tally};
use super::reference::Reference;
use super::refusal::{Blocker, Refusal, RefusalCode};
use super::rights::SeatRole;

/// The minimum number of members of a task force at work.
pub const MIN_MEMBERS: usize = 5;
/// The maximum number of members of a task force at work.
pub const MAX_MEMBERS: usize = 7;

/// One current seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub member_id: Uuid,
    pub role: SeatRole,
}

/// The current seats of one task force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Panel {
    seats: Vec<Seat>,
    /// The members whose users may no longer hold a seat, since they are disabled.
    invalid: Vec<Reference>,
}

impl Panel {
    pub fn new(seats: Vec<Seat>, invalid: Vec<Reference>) -> Self {
        Self { seats, invalid }
    }

    /// Tells whether the user of a member may no longer hold a seat.
    pub fn is_invalid(&self, member_id: Uuid) -> bool {
        self.invalid.iter().any(|member| member.id == member_id)
    }

    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The member who is chair.
    pub fn chair(&self) -> Option<Uuid> {
        self.seats.iter().find(|seat| seat.role == SeatRole::Chair).map(|seat| seat.member_id)
    }

    /// Adds a seat. A new chair makes the current chair an expert, whose id is returned.
    pub fn appoint(&mut self, member_id: Uuid, role: SeatRole) -> Option<Uuid> {
        let outgoing = self.pass_chair(role, member_id);
        self.seats.push(Seat { member_id, role });
        outgoing
    }

    /// Changes the role of a member. A new chair makes the current chair an expert, whose id is returned.
    pub fn assign(&mut self, member_id: Uuid, role: SeatRole) -> Option<Uuid> {
        let outgoing = self.pass_chair(role, member_id);
        for seat in &mut self.seats {
            if seat.member_id == member_id {
                seat.role = role;
            }
        }
        outgoing
    }

    /// Ends a seat.
    pub fn end(&mut self, member_id: Uuid) {
        self.seats.retain(|seat| seat.member_id != member_id);
        self.invalid.retain(|member| member.id != member_id);
    }

    fn pass_chair(&mut self, role: SeatRole, to: Uuid) -> Option<Uuid> {
        if role != SeatRole::Chair {
            return None;
        }
        let outgoing = self.chair().filter(|chair| *chair != to)?;
        self.assign(outgoing, SeatRole::Expert);
        Some(outgoing)
    }

    /// Checks that the panel has five to seven members and exactly one chair.
    ///
    /// # Errors
    /// `panelSize` or `chairRequired`, with the numbers.
    pub fn check(&self) -> Result<(), Refusal> {
        let size = self.seats.len();
        if !(MIN_MEMBERS..=MAX_MEMBERS).contains(&size) {
            let (en, ar) = match size {
                0 => ("no member".to_owned(), "سيبقى فريق العمل بلا أعضاء".to_owned()),
                1 => ("one member".to_owned(), "سيكون في فريق العمل عضو واحد".to_owned()),
                _ => (format!("{size} members"), format!("سيكون عدد أعضاء فريق العمل {size}")),
            };
            return Err(Blocker::titled(
                RefusalCode::PanelSize,
                format!("The task force would have {en}; it needs {MIN_MEMBERS} to {MAX_MEMBERS}"),
                format!("{ar}، والمطلوب من {MIN_MEMBERS} إلى {MAX_MEMBERS}"),
            )
            .into());
        }
        let chairs = self.seats.iter().filter(|seat| seat.role == SeatRole::Chair).count();
        if chairs != 1 {
            let (en, ar) = if chairs == 0 {
                ("The task force would have no chair", "سيبقى فريق العمل بلا رئيس")
            } else {
                ("The task force would have several chairs", "سيكون لفريق العمل أكثر من رئيس")
            };
            return Err(Blocker::titled(RefusalCode::ChairRequired, en, ar).into());
        }
        Ok(())
    }

    /// Checks that every seat is held by an expert who may hold it.
    ///
    /// # Errors
    /// `seatsInvalid`, which names the members.
    pub fn check_seats(&self) -> Result<(), Refusal> {
        if self.invalid.is_empty() { Ok(()) } else { Err(self.seats_invalid()) }
    }

    /// Checks that the members who can vote can pass a submission: disabled members count as not approving.
    ///
    /// # Errors
    /// `seatsInvalid`, which names the members.
    pub fn check_majority(&self) -> Result<(), Refusal> {
        let ballot = |seat: &Seat| Ballot { choice: None, absent: self.is_invalid(seat.member_id) };
        match Tally::of(self.seats.iter().map(ballot)).outcome() {
            None => Ok(()),
            Some(_) => Err(self.seats_invalid()),
        }
    }

    fn seats_invalid(&self) -> Refusal {
        Refusal::from(RefusalCode::SeatsInvalid).references(self.invalid.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::event::SubjectKind;
    use crate::domain::text::LocalizedText;

    fn panel(experts: usize, chairs: usize) -> Panel {
        let seat = |role| Seat { member_id: Uuid::new_v4(), role };
        let chairs = (0..chairs).map(|_| seat(SeatRole::Chair));
        Panel::new(chairs.chain((0..experts).map(|_| seat(SeatRole::Expert))).collect(), Vec::new())
    }

    /// A panel of which the first members may no longer hold their seats.
    fn panel_with_invalid(size: usize, invalid: usize) -> Panel {
        let valid = panel(size - 1, 1);
        let name = LocalizedText::both("ليلى", "Layla");
        let reference = |seat: &Seat| Reference::new(SubjectKind::Member, seat.member_id, name.clone());
        Panel::new(valid.seats.clone(), valid.seats.iter().take(invalid).map(reference).collect())
    }

    #[test]
    fn invalid_seats_are_named_until_they_end() {
        let mut panel = panel_with_invalid(6, 2);
        let invalid: Vec<_> = panel.seats().iter().take(2).map(|seat| seat.member_id).collect();
        let refusal = panel.check_seats().unwrap_err();
        let named: Vec<_> = refusal.references.iter().map(|member| member.id).collect();
        assert_eq!((refusal.code, named), (RefusalCode::SeatsInvalid, invalid.clone()));
        for member in invalid {
            assert!(panel.is_invalid(member));
            panel.end(member);
        }
        assert_eq!(panel.check_seats(), Ok(()));
    }

    #[test]
    fn a_step_is_put_to_members_of_whom_more_than_half_can_vote() {
        for size in MIN_MEMBERS..=MAX_MEMBERS {
            for invalid in 0..=size {
                let passable = 2 * (size - invalid) > size;
                let panel = panel_with_invalid(size, invalid);
                assert_eq!(panel.check_majority().is_ok(), passable, "{invalid} of {size} are disabled");
            }
        }
    }

    #[test]
    fn five_to_seven_with_one_chair_and_nothing_else() {
        for experts in 0..10 {
            for chairs in 0..3 {
                let size = experts + chairs;
                let code = panel(experts, chairs).check().err().map(|refusal| refusal.code);
                let expected = if !(5..=7).contains(&size) {
                    Some(RefusalCode::PanelSize)
                } else if chairs != 1 {
                    Some(RefusalCode::ChairRequired)
                } else {
                    None
                };
                assert_eq!(code, expected, "{experts} experts, {chairs} chairs");
            }
        }
    }

    proptest! {
        /// A panel with one chair never gets a second one, whatever is appointed, assigned and ended.
        #[test]
        fn no_sequence_of_changes_makes_a_second_chair(commands in prop::collection::vec((0u8..4, 0usize..8), 0..40)) {
            let mut panel = panel(5, 1);
            for (command, at) in commands {
                let member = panel.seats().get(at).map(|seat| seat.member_id);
                match (command, member) {
                    (0, _) => { panel.appoint(Uuid::new_v4(), SeatRole::Chair); }
                    (1, _) => { panel.appoint(Uuid::new_v4(), SeatRole::Expert); }
                    (2, Some(member)) => { panel.assign(member, SeatRole::Chair); }
                    (3, Some(member)) => panel.end(member),
                    _ => {}
                }
                let chairs = panel.seats().iter().filter(|seat| seat.role == SeatRole::Chair).count();
                prop_assert!(chairs <= 1);
            }
        }

        /// The outgoing chair stays on the panel as an expert, and is the member that is returned.
        #[test]
        fn passing_the_chair_on_names_the_outgoing_one(experts in 1usize..7, to in 0usize..6) {
            let mut panel = panel(experts, 1);
            let before = panel.chair();
            let to = panel.seats()[1 + to % experts].member_id;
            prop_assert_eq!(panel.assign(to, SeatRole::Chair), before);
            prop_assert_eq!(panel.chair(), Some(to));
            prop_assert_eq!(panel.seats().len(), experts + 1);
        }
    }
}
