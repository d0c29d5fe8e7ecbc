//! Users: their roles in the council, their states and their e-mail addresses.

use super::refusal::{Refusal, RefusalCode};
use super::state_machine::{Transition, TransitionRule};
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// Role across the whole installation.
    pub enum CouncilRole in "councilRoles" {
        Administrator = "administrator", "Administrator", "مدير المنظومة";
        Secretariat = "secretariat", "Council secretariat", "أمانة المجلس";
        CouncilMember = "councilMember", "Council member", "عضو المجلس";
        Expert = "expert", "Expert", "خبير";
    }
}

vocabulary! {
    /// Whether a user may sign in.
    pub enum UserState in "userStates" {
        Active = "active", "Active", "نشط";
        Disabled = "disabled", "Disabled", "معطَّل";
    }
}

impl UserState {
    /// The transitions out of this state. The last active administrator can't be disabled.
    pub fn transitions(self, last_administrator: bool) -> Vec<Transition<Self>> {
        match self {
            Self::Active => vec![
                Transition::to(Self::Disabled)
                    .blocked_by(last_administrator.then_some(RefusalCode::LastAdministrator.into())),
            ],
            Self::Disabled => vec![Transition::to(Self::Active)],
        }
    }
}

/// An e-mail address in the form that identifies an account: trimmed and in lower case. A letter outside ASCII is kept
/// if its lower case is in ASCII: the Kelvin sign would become a `k`, and its address that of another person.
pub fn normalize_email(email: &str) -> String {
    let mut normal = String::with_capacity(email.len());
    for letter in email.trim().chars() {
        let lower = letter.to_lowercase();
        if !letter.is_ascii() && lower.clone().any(|lower| lower.is_ascii()) {
            normal.push(letter);
        } else {
            normal.extend(lower);
        }
    }
    normal
}

/// Checks that a user may change from one role to another.
///
/// # Errors
/// `holdsSeat` for an expert with current seats, `lastAdministrator` for the last active administrator.
pub fn change_role(
    from: CouncilRole,
    to: CouncilRole,
    holds_seat: bool,
    last_administrator: bool,
) -> Result<(), Refusal> {
    match from {
        _ if from == to => Ok(()),
        CouncilRole::Expert if holds_seat => Err(RefusalCode::HoldsSeat.into()),
        CouncilRole::Administrator if last_administrator => Err(RefusalCode::LastAdministrator.into()),
        _ => Ok(()),
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for &state in UserState::ALL {
        TransitionRule::add(&mut rules, state, &state.transitions(false));
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state_machine::check_transition;

    #[test]
    fn a_user_is_disabled_and_enabled_but_for_the_last_administrator() {
        for &from in UserState::ALL {
            for &to in UserState::ALL {
                for last in [false, true] {
                    let legal = from != to && !(last && to == UserState::Disabled);
                    assert_eq!(
                        check_transition(from, &from.transitions(last), to, false).is_ok(),
                        legal,
                        "{from} -> {to}, {last}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_role_is_given_up_only_where_nobody_is_missed() {
        for &from in CouncilRole::ALL {
            for &to in CouncilRole::ALL {
                for (holds_seat, last) in [(false, false), (true, false), (false, true)] {
                    let kept = from != to
                        && (from == CouncilRole::Expert && holds_seat
                            || from == CouncilRole::Administrator && last);
                    let changed = change_role(from, to, holds_seat, last);
                    assert_eq!(changed.is_err(), kept, "{from} -> {to}, {holds_seat}, {last}");
                }
            }
        }
    }
}
