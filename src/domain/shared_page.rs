//! Pages that a link opens for people without an account, and the links.

use super::refusal::{Refusal, RefusalCode};
use super::rights::{Action, Authorization, EffectiveRole, authorize};
use super::user::UserState;

vocabulary! {
    /// Page that a link opens.
    pub enum SharedPage {
        Status = "status", "Status of a task force", "حالة فريق عمل";
        Report = "report", "Report of a task force", "تقرير فريق عمل";
        Portfolio = "portfolio", "Status of all task forces", "حالة جميع فرق العمل";
    }
}

vocabulary! {
    /// State of a share link.
    pub enum ShareLinkState {
        Active = "active", "Opens its page", "سارٍ";
        Withheld = "withheld", "Opens nothing while its maker has no right to share the page", "موقوف ما دام مُنشئه لا يملك حق مشاركة الصفحة";
        Expired = "expired", "Expired", "انتهت مدته";
        Revoked = "revoked", "Revoked", "ملغى";
    }
}

/// The most links that open a page at the same time, of one task force or of the portfolio.
pub const MOST_LINKS: i64 = 50;

impl SharedPage {
    /// The right by which somebody shares the page with people without an account.
    pub fn sharing(self) -> Action {
        match self {
            Self::Status | Self::Report => Action::ShareTaskForce,
            Self::Portfolio => Action::SharePortfolio,
        }
    }
}

/// Tells whether a link opens its page by the present right of its maker. A link is never more than its maker is now: it
/// opens nothing while the maker is disabled or may not share the page, and its page again once the maker may.
pub fn maker_may_share(page: SharedPage, state: UserState, role: EffectiveRole) -> bool {
    state == UserState::Active && authorize(role, page.sharing()) == Authorization::Allowed
}

impl ShareLinkState {
    /// The state of a link.
    pub fn of(is_revoked: bool, is_expired: bool, maker_may_share: bool) -> Self {
        match (is_revoked, is_expired, maker_may_share) {
            (true, _, _) => Self::Revoked,
            (false, true, _) => Self::Expired,
            (false, false, false) => Self::Withheld,
            (false, false, true) => Self::Active,
        }
    }
}

/// Refuses one more link where `count` links are neither revoked nor expired.
///
/// # Errors
/// `tooManyItems`.
pub fn check_count(count: i64) -> Result<(), Refusal> {
    if count < MOST_LINKS {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!(
            "At most {MOST_LINKS} share links can be valid at the same time. Revoke a link that nobody needs."
        ),
        format!("لا يتجاوز عدد روابط المشاركة السارية في آن واحد {MOST_LINKS}. ألغِ رابطًا لم تعد إليه حاجة."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;

    #[test]
    fn a_link_opens_its_page_while_its_maker_may_share_the_page() {
        use EffectiveRole::{Administrator, Chair, Secretariat};

        for &role in EffectiveRole::ALL {
            for page in [SharedPage::Status, SharedPage::Report] {
                let expected = matches!(role, Administrator | Secretariat | Chair);
                assert_eq!(maker_may_share(page, UserState::Active, role), expected, "{page} by {role}");
            }
            let expected = role == Secretariat;
            assert_eq!(maker_may_share(SharedPage::Portfolio, UserState::Active, role), expected, "{role}");
            for &page in SharedPage::ALL {
                for state in [UserState::Disabled, UserState::Invited] {
                    assert!(!maker_may_share(page, state, role), "{page} by {role}, who is {state}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_link_goes_before_the_right_of_its_maker() {
        for (is_revoked, is_expired, may_share, expected) in [
            (false, false, true, ShareLinkState::Active),
            (false, false, false, ShareLinkState::Withheld),
            (false, true, true, ShareLinkState::Expired),
            (false, true, false, ShareLinkState::Expired),
            (true, false, true, ShareLinkState::Revoked),
            (true, true, false, ShareLinkState::Revoked),
        ] {
            assert_eq!(ShareLinkState::of(is_revoked, is_expired, may_share), expected);
        }
    }

    #[test]
    fn fifty_links_are_enough() {
        assert!(check_count(MOST_LINKS - 1).is_ok());
        assert_eq!(check_count(MOST_LINKS).map_err(|refusal| refusal.code), Err(RefusalCode::TooManyItems));
    }
}
