//! The snapshot that the members vote on when a step is submitted.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Int4, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{evidence, extent};
use crate::db::Conn;
use crate::db::schema::activities;
use crate::db::statement::Prepared;
use crate::domain::activity::ActivityState;
use crate::domain::event::SubjectKind;
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::report::ReportEvidence;
use crate::domain::size::{MOST_CONTENT, MOST_FIXED_CONTENT, MOST_LISTED, MOST_TITLES};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// A subject as JSON: with its children, or by its title only.
#[derive(Debug, QueryableByName)]
struct Document {
    #[diesel(sql_type = Bool)]
    by_title: bool,
    /// Null if all documents of the kind together are too large.
    #[diesel(sql_type = Nullable<Text>)]
    document: Option<String>,
    /// The bytes of all documents that are not by title only.
    #[diesel(sql_type = BigInt)]
    size: i64,
    /// The number of documents by title only.
    #[diesel(sql_type = BigInt)]
    titles: i64,
}

/// The bytes of content that is too large for a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct TooLarge(pub usize);

/// Some documents and their bytes, or no documents if the bytes are too many.
#[derive(Debug, Default)]
struct Documents {
    documents: Vec<Value>,
    size: usize,
    /// The first of the products that the snapshot has by title only.
    by_title: Vec<Value>,
    /// The number of all of those.
    titles: usize,
}

/// The place of subjects of a kind in a snapshot.
enum Appearance {
    /// As a list under `key`, when one of these steps is submitted. In `fields` the row is `p`.
    ///
    /// Text that the members cannot shorten in the step has a bounded place in the snapshot, so that no content keeps the step
    /// from being submitted: a product that meets the condition `given_up` is there by its title only, and of those that meet
    /// the condition `fixed` as many are whole as have [`MOST_FIXED_CONTENT`] bytes, [`MOST_LISTED`] at most: the others are
    /// not even composed, which takes time.
    Product {
        key: &'static str,
        table: &'static str,
        title: &'static str,
        fields: &'static str,
        given_up: &'static str,
        fixed: fn(StepName) -> &'static str,
        steps: &'static [StepName],
    },
    /// As a list under `key` in each product of the kind `parent`. In `fields` the row is `x`, one of `rows`.
    Child {
        key: &'static str,
        rows: &'static str,
        fields: &'static str,
        parent: SubjectKind,
        parent_column: &'static str,
        steps: &'static [StepName],
    },
    /// By a query of its own: [`draft`], [`evidence`], [`activities()`].
    Separately,
    /// Not part of a snapshot.
    Nowhere,
}

/// The place of each kind of subject. The `match` has no wildcard, so that a new kind does not compile until it is
/// decided here whether the members vote on it.
///
/// Numbers are written as text, as everywhere in the API: JSON would round them.
fn appearance(kind: SubjectKind) -> Appearance {
    match kind {
        SubjectKind::Policy => Appearance::Product {
            key: "policies",
            table: "policies",
            title: "title",
            fields:
                "'title', p.title, 'kind', p.kind, 'description', p.description, 'reference', p.reference,
                     'aims', p.aims, 'supersededById', p.superseded_by_id",
            given_up: "p.state = 'superseded'",
            fixed: |_| "false",
            steps: &[StepName::Policy],
        },
        SubjectKind::Sector => Appearance::Product {
            key: "sectors",
            table: "sectors",
            title: "name",
            fields: "'name', p.name, 'rationale', p.rationale",
            given_up: "false",
            fixed: |_| "false",
            steps: &[StepName::Sectors],
        },
        SubjectKind::Assessment => Appearance::Child {
            key: "assessments",
            rows: "assessments",
            fields: "'id', x.id, 'kind', x.kind, 'level', x.level, 'assessedOn', x.assessed_on,
                     'evidence', x.evidence",
            parent: SubjectKind::Sector,
            parent_column: "sector_id",
            steps: &[StepName::Sectors],
        },
        SubjectKind::Study => Appearance::Child {
            key: "studies",
            rows: "studies",
            fields: "'id', x.id, 'title', x.title, 'approach', x.approach, 'findings', x.findings,
                     'recommendation', x.recommendation, 'completed', x.completed",
            parent: SubjectKind::Sector,
            parent_column: "sector_id",
            steps: &[StepName::Sectors],
        },
        SubjectKind::Pilot => Appearance::Product {
            key: "pilots",
            table: "pilots",
            title: "title",
            fields: "'title', p.title, 'sectorId', p.sector_id, 'policyId', p.policy_id,
                     'ownerMemberId', p.owner_member_id, 'aims', p.aims, 'hypothesis', p.hypothesis,
                     'startDate', p.start_date, 'endDate', p.end_date, 'outcome', p.outcome,
                     'lessons', p.lessons, 'run', p.run,
                     'evaluations', (select coalesce(jsonb_agg(jsonb_build_object(
                             'number', v.number, 'cycle', v.cycle, 'run', v.run, 'outcome', v.outcome,
                             'evaluatedAt', v.evaluated_at)
                         order by v.number), '[]')
                         from (select * from evaluations v where v.task_force_id = p.task_force_id and v.pilot_id = p.id
                               order by v.number desc limit 3) v)",
            given_up: "p.state = 'cancelled'",
            // The plan of a pilot is fixed when the pilot starts, and when step `pilots` has passed.
            fixed: |step| match step {
                StepName::Pilots => "p.state in ('running', 'evaluated')",
                _ => "true",
            },
            steps: &[StepName::Pilots, StepName::Migration],
        },
        SubjectKind::Indicator => Appearance::Child {
            key: "indicators",
            rows: "indicators",
            fields: "'id', x.id, 'name', x.name, 'unit', x.unit, 'direction', x.direction,
                     'baseline', x.baseline::text, 'target', x.target::text, 'retirementReason', x.retirement_reason",
            parent: SubjectKind::Pilot,
            parent_column: "pilot_id",
            steps: &[StepName::Pilots, StepName::Migration],
        },
        SubjectKind::Measurement => Appearance::Child {
            key: "measurements",
            // The latest of the present run, as many of each indicator as show how the value developed.
            rows: "(select m.* from indicators i cross join lateral (
                        select * from measurements m
                        where m.task_force_id = i.task_force_id and m.indicator_id = i.id and m.run = p.run
                        order by m.measured_on desc, m.id desc limit 10) m
                    where i.task_force_id = p.task_force_id and i.pilot_id = p.id)",
            fields: "'id', x.id, 'indicatorId', x.indicator_id, 'cycle', x.cycle, 'run', x.run, 'value', x.value::text,
                     'measuredOn', x.measured_on, 'source', x.source",
            parent: SubjectKind::Pilot,
            parent_column: "pilot_id",
            steps: &[StepName::Migration],
        },
        SubjectKind::Migration => Appearance::Product {
            key: "migrations",
            table: "migrations",
            title: "title",
            fields: "'title', p.title, 'pilotId', p.pilot_id, 'targetSystem', p.target_system,
                     'plannedOn', p.planned_on, 'rollbackPlan', p.rollback_plan,
                     'reconciliation', case when p.reconciliation_source is not null then
                         jsonb_build_object('source', p.reconciliation_source,
                                            'loaded', p.reconciliation_loaded,
                                            'rejected', p.reconciliation_rejected,
                                            'reason', p.reconciliation_reason) end,
                     'receivingUnit', p.receiving_unit, 'serviceOwner', p.service_owner",
            given_up: "false",
            fixed: |_| "false",
            steps: &[StepName::Migration],
        },
        SubjectKind::ChecklistItem => Appearance::Child {
            key: "checklistItems",
            rows: "checklist_items",
            fields: "'id', x.id, 'title', x.title, 'done', x.done",
            parent: SubjectKind::Migration,
            parent_column: "migration_id",
            steps: &[StepName::Migration],
        },
        SubjectKind::Report | SubjectKind::Evidence | SubjectKind::Activity => Appearance::Separately,
        SubjectKind::TaskForce
        | SubjectKind::Member
        | SubjectKind::HealthStatement
        | SubjectKind::Step
        | SubjectKind::Submission
        | SubjectKind::Decision
        | SubjectKind::Condition
        | SubjectKind::Comment
        | SubjectKind::ShareLink
        | SubjectKind::Webhook
        | SubjectKind::User
        | SubjectKind::Session
        | SubjectKind::ApiKey => Appearance::Nowhere,
    }
}

/// The steps in whose snapshot evidence about a subject of this kind belongs.
fn steps_with_evidence(kind: EvidenceSubjectKind) -> &'static [StepName] {
    match kind {
        EvidenceSubjectKind::Policy => &[StepName::Policy],
        EvidenceSubjectKind::Sector | EvidenceSubjectKind::Study | EvidenceSubjectKind::Assessment => {
            &[StepName::Sectors]
        }
        EvidenceSubjectKind::Pilot => &[StepName::Pilots, StepName::Migration],
        EvidenceSubjectKind::Migration => &[StepName::Migration],
        EvidenceSubjectKind::Activity
        | EvidenceSubjectKind::Condition
        | EvidenceSubjectKind::TaskForce
        | EvidenceSubjectKind::Submission
        | EvidenceSubjectKind::Report
        | EvidenceSubjectKind::Decision => &[],
    }
}

/// The key of each list of products in the snapshot of a step, and the statement that reads it: the products that
/// count in the cycle `$2` of the task force `$1`, with their children, each oldest first.
fn statements(step: StepName) -> impl Iterator<Item = (&'static str, String)> {
    SubjectKind::ALL.iter().filter_map(move |kind| match appearance(*kind) {
        Appearance::Product { key, table, title, fields, given_up, fixed, steps }
            if steps.contains(&step) =>
        {
            let children: String =
                SubjectKind::ALL.iter().filter_map(|child| children(*child, *kind, step)).collect();
            let (kind, fixed) = (kind.code(), fixed(step));
            let statement = format!(
                "select p.id, p.is_brief as given_up, {fixed} as fixed,
                        case when not p.is_brief then
                            jsonb_build_object('id', p.id, 'state', p.state, 'stateReason', p.state_reason,
                                               {fields} {children}) end as document,
                        jsonb_build_object('kind', '{kind}', 'id', p.id, 'state', p.state, 'title', p.{title},
                                           'stateReason', p.state_reason) as by_title
                 from (
                     select p.*, {given_up} or {fixed} and
                            row_number() over (partition by {fixed} and not {given_up} order by p.id) > {MOST_LISTED}
                            as is_brief
                     from {table} p where p.task_force_id = $1 and p.last_cycle = $2
                 ) p"
            );
            Some((key, statement))
        }
        _ => None,
    })
}

/// The children of a kind in a product, as one more field of its JSON object.
fn children(kind: SubjectKind, product: SubjectKind, step: StepName) -> Option<String> {
    match appearance(kind) {
        Appearance::Child { key, rows, fields, parent, parent_column, steps }
            if parent == product && steps.contains(&step) =>
        {
            Some(format!(
                ", '{key}', (select coalesce(jsonb_agg(jsonb_build_object({fields}) order by x.id), '[]')
                             from {rows} x
                             where x.task_force_id = p.task_force_id and x.{parent_column} = p.id)"
            ))
        }
        _ => None,
    }
}

/// The snapshot of a step: its products with their children, the evidence and the activities. The same rows give the
/// same JSON. Products that are too large stay in the database. Evidence and activities, which nobody can delete once the
/// work has begun, are listed up to a limit and counted as a whole, so that they never keep a step from being submitted.
pub async fn of_step(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    step: StepName,
) -> QueryResult<Result<Value, TooLarge>> {
    let products = statements(step).map(|(key, statement)| async move {
        let documents = documents(conn, task_force_id, cycle, &statement).await?;
        Ok::<_, diesel::result::Error>((key.to_owned(), documents))
    });
    let proving = |kind: &EvidenceSubjectKind| steps_with_evidence(*kind).contains(&step);
    let kinds: Vec<EvidenceSubjectKind> = EvidenceSubjectKind::ALL.iter().copied().filter(proving).collect();
    let proofs = async {
        let chosen = extent::of_evidence(conn, task_force_id, cycle, &kinds).await?;
        Ok((evidence(conn, task_force_id, &chosen.ids).await?, chosen.total))
    };
    let (products, (evidence, evidence_total), activities, activity_counts) = tokio::try_join!(
        futures_util::future::try_join_all(products),
        proofs,
        activities(conn, task_force_id, cycle, step),
        activity_counts(conn, task_force_id, cycle, step),
    )?;
    // A subject that is renamed is no other evidence.
    let without_title = |mut evidence: ReportEvidence| {
        evidence.subject.title = None;
        evidence
    };
    let evidence: Vec<ReportEvidence> = evidence.into_iter().map(without_title).collect();
    let size = products.iter().map(|(_, documents)| documents.size).sum();
    if size > MOST_CONTENT {
        return Ok(Err(TooLarge(size)));
    }
    let titles: usize = products.iter().map(|(_, documents)| documents.titles).sum();
    let by_title: Vec<&Value> = products.iter().flat_map(|(_, documents)| &documents.by_title).collect();
    let titles_only = json!({ "items": by_title, "total": titles });
    let list = |(key, documents): (String, Documents)| (key, Value::Array(documents.documents));
    let mut snapshot: Map<String, Value> = products.into_iter().map(list).collect();
    snapshot.insert("titlesOnly".to_owned(), titles_only);
    if step == StepName::Report {
        snapshot.insert("report".to_owned(), draft(conn, task_force_id, cycle).await?);
    }
    snapshot.insert("step".to_owned(), json!(step));
    snapshot.insert("cycle".to_owned(), json!(cycle));
    snapshot.insert("evidence".to_owned(), json!(evidence));
    snapshot.insert("evidenceTotal".to_owned(), json!(evidence_total));
    snapshot.insert("activities".to_owned(), activities);
    snapshot.insert("activityCounts".to_owned(), activity_counts);
    Ok(Ok(Value::Object(snapshot)))
}

/// The draft that the members would submit to the council; null where there is none.
async fn draft(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<Value> {
    let statement = "select r.id, false as given_up, false as fixed,
                            jsonb_build_object('id', r.id, 'number', r.number, 'hash', encode(r.hash, 'hex'),
                            'recommendation', r.recommendation, 'returnToStep', r.return_to_step) as document,
                            null::jsonb as by_title
                     from reports r where r.task_force_id = $1 and r.cycle = $2 and r.state = 'draft'
                     order by r.number desc limit 1";
    let drafts = documents(conn, task_force_id, cycle, statement).await?;
    Ok(drafts.documents.into_iter().next().unwrap_or_default())
}

/// The documents of a statement that selects products, in the order of their ids. Documents that are too large are counted
/// and not sent, so that they cost neither memory nor time here. Of the products by title only, the first are sent, and all
/// are counted.
async fn documents(conn: &Conn, task_force_id: Uuid, cycle: i32, statement: &str) -> QueryResult<Documents> {
    let query = diesel::sql_query(format!(
        "with products as (
             select id, given_up, fixed, document::text as document, by_title::text as by_title from ({statement}) s
         ), divided as (
             select id, document, by_title, given_up or fixed and
                 sum(octet_length(document)) filter (where fixed) over (order by id) > $4 as is_by_title
             from products
         ), sized as (
             select id, document, by_title, is_by_title,
                    coalesce(sum(octet_length(document)) filter (where not is_by_title) over (), 0) as size,
                    count(*) filter (where is_by_title) over () as titles,
                    sum(octet_length(by_title)) filter (where is_by_title) over (order by id) as size_by_title
             from divided
         )
         select is_by_title as by_title, size, titles,
                case when is_by_title then by_title when size <= $3 then document end as document
         from sized where not is_by_title or size_by_title <= $5
         order by id"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<BigInt, _>(bytes(MOST_CONTENT))
    .bind::<BigInt, _>(bytes(MOST_FIXED_CONTENT))
    .bind::<BigInt, _>(bytes(MOST_TITLES));
    let rows: Vec<Document> = Prepared(query).load(&mut &*conn).await?;
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let (size, titles) = rows.as_slice().first().map_or((0, 0), |row| (number(row.size), number(row.titles)));
    let (mut documents, mut by_title) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(text) = row.document else { continue };
        let document = serde_json::from_str(&text)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        if row.by_title { by_title.push(document) } else { documents.push(document) }
    }
    Ok(Documents { documents, size, by_title, titles })
}

fn bytes(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The first of the step's activities that are not cancelled: number, title and state.
async fn activities(conn: &Conn, task_force_id: Uuid, cycle: i32, step: StepName) -> QueryResult<Value> {
    let rows: Vec<(i32, LocalizedText, ActivityState)> = activities::table
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(activities::step.eq(step))
        .filter(activities::state.ne(ActivityState::Cancelled))
        .order(activities::number)
        .limit(MOST_LISTED)
        .select((activities::number, activities::title, activities::state))
        .load(&mut &*conn)
        .await?;
    let activity = |(number, title, state): (i32, LocalizedText, ActivityState)| json!({ "number": number, "title": title, "state": state });
    Ok(rows.into_iter().map(activity).collect())
}

/// The number of the step's activities in each state.
async fn activity_counts(conn: &Conn, task_force_id: Uuid, cycle: i32, step: StepName) -> QueryResult<Value> {
    let counts: Vec<(ActivityState, i64)> = activities::table
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(activities::step.eq(step))
        .group_by(activities::state)
        .select((activities::state, count_star()))
        .load(&mut &*conn)
        .await?;
    let count_of = |state: &ActivityState| {
        counts.iter().find(|(counted, _)| counted == state).map_or(0, |(_, count)| *count)
    };
    Ok(ActivityState::ALL.iter().map(|state| json!({ "state": state, "count": count_of(state) })).collect())
}
