//! What all state machines share: a table of exits, asked alike by `availableTransitions` and by the command.

use super::refusal::{AvailableTransition, Blocker, ProblemExtension, Refusal, RefusalCode};
use super::vocabulary::Vocabulary;

/// One way out of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition<S> {
    /// Where it leads.
    pub to: S,
    /// Whether whoever takes it must say why.
    pub reason_required: bool,
    /// What stands in the way now.
    pub blocked_by: Vec<Blocker>,
}

impl<S: Vocabulary> Transition<S> {
    /// An exit that is open.
    pub fn to(to: S) -> Self {
        Self { to, reason_required: false, blocked_by: Vec::new() }
    }

    /// The same exit, for which a reason must be given.
    pub fn with_reason(self) -> Self {
        Self { reason_required: true, ..self }
    }

    /// The same exit, which this stands in the way of as long as the condition does not hold.
    pub fn given(self, holds: bool, code: RefusalCode) -> Self {
        self.unless((!holds).then(|| Blocker::from(code)))
    }

    /// The same exit, unless this stands in the way.
    pub fn unless(mut self, blocker: Option<Blocker>) -> Self {
        self.blocked_by.extend(blocker);
        self
    }
}

/// A transition that the vocabulary shows, whatever its conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitionRule {
    /// From this state.
    pub from: &'static str,
    /// To this one.
    pub to: &'static str,
    /// Whether a reason must be given.
    pub reason_required: bool,
}

impl TransitionRule {
    /// The moves of a state with these exits, added to those that are known.
    pub fn add<S: Vocabulary>(known: &mut Vec<Self>, from: S, transitions: &[Transition<S>]) {
        for exit in transitions {
            let one = Self { from: from.code(), to: exit.to.code(), reason_required: exit.reason_required };
            if !known.contains(&one) {
                known.push(one);
            }
        }
    }
}

/// Every transition of a noun, whatever its conditions: the exits of each state with nothing in the way.
pub fn all_transitions<S: Vocabulary>(transitions: impl Fn(S) -> Vec<Transition<S>>) -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for &state in S::ALL {
        TransitionRule::add(&mut rules, state, &transitions(state));
    }
    rules
}

/// What a reader is told: every exit, with a missing right as one more thing in the way.
pub fn available<S: Vocabulary>(
    transitions: &[Transition<S>],
    missing_right: Option<RefusalCode>,
) -> Vec<AvailableTransition> {
    let forbidden = missing_right.map(Blocker::from);
    transitions
        .iter()
        .map(|exit| AvailableTransition {
            to: exit.to.code(),
            reason_required: exit.reason_required,
            blocked_by: forbidden.iter().chain(&exit.blocked_by).cloned().collect(),
        })
        .collect()
}

/// Takes the exit to `to`, if there is one and nothing stands in the way.
///
/// # Errors
/// `transitionNotAllowed` with the legal ones listed; a fault at `/reason` where one is needed; otherwise the
/// code of the first thing in the way.
pub fn check_transition<S: Vocabulary>(
    from: S,
    transitions: &[Transition<S>],
    to: S,
    has_reason: bool,
) -> Result<(), Refusal> {
    let Some(exit) = transitions.iter().find(|exit| exit.to == to) else {
        let list = |word: fn(S) -> String, comma: &str, none: &str| {
            let words: Vec<_> = transitions.iter().map(|exit| word(exit.to)).collect();
            if words.is_empty() { none.to_owned() } else { words.join(comma) }
        };
        let refusal = Refusal::new(
            RefusalCode::TransitionNotAllowed,
            format!(
                "It is {from}, and {to} cannot be reached from there. Reachable: {}.",
                list(|s| s.code().to_owned(), ", ", "nothing"),
                from = from.code(),
                to = to.code(),
            ),
            format!(
                "الحالة الراهنة «{}» ولا يمكن الانتقال منها إلى «{}». الممكن: {}.",
                from.label().ar,
                to.label().ar,
                list(|s| s.label().ar, "، ", "لا شيء"),
            ),
        );
        return Err(refusal.extension(ProblemExtension::Transitions(available(transitions, None))));
    };
    if exit.reason_required && !has_reason {
        return Err(Refusal::missing("/reason"));
    }
    match exit.blocked_by.first() {
        None => Ok(()),
        Some(blocker) => {
            let legal = ProblemExtension::Transitions(available(transitions, None));
            Err(Refusal::from(blocker.clone()).extension(legal))
        }
    }
}
