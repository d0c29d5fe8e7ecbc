//! The sentence of every action in both languages, printed: each is read by a person before the golden file is accepted.

use std::fmt::Write as _;

use serde_json::{Value, json};
use taskforce::domain::event::{ActorKind, Change, Changes, EventAction, EventActor, SubjectKind};
use taskforce::domain::reference::{Named, NamedByChanges, Reference};
use taskforce::domain::text::{Language, LocalizedText};
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::render::sentences::{EventFacts, field_name, sentence};
use uuid::Uuid;

const LINA: Uuid = Uuid::from_u128(1);
const SAMI: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);

/// The subject of an action, by the first part of its code.
fn subject(action: EventAction) -> Reference {
    let (of, _) = action.code().split_once('.').unwrap();
    let kind = match of {
        "cycle" => SubjectKind::TaskForce,
        "waiver" => SubjectKind::Step,
        "vote" => SubjectKind::Submission,
        "dependency" => SubjectKind::Activity,
        "invitation" => SubjectKind::User,
        kind => SubjectKind::parse(kind).unwrap(),
    };
    let id = Uuid::from_u128(4);
    let titled = |ar: &str, en: &str| Reference::new(kind, id, LocalizedText::both(ar, en));
    match kind {
        SubjectKind::TaskForce => titled("فريق عمل مدينة النور", "Task force of Nur City"),
        SubjectKind::Member | SubjectKind::User | SubjectKind::Session => titled("سامي نصار", "Sami Nassar"),
        SubjectKind::HealthStatement | SubjectKind::ShareLink => Reference::untitled(kind, id),
        SubjectKind::Step | SubjectKind::Submission => Reference {
            step: Some(("sectors", 1)),
            ..titled("اختيار عدد قليل من القطاعات الذكية", "Select few smart sectors")
        },
        SubjectKind::Report => Reference::report(id, 2),
        SubjectKind::Decision => Reference::decision(id, 3),
        SubjectKind::Policy => titled("سياسة البيانات المفتوحة", "Open data policy"),
        SubjectKind::Sector | SubjectKind::Assessment => titled("المياه", "Water"),
        SubjectKind::Study => titled("دراسة شبكة المياه", "Study of the water network"),
        SubjectKind::Pilot => titled("عدادات المياه الذكية", "Smart water meters"),
        SubjectKind::Indicator | SubjectKind::Measurement => titled("الفاقد من المياه", "Water loss"),
        SubjectKind::Migration => titled("العدادات إلى نظام الفوترة", "Meters into the billing system"),
        SubjectKind::ChecklistItem => titled("تدريب القارئين", "Readers are trained"),
        SubjectKind::Evidence => titled("محضر الاجتماع", "Minutes of the meeting"),
        SubjectKind::Condition => titled("نشر البيانات للعموم.", "Publish the data."),
        SubjectKind::Activity | SubjectKind::Comment => titled("تركيب العدادات", "Install the meters"),
        SubjectKind::Webhook => titled("لوحة المدينة", "City dashboard"),
        SubjectKind::ApiKey => titled("لوحة المعلومات", "Dashboard"),
    }
}

/// The states and changes with which the sentences of an action differ.
fn cases(action: EventAction) -> Vec<(Option<&'static str>, Value)> {
    use EventAction as A;

    let reason = json!({ "ar": "لم تصل البيانات.", "en": "The data have not arrived." });
    let because = json!({ "reason": reason });
    let changed = |changes: Value| (None, changes);
    let to = |state: &'static str| (Some(state), json!({}));
    match action {
        A::TaskForceUpdated => vec![
            changed(json!({ "mandate": reason, "maxSectors": 3 })),
            changed(json!({ "nextCouncilDate": "2026-12-15" })),
            changed(json!({ "nextCouncilDate": null })),
        ],
        A::TaskForceTransitioned => vec![to("active"), (Some("suspended"), because)],
        A::MemberAppointed => vec![changed(json!({ "role": "expert" })), changed(json!({ "role": "chair" }))],
        A::MemberUpdated => vec![
            changed(json!({ "role": "chair" })),
            changed(json!({ "role": "expert" })),
            changed(json!({ "expertise": "Water" })),
        ],
        A::MemberTransitioned | A::UserTransitioned => vec![(Some("disabled"), because), to("active")],
        A::MemberEnded | A::WaiverGranted => {
            vec![changed(json!({ "criterion": "sectorsStudied", "reason": reason }))]
        }
        A::WaiverRemoved => vec![changed(json!({ "criterion": "sectorsStudied" }))],
        A::HealthStated => vec![changed(json!({ "health": "atRisk", "note": reason }))],
        A::StepUpdated => {
            vec![changed(json!({ "targetDate": "2027-01-20" })), changed(json!({ "targetDate": null }))]
        }
        A::StepTransitioned => vec![to("open"), to("submitted"), to("passed"), to("locked")],
        A::StepAnswered => vec![changed(json!({ "decision": 3, "note": reason }))],
        A::SubmissionCreated => vec![changed(json!({ "step": "sectors", "note": reason }))],
        A::SubmissionUpdated => vec![
            changed(json!({ "votingPausedAt": "2026-11-22T09:00:00Z" })),
            changed(json!({ "votingPausedAt": null, "votingEndsAt": "2026-11-29T09:00:00Z" })),
        ],
        A::SubmissionTransitioned => vec![
            to("passed"),
            to("returned"),
            (Some("returned"), json!({ "quorumLost": true })),
            (Some("returned"), json!({ "votingEnded": true })),
            (Some("withdrawn"), because),
        ],
        A::VoteCast => vec![changed(json!({ "choice": "return", "reason": reason }))],
        A::PolicyUpdated => vec![changed(json!({ "title": reason, "aims": [] }))],
        A::PolicyTransitioned => vec![
            to("underReview"),
            (Some("rejected"), because),
            (Some("superseded"), json!({ "supersededById": OTHER })),
        ],
        A::SectorTransitioned => vec![to("selected"), (Some("notSelected"), because)],
        A::AssessmentCreated => vec![changed(json!({ "kind": "current", "level": 2 }))],
        A::StudyUpdated => {
            vec![changed(json!({ "completed": true })), changed(json!({ "findings": reason }))]
        }
        A::PilotUpdated => vec![
            changed(json!({ "ownerId": SAMI })),
            changed(json!({ "startDate": "2027-01-01", "endDate": "2027-02-01" })),
        ],
        A::PilotTransitioned => vec![to("running"), (Some("evaluated"), json!({ "outcome": "scale" }))],
        A::IndicatorUpdated => {
            vec![changed(json!({ "target": "12.5" })), changed(json!({ "retirementReason": reason }))]
        }
        A::MeasurementCreated => vec![changed(json!({ "value": "-19.60", "measuredOn": "2026-11-27" }))],
        A::MigrationUpdated => vec![changed(json!({ "reconciliationSource": 12, "serviceOwner": "x" }))],
        A::MigrationTransitioned => vec![to("parallelRun"), (Some("rolledBack"), because)],
        A::ChecklistItemUpdated => vec![
            changed(json!({ "done": true })),
            changed(json!({ "done": false })),
            changed(json!({ "title": reason })),
        ],
        A::EvidenceFileRemoved => vec![changed(json!({ "reason": reason }))],
        A::EvidenceUploaded => vec![changed(json!({ "fileName": "minutes.pdf" })), changed(json!({}))],
        A::ReportCreated => vec![changed(json!({ "recommendation": "continue" }))],
        A::ReportTransitioned => vec![to("submitted"), to("decided"), to("superseded"), to("draft")],
        A::DecisionRecorded => vec![
            changed(json!({ "outcome": "continue", "reason": reason })),
            changed(json!({ "outcome": "adjust", "returnToStep": "pilots", "supersedesNumber": 2 })),
        ],
        A::CycleOpened => vec![changed(json!({ "cycle": 2 }))],
        A::ConditionCreated => vec![changed(json!({ "ownerId": SAMI, "dueDate": "2026-12-28" }))],
        A::ConditionUpdated => vec![changed(json!({ "ownerId": SAMI }))],
        A::ConditionTransitioned => vec![to("reportedMet"), (Some("open"), because)],
        A::ActivityCreated => vec![
            changed(json!({})),
            changed(json!({ "assigneeId": SAMI })),
            changed(json!({ "assigneeId": LINA })),
        ],
        A::ActivityUpdated => vec![
            changed(json!({ "assigneeId": SAMI })),
            changed(json!({ "assigneeId": LINA })),
            changed(json!({ "assigneeId": null })),
            changed(json!({ "dueDate": "2026-12-01" })),
            changed(json!({ "dueDate": null })),
            changed(json!({ "title": reason, "dueDate": "2026-12-01", "priority": "high" })),
        ],
        A::ActivityTransitioned => vec![to("inReview"), (Some("blocked"), because)],
        A::DependencyAdded => vec![changed(json!({ "dependsOn": OTHER })), changed(json!({}))],
        A::CommentCreated => vec![changed(json!({})), changed(json!({ "mentions": [SAMI, LINA] }))],
        A::CommentUpdated => vec![changed(json!({})), changed(json!({ "mentions": [SAMI] }))],
        A::UserInvited => vec![changed(json!({ "role": "expert" }))],
        A::WebhookTransitioned => vec![to("paused"), to("disabled"), to("active")],
        A::WebhookDeliveryRequested => vec![changed(json!({ "eventSeq": 241 })), changed(json!({}))],
        A::ShareLinkCreated => vec![changed(json!({ "page": "status" }))],
        _ => vec![changed(json!({}))],
    }
}

/// The changes of a case. What is taken back was there before.
fn changes(action: EventAction, after: Value) -> Changes {
    let before = match action {
        EventAction::CycleRemoved => json!({ "cycle": 2 }),
        EventAction::DependencyRemoved => json!({ "dependsOn": OTHER }),
        _ => json!({}),
    };
    let fields = |value: Value| value.as_object().unwrap().clone();
    let after = fields(after).into_iter().map(|(name, after)| (name, Change { before: Value::Null, after }));
    let before = fields(before).into_iter().map(|(name, before)| (name, Change { before, after: json!(1) }));
    after.chain(before).collect()
}

#[test]
fn the_sentences_are_as_printed() {
    let name = LocalizedText::both("لينا حداد", "Lina Haddad");
    let named = |user_id, ar: &str, en: &str| Named { title: LocalizedText::both(ar, en), user_id };
    let named: NamedByChanges = [
        (LINA, named(Some(LINA), "لينا حداد", "Lina Haddad")),
        (SAMI, named(Some(SAMI), "سامي نصار", "Sami Nassar")),
        (OTHER, named(None, "ميثاق البيانات", "Data charter")),
    ]
    .into_iter()
    .collect();
    let actor = EventActor { kind: ActorKind::User, id: Some(LINA) };
    let mut printed = String::new();
    for &action in EventAction::ALL {
        writeln!(printed, "{action}").unwrap();
        for (to, after) in cases(action) {
            let facts = EventFacts {
                action,
                actor: &actor,
                actor_name: Some(&name),
                subject: &subject(action),
                from: None,
                to,
                changes: &changes(action, after),
                named: &named,
            };
            for language in [Language::English, Language::Arabic] {
                let sentence = sentence(&facts, language);
                assert!(!sentence.contains(['{', '}']), "{sentence}");
                // The isolates are left out, so that the file reads as people see the sentences.
                writeln!(printed, "  {}", sentence.replace(['\u{2068}', '\u{2069}'], "")).unwrap();
            }
        }
    }
    insta::assert_snapshot!("sentences", printed.trim_end());
}

/// The resources whose sentences list the fields that changed.
const LISTED: [&str; 12] = [
    "TaskForcePatch",
    "MemberPatch",
    "PolicyPatch",
    "SectorPatch",
    "AssessmentPatch",
    "StudyPatch",
    "PilotPatch",
    "IndicatorPatch",
    "MeasurementPatch",
    "MigrationPatch",
    "ChecklistItemPatch",
    "ActivityPatch",
];

#[test]
fn every_field_that_a_patch_changes_has_a_name_in_sentences() {
    let document: Value = serde_json::from_str(taskforce::http::openapi::json().unwrap()).unwrap();
    let mut nameless = Vec::new();
    for patch in LISTED {
        let fields = document["components"]["schemas"][patch]["properties"].as_object();
        for field in fields.unwrap_or_else(|| panic!("no schema {patch}")).keys() {
            // Fields with sentences of their own have no name.
            let is_told = matches!(field.as_str(), "role" | "retirementReason");
            if !is_told && field_name(field, Language::English).is_none() {
                nameless.push(format!("{patch}.{field}"));
            }
        }
    }
    assert!(nameless.is_empty(), "{nameless:?}");
}
