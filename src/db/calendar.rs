//! The entries of a calendar in one statement: the due dates of a task force or of a person around a day.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize;
use diesel::prelude::*;
use diesel::result::Error::DeserializationError;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use crate::domain::calendar_entry::{CalendarEntry, DAYS_AHEAD, DAYS_BACK, DueSubject, MOST_ENTRIES};
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary;

/// The owner of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarScope {
    /// Everything that is due in a task force.
    TaskForce(Uuid),
    /// The work of a member in all task forces: assigned activities, own conditions, the ends of votes in which the member
    /// is entitled, and for the chair all conditions and the target dates of the steps; with the meetings of the council
    /// about these task forces.
    Member(Uuid),
    /// The meetings of the council about all task forces, and all conditions.
    Council,
}

/// An entry as the statement returns it.
#[derive(Debug, QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Integer>)]
    number: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    step: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    title: Option<LocalizedText>,
    /// The state, or the outcome of a decision.
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    /// The meeting of a decision, or the local time at which a vote ends.
    #[diesel(sql_type = Nullable<Text>)]
    meeting: Option<String>,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Nullable<Jsonb>)]
    person: Option<LocalizedText>,
    #[diesel(sql_type = SqlUuid)]
    task_force_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    task_force_name: LocalizedText,
    #[diesel(sql_type = Bool)]
    is_closed: bool,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

/// The columns of a row that are those of its task force `t`.
const TASK_FORCE: &str = "t.id as task_force_id, t.name as task_force_name, t.is_closed";

/// The days of the calendar around the day `$1`.
fn within(day: &str) -> String {
    format!("{day} between $1 - {DAYS_BACK} and $1 + {DAYS_AHEAD}")
}

/// The due date of a deleted activity. Dates of the year 0, which were accepted once, are no dates to Postgres.
const DELETED_DUE_DATE: &str = "case when e.changes #>> '{dueDate,before}' not like '0000%'
                                     then (e.changes #>> '{dueDate,before}')::date end";

/// The most deleted activities of a task force that a calendar shows as cancelled: the newest.
const MOST_DELETED: i64 = 100;

/// The most bytes of their events, of which each has the whole description of its activity. The texts are parsed at each
/// request; `offset 0` keeps Postgres from parsing them once for each column.
const MOST_DELETED_BYTES: i64 = 1024 * 1024;

/// The statement: the task forces `t` with the seat of the person, and a part for each kind of entry. A version grows
/// with each change of a row, and that of the task force with each change of its state, so that the sum grows with both.
/// The event of a deletion has a greater number than the activity ever had versions.
fn statement(scope: CalendarScope) -> String {
    let closed = "t.state in ('concluded', 'dissolved') as is_closed";
    let of_t = "t.id, t.name, t.version, t.updated_at, t.current_cycle, t.next_council_date, t.time_zone";
    let task_forces = match scope {
        CalendarScope::TaskForce(_) => {
            format!(
                "select {of_t}, {closed}, null::uuid as member_id, true as leads from task_forces t where t.id = $2"
            )
        }
        CalendarScope::Member(_) => format!(
            "select {of_t}, {closed}, m.id as member_id, m.role = 'chair' as leads
             from members m join task_forces t on t.id = m.task_force_id
             where m.user_id = $2 and m.to_date is null"
        ),
        CalendarScope::Council => {
            format!("select {of_t}, {closed}, $2 as member_id, true as leads from task_forces t")
        }
    };
    // Of few task forces, the rows are found by the task force; `offset` keeps Postgres from reading those of all task
    // forces by their days. Of all task forces, the rows are found by their days.
    let of_task_forces = |table: &str, row: &str| match scope {
        CalendarScope::TaskForce(_) | CalendarScope::Member(_) => {
            format!("t cross join lateral (select * from {table} where task_force_id = t.id offset 0) {row}")
        }
        CalendarScope::Council => format!("t join {table} {row} on {row}.task_force_id = t.id"),
    };
    // The state of a task force ends what was due, so that its change is a change of each entry.
    let changed = |at: &str| format!("greatest({at}, case when t.is_closed then t.updated_at end)");
    let activities = format!(
        "select 'activity' as kind, a.id, a.number, a.step, a.title, a.state, null::text as meeting,
                a.due_date as day, a.assignee_member_id as person_id, {TASK_FORCE},
                (a.version + t.version)::bigint as sequence, {changed} as changed_at
         from t
         join cycles c on c.task_force_id = t.id
         join activities a on a.task_force_id = t.id and a.cycle = c.number and {within}
         where t.member_id is null or a.assignee_member_id = t.member_id",
        changed = changed("a.updated_at"),
        within = within("due_or_never(a.due_date)"),
    );
    let deleted = format!(
        "select 'deletedActivity', e.subject_id, null, e.changes #>> '{{step,before}}', e.changes #> '{{title,before}}',
                null, null, {DELETED_DUE_DATE}, null, {TASK_FORCE}, e.seq + t.version, e.at
         from t
         cross join lateral (
             select subject_id, seq, at, body::jsonb -> 'changes' as changes
             from (select *, sum(octet_length(body)) over (order by seq desc) as bytes
                   from (select subject_id, seq, at, body from events
                         where task_force_id = t.id and action = 'activity.deleted'
                         order by seq desc limit {MOST_DELETED}) newest) sized
             where bytes <= {MOST_DELETED_BYTES}
             offset 0
         ) e
         where {within}
           and (t.member_id is null or e.changes #>> '{{assigneeId,before}}' = t.member_id::text)",
        within = within(DELETED_DUE_DATE),
    );
    let steps = format!(
        "select 'step', s.id, s.cycle, s.step, null, s.state, null, s.target_date, null, {TASK_FORCE},
                s.version + t.version, {changed}
         from t join steps s on s.task_force_id = t.id and {within}
         where t.leads",
        changed = changed("s.updated_at"),
        within = within("s.target_date"),
    );
    let votes = format!(
        "select 'vote', s.id, s.cycle, s.step, null, s.state,
                to_char(s.voting_ends_at at time zone case when is_time_zone(t.time_zone) then t.time_zone else 'UTC' end,
                        'HH24:MI'),
                local_date(s.voting_ends_at, t.time_zone), null, {TASK_FORCE}, s.version + t.version, {changed}
         from t join submissions s on s.task_force_id = t.id and s.voting_ends_at is not null and {within}
         where t.member_id is null
            or exists (select from ballots b
                       where b.task_force_id = t.id and b.submission_id = s.id and b.member_id = t.member_id)",
        changed = changed("s.updated_at"),
        within = within("local_date(s.voting_ends_at, t.time_zone)"),
    );
    let conditions = format!(
        "select 'condition' as kind, c.id, null::int as number, null::text as step, c.text as title, c.state,
                null::text as meeting, c.due_date as day, c.owner_member_id as person_id, {TASK_FORCE},
                c.version::bigint as sequence, c.updated_at as changed_at
         from {conditions}
         where c.state = any('{{open,reportedMet,met,waived,superseded}}') and {within}
           and (t.leads or c.owner_member_id = t.member_id)",
        conditions = of_task_forces("conditions", "c"),
        within = within("c.due_date"),
    );
    // The decision of a meeting takes the place of the meeting.
    let meetings = format!(
        "select 'meeting', t.id, t.current_cycle, null, null, null, null, t.next_council_date, null, {TASK_FORCE},
                t.version, t.updated_at
         from t
         where {within}
           and not exists (select from decisions d
                           where d.task_force_id = t.id and d.decided_on >= t.next_council_date)",
        within = within("t.next_council_date"),
    );
    let decisions = format!(
        "select 'decision', d.id, d.number, null, null, d.outcome, d.meeting_reference, d.decided_on, null, {TASK_FORCE},
                0, d.created_at
         from {decisions}
         where {within}
           and not exists (select from decisions later
                           where later.task_force_id = d.task_force_id and later.supersedes_id = d.id)",
        decisions = of_task_forces("decisions", "d"),
        within = within("d.decided_on"),
    );
    let parts = match scope {
        CalendarScope::TaskForce(_) | CalendarScope::Member(_) => {
            vec![activities, deleted, steps, votes, conditions, meetings, decisions]
        }
        CalendarScope::Council => vec![conditions, meetings, decisions],
    };
    let parts = parts.join("\n union all \n");
    format!(
        "with t as ({task_forces}),
              due as (select * from ({parts}) parts order by abs(day - $1), kind, id limit {MOST_ENTRIES})
         select due.*, (select u.name from members m join users u on u.id = m.user_id
                        where m.task_force_id = due.task_force_id and m.id = due.person_id) as person
         from due order by day, kind, id"
    )
}

/// The entries of a calendar on the days around a day, the earliest first.
pub async fn entries(conn: &Conn, scope: CalendarScope, day: NaiveDate) -> QueryResult<Vec<CalendarEntry>> {
    let id = match scope {
        CalendarScope::TaskForce(id) | CalendarScope::Member(id) => Some(id),
        CalendarScope::Council => None,
    };
    let query = diesel::sql_query(statement(scope)).bind::<Date, _>(day).bind::<Nullable<SqlUuid>, _>(id);
    let rows: Vec<EntryRow> = Prepared(query).load(&mut &*conn).await?;
    rows.into_iter().map(|row| row.entry().map_err(DeserializationError)).collect()
}

impl EntryRow {
    fn entry(self) -> deserialize::Result<CalendarEntry> {
        let subject = match self.kind.as_str() {
            "activity" => DueSubject::Activity {
                number: given(self.number)?,
                step: word(self.step)?,
                title: given(self.title)?,
                state: word(self.state)?,
            },
            "deletedActivity" => {
                DueSubject::DeletedActivity { step: word(self.step)?, title: given(self.title)? }
            }
            "step" => DueSubject::Step {
                step: word(self.step)?,
                cycle: given(self.number)?,
                state: word(self.state)?,
            },
            "vote" => DueSubject::Vote {
                step: word(self.step)?,
                state: word(self.state)?,
                time: given(self.meeting)?,
            },
            "condition" => DueSubject::Condition { text: given(self.title)?, state: word(self.state)? },
            "meeting" => DueSubject::Meeting { cycle: given(self.number)? },
            "decision" => DueSubject::Decision {
                number: given(self.number)?,
                outcome: word(self.state)?,
                meeting: given(self.meeting)?,
            },
            other => return Err(format!("no kind of calendar entry: {other}").into()),
        };
        Ok(CalendarEntry {
            subject,
            id: self.id,
            day: self.day,
            person: self.person,
            task_force_id: self.task_force_id,
            task_force_name: self.task_force_name,
            is_closed: self.is_closed,
            sequence: self.sequence,
            changed_at: self.changed_at,
        })
    }
}

/// A column that a kind of entry has.
fn given<T>(value: Option<T>) -> deserialize::Result<T> {
    value.ok_or_else(|| "a calendar entry lacks a column of its kind".into())
}

/// A code of a vocabulary.
fn word<V: Vocabulary>(code: Option<String>) -> deserialize::Result<V> {
    let code = given(code)?;
    V::parse(&code).ok_or_else(|| format!("unknown code in a calendar entry: {code}").into())
}
