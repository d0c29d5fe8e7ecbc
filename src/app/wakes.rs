//! Wake-ups: what to look at again once a change is committed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// Stands for the list of all task forces: the rights of those who follow all of them grow when a task force is created.
pub(super) const TASK_FORCES: Uuid = Uuid::nil();

/// A reason to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    /// A task force has new events.
    Events(Uuid),
    /// The rights of a user, a session or a key may have changed.
    Rights(Uuid),
}

impl Wake {
    /// The id that listeners wait for.
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Events(id) | Self::Rights(id) => id,
        }
    }

    /// Reads what [`Display`](fmt::Display) has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(' ')?;
        let id = Uuid::parse_str(id).ok()?;
        match kind {
            "events" => Some(Self::Events(id)),
            "rights" => Some(Self::Rights(id)),
            _ => None,
        }
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(id) => write!(f, "events {id}"),
            Self::Rights(id) => write!(f, "rights {id}"),
        }
    }
}

/// The task forces that a request changes, and the users, sessions and keys whose rights may change with them. Those who
/// wait for one of these wake after the commit (`app/live.rs`).
#[derive(Debug, Clone, Default)]
pub struct Wakes(Arc<Mutex<Vec<Wake>>>);

impl Wakes {
    /// Adds a wake-up.
    pub(super) fn add(&self, wake: Wake) {
        self.all().push(wake);
    }

    /// Takes the wake-ups out.
    pub(super) fn take(&self) -> Vec<Wake> {
        std::mem::take(&mut self.all())
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Wake>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_understands_a_wake_up() {
        for wake in [Wake::Events(Uuid::from_u128(7)), Wake::Rights(Uuid::from_u128(8))] {
            assert_eq!(Wake::parse(&wake.to_string()), Some(wake));
        }
        assert_eq!(Wake::parse("00000000-0000-0000-0000-000000000007"), None);
    }
}
