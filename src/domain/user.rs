//! Users: their roles in the council, their states and their e-mail addresses.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

use super::refusal::{Refusal, RefusalCode};
use super::state_machine::{Transition, TransitionRule};
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// Role of a user in the installation.
    pub enum UserRole {
        Administrator = "administrator", "Administrator", "مدير المنظومة";
        Secretariat = "secretariat", "Council secretariat", "أمانة المجلس";
        CouncilMember = "councilMember", "Council member", "عضو المجلس";
        Expert = "expert", "Expert", "خبير";
    }
}

vocabulary! {
    /// State of a user account.
    pub enum UserState {
        Invited = "invited", "Invited", "مدعوّ";
        Active = "active", "Active", "نشط";
        Disabled = "disabled", "Disabled", "معطَّل";
    }
}

/// The facts that the transitions of a user depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFacts {
    /// True if no other administrator is active.
    pub is_last_administrator: bool,
    /// True if the person has accepted an invitation, or has come by single sign-on.
    pub has_accepted: bool,
}

impl UserState {
    /// The transitions out of this state. A user who is invited becomes active by accepting the invitation, and not by
    /// a transition. The last active administrator can't be disabled.
    pub fn transitions(self, facts: UserFacts) -> Vec<Transition<Self>> {
        let disable = || Transition::to(Self::Disabled).with_reason();
        match self {
            Self::Invited => vec![disable()],
            Self::Active => vec![
                disable()
                    .blocked_by(facts.is_last_administrator.then_some(RefusalCode::LastAdministrator.into())),
            ],
            Self::Disabled if facts.has_accepted => vec![Transition::to(Self::Active)],
            Self::Disabled => vec![Transition::to(Self::Invited)],
        }
    }

    /// Tells whether a seat can be given to a user in this state. Somebody who is invited takes it up on accepting.
    pub fn may_take_seat(self) -> bool {
        self != Self::Disabled
    }
}

/// The form in which e-mail addresses are compared: trimmed, full and half width folded (as in RFC 8265), letters
/// without case, in Unicode's normal form C. The database stores this form and compares it byte by byte.
pub fn fold_address(address: &str) -> String {
    let folded_width = address.trim().chars().map(fold_width);
    folded_width.nfd().default_case_fold().nfc().collect()
}

/// The character of the usual width. Compatible characters that differ by more than their width stay as they are, which
/// NFKC would also replace.
fn fold_width(letter: char) -> char {
    let code = u32::from(letter);
    let folded = match code {
        0xff01..=0xff5e => code - 0xfee0,
        // Hangul of half width: the filler, consonants and four groups of vowels.
        0xffa0 => 0x3164,
        0xffa1..=0xffbe => code - 0xffa1 + 0x3131,
        0xffc2..=0xffc7 => code - 0xffc2 + 0x314f,
        0xffca..=0xffcf => code - 0xffca + 0x3155,
        0xffd2..=0xffd7 => code - 0xffd2 + 0x315b,
        0xffda..=0xffdc => code - 0xffda + 0x3161,
        // The macron, which NFKC would replace by a blank with a mark.
        0xffe3 => 0xaf,
        0xff5f..=0xff9f | 0xffe0..=0xffee => {
            return std::iter::once(letter).nfkc().next().unwrap_or(letter);
        }
        _ => return letter,
    };
    char::from_u32(folded).unwrap_or(letter)
}

/// Checks that a user may change from one role to another.
///
/// # Errors
/// `holdsSeat` for an expert with current seats, `lastAdministrator` for the last active administrator.
pub fn change_role(
    from: UserRole,
    to: UserRole,
    holds_seat: bool,
    last_administrator: bool,
) -> Result<(), Refusal> {
    match from {
        _ if from == to => Ok(()),
        UserRole::Expert if holds_seat => Err(RefusalCode::HoldsSeat.into()),
        UserRole::Administrator if last_administrator => Err(RefusalCode::LastAdministrator.into()),
        _ => Ok(()),
    }
}

/// Every transition.
pub fn all_transitions() -> Vec<TransitionRule> {
    let mut rules = Vec::new();
    for &state in UserState::ALL {
        for has_accepted in [true, false] {
            let facts = UserFacts { is_last_administrator: false, has_accepted };
            TransitionRule::add(&mut rules, state, &state.transitions(facts));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::state_machine::check_transition;

    #[test]
    fn a_user_is_disabled_with_a_reason_and_enabled_but_for_the_last_administrator() {
        use UserState::{Active, Disabled, Invited};

        for &from in UserState::ALL {
            for &to in UserState::ALL {
                for (is_last_administrator, has_accepted) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    let facts = UserFacts { is_last_administrator, has_accepted };
                    let legal = match (from, to) {
                        (Invited, Disabled) => true,
                        (Active, Disabled) => !is_last_administrator,
                        (Disabled, Active) => has_accepted,
                        (Disabled, Invited) => !has_accepted,
                        _ => false,
                    };
                    let checked =
                        |reason| check_transition(from, &from.transitions(facts), to, reason).is_ok();
                    assert_eq!(checked(true), legal, "{from} -> {to}, {facts:?}");
                    assert_eq!(checked(false), legal && to != Disabled, "{from} -> {to}, {facts:?}");
                }
            }
        }
    }

    #[test]
    fn a_role_is_given_up_only_where_nobody_is_missed() {
        for &from in UserRole::ALL {
            for &to in UserRole::ALL {
                for (holds_seat, last) in [(false, false), (true, false), (false, true)] {
                    let kept = from != to
                        && (from == UserRole::Expert && holds_seat
                            || from == UserRole::Administrator && last);
                    let changed = change_role(from, to, holds_seat, last);
                    assert_eq!(changed.is_err(), kept, "{from} -> {to}, {holds_seat}, {last}");
                }
            }
        }
    }

    #[test]
    fn addresses_are_the_same_whatever_their_case_width_and_composition() {
        for (written, folded) in [
            (" Layla@Example.ORG\n", "layla@example.org"),
            ("ليلى@مثال.إختبار", "ليلى@مثال.إختبار"),
            ("ÉLI@b", "éli@b"),
            ("e\u{301}li@b", "éli@b"),
            ("ｌａｙｌａ＠ｂ", "layla@b"),
            // Half-width katakana with its voiced mark.
            ("\u{ff76}\u{ff9e}@b", "\u{30ac}@b"),
            ("ΣΊΣΥΦΟΣ@b", "σίσυφοσ@b"),
            ("Straße@b", "strasse@b"),
            // The Kelvin sign is the letter K in normal form; the capital I with a dot is no i.
            ("\u{212a}im@b", "kim@b"),
            ("\u{130}@b", "i\u{307}@b"),
            ("\u{131}@b", "\u{131}@b"),
            // Compatibility forms other than widths are letters of their own.
            ("①@b", "①@b"),
            ("￣@b", "¯@b"),
        ] {
            assert_eq!(fold_address(written), folded, "{written:?}");
        }
    }

    #[test]
    fn every_character_of_another_width_folds_to_one_that_is_compatible() {
        use unicode_normalization::UnicodeNormalization as _;

        let nfkc = |letter: char| std::iter::once(letter).nfkc().collect::<String>();
        for letter in '\u{ff01}'..='\u{ffef}' {
            let folded = fold_width(letter);
            assert_eq!(nfkc(folded), nfkc(letter), "{letter}");
            // What does not fold is no character.
            assert!(folded != letter || nfkc(letter) == letter.to_string(), "{letter}");
        }
        assert_eq!((fold_width('\u{ffa1}'), fold_width('\u{ffdc}')), ('\u{3131}', '\u{3163}'));
    }

    proptest! {
        #[test]
        fn a_folded_address_folds_to_itself(address in any::<String>()) {
            let folded = fold_address(&address);
            prop_assert_eq!(fold_address(&folded), folded);
        }
    }
}
