//! The task force's own states.

use super::machine::{Exit, Move};
use super::panel::Panel;
use super::refusal::Blocker;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// State of a task force.
    pub enum TaskForceState in "taskForceStates" {
        Forming = "forming", "Forming", "قيد التشكيل";
        Active = "active", "Active", "عامل";
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

/// Every transition there is, but for the one that only a council decision makes.
pub fn moves() -> Vec<Move> {
    let mut moves = Vec::new();
    for &state in TaskForceState::ALL {
        Move::add(&mut moves, state, &state.exits(&Panel::default()));
    }
    moves
}

vocabulary! {
    /// The chair's own word on how it goes.
    pub enum Health in "health" {
        OnTrack = "onTrack", "On track", "يسير وفق الخطة";
        AtRisk = "atRisk", "At risk", "معرَّض للخطر";
        OffTrack = "offTrack", "Off track", "خارج المسار";
    }
}
