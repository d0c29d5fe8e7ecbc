use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::event::{ActorKind, Change, Changes, EventAction, EventActor, SubjectKind};
use crate::domain::reference::{Named, NamedByChanges, Reference};
use crate::domain::text::LocalizedText;

const LINA: Uuid = Uuid::from_u128(1);
const SAMI: Uuid = Uuid::from_u128(2);

fn changes(changes: Value) -> Changes {
    let Value::Object(changes) = changes else { panic!("an object of fields") };
    let change = |(name, after)| (name, Change { before: Value::Null, after });
    changes.into_iter().map(change).collect()
}

/// The sentence about an activity that Lina has changed, with visible brackets in place of the isolates.
fn told(action: EventAction, to: Option<&str>, fields: Value, language: Language) -> String {
    told_by(EventActor { kind: ActorKind::User, id: Some(LINA) }, action, to, fields, language)
}

fn told_by(
    actor: EventActor,
    action: EventAction,
    to: Option<&str>,
    fields: Value,
    language: Language,
) -> String {
    let name = LocalizedText::both("لينا حداد", "Lina Haddad");
    let subject = Reference::new(
        SubjectKind::Activity,
        Uuid::from_u128(3),
        LocalizedText::both("قياس\u{202e} الإنارة.", "Measure the lighting.\nTwice"),
    );
    let named = |user_id, ar: &str, en: &str| Named { title: LocalizedText::both(ar, en), user_id };
    let named: NamedByChanges = [
        (LINA, named(Some(LINA), "لينا حداد", "Lina Haddad")),
        (SAMI, named(Some(SAMI), "سامي نصار", "Sami Nassar")),
    ]
    .into_iter()
    .collect();
    let facts = EventFacts {
        action,
        actor: &actor,
        actor_name: Some(&name).filter(|_| actor.kind == ActorKind::User),
        subject: &subject,
        from: to.map(|_| "planned"),
        to,
        changes: &changes(fields),
        named: &named,
    };
    sentence(&facts, language).replace('\u{2068}', "[").replace('\u{2069}', "]")
}

#[test]
fn values_are_isolated_and_stay_in_one_line() {
    assert_eq!(
        told(EventAction::ActivityDeleted, None, json!({}), Language::English),
        "[Lina Haddad] deleted the activity “[Measure the lighting. Twice]”."
    );
    assert_eq!(
        told(EventAction::ActivityDeleted, None, json!({}), Language::Arabic),
        "حُذف النشاط «[قياس الإنارة]» — [لينا حداد]."
    );
}

#[test]
fn a_sentence_names_the_person_whom_a_change_concerns() {
    let assigned = |to: Uuid, language| {
        told(
            EventAction::ActivityUpdated,
            None,
            json!({ "assigneeId": to, "dueDate": "2026-12-01" }),
            language,
        )
    };
    assert_eq!(
        assigned(SAMI, Language::English),
        "[Lina Haddad] assigned the activity “[Measure the lighting. Twice]” to [Sami Nassar]."
    );
    assert_eq!(
        assigned(LINA, Language::English),
        "[Lina Haddad] took on the activity “[Measure the lighting. Twice]”."
    );
    assert_eq!(
        assigned(SAMI, Language::Arabic),
        "أُسند النشاط «[قياس الإنارة]» إلى [سامي نصار] — [لينا حداد]."
    );
    let mentioned = json!({ "mentions": [SAMI, LINA] });
    assert_eq!(
        told(EventAction::CommentCreated, None, mentioned, Language::Arabic),
        "ورد تعليق من [لينا حداد] على النشاط «[قياس الإنارة]»، وفيه إشارة إلى [سامي نصار] و[لينا حداد]."
    );
}

#[test]
fn states_have_the_labels_of_their_vocabulary_and_reasons_are_quoted() {
    let reason = json!({ "reason": { "ar": "ننتظر البيانات.", "en": "We wait for the data." } });
    assert_eq!(
        told(EventAction::ActivityTransitioned, Some("blocked"), reason.clone(), Language::English),
        "[Lina Haddad] moved the activity “[Measure the lighting. Twice]” to “[Blocked]”: “[We wait for the data]”."
    );
    assert_eq!(
        told(EventAction::ActivityTransitioned, Some("blocked"), reason, Language::Arabic),
        "انتقل النشاط «[قياس الإنارة]» إلى حالة «[متوقف]»: «[ننتظر البيانات]» — [لينا حداد]."
    );
    let long = json!({ "reason": { "en": "word ".repeat(100) } });
    let told = told(EventAction::ActivityTransitioned, Some("blocked"), long, Language::English);
    assert!(told.ends_with("word…]”.") && told.chars().count() < 360, "{told}");
}

#[test]
fn nobody_signs_what_the_service_did_itself() {
    let service = || EventActor { kind: ActorKind::System, id: None };
    let told = |language| {
        told_by(service(), EventAction::ActivityUpdated, None, json!({ "priority": "high" }), language)
    };
    assert_eq!(
        told(Language::English),
        "The service changed the activity “[Measure the lighting. Twice]” (priority)."
    );
    assert_eq!(told(Language::Arabic), "عُدِّل النشاط «[قياس الإنارة]» (الأولوية).");
}
