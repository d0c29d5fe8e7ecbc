//! Guards over the tables: each lists what is left out somewhere, so that a new table or column is nowhere forgotten.
//!
//! The catalogue of the migrated database says what there is; the service's own queries, over one row of everything,
//! show what they take in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use taskforce::db;
use taskforce::domain::event::SubjectKind;
use taskforce::domain::evidence::{ActivitySubjectKind, EvidenceSubjectKind};
use taskforce::domain::step::StepName;
use taskforce::domain::vocabulary::Vocabulary;
use uuid::Uuid;

use super::filled::Filled;
use crate::support::app::beginning;
use crate::support::postgres;

/// Columns of products that are not voted on, and why.
const NOT_VOTED_ON: [(&str, &str); 12] = [
    ("task_force_id", "a snapshot is of one task force"),
    ("cycle", "a snapshot names its cycle"),
    ("last_cycle", "a snapshot names its cycle"),
    ("under_review_by_member_id", "who asked for a decision is not what was decided"),
    ("started_at", "when a pilot began is not what it is"),
    (
        "evaluations.lessons",
        "the lessons of the last evaluation are those of the pilot; earlier ones were voted on",
    ),
    ("evaluations.indicators", "the indicators of the pilot have them, and its measurements"),
    ("state_since", "when a state began is not what it is"),
    ("version", "counts changes"),
    ("created_at", "says when, not what"),
    ("updated_at", "says when, not what"),
    ("search", "made of other columns"),
];

/// Kinds of evidence that are not voted on, and why.
const EVIDENCE_NOT_VOTED_ON: [(EvidenceSubjectKind, &str); 6] = [
    (EvidenceSubjectKind::Activity, "activities are listed by number, title and state"),
    (EvidenceSubjectKind::Condition, "the council judges conditions, not the members"),
    (EvidenceSubjectKind::TaskForce, "belongs to the record, not to a step"),
    (EvidenceSubjectKind::Submission, "is added once the members vote"),
    (EvidenceSubjectKind::Report, "the members vote on the report itself"),
    (EvidenceSubjectKind::Decision, "the members do not vote on decisions"),
];

/// Products that end with their cycle, and why.
const NOT_CARRIED_OVER: [(&str, &str); 2] = [
    ("pilots", "an extended pilot is carried over by its transition to planned"),
    ("migrations", "a migration belongs to the cycle in which its pilot was evaluated"),
];

/// Tables to which others refer and whose rows the service deletes in a way of their own, and why.
const NOT_DELETED_BY_REQUEST: [(&str, &str); 2] = [
    ("cycles", "taken back with a corrected decision, while nothing followed from it"),
    ("steps", "go with their cycle"),
];

/// Tables below a task force that its archive leaves out, and why.
const NOT_ARCHIVED: [(&str, &str); 7] = [
    ("notification_cursors", "nobody is told of the events of an archive"),
    ("reminders", "a restored task force reminds of what is due from then on"),
    ("open_activity_counts", "counted by triggers when the activities are restored"),
    ("webhook_deliveries", "of a webhook"),
    ("webhook_positions", "of a webhook"),
    ("webhook_secrets", "a secret of this installation"),
    ("webhooks", "a restored task force does not begin to send"),
];

/// `checklist_items` as JSON has it: `checklistItems`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| format!("{name}{}{}", word[..1].to_uppercase(), &word[1..]))
}

/// The kind of a table's rows: `activities` has `activity`.
fn kind_of(table: &str) -> Option<SubjectKind> {
    let singular = match table.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => table.trim_end_matches('s').to_owned(),
    };
    SubjectKind::parse(&camel(&singular))
}

/// A foreign key between two tables below a task force.
struct ForeignKey {
    name: String,
    table: String,
    /// The column beside `task_force_id`; of several, the first.
    column: String,
    to: String,
    cascades: bool,
}

async fn db_foreign_keys(filled: &Filled) -> Vec<ForeignKey> {
    let query = "
        select f.conname::text, f.conrelid::regclass::text, a.attname::text, f.confrelid::regclass::text, f.confdeltype = 'c'
        from pg_constraint f
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[2]
        join pg_attribute t on t.attrelid = f.confrelid and t.attname = 'task_force_id'
        where f.contype = 'f' and f.connamespace = 'public'::regnamespace order by 1";
    let rows = filled.db_rows(query).await;
    rows.iter()
        .map(|row| ForeignKey {
            name: row.get(0),
            table: row.get(1),
            column: row.get(2),
            to: row.get(3),
            cascades: row.get(4),
        })
        .collect()
}

/// The products of the steps: `last_cycle` says in which cycles they count.
async fn db_products(filled: &Filled) -> Vec<String> {
    let products = "select table_name::text from information_schema.columns
        where table_schema = 'public' and column_name = 'last_cycle' order by 1";
    filled.db_column(products).await
}

/// The products and what goes with them.
async fn db_products_and_parts(filled: &Filled) -> BTreeSet<String> {
    let mut tables: BTreeSet<String> = db_products(filled).await.into_iter().collect();
    let keys = db_foreign_keys(filled).await;
    loop {
        let parts = keys.iter().filter(|key| key.cascades && tables.contains(&key.to));
        let parts: Vec<_> =
            parts.map(|key| key.table.clone()).filter(|table| !tables.contains(table)).collect();
        if parts.is_empty() {
            assert!(tables.len() >= 9, "{tables:?}");
            return tables;
        }
        tables.extend(parts);
    }
}

async fn db_columns(filled: &Filled, table: &str) -> Vec<(String, String)> {
    let query = "select column_name::text, data_type::text from information_schema.columns
        where table_schema = 'public' and table_name = $1 order by ordinal_position";
    let rows = filled.app.db().await.query(query, &[&table]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Adds the members of the objects in arrays, by the array's name; those of an object within count to the object that
/// holds it (`reconciliation.source` is `reconciliationSource`).
fn members(name: &str, value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Array(items) => {
            for item in items.iter().filter_map(Value::as_object) {
                for (key, value) in item {
                    let within = value.as_object().into_iter().flatten();
                    let within =
                        within.map(|(inner, _)| camel(&format!("{key}_{inner}"))).collect::<Vec<_>>();
                    let own = found.entry(name.to_owned()).or_default();
                    own.insert(key.clone());
                    own.extend(within);
                    members(key, value, found);
                }
            }
        }
        Value::Object(fields) => fields.iter().for_each(|(key, value)| members(key, value, found)),
        _ => {}
    }
}

/// Tables and columns of products and their parts, and evidence of them, that no snapshot has: nobody would vote on them.
pub(super) async fn db_not_in_a_snapshot(filled: &Filled) -> Vec<String> {
    let conn = filled.pool.get().await.unwrap();
    let mut snapshots = Vec::new();
    for step in StepName::ALL {
        snapshots.push(db::report_data::of_step(&conn, filled.task_force, 1, *step).await.unwrap().unwrap());
    }
    let snapshots = Value::Array(snapshots);
    let mut found = BTreeMap::new();
    members("steps", &snapshots, &mut found);
    let mut missing = Vec::new();
    let keys = db_foreign_keys(filled).await;
    for table in db_products_and_parts(filled).await {
        let Some(found) = found.get(&camel(&table)) else {
            missing.push(table);
            continue;
        };
        for (column, _) in db_columns(filled, &table).await {
            let full = format!("{table}.{column}");
            let is_excepted =
                NOT_VOTED_ON.iter().any(|(excepted, _)| *excepted == column || *excepted == full);
            // A part stands within its product.
            let is_nested = keys.iter().any(|key| key.cascades && key.table == table && key.column == column);
            if !is_excepted && !is_nested && !found.contains(&camel(&column)) {
                missing.push(format!("{table}.{column}"));
            }
        }
    }
    let text = snapshots.to_string();
    for kind in EvidenceSubjectKind::ALL {
        let query = format!(
            "select id::text from evidence where task_force_id = $tf and subject_kind = '{}'",
            kind.code()
        );
        let ids = filled.db_column(&query).await;
        let is_excepted = EVIDENCE_NOT_VOTED_ON.iter().any(|(excepted, _)| excepted == kind);
        if !is_excepted && (ids.is_empty() || !ids.iter().all(|id| text.contains(id))) {
            missing.push(format!("evidence of {}", kind.code()));
        }
    }
    missing
}

/// Products that the report to the council doesn't have.
pub(super) async fn db_not_in_the_report(filled: &Filled) -> Vec<String> {
    let conn = filled.pool.get().await.unwrap();
    let parts = db::report_data::load(&conn, filled.task_force, 1, beginning(), None).await.unwrap();
    let text = format!("{parts:?}");
    let mut missing = Vec::new();
    for table in db_products(filled).await {
        let ids = filled.db_column(&format!("select id::text from {table} where task_force_id = $tf")).await;
        // A row is enough: the report leaves out some states on purpose, superseded policies for one.
        if !ids.iter().any(|id| text.contains(id)) {
            missing.push(table);
        }
    }
    missing
}

/// Tables with a localized title or name for which `translationsComplete` doesn't ask.
pub(super) async fn db_not_translated(filled: &Filled) -> Vec<String> {
    let conn = filled.pool.get().await.unwrap();
    let mut asked_for = BTreeSet::new();
    for step in StepName::ALL {
        let facts = db::gates::facts(&conn, filled.task_force, *step, beginning()).await.unwrap();
        asked_for.extend(facts.untranslated.first.into_iter().map(|reference| reference.id.to_string()));
    }
    let mut missing = Vec::new();
    for table in db_products_and_parts(filled).await {
        let columns = db_columns(filled, &table).await;
        let is_title = |(column, kind): &&(String, String)| {
            matches!(column.as_str(), "title" | "name") && kind == "jsonb"
        };
        for (column, _) in columns.iter().filter(is_title) {
            let ids =
                filled.db_column(&format!("select id::text from {table} where task_force_id = $tf")).await;
            if !ids.iter().any(|id| asked_for.contains(id)) {
                missing.push(format!("{table}.{column}"));
            }
        }
    }
    missing
}

/// Products that the next cycle does not take over, or that keep it from being taken back.
pub(super) async fn db_not_carried_over(filled: &Filled) -> Vec<String> {
    let conn = filled.pool.get().await.unwrap();
    db::cycles::insert(&conn, filled.task_force, 2, uuid::Uuid::now_v7, beginning()).await.unwrap();
    db::cycles::carry_over(&conn, filled.task_force, 1).await.unwrap();
    let mut missing = Vec::new();
    for table in db_products(filled).await {
        let query = format!("select id::text from {table} where task_force_id = $tf and last_cycle = 2");
        let is_excepted = NOT_CARRIED_OVER.iter().any(|(excepted, _)| *excepted == table);
        if filled.db_column(&query).await.is_empty() && !is_excepted {
            missing.push(table);
        }
    }
    // The schema keeps a cycle to which anything still counts.
    if let Err(error) = db::cycles::remove(&conn, filled.task_force, 2).await {
        missing.push(format!("the cycle can't be taken back: {error}"));
    }
    missing
}

/// Foreign keys to something that can be deleted, through which a row refers that `references` doesn't find.
pub(super) async fn db_not_referenced(filled: &Filled) -> Vec<String> {
    let conn = filled.pool.get().await.unwrap();
    let deletable = format!(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
         and has_table_privilege('{}', oid, 'delete')",
        postgres::SERVICE
    );
    let mut deletable = filled.db_column(&deletable).await;
    deletable.retain(|table| NOT_DELETED_BY_REQUEST.iter().all(|(excepted, _)| excepted != table));
    let keys = db_foreign_keys(filled).await;
    let mut missing = Vec::new();
    for key in keys.iter().filter(|key| !key.cascades && deletable.contains(&key.to)) {
        // A row of a table that only links is the one that it goes with.
        let link = keys.iter().find(|other| other.cascades && other.table == key.table);
        let has_id = db_columns(filled, &key.table).await.iter().any(|(column, _)| column == "id");
        let own = if has_id { "id" } else { link.map_or("id", |link| &link.column) };
        let ForeignKey { table, column, .. } = key;
        let query = format!(
            "select {own}::text, {column}::text from {table} where task_force_id = $tf and {column} is not null"
        );
        let rows = filled.db_rows(&query).await;
        if rows.is_empty() {
            missing.push(format!("{}: no row of the test's data has it", key.name));
        }
        for row in rows {
            let (referring, referred): (String, String) = (row.get(0), row.get(1));
            // The row to be deleted, and the rows that it goes with.
            let mut deleted = vec![(key.to.clone(), referred.clone())];
            for parent in keys.iter().filter(|parent| parent.cascades && parent.table == key.to) {
                let ForeignKey { table, column, .. } = parent;
                let query = format!("select {column}::text from {table} where id::text = '{referred}'");
                deleted.extend(filled.db_column(&query).await.into_iter().map(|id| (parent.to.clone(), id)));
            }
            for (table, id) in deleted {
                let Some(kind) = kind_of(&table) else {
                    missing.push(format!("{}: {table} has no SubjectKind", key.name));
                    continue;
                };
                let id = Uuid::parse_str(&id).unwrap();
                let found = db::references::to(&conn, filled.task_force, kind, id).await.unwrap();
                if !found.iter().any(|reference| reference.id.to_string() == referring) {
                    missing.push(format!("{} of {table}", key.name));
                }
            }
        }
    }
    missing
}

/// Kinds of things that activities and evidence can be about by the schema, and not by the vocabulary, or the other way round.
pub(super) async fn db_not_a_subject(filled: &Filled) -> Vec<String> {
    let keys = db_foreign_keys(filled).await;
    let mut missing = Vec::new();
    let activity: Vec<_> = ActivitySubjectKind::ALL.iter().map(|kind| kind.code()).collect();
    let evidence: Vec<_> = EvidenceSubjectKind::ALL.iter().map(|kind| kind.code()).collect();
    for (table, kinds) in [("activities", activity), ("evidence", evidence)] {
        let columns = keys.iter().filter(|key| {
            key.table == table && !matches!(key.column.as_str(), "assignee_member_id" | "cycle")
        });
        let columns: BTreeSet<_> = columns.map(|key| camel(key.column.trim_end_matches("_id"))).collect();
        // Evidence that names nothing else is about its task force.
        let kinds: BTreeSet<_> =
            kinds.into_iter().filter(|kind| *kind != "taskForce").map(str::to_owned).collect();
        missing.extend(columns.symmetric_difference(&kinds).map(|kind| format!("{table} about {kind}")));
    }
    missing
}

/// Tables for which the service's role has no right.
pub(super) async fn db_not_granted(filled: &Filled) -> Vec<String> {
    let query = format!(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and not has_table_privilege('{}', oid, 'select') order by 1",
        postgres::SERVICE
    );
    filled.db_column(&query).await
}

/// Tables below a task force that its archive leaves out.
pub(super) async fn db_not_archived(filled: &Filled) -> Vec<String> {
    let below = "select c.relname::text from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and (c.relname = 'task_forces' or exists (
            select from pg_attribute where attrelid = c.oid and attname = 'task_force_id' and not attisdropped
        )) order by 1";
    let mut missing = filled.db_column(below).await;
    missing.retain(|table| {
        !db::archive::TABLES.contains(&table.as_str())
            && NOT_ARCHIVED.iter().all(|(excepted, _)| excepted != table)
    });
    missing
}
