//! Sentences about webhooks.

use super::telling::{Telling, Told};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::webhook::WebhookState;

pub(super) fn transitioned(telling: Telling<'_>) -> Told {
    match telling.facts.to.and_then(WebhookState::parse) {
        Some(WebhookState::Paused) => {
            telling.say("{actor} paused the webhook {title}", "أُوقف خطاف الويب {title} مؤقتًا")
        }
        Some(WebhookState::Disabled) => telling.say(
            "The webhook {title} was disabled after its deliveries had failed",
            "عُطِّل خطاف الويب {title} بعد تعذر تسليم الأحداث",
        ),
        _ => telling.say("{actor} resumed the webhook {title}", "استُؤنف عمل خطاف الويب {title}"),
    }
}

pub(super) fn delivery_requested(telling: Telling<'_>) -> Told {
    match telling.text_after("eventSeq") {
        Some(seq) => telling.say_with(
            "{actor} had event {seq} sent again by the webhook {title}",
            "طُلب إرسال الحدث {seq} من جديد عبر خطاف الويب {title}",
            &[("seq", seq)],
        ),
        None => telling.say("{actor} tested the webhook {title}", "جرى اختبار خطاف الويب {title}"),
    }
}
