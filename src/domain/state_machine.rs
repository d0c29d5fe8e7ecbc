//! The state machine of every resource: a table of transitions that `availableTransitions` and the commands both ask.

use super::message::Message;
use super::refusal::{
    AvailableTransition, Blocker, FieldError, FieldErrorCode, ProblemExtension, Refusal, RefusalCode,
};
use super::vocabulary::Vocabulary;

/// A transition out of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition<S> {
    pub to: S,
    /// True if the request must give a reason.
    pub reason_required: bool,
    /// The subject of the reason, where the state alone does not tell.
    pub reason_for: Option<Message>,
    /// The obstacles now. The transition is possible if there are none.
    pub blocked_by: Vec<Blocker>,
}

impl<S: Vocabulary> Transition<S> {
    /// A transition without obstacles.
    pub fn to(to: S) -> Self {
        Self { to, reason_required: false, reason_for: None, blocked_by: Vec::new() }
    }

    /// Requires a reason.
    pub fn with_reason(self) -> Self {
        Self { reason_required: true, ..self }
    }

    /// Requires a reason that explains something, in English and Arabic.
    pub fn with_reason_for(self, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { reason_for: Some(Message::new(en, ar)), ..self.with_reason() }
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

/// The states that no transition leads out of, for tests.
#[cfg(test)]
pub(crate) fn final_states<S: Vocabulary>(rules: &[TransitionRule]) -> Vec<S> {
    S::ALL.iter().copied().filter(|state| rules.iter().all(|rule| rule.from != state.code())).collect()
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
        let refusal = Refusal::new(
            RefusalCode::TransitionNotAllowed,
            unreachable_in_english(from, transitions, to),
            unreachable_in_arabic(from, transitions, to),
        );
        return Err(refusal.extension(ProblemExtension::Transitions(available(transitions, None))));
    };
    if transition.reason_required && !has_reason {
        let error = FieldError::at("/reason", FieldErrorCode::Required).compared_with(&["to"]);
        let error = match &transition.reason_for {
            Some(reason_for) => error.saying(reason_for.en.clone(), reason_for.ar.clone()),
            None => error,
        };
        return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]));
    }
    match transition.blocked_by.first() {
        None => Ok(()),
        Some(blocker) => {
            let legal = ProblemExtension::Transitions(available(transitions, None));
            Err(Refusal::from(blocker.clone()).extension(legal))
        }
    }
}

/// The reason why there is no transition to `to`, and the states that can be reached instead.
fn unreachable_in_english<S: Vocabulary>(from: S, transitions: &[Transition<S>], to: S) -> String {
    let reachable: Vec<_> = transitions.iter().map(|transition| transition.to.code()).collect();
    let (from_code, to_code) = (from.code(), to.code());
    match reachable.as_slice() {
        _ if from == to => format!("It is {from_code} already."),
        [] => format!("It is {from_code}, which is a final state: no other state can be reached from there."),
        some => format!(
            "It is {from_code}, and {to_code} cannot be reached from there. Reachable: {}.",
            some.join(", ")
        ),
    }
}

/// The same in Arabic. Each state is named by its label, with the code that a request needs.
fn unreachable_in_arabic<S: Vocabulary>(from: S, transitions: &[Transition<S>], to: S) -> String {
    let named = |state: S| format!("«{}» ({})", state.label().ar, state.code());
    let reachable: Vec<_> = transitions.iter().map(|transition| named(transition.to)).collect();
    let (from_state, to_state) = (named(from), named(to));
    match reachable.as_slice() {
        _ if from == to => format!("الحالة الراهنة هي {from_state} أصلًا."),
        [] => format!("الحالة الراهنة {from_state} نهائية، ولا يمكن الانتقال منها إلى أي حالة أخرى."),
        some => format!(
            "الحالة الراهنة {from_state}، ولا يمكن الانتقال منها إلى {to_state}. الممكن: {}.",
            some.join("، ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::PolicyState;
    use crate::domain::refusal::RefusalDetail;

    /// The sentences of the refusal, the Arabic one without its isolates.
    fn refused(from: PolicyState, reachable: &[PolicyState], to: PolicyState) -> (String, String) {
        let transitions: Vec<_> = reachable.iter().map(|&to| Transition::to(to)).collect();
        let refusal = check_transition(from, &transitions, to, true).unwrap_err();
        let RefusalDetail::Sentence(sentence) = refusal.detail else { panic!("{refusal:?}") };
        (sentence.en, sentence.ar.replace(['\u{2066}', '\u{2069}'], ""))
    }

    #[test]
    fn a_state_that_cannot_be_reached_is_refused_with_the_reason() {
        use PolicyState::{Adopted, Identified, Rejected, Superseded, UnderReview};

        let (en, ar) = refused(UnderReview, &[Adopted, Rejected], Superseded);
        assert_eq!(
            en,
            "It is underReview, and superseded cannot be reached from there. Reachable: adopted, rejected."
        );
        assert_eq!(
            ar,
            "الحالة الراهنة «قيد المراجعة» (underReview)، ولا يمكن الانتقال منها إلى «مُستبدَلة» (superseded). الممكن: «معتمدة» (adopted)، «مرفوضة» (rejected)."
        );
        let (en, ar) = refused(Superseded, &[], Identified);
        assert_eq!(en, "It is superseded, which is a final state: no other state can be reached from there.");
        assert_eq!(
            ar,
            "الحالة الراهنة «مُستبدَلة» (superseded) نهائية، ولا يمكن الانتقال منها إلى أي حالة أخرى."
        );
        let (en, ar) = refused(Adopted, &[Superseded], Adopted);
        assert_eq!(
            (en.as_str(), ar.as_str()),
            ("It is adopted already.", "الحالة الراهنة هي «معتمدة» (adopted) أصلًا.")
        );
    }
}
