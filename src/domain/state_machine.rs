//! The state machine of every resource: a table of transitions that `availableTransitions` and the commands both ask.

use super::refusal::{AvailableTransition, Blocker, ProblemExtension, Refusal, RefusalCode};
use super::vocabulary::Vocabulary;

/// A transition out of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition<S> {
    pub to: S,
    /// True if the request must give a reason.
    pub reason_required: bool,
    /// The obstacles now. The transition is possible if there are none.
    pub blocked_by: Vec<Blocker>,
}

impl<S: Vocabulary> Transition<S> {
    /// A transition without obstacles.
    pub fn to(to: S) -> Self {
        Self { to, reason_required: false, blocked_by: Vec::new() }
    }

    /// Requires a reason.
    pub fn with_reason(self) -> Self {
        Self { reason_required: true, ..self }
    }

    /// Adds an obstacle unless the condition is met.
    pub fn require(self, condition: bool, code: RefusalCode) -> Self {
        self.blocked_by((!condition).then(|| Blocker::from(code)))
    }

    /// Adds an obstacle, if there is one.
    pub fn blocked_by(mut self, blocker: Option<Blocker>) -> Self {
        self.blocked_by.extend(blocker);
        self
    }
}

/// A transition as the vocabularies list it, whatever its conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitionRule {
    pub from: &'static str,
    pub to: &'static str,
    pub reason_required: bool,
}

impl TransitionRule {
    /// Adds the rules of the transitions out of one state, without repetition.
    pub fn add<S: Vocabulary>(rules: &mut Vec<Self>, from: S, transitions: &[Transition<S>]) {
        for Transition { to, reason_required, .. } in transitions {
            let rule = Self { from: from.code(), to: to.code(), reason_required: *reason_required };
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
}

/// Every transition of a resource, from the transitions of each state.
pub fn all_transitions<S: Vocabulary>(transitions: impl Fn(S) -> Vec<Transition<S>>) -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for &state in S::ALL {
        TransitionRule::add(&mut rules, state, &transitions(state));
    }
    rules
}

/// The transitions as a client sees them, with a missing right as one more obstacle.
pub fn available<S: Vocabulary>(
    transitions: &[Transition<S>],
    missing_right: Option<RefusalCode>,
) -> Vec<AvailableTransition> {
    let forbidden = missing_right.map(Blocker::from);
    transitions
        .iter()
        .map(|transition| AvailableTransition {
            to: transition.to.code(),
            reason_required: transition.reason_required,
            blocked_by: forbidden.iter().chain(&transition.blocked_by).cloned().collect(),
        })
        .collect()
}

/// Checks that the transition to `to` exists and has no obstacle.
///
/// # Errors
/// `transitionNotAllowed` if there is no such transition, an error at `/reason` if a required reason is missing, and
/// otherwise the code of the first obstacle. The refusal lists the transitions out of `from`.
pub fn check_transition<S: Vocabulary>(
    from: S,
    transitions: &[Transition<S>],
    to: S,
    has_reason: bool,
) -> Result<(), Refusal> {
    let Some(transition) = transitions.iter().find(|transition| transition.to == to) else {
        let list = |word: fn(S) -> String, comma: &str, none: &str| {
            let words: Vec<_> = transitions.iter().map(|transition| word(transition.to)).collect();
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
    if transition.reason_required && !has_reason {
        return Err(Refusal::missing("/reason"));
    }
    match transition.blocked_by.first() {
        None => Ok(()),
        Some(blocker) => {
            let legal = ProblemExtension::Transitions(available(transitions, None));
            Err(Refusal::from(blocker.clone()).extension(legal))
        }
    }
}
