//! The states of a task force.

use super::panel::Panel;
use super::refusal::{Blocker, Refusal};
use super::state_machine::{self, Transition, TransitionRule};
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// State of a task force.
    pub enum TaskForceState {
        Forming = "forming", "Forming", "قيد التشكيل";
        Active = "active", "Active", "نشط";
        Suspended = "suspended", "Suspended", "موقوف مؤقتًا";
        Concluded = "concluded", "Concluded", "أنهى مهمته";
        Dissolved = "dissolved", "Dissolved", "منحل";
    }
}

impl TaskForceState {
    /// Tells whether the panel must have five to seven members in this state.
    pub fn requires_full_panel(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }

    /// Tells whether the task force has ended its work.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Concluded | Self::Dissolved)
    }

    /// Checks the panel of a task force in this state. A task force that is not at work may have any panel.
    ///
    /// # Errors
    /// The errors of [`Panel::check`].
    pub fn check_panel(self, panel: &Panel) -> Result<(), Refusal> {
        if self.requires_full_panel() { panel.check() } else { Ok(()) }
    }

    /// The transitions out of this state that a command makes. Only a decision of the council leads to `concluded`.
    pub fn transitions(self, panel: &Panel) -> Vec<Transition<Self>> {
        let dissolve = Transition::to(Self::Dissolved).with_reason();
        let invalid = || panel.check_seats().err().map(Blocker::from);
        match self {
            Self::Forming => {
                let incomplete = panel.check().err().map(Blocker::from);
                vec![Transition::to(Self::Active).blocked_by(incomplete).blocked_by(invalid()), dissolve]
            }
            Self::Active => vec![Transition::to(Self::Suspended).with_reason(), dissolve],
            Self::Suspended => vec![Transition::to(Self::Active).blocked_by(invalid()), dissolve],
            Self::Concluded | Self::Dissolved => Vec::new(),
        }
    }
}

/// Every transition, also those that a decision of the council makes and that its correction takes back.
pub fn all_transitions() -> Vec<TransitionRule> {
    use TaskForceState::{Active, Concluded, Dissolved};
    let mut rules =
        state_machine::all_transitions(|state: TaskForceState| state.transitions(&Panel::default()));
    for (from, to) in [(Active, Concluded), (Active, Dissolved), (Concluded, Active), (Dissolved, Active)] {
        let by_council = TransitionRule { from: from.code(), to: to.code(), reason_required: true };
        if !rules.contains(&by_council) {
            rules.push(by_council);
        }
    }
    rules
}

vocabulary! {
    /// Rating of the task force's health by the chair.
    pub enum HealthRating {
        OnTrack = "onTrack", "On track", "يسير وفق الخطة";
        AtRisk = "atRisk", "At risk", "يواجه مخاطر";
        OffTrack = "offTrack", "Off track", "منحرف عن الخطة";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::SubjectKind;
    use crate::domain::panel::Seat;
    use crate::domain::reference::Reference;
    use crate::domain::refusal::RefusalCode;
    use crate::domain::rights::SeatRole;
    use crate::domain::state_machine::check_transition;
    use crate::domain::text::LocalizedText;

    fn panel(size: usize) -> Panel {
        let role = |at| if at == 0 { SeatRole::Chair } else { SeatRole::Expert };
        let seat = |at| Seat { member_id: uuid::Uuid::new_v4(), role: role(at) };
        Panel::new((0..size).map(seat).collect(), Vec::new())
    }

    #[test]
    fn a_task_force_comes_to_work_only_with_valid_seats() {
        let valid = panel(5);
        let chair = valid.chair().unwrap();
        let disabled = Reference::new(SubjectKind::Member, chair, LocalizedText::both("ليلى", "Layla"));
        let invalid = Panel::new(valid.seats().to_vec(), vec![disabled.clone()]);
        for from in [TaskForceState::Forming, TaskForceState::Suspended] {
            let refused = check_transition(from, &from.transitions(&invalid), TaskForceState::Active, true);
            let refusal = refused.unwrap_err();
            assert_eq!(
                (refusal.code, refusal.references),
                (RefusalCode::SeatsInvalid, vec![disabled.clone()])
            );
            let dissolve =
                check_transition(from, &from.transitions(&invalid), TaskForceState::Dissolved, true);
            assert_eq!(dissolve, Ok(()));
        }
    }

    /// The rules of task forces as a table: every state × every state asked for, with panels of every size.
    #[test]
    fn every_state_leads_exactly_where_it_may() {
        use TaskForceState::{Active, Dissolved, Forming, Suspended};

        for size in 0..10 {
            let panel = panel(size);
            for &from in TaskForceState::ALL {
                for &to in TaskForceState::ALL {
                    let legal = match (from, to) {
                        (Forming, Active) => (5..=7).contains(&size),
                        (Active, Suspended) | (Suspended, Active) => true,
                        (Forming | Active | Suspended, Dissolved) => true,
                        _ => false,
                    };
                    let taken = check_transition(from, &from.transitions(&panel), to, true);
                    assert_eq!(taken.is_ok(), legal, "{from} -> {to} with {size} members: {taken:?}");
                }
            }
        }
    }

    #[test]
    fn suspending_and_dissolving_need_a_reason_and_activation_names_the_missing_members() {
        for (from, to) in [
            (TaskForceState::Active, TaskForceState::Suspended),
            (TaskForceState::Forming, TaskForceState::Dissolved),
        ] {
            let refusal = check_transition(from, &from.transitions(&panel(5)), to, false).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::InvalidRequest);
        }
        let forming = TaskForceState::Forming;
        let refusal =
            check_transition(forming, &forming.transitions(&panel(4)), TaskForceState::Active, false)
                .unwrap_err();
        assert_eq!(refusal.code, RefusalCode::PanelSize);
        assert!(refusal.to_string().contains("4 members"), "{refusal}");
    }
}
