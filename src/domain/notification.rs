//! Notifications: what people are told of, and by which channels.

pub mod rules;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::decision::DecisionOutcome;
use super::rights::SeatRole;

vocabulary! {
    /// Kind of a notification.
    pub enum NotificationKind {
        VoteOpened = "voteOpened", "A submission waits for your vote", "طلب إقرار خطوة ينتظر تصويتك";
        VoteEnding = "voteEnding", "A vote ends soon, and your vote is missing", "تصويت يوشك على الانتهاء ولم يُسجَّل صوتك بعد";
        VotePassed = "votePassed", "A submission has passed", "قُبل طلب إقرار خطوة";
        VoteReturned = "voteReturned", "A submission was returned", "أُعيد طلب إقرار خطوة";
        VoteWithdrawn = "voteWithdrawn", "A submission was withdrawn", "سُحب طلب إقرار خطوة";
        ActivityAssigned = "activityAssigned", "An activity was assigned to you", "كُلِّفت بنشاط";
        ActivityInReview = "activityInReview", "An activity waits for your review", "نشاط ينتظر مراجعتك";
        ActivityReviewed = "activityReviewed", "An activity of yours was reviewed", "رُوجع نشاط كُلِّفت به";
        ActivityBlocked = "activityBlocked", "An activity is blocked", "توقف نشاط";
        ActivityDue = "activityDue", "An activity of yours falls due", "نشاط كُلِّفت به يحلّ موعده";
        ActivityOverdue = "activityOverdue", "An activity of yours is overdue", "نشاط كُلِّفت به متأخر عن موعده";
        ConditionAssigned = "conditionAssigned", "A condition of the council is yours to meet", "أُسند إليك استيفاء شرط للمجلس";
        ConditionDue = "conditionDue", "A condition of yours falls due", "شرط مسند إليك يحلّ موعده";
        ConditionOverdue = "conditionOverdue", "A condition of yours is overdue", "شرط مسند إليك متأخر عن موعده";
        ConditionReported = "conditionReported", "A condition reported met waits for acceptance", "شرط أُبلغ عن استيفائه ينتظر القبول";
        ConditionReturned = "conditionReturned", "A condition reported met is open again", "أُعيد فتح شرط أُبلغ عن استيفائه";
        ConditionSettled = "conditionSettled", "A condition was accepted or waived", "قُبل استيفاء شرط أو أُعفي منه";
        ReportSubmitted = "reportSubmitted", "A report is before the council", "تقرير معروض على المجلس";
        DecisionRecorded = "decisionRecorded", "The council has decided", "صدر قرار للمجلس";
        MemberAppointed = "memberAppointed", "You were appointed to a task force", "عُيِّنت في فريق عمل";
        MemberRoleChanged = "memberRoleChanged", "Your role in a task force has changed", "تغيّر دورك في فريق عمل";
        MemberEnded = "memberEnded", "Your seat in a task force has ended", "انتهت عضويتك في فريق عمل";
        TaskForceTransitioned = "taskForceTransitioned", "Your task force has changed its state", "تغيّرت حالة فريق عملك";
        WebhookDisabled = "webhookDisabled", "A webhook was disabled after deliveries had failed", "عُطِّل خطاف ويب بعد تعذر التسليم";
        Mentioned = "mentioned", "You were mentioned in a comment", "ذُكرت في تعليق";
    }
}

vocabulary! {
    /// E-mail about a kind of notification.
    pub enum NotificationEmail {
        Never = "never", "No e-mail", "دون بريد إلكتروني";
        AtOnce = "atOnce", "An e-mail at once", "رسالة بريد إلكتروني فورية";
        Digest = "digest", "In the daily digest", "ضمن الملخص اليومي";
    }
}

impl NotificationKind {
    /// The e-mail about this kind, unless the person chooses otherwise: at once if something waits for the person, or if
    /// the person's place or the work of the task force has changed.
    pub fn usual_email(self) -> NotificationEmail {
        match self {
            Self::VoteOpened
            | Self::VoteEnding
            | Self::VotePassed
            | Self::VoteReturned
            | Self::ActivityBlocked
            | Self::ActivityDue
            | Self::ConditionAssigned
            | Self::ConditionDue
            | Self::ConditionOverdue
            | Self::ConditionReported
            | Self::ConditionReturned
            | Self::ReportSubmitted
            | Self::DecisionRecorded
            | Self::MemberAppointed
            | Self::MemberRoleChanged
            | Self::MemberEnded
            | Self::TaskForceTransitioned
            | Self::WebhookDisabled
            | Self::Mentioned => NotificationEmail::AtOnce,
            Self::VoteWithdrawn
            | Self::ActivityAssigned
            | Self::ActivityInReview
            | Self::ActivityReviewed
            | Self::ActivityOverdue
            | Self::ConditionSettled => NotificationEmail::Digest,
        }
    }
}

/// The choice of a person for a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationChoice {
    /// True if the service lists notifications of the kind.
    pub listed: bool,
    pub email: NotificationEmail,
}

impl NotificationChoice {
    /// The choice of a person who has not chosen.
    fn usual(kind: NotificationKind) -> Self {
        Self { listed: true, email: kind.usual_email() }
    }
}

/// The choices of a person about notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationSettings {
    /// The choices that differ from the usual ones.
    chosen: BTreeMap<NotificationKind, NotificationChoice>,
    /// The hour of the daily digest.
    pub digest_hour: i16,
    /// The zone of the hour; `None` for the zone of the person's first task force.
    pub time_zone: Option<String>,
}

/// The hour of the daily digest, unless the person chooses another one.
const USUAL_HOUR: i16 = 7;

impl Default for NotificationSettings {
    fn default() -> Self {
        Self { chosen: BTreeMap::new(), digest_hour: USUAL_HOUR, time_zone: None }
    }
}

impl NotificationSettings {
    /// The settings with these choices. A choice that is the usual one is no choice: it follows later versions.
    pub fn new(
        chosen: impl IntoIterator<Item = (NotificationKind, NotificationChoice)>,
        digest_hour: i16,
        time_zone: Option<String>,
    ) -> Self {
        let differs = |(kind, choice): &(NotificationKind, NotificationChoice)| {
            *choice != NotificationChoice::usual(*kind)
        };
        Self { chosen: chosen.into_iter().filter(differs).collect(), digest_hour, time_zone }
    }

    /// The choice for a kind.
    pub fn choice(&self, kind: NotificationKind) -> NotificationChoice {
        self.chosen.get(&kind).copied().unwrap_or_else(|| NotificationChoice::usual(kind))
    }

    /// The choices that differ from the usual ones.
    pub fn chosen(&self) -> &BTreeMap<NotificationKind, NotificationChoice> {
        &self.chosen
    }
}

/// The parts of the sentence of a notification beside its subject. Every part is absent from the kinds that do not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationDetails {
    /// The state that the subject has reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<String>,
    /// The outcome of a decision.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<DecisionOutcome>,
    /// The role that the person has now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<SeatRole>,
    /// The day on which the subject is due.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_date: Option<NaiveDate>,
    /// The number of subjects, if one notification stands for several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<usize>,
    /// True of a vote that was returned because its time had ended.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub voting_ended: bool,
    /// True of a vote that was returned because too few members were left who could approve.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub quorum_lost: bool,
    /// The end of a vote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends_at: Option<DateTime<Utc>>,
}
