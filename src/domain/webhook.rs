//! Webhooks: the addresses to which the events of a task force are sent, and what follows from a failed attempt.
//!
//! Events are delivered in order. An event that cannot be delivered therefore keeps all later ones waiting, so that the
//! rules here say for how long: a receiver that is away is tried again over days, and an event that the receiver alone
//! refuses is set aside.

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::{Refusal, RefusalCode};
use super::retry::WEBHOOK;
use super::rights::{Action, Authorization, EffectiveRole, authorize};
use super::user::UserState;

vocabulary! {
    /// State of a webhook.
    pub enum WebhookState {
        Active = "active", "Delivers events", "يرسل الأحداث";
        Paused = "paused", "Paused", "موقوف مؤقتًا";
        Disabled = "disabled", "Disabled after deliveries had failed", "مُعطَّل بعد تعذر التسليم";
        Withheld = "withheld", "Delivers nothing, since the person responsible for it has no right to that at present", "موقوف ما دام المسؤول عنه لا يملك الحق في ذلك";
    }
}

vocabulary! {
    /// Outcome of a delivery.
    pub enum DeliveryOutcome as "WebhookDeliveryOutcome" {
        Pending = "pending", "Requested, and not attempted yet", "مطلوب ولم تجرِ محاولته بعد";
        Delivered = "delivered", "Delivered", "سُلِّم";
        Failed = "failed", "Failed", "تعذر التسليم";
        SetAside = "setAside", "Failed for the last time: the event was set aside, and later events follow", "تعذر تسليمه نهائيًا فنُحِّي جانبًا لتتابع الأحداث اللاحقة";
    }
}

vocabulary! {
    /// Reason why a delivery failed.
    pub enum DeliveryError as "WebhookDeliveryError" {
        HostNotFound = "hostNotFound", "The name of the host has no address", "لا عنوان لاسم المضيف";
        AddressNotAllowed = "addressNotAllowed", "The host has an address to which the service does not send", "للمضيف عنوان لا ترسل إليه الخدمة";
        NotConnected = "notConnected", "No connection", "تعذر الاتصال";
        TlsFailed = "tlsFailed", "The certificate is not valid, or TLS failed otherwise", "الشهادة غير صالحة أو تعذر اتصال TLS";
        TimedOut = "timedOut", "No complete answer in time", "لم يصل رد كامل في الوقت المحدد";
        ConnectionLost = "connectionLost", "The connection ended before the answer was complete", "انقطع الاتصال قبل اكتمال الرد";
        Redirected = "redirected", "The answer leads to another address", "أحال الرد إلى عنوان آخر";
        Refused = "refused", "The answer has a status that does not confirm the delivery", "رُدَّ برمز حالة لا يؤكد الاستلام";
        SecretUnreadable = "secretUnreadable", "The secret cannot be read since the key of the service was replaced: renew the secret", "تعذرت قراءة السر لأن مفتاح الخدمة استُبدل: جدِّد السر";
        Withheld = "withheld", "Nobody with the right to it is responsible for the webhook", "ليس لخطاف الويب مسؤول يملك الحق في ذلك";
    }
}

/// The most webhooks of a task force.
pub const MOST_WEBHOOKS: i64 = 10;

/// The most deliveries that are requested and not attempted yet, of one webhook.
pub const MOST_PENDING: i64 = 20;

/// The attempts that the log of a webhook keeps, beside those that set an event aside.
pub const LOGGED_ATTEMPTS: i64 = 200;

/// The events set aside that the log of a webhook keeps.
pub const LOGGED_SET_ASIDE: i64 = 200;

/// The time for which a secret stays valid after it was replaced.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The attempts after which an event is set aside that the receiver refuses: about seven hours.
const ATTEMPTS_AT_REFUSED_CONTENT: u32 = 8;

/// Tells whether a webhook delivers by the present right of the person who is responsible for it. A webhook is never
/// more than that person is now.
pub fn may_deliver(owner: Option<(UserState, EffectiveRole)>) -> bool {
    owner.is_some_and(|(state, role)| {
        state == UserState::Active && authorize(role, Action::ManageWebhooks) == Authorization::Allowed
    })
}

impl WebhookState {
    /// The state that a reader is shown: an active webhook of nobody who may deliver is withheld.
    pub fn shown(self, may_deliver: bool) -> Self {
        if self == Self::Active && !may_deliver { Self::Withheld } else { self }
    }
}

/// The failed attempts since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// The failed attempts to deliver the next event.
    pub of_event: u32,
    /// The instant of the first failure.
    pub since: Option<DateTime<Utc>>,
}

/// The consequence of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The event is attempted again.
    RetryAt(DateTime<Utc>),
    /// The event is left out, and the next one is attempted.
    SetAside,
    /// The webhook is disabled, and its place among the events stays.
    Disable,
}

/// Decides on an event whose delivery has failed `now` once more than `before` says. `status` is that of the answer, if
/// there was one.
pub fn after_failure(before: Failures, status: Option<u16>, now: DateTime<Utc>, random: u32) -> AfterFailure {
    let (failures, since) = (before.of_event.saturating_add(1), before.since.unwrap_or(now));
    // 410 Gone: the standard lets a receiver end its webhook.
    if status == Some(410) {
        return AfterFailure::Disable;
    }
    let Some(next) = WEBHOOK.next_attempt(failures, since, now, random) else { return AfterFailure::Disable };
    // The receiver works and cannot process this event. Other answers say something about the receiver, not the event.
    let is_of_content = matches!(status, Some(400 | 413 | 415 | 422));
    if is_of_content && failures >= ATTEMPTS_AT_REFUSED_CONTENT {
        return AfterFailure::SetAside;
    }
    AfterFailure::RetryAt(next)
}

/// Refuses one more webhook where a task force has `count`.
///
/// # Errors
/// `tooManyItems`.
pub fn check_count(count: i64) -> Result<(), Refusal> {
    if count < MOST_WEBHOOKS {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!("A task force has at most {MOST_WEBHOOKS} webhooks. Delete a webhook that no system needs."),
        format!(
            "لا يتجاوز عدد خطافات الويب لفريق العمل {MOST_WEBHOOKS}. احذف خطافًا لم يعد أي نظام يحتاج إليه."
        ),
    ))
}

/// Refuses one more requested delivery where `count` are not attempted yet.
///
/// # Errors
/// `tooManyItems`.
pub fn check_pending(count: i64) -> Result<(), Refusal> {
    if count < MOST_PENDING {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!(
            "{MOST_PENDING} requested deliveries of this webhook are not attempted yet. Wait for their outcomes."
        ),
        format!(
            "لم تجرِ بعدُ محاولة {MOST_PENDING} من عمليات التسليم المطلوبة من خطاف الويب هذا. انتظر نتائجها."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vocabulary::Vocabulary as _;

    fn start() -> DateTime<Utc> {
        "2026-11-28T06:00:00Z".parse().unwrap()
    }

    /// Attempts to deliver one event until its fate is decided; returns the number of attempts and the time that passed.
    fn fate(status: Option<u16>) -> (u32, TimeDelta, AfterFailure) {
        let (mut now, mut failures) = (start(), Failures::default());
        loop {
            match after_failure(failures, status, now, 0) {
                AfterFailure::RetryAt(next) => {
                    failures = Failures { of_event: failures.of_event + 1, since: Some(start()) };
                    now = next;
                }
                decided => return (failures.of_event + 1, now - start(), decided),
            }
        }
    }

    #[test]
    fn a_receiver_that_is_away_is_tried_for_five_days_and_then_disabled() {
        for status in [None, Some(500), Some(503), Some(401), Some(404), Some(429), Some(301)] {
            let (attempts, passed, decided) = fate(status);
            assert_eq!((passed, decided), (TimeDelta::days(5), AfterFailure::Disable), "{status:?}");
            assert!((15..30).contains(&attempts), "{attempts}");
        }
    }

    #[test]
    fn an_event_that_the_receiver_refuses_is_set_aside_and_a_receiver_that_is_gone_disabled() {
        for status in [400, 413, 415, 422] {
            let (attempts, passed, decided) = fate(Some(status));
            assert_eq!((attempts, decided), (8, AfterFailure::SetAside), "{status}");
            assert!(TimeDelta::hours(7) < passed && passed < TimeDelta::hours(16), "{passed}");
        }
        assert_eq!(fate(Some(410)), (1, TimeDelta::zero(), AfterFailure::Disable));
    }

    #[test]
    fn a_receiver_that_refuses_everything_is_disabled_all_the_same() {
        // Events that were set aside do not begin the count of days anew.
        let failures = Failures { of_event: 2, since: Some(start()) };
        let decided = after_failure(failures, Some(400), start() + TimeDelta::days(5), 0);
        assert_eq!(decided, AfterFailure::Disable);
    }

    #[test]
    fn a_webhook_delivers_while_the_person_responsible_may_make_it() {
        use EffectiveRole::{Administrator, Chair, Secretariat};
        for &role in EffectiveRole::ALL {
            let expected = matches!(role, Administrator | Secretariat | Chair);
            assert_eq!(may_deliver(Some((UserState::Active, role))), expected, "{role}");
            assert!(!may_deliver(Some((UserState::Disabled, role))) && !may_deliver(None));
        }
        for &state in WebhookState::ALL {
            let withheld = state.shown(false);
            assert_eq!(
                withheld == WebhookState::Withheld,
                matches!(state, WebhookState::Active | WebhookState::Withheld)
            );
            assert_eq!(state.shown(true), state);
        }
    }

    #[test]
    fn one_too_many_is_refused() {
        assert!(check_count(MOST_WEBHOOKS - 1).is_ok() && check_pending(MOST_PENDING - 1).is_ok());
        for refused in [check_count(MOST_WEBHOOKS), check_pending(MOST_PENDING)] {
            assert_eq!(refused.map_err(|refusal| refusal.code), Err(RefusalCode::TooManyItems));
        }
    }
}
