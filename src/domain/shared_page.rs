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
        Calendar = "calendar", "Calendar of the due dates of a task force", "تقويم مواعيد فريق عمل";
        OwnCalendar = "ownCalendar", "Calendar of one's own due dates", "تقويم المواعيد الشخصية";
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

/// The most links to calendars of one's own that are valid at the same time: one for each device and program.
pub const MOST_OWN_CALENDARS: i64 = 10;

impl SharedPage {
    /// Tells whether calendar programs read the page.
    pub fn is_calendar(self) -> bool {
        matches!(self, Self::Calendar | Self::OwnCalendar)
    }

    /// The right by which somebody shares the page with people without an account, or makes a calendar of one's own.
    pub fn sharing(self) -> Action {
        match self {
            Self::Status | Self::Report | Self::Calendar => Action::ShareTaskForce,
            Self::Portfolio => Action::SharePortfolio,
            Self::OwnCalendar => Action::ChangeOwnAccount,
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

/// Refuses one more link where `count` of at most `most` links are neither revoked nor expired.
///
/// # Errors
/// `tooManyItems`.
pub fn check_count(count: i64, most: i64) -> Result<(), Refusal> {
    if count < most {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!("At most {most} links can be valid at the same time. Revoke a link that nobody needs."),
        format!("لا يتجاوز عدد الروابط السارية في آن واحد {most}. ألغِ رابطًا لم تعد إليه حاجة."),
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
            for page in [SharedPage::Status, SharedPage::Report, SharedPage::Calendar] {
                let expected = matches!(role, Administrator | Secretariat | Chair);
                assert_eq!(maker_may_share(page, UserState::Active, role), expected, "{page} by {role}");
            }
            let expected = role == Secretariat;
            assert_eq!(maker_may_share(SharedPage::Portfolio, UserState::Active, role), expected, "{role}");
            assert!(maker_may_share(SharedPage::OwnCalendar, UserState::Active, role), "{role}");
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
    fn a_link_beyond_the_limit_is_refused() {
        for most in [MOST_LINKS, MOST_OWN_CALENDARS] {
            assert!(check_count(most - 1, most).is_ok());
            let refused = check_count(most, most).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(RefusalCode::TooManyItems));
        }
    }
}
