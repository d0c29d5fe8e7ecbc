//! Events: the history of a task force. Each event is chained to the one before by its hash.
//!
//! The canonical JSON (RFC 8785) is stored as text, because the hash is computed over its bytes. Names of people are
//! joined in when an event is read, so a person can be erased without breaking the chain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

vocabulary! {
    /// Action of an event.
    pub enum EventAction {
        TaskForceCreated = "taskForce.created", "Task force created", "أُنشئ فريق العمل";
        TaskForceRestored = "taskForce.restored", "Task force restored from an archive", "استُعيد فريق العمل من أرشيف";
        TaskForceUpdated = "taskForce.updated", "Task force changed", "عُدِّل فريق العمل";
        TaskForceTransitioned = "taskForce.transitioned", "Task force changed its state", "تغيرت حالة فريق العمل";
        MemberAppointed = "member.appointed", "Member appointed", "عُيِّن عضو";
        MemberUpdated = "member.updated", "Member changed", "عُدِّلت بيانات عضو";
        MemberTransitioned = "member.transitioned", "Member's account enabled or disabled", "فُعِّل حساب عضو أو عُطِّل";
        MemberEnded = "member.ended", "Member's seat ended", "انتهت عضوية عضو";
        HealthStated = "healthStatement.created", "Health stated", "أُعلنت الحالة العامة";
        StepUpdated = "step.updated", "Step changed", "عُدِّلت خطوة";
        StepTransitioned = "step.transitioned", "Step changed its state", "تغيرت حالة خطوة";
        StepAnswered = "step.adjustmentAnswered", "Council's adjustment answered by a note", "أُجيب عن قرار المجلس بالتعديل بملاحظة";
        SubmissionCreated = "submission.created", "Step submitted", "قُدِّم طلب إقرار خطوة";
        SubmissionUpdated = "submission.updated", "Voting paused, or its end moved", "أُوقف التصويت مؤقتًا أو تغير موعد انتهائه";
        SubmissionTransitioned = "submission.transitioned", "Submission decided or withdrawn", "حُسم طلب إقرار خطوة أو سُحب";
        VoteCast = "vote.cast", "Vote cast", "أُدلي بصوت";
        WaiverGranted = "waiver.granted", "Criterion waived", "أُعفي من معيار";
        WaiverRemoved = "waiver.removed", "Waiver taken back", "سُحب الإعفاء من معيار";
        PolicyCreated = "policy.created", "Policy created", "أُنشئت سياسة";
        PolicyUpdated = "policy.updated", "Policy changed", "عُدِّلت سياسة";
        PolicyTransitioned = "policy.transitioned", "Policy changed its state", "تغيرت حالة سياسة";
        PolicyDeleted = "policy.deleted", "Policy deleted", "حُذفت سياسة";
        SectorCreated = "sector.created", "Sector created", "أُنشئ قطاع";
        SectorUpdated = "sector.updated", "Sector changed", "عُدِّل قطاع";
        SectorTransitioned = "sector.transitioned", "Sector changed its state", "تغيرت حالة قطاع";
        SectorDeleted = "sector.deleted", "Sector deleted", "حُذف قطاع";
        AssessmentCreated = "assessment.created", "Assessment created", "أُنشئ تقييم نضج";
        AssessmentUpdated = "assessment.updated", "Assessment changed", "عُدِّل تقييم نضج";
        AssessmentDeleted = "assessment.deleted", "Assessment deleted", "حُذف تقييم نضج";
        StudyCreated = "study.created", "Study created", "أُنشئت دراسة";
        StudyUpdated = "study.updated", "Study changed", "عُدِّلت دراسة";
        StudyDeleted = "study.deleted", "Study deleted", "حُذفت دراسة";
        PilotCreated = "pilot.created", "Pilot created", "أُنشئ مشروع تجريبي";
        PilotUpdated = "pilot.updated", "Pilot changed", "عُدِّل مشروع تجريبي";
        PilotTransitioned = "pilot.transitioned", "Pilot changed its state", "تغيرت حالة مشروع تجريبي";
        PilotDeleted = "pilot.deleted", "Pilot deleted", "حُذف مشروع تجريبي";
        IndicatorCreated = "indicator.created", "Indicator created", "أُنشئ مؤشر";
        IndicatorUpdated = "indicator.updated", "Indicator changed", "عُدِّل مؤشر";
        IndicatorDeleted = "indicator.deleted", "Indicator deleted", "حُذف مؤشر";
        MeasurementCreated = "measurement.created", "Measurement created", "أُنشئ قياس";
        MeasurementUpdated = "measurement.updated", "Measurement changed", "عُدِّل قياس";
        MeasurementDeleted = "measurement.deleted", "Measurement deleted", "حُذف قياس";
        MigrationCreated = "migration.created", "Migration created", "أُنشئ ترحيل";
        MigrationUpdated = "migration.updated", "Migration changed", "عُدِّل ترحيل";
        MigrationTransitioned = "migration.transitioned", "Migration changed its state", "تغيرت حالة ترحيل";
        MigrationDeleted = "migration.deleted", "Migration deleted", "حُذف ترحيل";
        ChecklistItemCreated = "checklistItem.created", "Checklist item created", "أُنشئ بند تحقق";
        ChecklistItemUpdated = "checklistItem.updated", "Checklist item changed", "عُدِّل بند تحقق";
        ChecklistItemDeleted = "checklistItem.deleted", "Checklist item deleted", "حُذف بند تحقق";
        EvidenceCreated = "evidence.created", "Evidence created", "أُضيف مستند إثبات";
        EvidenceUpdated = "evidence.updated", "Evidence changed", "عُدِّل مستند إثبات";
        EvidenceDeleted = "evidence.deleted", "Evidence deleted", "حُذف مستند إثبات";
        EvidenceUploaded = "evidence.uploaded", "File uploaded", "رُفع ملف إلى مستند إثبات";
        EvidenceFileRemoved = "evidence.fileRemoved", "File removed", "أُزيل ملف من مستند إثبات";
        ReportCreated = "report.created", "Report built", "أُعدَّ تقرير";
        ReportTransitioned = "report.transitioned", "Report changed its state", "تغيرت حالة تقرير";
        DecisionRecorded = "decision.recorded", "Council's decision recorded", "سُجِّل قرار المجلس";
        CycleOpened = "cycle.opened", "Cycle opened", "فُتحت دورة";
        CycleRemoved = "cycle.removed", "Cycle taken back by a corrected decision", "أُلغيت دورة بتصحيح قرار";
        ConditionCreated = "condition.created", "Condition set", "وُضع شرط";
        ConditionUpdated = "condition.updated", "Condition handed on", "نُقلت مسؤولية شرط";
        ConditionTransitioned = "condition.transitioned", "Condition changed its state", "تغيرت حالة شرط";
        ActivityCreated = "activity.created", "Activity created", "أُنشئ نشاط";
        ActivityUpdated = "activity.updated", "Activity changed", "عُدِّل نشاط";
        ActivityTransitioned = "activity.transitioned", "Activity changed its state", "تغيرت حالة نشاط";
        ActivityDeleted = "activity.deleted", "Activity deleted", "حُذف نشاط";
        DependencyAdded = "dependency.added", "Dependency added", "رُبط نشاط بنشاط يسبقه";
        DependencyRemoved = "dependency.removed", "Dependency removed", "أُزيل ارتباط نشاط بنشاط يسبقه";
        CommentCreated = "comment.created", "Comment written", "كُتب تعليق";
        CommentUpdated = "comment.updated", "Comment changed", "عُدِّل تعليق";
        CommentDeleted = "comment.deleted", "Comment deleted", "حُذف تعليق";
        UserInvited = "user.invited", "User invited", "دُعي مستخدم";
        UserUpdated = "user.updated", "User changed", "عُدِّلت بيانات مستخدم";
        UserTransitioned = "user.transitioned", "User enabled or disabled", "فُعِّل مستخدم أو عُطِّل";
        InvitationCreated = "invitation.created", "Invitation renewed", "جُددت الدعوة";
        InvitationAccepted = "invitation.accepted", "Invitation accepted", "قُبلت الدعوة";
        UserProvisioned = "user.provisioned", "User came in by single sign-on", "أُنشئ حساب مستخدم عبر الدخول الموحد";
        UserRestored = "user.restored", "User restored from an archive", "استُعيد مستخدم من أرشيف";
        IdentityLinked = "user.identityLinked", "Single sign-on linked to a user", "رُبط الدخول الموحد بمستخدم";
        PasswordChanged = "user.passwordChanged", "Password changed", "غُيِّرت كلمة المرور";
        PasswordResetRequested = "user.passwordResetRequested", "New password asked for by e-mail", "طُلبت كلمة مرور جديدة بالبريد الإلكتروني";
        PasswordReset = "user.passwordReset", "New password set by the link of an e-mail", "عُيِّنت كلمة مرور جديدة برابط رسالة إلكترونية";
        EmailEnabled = "user.emailEnabled", "E-mail address taken by the mail server again", "عاد خادم البريد إلى قبول عنوان البريد الإلكتروني";
        EmailDisabled = "user.emailDisabled", "E-mail address refused by the mail server", "رفض خادم البريد عنوان البريد الإلكتروني";
        ApiKeyCreated = "apiKey.created", "API key created", "أُنشئ مفتاح واجهة برمجية (API)";
        ApiKeyRevoked = "apiKey.revoked", "API key revoked", "أُلغي مفتاح واجهة برمجية (API)";
        SessionStarted = "session.started", "Signed in", "سُجِّل دخول";
        SessionRefreshed = "session.refreshed", "Session renewed", "جُدِّدت جلسة";
        SessionEnded = "session.ended", "Session ended", "انتهت جلسة";
        SessionsEnded = "user.sessionsEnded", "All sessions of a user ended", "أُنهيت جميع جلسات مستخدم";
        PageLinkCreated = "user.pageLinkCreated", "One-time link to a page created", "أُنشئ رابط لمرة واحدة إلى صفحة";
        ShareLinkCreated = "shareLink.created", "Share link created", "أُنشئ رابط مشاركة";
        ShareLinkRevoked = "shareLink.revoked", "Share link revoked", "أُلغي رابط مشاركة";
        WebhookCreated = "webhook.created", "Webhook created", "أُنشئ خطاف ويب";
        WebhookUpdated = "webhook.updated", "Webhook changed", "عُدِّل خطاف ويب";
        WebhookTransitioned = "webhook.transitioned", "Webhook paused, disabled or resumed", "أُوقف خطاف ويب أو عُطِّل أو استُؤنف";
        WebhookSecretRenewed = "webhook.secretRenewed", "Secret of a webhook renewed", "جُدِّد سر خطاف ويب";
        WebhookDeliveryRequested = "webhook.deliveryRequested", "Delivery by a webhook requested", "طُلب تسليم عبر خطاف ويب";
        WebhookDeleted = "webhook.deleted", "Webhook deleted", "حُذف خطاف ويب";
    }
}

vocabulary! {
    /// Kind of the subject of an event.
    pub enum SubjectKind {
        TaskForce = "taskForce", "Task force", "فريق عمل";
        Member = "member", "Member", "عضو";
        HealthStatement = "healthStatement", "Health statement", "بيان حالة عامة";
        Step = "step", "Step", "خطوة";
        Submission = "submission", "Submission", "طلب إقرار خطوة";
        Policy = "policy", "Policy", "سياسة";
        Sector = "sector", "Sector", "قطاع";
        Assessment = "assessment", "Assessment", "تقييم نضج";
        Study = "study", "Study", "دراسة";
        Pilot = "pilot", "Pilot", "مشروع تجريبي";
        Indicator = "indicator", "Indicator", "مؤشر";
        Measurement = "measurement", "Measurement", "قياس";
        Migration = "migration", "Migration", "ترحيل";
        ChecklistItem = "checklistItem", "Checklist item", "بند تحقق";
        Evidence = "evidence", "Evidence", "مستند إثبات";
        Report = "report", "Report", "تقرير";
        Decision = "decision", "Decision", "قرار";
        Condition = "condition", "Condition", "شرط";
        Activity = "activity", "Activity", "نشاط";
        Comment = "comment", "Comment", "تعليق";
        ShareLink = "shareLink", "Share link", "رابط مشاركة";
        Webhook = "webhook", "Webhook", "خطاف ويب";
        User = "user", "User", "مستخدم";
        Session = "session", "Session", "جلسة";
        ApiKey = "apiKey", "API key", "مفتاح واجهة برمجية (API)";
    }
}

vocabulary! {
    /// Kind of an actor.
    pub enum ActorKind {
        User = "user", "User", "مستخدم";
        System = "system", "The service itself", "الخدمة نفسها";
    }
}

/// The resource that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: Uuid,
}

impl EventAction {
    /// Tells whether the action concerns who else is shown the task force, and not the task force itself.
    fn is_of_sharing(self) -> bool {
        matches!(
            self,
            Self::ShareLinkCreated
                | Self::ShareLinkRevoked
                | Self::WebhookCreated
                | Self::WebhookUpdated
                | Self::WebhookTransitioned
                | Self::WebhookSecretRenewed
                | Self::WebhookDeliveryRequested
                | Self::WebhookDeleted
        )
    }

    /// Tells whether the action changes the contents of a report, so that a report built before is no longer current.
    pub fn changes_report(self) -> bool {
        !self.is_of_sharing()
            && !matches!(
                self,
                Self::MemberTransitioned
                    | Self::CommentCreated
                    | Self::CommentUpdated
                    | Self::CommentDeleted
                    | Self::DependencyAdded
                    | Self::DependencyRemoved
                    | Self::ReportCreated
                    | Self::ReportTransitioned
            )
    }

    /// Tells whether the action after a decision is something that followed from the decision. Evidence is not: the
    /// minutes are attached to the decision itself. Nor is a correction of its record: a decision on a later report
    /// has other consequences before it.
    pub fn follows_decision(self) -> bool {
        !self.is_of_sharing()
            && !matches!(
                self,
                Self::EvidenceCreated
                    | Self::EvidenceUpdated
                    | Self::EvidenceDeleted
                    | Self::EvidenceUploaded
                    | Self::EvidenceFileRemoved
                    | Self::MemberAppointed
                    | Self::MemberUpdated
                    | Self::MemberTransitioned
                    | Self::MemberEnded
                    | Self::DecisionRecorded
                    | Self::ConditionCreated
                    | Self::ConditionUpdated
            )
    }
}

/// The actor of an event. The name is joined in when the event is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventActor {
    pub kind: ActorKind,
    /// The id of the user; `None` for the service itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
}

/// The value of a field before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub before: Value,
    pub after: Value,
}

/// The fields that changed, by name.
pub type Changes = BTreeMap<String, Change>;

/// The fields that differ between two representations of one resource. A missing field counts as `null`.
pub fn changes_between<T: Serialize>(before: &T, after: &T) -> Changes {
    let fields = |thing: &T| match serde_json::to_value(thing) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (mut before, mut after) = (fields(before), fields(after));
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    names
        .into_iter()
        .filter_map(|name| {
            let before = before.remove(&name).unwrap_or(Value::Null);
            let after = after.remove(&name).unwrap_or(Value::Null);
            (before != after).then_some((name, Change { before, after }))
        })
        .collect()
}

/// An event as a use case records it. The write transaction adds sequence number, actor, time and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub action: EventAction,
    pub subject: Subject,
    /// The state before, if the state changed.
    pub from: Option<&'static str>,
    /// The state after, if the state changed.
    pub to: Option<&'static str>,
    pub changes: Changes,
}

impl NewEvent {
    /// An event without changes.
    pub fn new(action: EventAction, kind: SubjectKind, id: Uuid) -> Self {
        Self { action, subject: Subject { kind, id }, from: None, to: None, changes: Changes::new() }
    }

    /// Adds a change of state.
    pub fn with_transition(self, from: &'static str, to: &'static str) -> Self {
        Self { from: Some(from), to: Some(to), ..self }
    }

    /// Sets the fields that changed.
    pub fn with(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// Adds one field, unless its value stayed the same.
    pub fn with_change(mut self, field: &str, before: impl Serialize, after: impl Serialize) -> Self {
        let value = |it: Result<Value, _>| it.unwrap_or(Value::Null);
        let (before, after) = (value(serde_json::to_value(before)), value(serde_json::to_value(after)));
        if before != after {
            self.changes.insert(field.to_owned(), Change { before, after });
        }
        self
    }
}

/// An event as it is chained: everything but the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The sequence number: gap-free per task force, from 1.
    pub seq: i64,
    pub id: Uuid,
    pub task_force_id: Uuid,
    /// The time, with microseconds.
    pub at: DateTime<Utc>,
    pub actor: EventActor,
    pub request_id: String,
    pub action: EventAction,
    pub subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub changes: Changes,
}

/// A hash of the chain: SHA-256 over the previous hash and the canonical JSON of the event.
pub type Hash = [u8; 32];

/// The hash before the first event.
pub const GENESIS: Hash = [0; 32];

impl Event {
    /// The canonical JSON (RFC 8785) of the event.
    ///
    /// # Errors
    /// A value that JSON can't represent.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        serde_json_canonicalizer::to_string(self)
    }
}

/// The next hash of a chain.
pub fn chain(previous: &[u8], canonical: &str) -> Hash {
    Sha256::new().chain_update(previous).chain_update(canonical.as_bytes()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_differ_are_changes() {
        let before = serde_json::json!({"title": {"en": "a"}, "priority": "low"});
        let after = serde_json::json!({"title": {"en": "b"}, "priority": "low", "dueDate": "2026-12-01"});
        let changes = changes_between(&before, &after);
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["dueDate", "title"]);
        assert_eq!(changes["dueDate"].before, Value::Null);
    }

    #[test]
    fn everything_that_goes_is_a_change() {
        let changes =
            changes_between(&serde_json::json!({"title": {"en": "a"}, "dueDate": null}), &Value::Null);
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["title"]);
        assert_eq!(changes["title"].after, Value::Null);
    }

    #[test]
    fn a_hash_depends_on_the_event_and_on_everything_before_it() {
        let first = chain(&GENESIS, r#"{"seq":1}"#);
        assert_ne!(first, chain(&GENESIS, r#"{"seq":2}"#));
        assert_ne!(chain(&first, r#"{"seq":2}"#), chain(&GENESIS, r#"{"seq":2}"#));
        // SHA-256 of 32 zero bytes followed by `{"seq":1}`, computed with coreutils' sha256sum.
        assert_eq!(hex::encode(first), "ff44e121014845ba9f060b9dd529b57e3706d9dcbf47ce18d6a7e50bea6c7e46");
    }
}
