//! Nothing is left out in silence: a new table, column or word fails here until everything that must know it does.
//!
//! Each guard lists what is missing; one test runs them on the tree, another on planted omissions. Operations have their
//! guard in `contract/operation_cases.rs`.

mod filled;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use syn::buffer::{Cursor, TokenBuffer};
use taskforce::domain::event::EventAction;
use taskforce::domain::vocabulary::Vocabulary as _;

use self::filled::Filled;
use super::rust_files;
use super::tokens::Tokens;
use crate::support::TestApp;

type Sources = BTreeMap<String, String>;

/// The names of the schemas of the vocabularies, which `vocabulary!` or a hand-written `impl Vocabulary` declares.
fn declared_vocabularies(sources: &Sources) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in sources.values() {
        for item in syn::parse_file(text).unwrap().items {
            match item {
                syn::Item::Impl(item) => names.extend(hand_written_name(&item)),
                syn::Item::Macro(item) if item.mac.path.is_ident("vocabulary") => {
                    names.extend(schema_names(TokenBuffer::new2(item.mac.tokens).begin()));
                }
                _ => {}
            }
        }
    }
    names
}

/// The names in `… enum Name { … }` and `… enum Type as "Name" { … }`.
fn schema_names(mut cursor: Cursor<'_>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((_, rest)) = cursor.token_tree() {
        if let (Some((word, _)), Some((name, after))) = (cursor.ident(), rest.ident())
            && word == "enum"
        {
            let renamed = after.ident().filter(|(word, _)| word == "as").and_then(|(_, rest)| rest.literal());
            let renamed = renamed.map(|(literal, _)| literal.to_string().trim_matches('"').to_owned());
            names.push(renamed.unwrap_or_else(|| name.to_string()));
        }
        cursor = rest;
    }
    names
}

/// The name of the type in `impl Vocabulary for …`, which its schema has, too.
fn hand_written_name(item: &syn::ItemImpl) -> Option<String> {
    let (path, _) = item.trait_.as_ref()?;
    path.segments.last().filter(|last| last.ident == "Vocabulary")?;
    let syn::Type::Path(of) = &*item.self_ty else { return None };
    of.path.get_ident().map(ToString::to_string)
}

/// Actions that nothing but their declaration names.
fn unused_actions<'a>(actions: &[&'a str], sources: &Sources) -> Vec<&'a str> {
    let others = sources.iter().filter(|(file, _)| *file != "domain/event.rs");
    let used: BTreeSet<_> = others.flat_map(|(_, text)| Tokens::of(text).idents).collect();
    actions.iter().filter(|action| !used.contains(**action)).copied().collect()
}

#[tokio::test]
async fn every_vocabulary_is_served() {
    let declared = declared_vocabularies(&rust_files("src"));
    assert!(declared.len() >= 39, "{}", declared.len());
    let app = TestApp::empty().await;
    let served = app.as_anybody().get("/v1/vocabularies").await.expect(200).json();
    let served: BTreeSet<_> = served["words"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(declared, served, "endpoints/service/vocabularies.rs lists the vocabularies");
}

#[test]
fn every_event_action_is_recorded_somewhere() {
    let actions: Vec<_> = EventAction::ALL.iter().map(|action| format!("{action:?}")).collect();
    let actions: Vec<_> = actions.iter().map(String::as_str).collect();
    assert_eq!(unused_actions(&actions, &rust_files("src")), [""; 0]);
}

#[test]
fn a_planted_vocabulary_and_a_planted_action_are_found() {
    let planted: Sources = [
        ("domain/risk.rs", "vocabulary! { /// How likely.\n pub enum Likelihood as \"RiskLikelihood\" { Low = \"low\", \"Low\", \"ضعيف\"; } }"),
        ("http/scales.rs", "impl Vocabulary for Impact { const ABOUT: &'static str = \"Impacts\"; }"),
        ("domain/event.rs", "fn f() { EventAction::RiskCreated; EventAction::RiskDeleted }"),
        ("app/risks.rs", "// EventAction::RiskDeleted\nresource! { created: RiskCreated }"),
    ]
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .into();
    assert_eq!(
        declared_vocabularies(&planted),
        BTreeSet::from(["Impact".to_owned(), "RiskLikelihood".to_owned()])
    );
    assert_eq!(unused_actions(&["RiskCreated", "RiskDeleted"], &planted), ["RiskDeleted"]);
}

/// The omissions that each guard over the tables finds.
async fn missing(filled: &Filled) -> [(&'static str, Vec<String>); 8] {
    [
        ("db/report_data/snapshot.rs", tables::db_not_in_a_snapshot(filled).await),
        ("db/report_data.rs", tables::db_not_in_the_report(filled).await),
        ("db/gates.rs, untranslated", tables::db_not_translated(filled).await),
        ("db/cycles.rs, carry_over and remove", tables::db_not_carried_over(filled).await),
        ("db/references.rs", tables::db_not_referenced(filled).await),
        ("domain/evidence.rs", tables::db_not_a_subject(filled).await),
        ("db/grants.rs", tables::db_not_granted(filled).await),
        ("db/archive.rs", tables::db_not_archived(filled).await),
    ]
}

#[tokio::test]
async fn no_table_or_column_is_left_out_in_silence() {
    let missing = missing(&Filled::start().await).await;
    let left_out: Vec<_> = missing.iter().filter(|(_, missing)| !missing.is_empty()).collect();
    assert!(left_out.is_empty(), "{left_out:#?}");
}

/// A product of step 3, a part of a policy and a column, added to the schema and nowhere else.
#[tokio::test]
async fn a_planted_table_is_missed_by_no_guard() {
    let filled = Filled::start().await;
    let planted = "
        create table risks (
            task_force_id uuid not null, id uuid not null, cycle int not null, last_cycle int not null,
            pilot_id uuid not null, title jsonb not null, primary key (task_force_id, id),
            constraint risks_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id)
        );
        insert into risks select task_force_id, gen_random_uuid(), 1, 1, id, '{\"en\": \"Risk\"}' from pilots;
        alter table evidence add column risk_id uuid,
            add constraint evidence_of_a_risk foreign key (task_force_id, risk_id) references risks (task_force_id, id);
        alter table policies add column sponsor text;
        create table mitigations (
            task_force_id uuid not null, id uuid not null, policy_id uuid not null, name jsonb not null, primary key (task_force_id, id),
            constraint mitigations_of_a_policy foreign key (task_force_id, policy_id) references policies (task_force_id, id) on delete cascade
        );";
    filled.app.db().await.batch_execute(planted).await.unwrap();
    let missing = missing(&filled).await.map(|(_, missing)| missing);
    assert_eq!(
        missing.map(|missing| missing.join(", ")),
        [
            "mitigations, policies.sponsor, risks",
            "risks",
            "mitigations.name, risks.title",
            "risks",
            "risks_of_a_pilot of pilots",
            "evidence about risk",
            "mitigations, risks",
            "mitigations, risks",
        ]
    );
}
