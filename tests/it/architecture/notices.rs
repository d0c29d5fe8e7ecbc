//! The sentence of every kind of notification in both languages, printed: each is read by a person before the golden file
//! is accepted.

use std::fmt::Write as _;

use chrono::NaiveDate;
use taskforce::domain::decision::DecisionOutcome;
use taskforce::domain::event::SubjectKind;
use taskforce::domain::notification::{NotificationDetails, NotificationKind};
use taskforce::domain::reference::Reference;
use taskforce::domain::rights::SeatRole;
use taskforce::domain::text::{Language, LocalizedText};
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::render::notices::{NoticeFacts, notice};
use uuid::Uuid;

/// The details with which the sentences of a kind differ.
fn cases(kind: NotificationKind) -> Vec<NotificationDetails> {
    use NotificationKind as Kind;

    let none = NotificationDetails::default;
    let due = NotificationDetails { due_date: NaiveDate::from_ymd_opt(2026, 12, 3), ..none() };
    let ends = NotificationDetails { ends_at: "2026-12-02T12:00:00Z".parse().ok(), ..none() };
    let state = |state: &str| NotificationDetails { state: Some(state.to_owned()), ..none() };
    let role = |role| NotificationDetails { role: Some(role), ..none() };
    match kind {
        Kind::VoteOpened | Kind::VoteEnding => vec![none(), ends],
        Kind::VoteReturned => vec![
            none(),
            NotificationDetails { voting_ended: true, ..none() },
            NotificationDetails { quorum_lost: true, ..none() },
        ],
        Kind::ActivityAssigned => vec![none(), due, NotificationDetails { count: Some(12), ..none() }],
        Kind::ActivityDue
        | Kind::ActivityOverdue
        | Kind::ConditionAssigned
        | Kind::ConditionDue
        | Kind::ConditionOverdue => vec![none(), due],
        Kind::ActivityReviewed => vec![state("done"), state("inProgress")],
        Kind::ConditionSettled => vec![state("met"), state("waived")],
        Kind::DecisionRecorded => {
            let outcomes = DecisionOutcome::ALL.iter();
            outcomes.map(|outcome| NotificationDetails { outcome: Some(*outcome), ..none() }).collect()
        }
        Kind::MemberAppointed | Kind::MemberRoleChanged => {
            vec![role(SeatRole::Chair), role(SeatRole::Expert)]
        }
        Kind::TaskForceTransitioned => vec![state("active"), state("suspended"), state("dissolved")],
        _ => vec![none()],
    }
}

#[test]
fn every_notification_is_told_in_both_languages_as_printed() {
    let titled = Reference::new(
        SubjectKind::Activity,
        Uuid::nil(),
        LocalizedText::both("تركيب العدادات", "Install the meters"),
    );
    let subject = Reference { number: Some(4), step: Some(("pilots", 1)), ..titled };
    let actor = LocalizedText::both("ليلى حداد", "Layla Haddad");
    let task_force = LocalizedText::both("فريق عمل مدينة النور", "Task force of Nur City");
    let mut printed = String::new();
    for kind in NotificationKind::ALL {
        writeln!(printed, "{}", kind.code()).unwrap();
        for details in cases(*kind) {
            let facts = NoticeFacts {
                kind: *kind,
                actor: Some(&actor),
                subject: &subject,
                task_force: Some(&task_force),
                details: &details,
                zone: chrono_tz::Asia::Amman,
            };
            for language in [Language::English, Language::Arabic] {
                let sentence = notice(&facts, language);
                assert!(sentence.ends_with('.') && !sentence.contains(['{', '}']), "{sentence}");
                assert!(!sentence.contains("  ") && !sentence.contains("“”"), "{sentence}");
                // The controls around the values cannot be seen.
                writeln!(printed, "  {}", sentence.replace(['\u{2068}', '\u{2069}'], "")).unwrap();
            }
        }
    }
    insta::assert_snapshot!("notices", printed);
}
