//! The task force's own states.

use super::state_machine::{self, Exit, Move};
use super::panel::Panel;
use super::refusal::Blocker;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// State of a task force.
    pub enum TaskForceState in "taskForceStates" {
        Forming = "forming", "Forming", "قيد التشكيل";
        Active = "active", "Active", "نشط";
        Suspended = "suspended", "Suspended", "موقوف مؤقتًا";
        Concluded = "concluded", "Concluded", "منتهٍ";
        Dissolved = "dissolved", "Dissolved", "منحل";
    }
}

impl TaskForceState {
    /// Whether the 5–7 rule holds in this state.
    pub fn is_at_work(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }

    /// The ways out of this state. `concluded` is not among them: only a council decision leads there.
    pub fn exits(self, panel: &Panel) -> Vec<Exit<Self>> {
        let dissolve = Exit::to(Self::Dissolved).with_reason();
        match self {
            Self::Forming => {
                let incomplete =
                    panel.check().err().map(|refusal| Blocker { code: refusal.code, title: refusal.detail });
                vec![Exit::to(Self::Active).unless(incomplete), dissolve]
            }
            Self::Active => vec![Exit::to(Self::Suspended).with_reason(), dissolve],
            Self::Suspended => vec![Exit::to(Self::Active), dissolve],
            Self::Concluded | Self::Dissolved => Vec::new(),
        }
    }
}

/// Every transition there is, with those that only a council decision makes and, by a correction, takes back.
pub fn moves() -> Vec<Move> {
    use TaskForceState::{Active, Concluded, Dissolved};
    let mut moves = machine::moves(|state: TaskForceState| state.exits(&Panel::default()));
    for (from, to) in [(Active, Concluded), (Active, Dissolved), (Concluded, Active), (Dissolved, Active)] {
        let by_council = Move { from: from.code(), to: to.code(), reason_required: true };
        if !moves.contains(&by_council) {
            moves.push(by_council);
        }
    }
    moves
}

vocabulary! {
    /// The chair's own word on how it goes.
    pub enum Health in "health" {
        OnTrack = "onTrack", "On track", "يسير وفق الخطة";
        AtRisk = "atRisk", "At risk", "يواجه مخاطر";
        OffTrack = "offTrack", "Off track", "خارج الخطة";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::take;
    use crate::domain::panel::Seat;
    use crate::domain::refusal::Code;
    use crate::domain::rights::SeatRole;

    fn panel(size: usize) -> Panel {
        let role = |at| if at == 0 { SeatRole::Chair } else { SeatRole::Expert };
        Panel::new((0..size).map(|at| Seat { member_id: uuid::Uuid::new_v4(), role: role(at) }).collect())
    }

    /// The rules of design §3 as a table: every state × every state asked for, with panels of every size.
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
                    let taken = take(from, &from.exits(&panel), to, true);
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
            let refusal = take(from, &from.exits(&panel(5)), to, false).unwrap_err();
            assert_eq!(refusal.code, Code::InvalidRequest);
        }
        let forming = TaskForceState::Forming;
        let refusal = take(forming, &forming.exits(&panel(4)), TaskForceState::Active, false).unwrap_err();
        assert_eq!(refusal.code, Code::PanelSize);
        assert!(refusal.detail.en.contains("4 members"), "{}", refusal.detail.en);
    }
}
