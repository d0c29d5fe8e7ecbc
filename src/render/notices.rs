//! The sentence of a notification, in both languages, as one person would tell it to another.
//!
//! As in `sentences.rs`, Arabic sentences are about the thing and signed, since verbs would have to agree with the gender of
//! the person who acted.

use chrono_tz::Tz;

use super::words::{short, shortened};
use super::{bidi, dates};
use crate::domain::activity::ActivityState;
use crate::domain::decision::ConditionState;
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::reference::Reference;
use crate::domain::rights::SeatRole;
use crate::domain::step::StepName;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary;

/// The most letters of a title in a sentence.
const TITLE_LETTERS: usize = 120;

/// The facts that a notification tells.
#[derive(Debug, Clone, Copy)]
pub struct NoticeFacts<'a> {
    pub kind: NotificationKind,
    /// The name of the person who caused the notification; `None` for the service itself.
    pub actor: Option<&'a LocalizedText>,
    /// The subject, with its current title; without a title if it was deleted.
    pub subject: &'a Reference,
    pub task_force: Option<&'a LocalizedText>,
    pub details: &'a NotificationDetails,
    /// The time zone of the task force.
    pub zone: Tz,
}

/// The sentence of a notification in a language. Values of records are isolated.
pub fn notice(facts: &NoticeFacts<'_>, language: Language) -> String {
    let notice = Notice { facts, language };
    let (english, arabic) = wording(facts);
    let text = match language {
        Language::English => notice.fill(english),
        Language::Arabic if english.contains("{actor}") => {
            format!("{} — {}", notice.fill(arabic), notice.actor())
        }
        Language::Arabic => notice.fill(arabic),
    };
    format!("{text}.")
}

/// The English and the Arabic wording, with places for values.
fn wording(facts: &NoticeFacts<'_>) -> (&'static str, &'static str) {
    use NotificationKind as Kind;
    let details = facts.details;
    match facts.kind {
        Kind::VoteOpened if details.ends_at.is_some() => (
            "{actor} submitted the step {step}, and your vote is needed by {end}",
            "قُدِّم طلب إقرار الخطوة {step}، وهو بانتظار تصويتك قبل {end}",
        ),
        Kind::VoteOpened => (
            "{actor} submitted the step {step}, and your vote is needed",
            "قُدِّم طلب إقرار الخطوة {step}، وهو بانتظار تصويتك",
        ),
        Kind::VoteEnding if details.ends_at.is_some() => (
            "The vote on the step {step} ends on {end}, and your vote is missing",
            "ينتهي التصويت على الخطوة {step} في {end}، ولم يُسجَّل صوتك بعد",
        ),
        Kind::VoteEnding => (
            "The vote on the step {step} ends soon, and your vote is missing",
            "يوشك التصويت على الخطوة {step} على الانتهاء، ولم يُسجَّل صوتك بعد",
        ),
        Kind::VotePassed => ("The members passed the step {step}", "أقرّ الأعضاء الخطوة {step}"),
        Kind::VoteReturned if details.voting_ended => (
            "The step {step} was returned, since the vote ended without a majority",
            "أُعيدت الخطوة {step} لانتهاء مدة التصويت دون أغلبية",
        ),
        Kind::VoteReturned if details.quorum_lost => (
            "The step {step} was returned, since too few members are left who can approve it",
            "أُعيدت الخطوة {step} لأن من بقي من الأعضاء لا يكفي لإقرارها",
        ),
        Kind::VoteReturned => {
            ("The members returned the step {step} for more work", "أعاد الأعضاء الخطوة {step} لمزيد من العمل")
        }
        Kind::VoteWithdrawn => {
            ("{actor} withdrew the submission of the step {step}", "سُحب طلب إقرار الخطوة {step}")
        }
        Kind::ActivityAssigned if details.count.is_some() => {
            ("{actor} assigned {count} activities to you", "أُسندت إليك أنشطة عددها {count}")
        }
        Kind::ActivityAssigned if details.due_date.is_some() => (
            "{actor} assigned the activity {title} to you, due on {day}",
            "أُسند إليك النشاط {title}، وموعده {day}",
        ),
        Kind::ActivityAssigned => {
            ("{actor} assigned the activity {title} to you", "أُسند إليك النشاط {title}")
        }
        Kind::ActivityInReview => {
            ("The activity {title} waits for your review", "النشاط {title} بانتظار مراجعتك")
        }
        Kind::ActivityReviewed if details.state.as_deref() == Some(ActivityState::Done.code()) => {
            ("{actor} reviewed your activity {title}, which is now done", "رُوجع نشاطك {title} وأصبح منجزًا")
        }
        Kind::ActivityReviewed => (
            "{actor} reviewed your activity {title} and sent it back for more work",
            "رُوجع نشاطك {title} وأُعيد لاستكمال العمل",
        ),
        Kind::ActivityBlocked => {
            ("{actor} reported the activity {title} blocked", "أُبلغ عن توقف النشاط {title}")
        }
        Kind::ActivityDue if details.due_date.is_some() => {
            ("Your activity {title} is due on {day}", "يحلّ موعد نشاطك {title} في {day}")
        }
        Kind::ActivityDue => ("Your activity {title} falls due", "يحلّ موعد نشاطك {title}"),
        Kind::ActivityOverdue if details.due_date.is_some() => (
            "Your activity {title} is overdue: it was due on {day}",
            "تأخر نشاطك {title} عن موعده، وهو {day}",
        ),
        Kind::ActivityOverdue => ("Your activity {title} is overdue", "تأخر نشاطك {title} عن موعده"),
        Kind::ConditionAssigned if details.due_date.is_some() => (
            "You are responsible for the council's condition {title}, due on {day}",
            "أُسندت إليك مسؤولية الشرط {title} الذي وضعه المجلس، وموعده {day}",
        ),
        Kind::ConditionAssigned => (
            "You are responsible for the council's condition {title}",
            "أُسندت إليك مسؤولية الشرط {title} الذي وضعه المجلس",
        ),
        Kind::ConditionDue if details.due_date.is_some() => {
            ("The council's condition {title} is due on {day}", "يحلّ موعد شرط المجلس {title} في {day}")
        }
        Kind::ConditionDue => ("The council's condition {title} falls due", "يحلّ موعد شرط المجلس {title}"),
        Kind::ConditionOverdue if details.due_date.is_some() => (
            "The council's condition {title} is overdue: it was due on {day}",
            "تأخر استيفاء شرط المجلس {title} عن موعده، وهو {day}",
        ),
        Kind::ConditionOverdue => {
            ("The council's condition {title} is overdue", "تأخر استيفاء شرط المجلس {title} عن موعده")
        }
        Kind::ConditionReported => (
            "{actor} reported the condition {title} met, and your acceptance is needed",
            "أُبلغ عن استيفاء الشرط {title}، وهو بانتظار قبولك",
        ),
        Kind::ConditionReturned => ("{actor} opened the condition {title} again", "أُعيد فتح الشرط {title}"),
        Kind::ConditionSettled if details.state.as_deref() == Some(ConditionState::Waived.code()) => {
            ("{actor} waived the condition {title}", "أُعفي من الشرط {title}")
        }
        Kind::ConditionSettled => {
            ("{actor} accepted the condition {title} as met", "قُبل استيفاء الشرط {title}")
        }
        Kind::ReportSubmitted => {
            ("Report {number} is before the council", "التقرير {number} معروض على المجلس")
        }
        Kind::DecisionRecorded => (
            "The council decided {outcome} (decision {number})",
            "قرّر المجلس {outcome} (القرار رقم {number})",
        ),
        Kind::MemberAppointed if details.role == Some(SeatRole::Chair) => (
            "{actor} appointed you chair of the task force {taskForce}",
            "أُسندت إليك رئاسة فريق العمل {taskForce}",
        ),
        Kind::MemberAppointed => (
            "{actor} appointed you to the task force {taskForce} as an expert",
            "جرى تعيينك في فريق العمل {taskForce} بصفة خبير",
        ),
        Kind::MemberRoleChanged if details.role == Some(SeatRole::Chair) => {
            ("You now chair the task force {taskForce}", "أُسندت إليك رئاسة فريق العمل {taskForce}")
        }
        Kind::MemberRoleChanged => (
            "You no longer chair the task force {taskForce}, and stay a member",
            "انتهت رئاستك لفريق العمل {taskForce} مع بقاء عضويتك فيه",
        ),
        Kind::MemberEnded => {
            ("Your seat in the task force {taskForce} has ended", "انتهت عضويتك في فريق العمل {taskForce}")
        }
        Kind::TaskForceTransitioned => match details.state.as_deref().and_then(TaskForceState::parse) {
            Some(TaskForceState::Active) => {
                ("The task force {taskForce} is at work now", "يزاول فريق العمل {taskForce} عمله الآن")
            }
            Some(TaskForceState::Suspended) => (
                "The work of the task force {taskForce} is suspended",
                "أُوقف عمل فريق العمل {taskForce} مؤقتًا",
            ),
            Some(TaskForceState::Dissolved) => {
                ("The task force {taskForce} was dissolved", "حُلّ فريق العمل {taskForce}")
            }
            _ => ("The task force {taskForce} has changed its state", "تغيّرت حالة فريق العمل {taskForce}"),
        },
        Kind::WebhookDisabled => (
            "The webhook {title} was disabled after its deliveries had failed",
            "عُطِّل خطاف الويب {title} بعد تعذر التسليم",
        ),
        Kind::Mentioned => {
            ("{actor} mentioned you in a comment on the activity {title}", "ذُكرت في تعليق على النشاط {title}")
        }
    }
}

/// A notification that is told in a language.
#[derive(Clone, Copy)]
struct Notice<'a> {
    facts: &'a NoticeFacts<'a>,
    language: Language,
}

impl Notice<'_> {
    /// A wording with its values.
    fn fill(self, wording: &str) -> String {
        let mut filled = String::with_capacity(wording.len() * 2);
        let mut rest = wording;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&self.value(name));
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    fn value(self, name: &str) -> String {
        let NoticeFacts { subject, details, zone, .. } = *self.facts;
        match name {
            "actor" => self.actor(),
            "title" => self.title(),
            "taskForce" => self
                .facts
                .task_force
                .map(|name| self.quoted(name.in_language(self.language)))
                .unwrap_or_default(),
            "number" => subject.number.map(|number| number.to_string()).unwrap_or_default(),
            "step" => {
                let step = subject.step.and_then(|(code, _)| StepName::parse(code));
                step.map(|step| self.label(step)).unwrap_or_default()
            }
            "count" => details.count.map(|count| count.to_string()).unwrap_or_default(),
            "day" => details.due_date.map(|day| dates::day(self.language, day)).unwrap_or_default(),
            "end" => details.ends_at.map(|end| dates::time(self.language, end, zone)).unwrap_or_default(),
            "outcome" => details.outcome.map(|outcome| self.label(outcome)).unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn actor(self) -> String {
        match (self.facts.actor, self.language) {
            (Some(name), language) => bidi::isolate(name.in_language(language)),
            (None, Language::English) => "The service".to_owned(),
            (None, Language::Arabic) => "الخدمة".to_owned(),
        }
    }

    /// The title of the subject in quotation marks.
    fn title(self) -> String {
        match (&self.facts.subject.title, self.language) {
            (Some(title), language) => self.quoted(title.in_language(language)),
            (None, Language::English) => "that was deleted since".to_owned(),
            (None, Language::Arabic) => "الذي حُذف بعد ذلك".to_owned(),
        }
    }

    fn quoted(self, text: &str) -> String {
        let line = bidi::harmless(text);
        let text = bidi::isolate(shortened(line.trim(), TITLE_LETTERS).trim_end_matches('.'));
        match self.language {
            Language::English => format!("“{text}”"),
            Language::Arabic => format!("«{text}»"),
        }
    }

    /// The label of a word in quotation marks, without its explanation.
    fn label(self, word: impl Vocabulary) -> String {
        self.quoted(short(word.label().in_language(self.language)))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::event::SubjectKind;

    fn told(
        kind: NotificationKind,
        subject: &Reference,
        details: &NotificationDetails,
        language: Language,
    ) -> String {
        let (actor, task_force) = (
            LocalizedText::both("ليلى حداد", "Layla Haddad"),
            LocalizedText::both("فريق نور", "Nur task force"),
        );
        let facts = NoticeFacts {
            kind,
            actor: Some(&actor),
            subject,
            task_force: Some(&task_force),
            details,
            zone: chrono_tz::Asia::Amman,
        };
        notice(&facts, language)
    }

    #[test]
    fn a_subject_that_was_deleted_is_told_without_its_title() {
        let activity = Reference::untitled(SubjectKind::Activity, Uuid::nil());
        let none = NotificationDetails::default();
        let kind = NotificationKind::ActivityInReview;
        assert_eq!(
            told(kind, &activity, &none, Language::English),
            "The activity that was deleted since waits for your review."
        );
        assert_eq!(
            told(kind, &activity, &none, Language::Arabic),
            "النشاط الذي حُذف بعد ذلك بانتظار مراجعتك."
        );
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        let title = LocalizedText::both("{actor}\u{202e}\nسطر.", "{actor}\u{202e}\nline.");
        let activity = Reference::new(SubjectKind::Activity, Uuid::nil(), title);
        let none = NotificationDetails::default();
        let sentence = told(NotificationKind::ActivityInReview, &activity, &none, Language::English);
        assert_eq!(sentence, "The activity “\u{2068}{actor} line\u{2069}” waits for your review.");
    }
}
