//! The people and the resources that a row names, as columns of the row: each is a subquery that looks one row up by its
//! key and makes a JSON object of it. A page of a list thereby costs no further round trip, and at most as many look-ups
//! as it has references.
//!
//! All fragments are made of names of columns and of codes of vocabularies. No value may become part of the text.

use std::marker::PhantomData;

use diesel::deserialize::{self, FromSql};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Jsonb, Nullable, SingleValue, Text};
use serde::Deserialize;
use uuid::Uuid;

use super::types::queryable;
use crate::domain::criterion::MAX_LISTED;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::reference::{MemberReference, NamedByChanges, Reference, UserReference};
use crate::domain::step::StepName;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

/// A fragment as a column of a statement of diesel, with the name by which hand-written SQL reads the column.
#[derive(Debug, Clone)]
pub struct Column<ST> {
    sql: String,
    sql_type: PhantomData<ST>,
}

/// The column with this name.
pub(super) fn column<ST>(name: &str, sql: &str) -> Column<ST> {
    Column { sql: format!("{sql} as {name}"), sql_type: PhantomData }
}

/// An expression in SQL, by which rows are compared and sorted.
pub(super) fn expression<ST>(sql: String) -> Column<ST> {
    Column { sql, sql_type: PhantomData }
}

/// The key by which a list is sorted by title: as the indexes have it, so the language is part of the text.
pub(super) fn sort_key(title: &str, language: Language) -> String {
    format!("sort_key({title}, '{}') collate \"C\"", language.code())
}

/// The key of a row in a list sorted by title, and null in other lists.
pub(super) fn key_column(title: &str, language: Option<Language>) -> Column<Nullable<Text>> {
    expression(language.map_or_else(|| "null::text".to_owned(), |language| sort_key(title, language)))
}

impl<ST> std::fmt::Display for Column<ST> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sql)
    }
}

impl<ST: SingleValue> Expression for Column<ST> {
    type SqlType = ST;
}

impl<ST> QueryFragment<Pg> for Column<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.sql);
        Ok(())
    }
}

impl<ST> QueryId for Column<ST> {
    type QueryId = ();
    // Without a static id, the cache of prepared statements is looked up by the text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> ValidGrouping<()> for Column<ST> {
    type IsAggregate = is_aggregate::No;
}

impl<ST, QS> AppearsOnTable<QS> for Column<ST> where Self: Expression {}
impl<ST, QS> SelectableExpression<QS> for Column<ST> where Self: AppearsOnTable<QS> {}

/// The user with this id, as a [`UserReference`].
pub(super) fn user(id: &str) -> String {
    format!("(select jsonb_build_object('id', ref.id, 'name', ref.name) from users ref where ref.id = {id})")
}

/// The user who holds or held a seat, as a [`UserReference`].
pub(super) fn user_of_member(task_force_id: &str, member_id: &str) -> String {
    format!(
        "(select jsonb_build_object('id', ref_user.id, 'name', ref_user.name)
          from members ref join users ref_user on ref_user.id = ref.user_id
          where ref.task_force_id = {task_force_id} and ref.id = {member_id})"
    )
}

/// A seat, as a [`MemberReference`].
pub(super) fn member(task_force_id: &str, id: &str) -> String {
    format!(
        "(select jsonb_build_object('id', ref.id, 'userId', ref.user_id, 'name', ref_user.name,
                                   'taskForceId', ref.task_force_id)
          from members ref join users ref_user on ref_user.id = ref.user_id
          where ref.task_force_id = {task_force_id} and ref.id = {id})"
    )
}

/// A resource of a task force, as a [`Reference`]; null if there is none with this id.
///
/// A resource without a title of its own has the title of the resource that it belongs to.
pub(super) fn resource(kind: SubjectKind, task_force_id: &str, id: &str) -> String {
    let (from, members) = match kind {
        SubjectKind::TaskForce => {
            return format!(
                "(select jsonb_build_object('kind', 'taskForce', 'id', ref.id, 'title', ref.name, 'taskForceId', ref.id)
                  from task_forces ref where ref.id = {id})"
            );
        }
        SubjectKind::User | SubjectKind::Session | SubjectKind::ApiKey => {
            return installation_resource(kind, id);
        }
        SubjectKind::Member => {
            ("members ref join users ref_user on ref_user.id = ref.user_id", "'title', ref_user.name")
        }
        SubjectKind::HealthStatement => ("health_statements ref", "'title', null"),
        SubjectKind::Step => ("steps ref", "'step', ref.step, 'cycle', ref.cycle"),
        SubjectKind::Submission => ("submissions ref", "'step', ref.step, 'cycle', ref.cycle"),
        SubjectKind::Policy => ("policies ref", "'title', ref.title"),
        SubjectKind::Sector => ("sectors ref", "'title', ref.name"),
        SubjectKind::Assessment => (
            "assessments ref join sectors ref_sector
                 on ref_sector.task_force_id = ref.task_force_id and ref_sector.id = ref.sector_id",
            "'title', ref_sector.name, 'parentIds', jsonb_build_array(ref.sector_id)",
        ),
        SubjectKind::Study => {
            ("studies ref", "'title', ref.title, 'parentIds', jsonb_build_array(ref.sector_id)")
        }
        SubjectKind::Pilot => ("pilots ref", "'title', ref.title"),
        SubjectKind::Indicator => {
            ("indicators ref", "'title', ref.name, 'parentIds', jsonb_build_array(ref.pilot_id)")
        }
        SubjectKind::Measurement => (
            "measurements ref join indicators ref_indicator
                 on ref_indicator.task_force_id = ref.task_force_id and ref_indicator.id = ref.indicator_id",
            "'title', ref_indicator.name, 'parentIds', jsonb_build_array(ref.pilot_id, ref.indicator_id)",
        ),
        SubjectKind::Migration => ("migrations ref", "'title', ref.title"),
        SubjectKind::ChecklistItem => {
            ("checklist_items ref", "'title', ref.title, 'parentIds', jsonb_build_array(ref.migration_id)")
        }
        SubjectKind::Evidence => ("evidence ref", "'title', ref.title"),
        SubjectKind::Report => ("reports ref", "'number', ref.number"),
        SubjectKind::Decision => ("decisions ref", "'number', ref.number"),
        SubjectKind::Condition => ("conditions ref", "'title', ref.text"),
        SubjectKind::Activity => ("activities ref", "'title', ref.title, 'number', ref.number"),
        SubjectKind::Comment => (
            "comments ref join activities ref_activity
                 on ref_activity.task_force_id = ref.task_force_id and ref_activity.id = ref.activity_id",
            "'title', ref_activity.title, 'parentIds', jsonb_build_array(ref.activity_id)",
        ),
        SubjectKind::ShareLink => {
            ("(select id, only_task_force_id as task_force_id from share_links) ref", "'title', null")
        }
        SubjectKind::Webhook => {
            ("webhooks ref", "'title', jsonb_build_object('ar', ref.name, 'en', ref.name)")
        }
    };
    let found = object(kind, "ref", members);
    format!("(select {found} from {from} where ref.task_force_id = {task_force_id} and ref.id = {id})")
}

/// A row of a task force, as a [`Reference`] with these members: `'title', title`.
pub(super) fn object(kind: SubjectKind, row: &str, members: &str) -> String {
    let kind = kind.code();
    format!(
        "jsonb_build_object('kind', '{kind}', 'id', {row}.id, 'taskForceId', {row}.task_force_id, {members})"
    )
}

/// The first hundred of the rows in `from`, by their ids, as [`References`]: as many as a refusal and a criterion list.
/// A statement that collected all of them would cost the more, the more of them there are.
pub(super) fn first_of(reference: &str, row: &str, from: &str) -> String {
    format!(
        "(select coalesce(jsonb_agg(listed.reference order by listed.id), '[]')
          from (select {row}.id, {reference} as reference from {from} order by {row}.id limit {MAX_LISTED}) listed)"
    )
}

/// A user, a session or an API key, as a [`Reference`].
fn installation_resource(kind: SubjectKind, id: &str) -> String {
    let (from, title) = match kind {
        SubjectKind::Session => {
            ("sessions ref join users ref_user on ref_user.id = ref.user_id", "ref_user.name")
        }
        SubjectKind::ApiKey => ("api_keys ref", "jsonb_build_object('ar', ref.name, 'en', ref.name)"),
        _ => ("users ref", "ref.name"),
    };
    let kind = kind.code();
    format!(
        "(select jsonb_build_object('kind', '{kind}', 'id', ref.id, 'title', {title}) from {from} where ref.id = {id})"
    )
}

/// The resource of a kind that only the row knows, as a [`Reference`]; null if there is none.
pub(super) fn subject(kinds: &[SubjectKind], kind: &str, task_force_id: &str, id: &str) -> String {
    let each = kinds.iter().map(|one| {
        format!("when '{code}' then {found}", code = one.code(), found = resource(*one, task_force_id, id))
    });
    format!("case {kind} {} end", each.collect::<Vec<_>>().join(" "))
}

/// The fields of events that hold the id of a member, of an activity or of a policy, which sentences name.
const NAMING_FIELDS: [&str; 5] = ["assigneeId", "ownerId", "mentions", "dependsOn", "supersededById"];

/// The actions whose sentences name members or resources beside the subject.
const NAMING_ACTIONS: [EventAction; 11] = [
    EventAction::ActivityCreated,
    EventAction::ActivityUpdated,
    EventAction::ActivityTransitioned,
    EventAction::PilotUpdated,
    EventAction::ConditionCreated,
    EventAction::ConditionUpdated,
    EventAction::PolicyTransitioned,
    EventAction::DependencyAdded,
    EventAction::DependencyRemoved,
    EventAction::CommentCreated,
    EventAction::CommentUpdated,
];

/// The members and resources that the changes of the event `event` name by their ids, as [`NamedByChanges`]; null if its
/// sentence names none. The row has the columns `task_force_id`, `action` and `body`.
pub(super) fn named_by_changes(event: &str) -> String {
    let actions = NAMING_ACTIONS.map(|action| format!("'{}'", action.code())).join(", ");
    let fields = NAMING_FIELDS.map(|field| format!("@.key == \"{field}\"")).join(" || ");
    // A field has one id or a list of ids: in the lax mode, `[*]` reads both.
    let uuid = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
    let path = format!("$.keyvalue() ? ({fields}).value.*[*] ? (@ like_regex \"{uuid}\")");
    format!(
        "case when {event}.action in ({actions}) then (
             select jsonb_object_agg(named.id, jsonb_build_object('title', named.title, 'userId', named.user_id))
             from jsonb_path_query({event}.body::jsonb -> 'changes', '{path}') mentioned(id)
             cross join lateral (
                 select ref.id, ref_user.name as title, ref.user_id
                 from members ref join users ref_user on ref_user.id = ref.user_id
                 where ref.task_force_id = {event}.task_force_id and ref.id = (mentioned.id #>> '{{}}')::uuid
                 union all
                 select ref.id, ref.title, null from activities ref
                 where ref.task_force_id = {event}.task_force_id and ref.id = (mentioned.id #>> '{{}}')::uuid
                 union all
                 select ref.id, ref.title, null from policies ref
                 where ref.task_force_id = {event}.task_force_id and ref.id = (mentioned.id #>> '{{}}')::uuid
             ) named
         ) end"
    )
}

/// The kinds of resources outside of all task forces.
pub(super) const IN_INSTALLATION: [SubjectKind; 3] =
    [SubjectKind::User, SubjectKind::Session, SubjectKind::ApiKey];

/// The kinds of the subjects of the installation's events: a task force is restored by the operator.
pub(super) const OF_INSTALLATION_EVENTS: [SubjectKind; 4] =
    [SubjectKind::User, SubjectKind::Session, SubjectKind::ApiKey, SubjectKind::TaskForce];

/// The kinds of resources of a task force.
pub(super) fn in_task_force() -> Vec<SubjectKind> {
    SubjectKind::ALL.iter().copied().filter(|kind| !IN_INSTALLATION.contains(kind)).collect()
}

/// A [`Reference`] as the fragments make it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceColumns {
    kind: SubjectKind,
    id: Uuid,
    title: Option<LocalizedText>,
    number: Option<i32>,
    task_force_id: Option<Uuid>,
    #[serde(default)]
    parent_ids: Vec<Uuid>,
    step: Option<StepName>,
    cycle: Option<i32>,
}

impl From<ReferenceColumns> for Reference {
    fn from(columns: ReferenceColumns) -> Self {
        let ReferenceColumns { kind, id, title, number, task_force_id, parent_ids, step, cycle } = columns;
        let named = match (kind, number, step.map(StepName::label)) {
            (SubjectKind::Report, Some(number), _) => Self::report(id, number),
            (SubjectKind::Decision, Some(number), _) => Self::decision(id, number),
            (SubjectKind::Step, _, Some(step)) => Self::new(kind, id, LocalizedText::both(step.ar, step.en)),
            (SubjectKind::Submission, _, Some(step)) => {
                let title = LocalizedText::both(
                    format!("طلب إقرار: {}", step.ar),
                    format!("Submission: {}", step.en),
                );
                Self::new(kind, id, title)
            }
            _ => Self { title, number, ..Self::untitled(kind, id) },
        };
        let step = step.map(StepName::code).zip(cycle);
        Self { task_force_id, parent_ids, step, ..named }
    }
}

impl FromSql<Jsonb, Pg> for Reference {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(from_json::<ReferenceColumns>(value)?.into())
    }
}

impl FromSql<Jsonb, Pg> for UserReference {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        from_json(value)
    }
}

impl FromSql<Jsonb, Pg> for NamedByChanges {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        from_json(value)
    }
}

impl FromSql<Jsonb, Pg> for MemberReference {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        from_json(value)
    }
}

fn from_json<T: serde::de::DeserializeOwned>(value: PgValue<'_>) -> deserialize::Result<T> {
    let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
    Ok(serde_json::from_value(value)?)
}

/// Resources that a statement collects in one column: a JSON array of [`resource`]s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References(pub Vec<Reference>);

impl References {
    /// The first hundred, as many as a refusal and a criterion list.
    pub fn first(&self) -> Vec<Reference> {
        self.0.iter().take(MAX_LISTED).cloned().collect()
    }
}

/// Members that a statement collects in one column: a JSON array of [`member`]s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberReferences(pub Vec<MemberReference>);

impl FromSql<Jsonb, Pg> for MemberReferences {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(from_json(value)?))
    }
}

impl FromSql<Jsonb, Pg> for References {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let columns: Vec<ReferenceColumns> = from_json(value)?;
        Ok(Self(columns.into_iter().map(Reference::from).collect()))
    }
}

queryable!(Reference, UserReference, MemberReference, MemberReferences, NamedByChanges, References);
