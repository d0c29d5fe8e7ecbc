//! The events that people are to be told of, and the people whom the events concern.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::schema::{activities, activity_assignees, ballots, conditions, members, users};
use crate::db::statement::Prepared;
use crate::domain::decision::DecisionOutcome;
use crate::domain::event::{EventAction, Subject, SubjectKind};
use crate::domain::notification::rules::{Occurrence, People, RULES, Seat};
use crate::domain::notification::{NotificationDetails, NotificationKind};
use crate::domain::rights::SeatRole;
use crate::domain::user::{UserRole, UserState};

/// The task forces with events of which nobody was told yet, at most so many.
pub async fn behind(conn: &Conn, limit: i64) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        task_force_id: Uuid,
    }
    let query = diesel::sql_query(
        "select h.task_force_id
         from task_force_heads h left join notification_cursors c on c.task_force_id = h.task_force_id
         where h.seq > coalesce(c.seq, 0) limit $1",
    )
    .bind::<BigInt, _>(limit);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.task_force_id).collect())
}

/// Claims a task force until the transaction ends; returns the last event of which people were told. `None` while another
/// process has claimed the task force.
pub async fn claim(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let begin = diesel::sql_query(
        "insert into notification_cursors (task_force_id, seq)
         select id, 0 from task_forces where id = $1 on conflict do nothing",
    )
    .bind::<SqlUuid, _>(task_force_id);
    Prepared(begin).execute(&mut &*conn).await?;
    let claim = diesel::sql_query(
        "select seq from notification_cursors where task_force_id = $1 for update skip locked",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let row: Option<Row> = Prepared(claim).get_result(&mut &*conn).await.optional()?;
    Ok(row.map(|row| row.seq))
}

/// Moves the cursor of a task force that the transaction has claimed.
pub async fn advance(conn: &Conn, task_force_id: Uuid, seq: i64) -> QueryResult<()> {
    let query = diesel::sql_query("update notification_cursors set seq = $2 where task_force_id = $1")
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<BigInt, _>(seq);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Tells whether the next event after a sequence number has values that this version does not know.
pub async fn is_next_unreadable(conn: &Conn, task_force_id: Uuid, after: i64) -> QueryResult<bool> {
    match next_events(conn, task_force_id, after, 1).await {
        Err(diesel::result::Error::DeserializationError(_)) => Ok(true),
        read => read.map(|_| false),
    }
}

/// Moves the cursor of a task force past the next event if the event happened before an instant, and returns the sequence
/// number of the event.
pub async fn pass_over(conn: &Conn, task_force_id: Uuid, before: DateTime<Utc>) -> QueryResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let query = diesel::sql_query(
        "update notification_cursors c set seq = e.seq
         from events e
         where c.task_force_id = $1 and e.task_force_id = c.task_force_id and e.seq = c.seq + 1 and e.at < $2
         returning c.seq",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Timestamptz, _>(before);
    let row: Option<Row> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(row.map(|row| row.seq))
}

/// An event of the batch.
#[derive(Debug)]
pub struct FoundEvent {
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// The id of the request that caused the event; empty for an event of which nobody is told.
    pub request_id: String,
    pub occurrence: Occurrence,
}

#[derive(QueryableByName)]
struct EventRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    actor_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    action: EventAction,
    #[diesel(sql_type = Text)]
    subject_kind: SubjectKind,
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    request_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    from_state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    to_state: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    assignee_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    owner_id: Option<Uuid>,
    #[diesel(sql_type = Array<SqlUuid>)]
    mentioned_ids: Vec<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<SeatRole>,
    #[diesel(sql_type = Nullable<Text>)]
    outcome: Option<DecisionOutcome>,
    #[diesel(sql_type = Nullable<Text>)]
    due_date: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ends_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    voting_ended: bool,
    #[diesel(sql_type = Bool)]
    quorum_lost: bool,
}

impl From<EventRow> for FoundEvent {
    fn from(row: EventRow) -> Self {
        let details = NotificationDetails {
            state: row.to_state.clone(),
            outcome: row.outcome,
            role: row.role,
            // Read here: a date that Postgres cannot read would stop the statement.
            due_date: row.due_date.and_then(|date| date.parse().ok()),
            count: None,
            voting_ended: row.voting_ended,
            quorum_lost: row.quorum_lost,
            ends_at: row.ends_at,
        };
        let occurrence = Occurrence {
            action: row.action,
            subject: Subject { kind: row.subject_kind, id: row.subject_id },
            actor_id: row.actor_id,
            from: row.from_state,
            to: row.to_state,
            assignee_id: row.assignee_id,
            owner_id: row.owner_id,
            mentioned_ids: row.mentioned_ids,
            role: row.role,
            details,
        };
        Self { seq: row.seq, at: row.at, request_id: row.request_id.unwrap_or_default(), occurrence }
    }
}

/// The next events after a sequence number, oldest first. The texts are read only of events that the rules are about.
pub async fn next_events(
    conn: &Conn,
    task_force_id: Uuid,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<FoundEvent>> {
    let actions: Vec<EventAction> = RULES.iter().map(|rule| rule.action).collect();
    let query = diesel::sql_query(
        "select e.seq, e.at, e.actor_id, e.action, e.subject_kind, e.subject_id,
                t.body ->> 'requestId' as request_id, t.body ->> 'from' as from_state, t.body ->> 'to' as to_state,
                (t.body #>> '{changes,assigneeId,after}')::uuid as assignee_id,
                (t.body #>> '{changes,ownerId,after}')::uuid as owner_id,
                array(
                    select id::uuid from jsonb_path_query(t.body, '$.changes.mentions.after[*]') m (id_json),
                         lateral (select m.id_json #>> '{}' as id) text
                    where jsonb_typeof(m.id_json) = 'string'
                      and not coalesce(t.body #> '{changes,mentions,before}' @> m.id_json, false)
                ) as mentioned_ids,
                t.body #>> '{changes,role,after}' as role, t.body #>> '{changes,outcome,after}' as outcome,
                t.body #>> '{changes,dueDate,after}' as due_date,
                (t.body #>> '{changes,votingEndsAt,after}')::timestamptz as ends_at,
                coalesce(t.body #> '{changes,votingEnded,after}' = 'true', false) as voting_ended,
                coalesce(t.body #> '{changes,quorumLost,after}' = 'true', false) as quorum_lost
         from (
             select seq, at, actor_id, action, subject_kind, subject_id, body from events
             where task_force_id = $1 and seq > $2 order by seq limit $3
         ) e
         left join lateral (select e.body::jsonb as body where e.action = any($4) offset 0) t on true
         order by e.seq",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .bind::<Array<Text>, _>(actions);
    let rows: Vec<EventRow> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(FoundEvent::from).collect())
}

/// The people whom events with these subjects may concern.
pub async fn people(conn: &Conn, task_force_id: Uuid, subjects: &[Subject]) -> QueryResult<People> {
    let of_kind = |kind: SubjectKind| -> Vec<Uuid> {
        subjects.iter().filter(|subject| subject.kind == kind).map(|subject| subject.id).collect()
    };
    let (submission_ids, activity_ids) = (of_kind(SubjectKind::Submission), of_kind(SubjectKind::Activity));
    let (condition_ids, webhook_ids) = (of_kind(SubjectKind::Condition), of_kind(SubjectKind::Webhook));
    let seats =
        async {
            let rows: Vec<(Uuid, Uuid, SeatRole, Option<NaiveDate>)> = members::table
                .filter(members::task_force_id.eq(task_force_id))
                .select((members::id, members::user_id, members::role, members::to_date))
                .load(&mut &*conn)
                .await?;
            let seat = |(member_id, user_id, role, to_date): (Uuid, Uuid, SeatRole, Option<NaiveDate>)| {
                Seat { member_id, user_id, role, is_current: to_date.is_none() }
            };
            Ok(rows.into_iter().map(seat).collect())
        };
    let of_council = async {
        users::table
            .filter(users::role.eq_any([UserRole::Secretariat, UserRole::CouncilMember]))
            .filter(users::state.ne(UserState::Disabled))
            .order(users::id)
            .select((users::id, users::role))
            .load::<(Uuid, UserRole)>(&mut &*conn)
            .await
    };
    let voters = async {
        ballots::table
            .filter(ballots::task_force_id.eq(task_force_id))
            .filter(ballots::submission_id.eq_any(&submission_ids))
            .filter(ballots::choice.is_null())
            .filter(ballots::absent_since.is_null())
            .select((ballots::submission_id, ballots::member_id))
            .load(&mut &*conn)
            .await
    };
    let assignees = async {
        activities::table
            .filter(activities::task_force_id.eq(task_force_id))
            .filter(activities::id.eq_any(&activity_ids))
            .filter(activities::assignee_member_id.is_not_null())
            .select((activities::id, activities::assignee_member_id.assume_not_null()))
            .load(&mut &*conn)
            .await
    };
    let workers = async {
        activity_assignees::table
            .inner_join(
                members::table.on(members::task_force_id
                    .eq(activity_assignees::task_force_id)
                    .and(members::id.eq(activity_assignees::member_id))),
            )
            .filter(activity_assignees::task_force_id.eq(task_force_id))
            .filter(activity_assignees::activity_id.eq_any(&activity_ids))
            .select((activity_assignees::activity_id, members::user_id))
            .load(&mut &*conn)
            .await
    };
    let owners = async {
        conditions::table
            .filter(conditions::task_force_id.eq(task_force_id))
            .filter(conditions::id.eq_any(&condition_ids))
            .select((conditions::id, conditions::owner_member_id))
            .load(&mut &*conn)
            .await
    };
    let webhook_owners = async {
        #[derive(QueryableByName)]
        struct Owner {
            #[diesel(sql_type = SqlUuid)]
            webhook_id: Uuid,
            #[diesel(sql_type = SqlUuid)]
            user_id: Uuid,
        }
        let query = diesel::sql_query(
            "select w.id as webhook_id, u.id as user_id from webhooks w join users u on u.id = w.owner_id
             where w.task_force_id = $1 and w.id = any($2) and (u.role <> 'expert' or exists (
                 select from members m where m.task_force_id = $1 and m.user_id = u.id and m.to_date is null
             ))",
        )
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<Array<SqlUuid>, _>(webhook_ids);
        let owners: Vec<Owner> = Prepared(query).load(&mut &*conn).await?;
        Ok(owners.into_iter().map(|owner| (owner.webhook_id, owner.user_id)).collect())
    };
    let (seats, of_council, voters, assignees, workers, owners, webhook_owners) =
        tokio::try_join!(seats, of_council, voters, assignees, workers, owners, webhook_owners)?;
    let with_role = |role: UserRole| {
        of_council.iter().filter(|(_, held)| *held == role).map(|(user_id, _)| *user_id).collect()
    };
    Ok(People {
        seats,
        secretariat: with_role(UserRole::Secretariat),
        council_members: with_role(UserRole::CouncilMember),
        voters,
        assignees,
        workers,
        owners,
        webhook_owners,
    })
}

/// Deletes what was told about a task force to people whose seat in it has ended, except for the end of the seat.
pub async fn forget_former_members(conn: &Conn, task_force_id: Uuid, user_ids: &[Uuid]) -> QueryResult<()> {
    let query = diesel::sql_query(
        "delete from notifications n using users u
         where n.user_id = any($2) and n.about_task_force_id = $1 and n.kind <> $3
           and u.id = n.user_id and u.role = 'expert' and not exists (
               select from members m where m.task_force_id = $1 and m.user_id = n.user_id and m.to_date is null
           )",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<SqlUuid>, _>(user_ids)
    .bind::<Text, _>(NotificationKind::MemberEnded);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
