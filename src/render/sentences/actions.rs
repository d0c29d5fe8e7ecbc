//! The sentence of each action. Actions whose sentence depends on more than titles are in [`super::special`].

use super::telling::{Telling, Told};
use super::{special, webhooks};
use crate::domain::event::EventAction;
use crate::domain::shared_page::SharedPage;

/// The sentence of an event, without its end.
///
/// Events that follow from another one (the step that a passed submission opens) name no actor, since the person whose
/// request caused both did only the first.
pub(super) fn told(telling: Telling<'_>) -> Told {
    use EventAction as A;

    let say = |english, arabic| telling.say(english, arabic);
    match telling.facts.action {
        A::TaskForceCreated => say("{actor} created the task force {title}", "أُنشئ فريق العمل {title}"),
        A::TaskForceRestored => {
            say("The task force {title} was restored from an archive", "استُعيد فريق العمل {title} من أرشيف")
        }
        A::TaskForceUpdated => special::task_force_updated(telling),
        A::TaskForceTransitioned => special::task_force_transitioned(telling),
        A::MemberAppointed => special::member_appointed(telling),
        A::MemberUpdated => special::member_updated(telling),
        A::MemberTransitioned | A::UserTransitioned => special::account_transitioned(telling),
        A::MemberEnded => {
            say("{actor} ended the seat of {title}", "انتهت عضوية {title}").because(telling, "reason")
        }
        A::HealthStated => special::health_stated(telling),
        A::StepUpdated => special::step_updated(telling),
        A::StepTransitioned => {
            say("The step {title} is now {state}", "انتقلت الخطوة {title} إلى حالة {state}")
        }
        A::StepAnswered => say(
            "{actor} answered the council's adjustment of the step {title} with a note",
            "أُجيب بملاحظة عن قرار المجلس بالتعديل في الخطوة {title}",
        )
        .because(telling, "note"),
        A::SubmissionCreated => say("{actor} put the step {step} to the vote", "طُرحت الخطوة {step} للتصويت")
            .because(telling, "note"),
        A::SubmissionUpdated => special::submission_updated(telling),
        A::SubmissionTransitioned => special::submission_transitioned(telling),
        A::VoteCast => say("{actor} voted on the step {step}", "سُجِّل صوت {actor} على الخطوة {step}"),
        A::WaiverGranted => special::waiver(
            telling,
            "{actor} waived the criterion {criterion} in the step {title}",
            "أُعفيت الخطوة {title} من المعيار {criterion}",
        )
        .because(telling, "reason"),
        A::WaiverRemoved => special::waiver(
            telling,
            "{actor} took back the waiver of the criterion {criterion} in the step {title}",
            "سُحب إعفاء الخطوة {title} من المعيار {criterion}",
        ),
        A::PolicyCreated => say("{actor} added the policy {title}", "أُنشئت السياسة {title}"),
        A::PolicyUpdated => {
            say("{actor} changed the policy {title}", "عُدِّلت السياسة {title}").with_fields(telling)
        }
        A::PolicyTransitioned => special::policy_transitioned(telling),
        A::PolicyDeleted => say("{actor} deleted the policy {title}", "حُذفت السياسة {title}"),
        A::SectorCreated => say("{actor} added the sector {title}", "أُنشئ القطاع {title}"),
        A::SectorUpdated => {
            say("{actor} changed the sector {title}", "عُدِّل القطاع {title}").with_fields(telling)
        }
        A::SectorTransitioned => {
            say("{actor} moved the sector {title} to {state}", "انتقل القطاع {title} إلى حالة {state}")
                .because(telling, "reason")
        }
        A::SectorDeleted => say("{actor} deleted the sector {title}", "حُذف القطاع {title}"),
        A::AssessmentCreated => special::assessment_created(telling),
        A::AssessmentUpdated => {
            say("{actor} changed a maturity assessment of the sector {title}", "عُدِّل تقييم نضج للقطاع {title}")
                .with_fields(telling)
        }
        A::AssessmentDeleted => {
            say("{actor} deleted a maturity assessment of the sector {title}", "حُذف تقييم نضج للقطاع {title}")
        }
        A::StudyCreated => say("{actor} added the study {title}", "أُنشئت الدراسة {title}"),
        A::StudyUpdated => special::study_updated(telling),
        A::StudyDeleted => say("{actor} deleted the study {title}", "حُذفت الدراسة {title}"),
        A::PilotCreated => say("{actor} added the pilot {title}", "أُنشئ المشروع التجريبي {title}"),
        A::PilotUpdated => special::pilot_updated(telling),
        A::PilotTransitioned => special::pilot_transitioned(telling),
        A::PilotDeleted => say("{actor} deleted the pilot {title}", "حُذف المشروع التجريبي {title}"),
        A::IndicatorCreated => say("{actor} added the indicator {title}", "أُنشئ المؤشر {title}"),
        A::IndicatorUpdated => special::indicator_updated(telling),
        A::IndicatorDeleted => say("{actor} deleted the indicator {title}", "حُذف المؤشر {title}"),
        A::MeasurementCreated => special::measurement_created(telling),
        A::MeasurementUpdated => {
            say("{actor} changed a measurement of the indicator {title}", "عُدِّل قياس للمؤشر {title}")
                .with_fields(telling)
        }
        A::MeasurementDeleted => {
            say("{actor} deleted a measurement of the indicator {title}", "حُذف قياس للمؤشر {title}")
        }
        A::MigrationCreated => say("{actor} added the migration {title}", "أُنشئ الترحيل {title}"),
        A::MigrationUpdated => {
            say("{actor} changed the migration {title}", "عُدِّل الترحيل {title}").with_fields(telling)
        }
        A::MigrationTransitioned => {
            say("{actor} moved the migration {title} to {state}", "انتقل الترحيل {title} إلى حالة {state}")
                .because(telling, "reason")
        }
        A::MigrationDeleted => say("{actor} deleted the migration {title}", "حُذف الترحيل {title}"),
        A::ChecklistItemCreated => say("{actor} added the checklist item {title}", "أُنشئ بند التحقق {title}"),
        A::ChecklistItemUpdated => special::checklist_item_updated(telling),
        A::ChecklistItemDeleted => {
            say("{actor} deleted the checklist item {title}", "حُذف بند التحقق {title}")
        }
        A::EvidenceCreated => say("{actor} added the evidence {title}", "أُضيف مستند الإثبات {title}"),
        A::EvidenceUpdated => {
            say("{actor} changed the evidence {title}", "عُدِّل مستند الإثبات {title}").with_fields(telling)
        }
        A::EvidenceDeleted => say("{actor} deleted the evidence {title}", "حُذف مستند الإثبات {title}"),
        A::EvidenceUploaded => special::evidence_uploaded(telling),
        A::EvidenceFileRemoved => {
            say("{actor} removed the file of the evidence {title}", "أُزيل ملف مستند الإثبات {title}")
                .because(telling, "reason")
        }
        A::ReportCreated => special::report_created(telling),
        A::ReportTransitioned => special::report_transitioned(telling),
        A::DecisionRecorded => special::decision_recorded(telling),
        A::CycleOpened => special::cycle(telling, "Cycle {cycle} has begun", "بدأت الدورة {cycle}"),
        A::CycleRemoved => special::cycle(
            telling,
            "Cycle {cycle} was taken back by a corrected decision",
            "أُلغيت الدورة {cycle} بتصحيح قرار",
        ),
        A::ConditionCreated => special::condition_created(telling),
        A::ConditionUpdated => special::condition_updated(telling),
        A::ConditionTransitioned => {
            say("{actor} moved the condition {title} to {state}", "انتقل الشرط {title} إلى حالة {state}")
                .because(telling, "reason")
        }
        A::ActivityCreated => special::activity_created(telling),
        A::ActivityUpdated => special::activity_updated(telling),
        A::ActivityTransitioned => {
            say("{actor} moved the activity {title} to {state}", "انتقل النشاط {title} إلى حالة {state}")
                .because(telling, "reason")
        }
        A::ActivityDeleted => say("{actor} deleted the activity {title}", "حُذف النشاط {title}"),
        A::DependencyAdded => special::dependency_added(telling),
        A::DependencyRemoved => special::dependency_removed(telling),
        A::CommentCreated => special::comment_created(telling),
        A::CommentUpdated => special::comment_updated(telling),
        A::CommentDeleted => {
            say("{actor} deleted a comment on the activity {title}", "حُذف تعليق على النشاط {title}")
        }
        A::UserInvited => special::user_invited(telling),
        A::UserUpdated => say("{actor} changed the account of {title}", "عُدِّل حساب {title}"),
        A::InvitationCreated => say("{actor} renewed the invitation of {title}", "جُدِّدت دعوة {title}"),
        A::InvitationAccepted => say("{title} accepted the invitation", "قُبلت دعوة {title}"),
        A::UserProvisioned => say("{title} came in by single sign-on", "أُنشئ حساب {title} عبر الدخول الموحد"),
        A::UserRestored => {
            say("The account of {title} was restored from an archive", "استُعيد حساب {title} من أرشيف")
        }
        A::IdentityLinked => {
            say("Single sign-on was linked to the account of {title}", "رُبط الدخول الموحد بحساب {title}")
        }
        A::PasswordChanged => say("The password of {title} was changed", "غُيِّرت كلمة مرور {title}"),
        A::PasswordResetRequested => say(
            "A new password was asked for {title} by e-mail",
            "طُلبت بالبريد الإلكتروني كلمة مرور جديدة لحساب {title}",
        ),
        A::PasswordReset => say(
            "The password of {title} was set by the link of an e-mail",
            "عُيِّنت كلمة مرور {title} برابط رسالة إلكترونية",
        ),
        A::EmailEnabled => say(
            "The mail server takes e-mails to {title} again",
            "عاد خادم البريد إلى قبول الرسائل إلى {title}",
        ),
        A::EmailDisabled => {
            say("The mail server refused the address of {title}", "رفض خادم البريد عنوان {title}")
        }
        A::ApiKeyCreated => say("{actor} created the API key {title}", "أُنشئ مفتاح الواجهة البرمجية {title}"),
        A::ApiKeyRevoked => say("{actor} revoked the API key {title}", "أُلغي مفتاح الواجهة البرمجية {title}"),
        A::SessionStarted => say("{title} signed in", "سُجِّل دخول {title}"),
        A::SessionRefreshed => say("A session of {title} was renewed", "جُدِّدت جلسة {title}"),
        A::SessionEnded => say("A session of {title} ended", "انتهت جلسة {title}"),
        A::SessionsEnded => say("All sessions of {title} were ended", "أُنهيت جميع جلسات {title}"),
        A::PageLinkCreated => {
            say("{actor} created a one-time link to a page", "أُنشئ رابط لمرة واحدة إلى صفحة")
        }
        A::ShareLinkCreated => match telling.label_after::<SharedPage>("page") {
            Some(page) => telling.say_with(
                "{actor} shared the page {page} by a link",
                "أُنشئ رابط مشاركة للصفحة {page}",
                &[("page", page)],
            ),
            None => say("{actor} created a share link", "أُنشئ رابط مشاركة"),
        },
        A::ShareLinkRevoked => say("{actor} revoked a share link", "أُلغي رابط مشاركة"),
        A::WebhookCreated => say("{actor} set up the webhook {title}", "أُنشئ خطاف الويب {title}"),
        A::WebhookUpdated => say("{actor} changed the webhook {title}", "عُدِّل خطاف الويب {title}"),
        A::WebhookTransitioned => webhooks::transitioned(telling),
        A::WebhookSecretRenewed => {
            say("{actor} renewed the secret of the webhook {title}", "جُدِّد سر خطاف الويب {title}")
        }
        A::WebhookDeliveryRequested => webhooks::delivery_requested(telling),
        A::WebhookDeleted => say("{actor} deleted the webhook {title}", "حُذف خطاف الويب {title}"),
    }
}
