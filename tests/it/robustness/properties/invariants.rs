//! The invariants of the design (§3 and §4): each query returns the rows that violate one.

use std::collections::BTreeMap;

use taskforce::domain::ballot::{Ballot, Tally, VoteChoice, VoteOutcome};
use taskforce::domain::criterion::CriterionCode;
use taskforce::domain::gate::criteria_of;
use taskforce::domain::step::StepName;
use taskforce::domain::vocabulary::Vocabulary;

use crate::support::TestApp;

/// The invariants that a query can check. Every row that is found violates one.
const INVARIANTS: [(&str, &str); 47] = [
    (
        "a task force at work has five to seven members and one chair",
        "select t.id::text from task_forces t
         left join members m on m.task_force_id = t.id and m.to_date is null
         where t.state in ('active', 'suspended') group by t.id
         having count(m) not between 5 and 7 or count(m) filter (where m.role = 'chair') <> 1",
    ),
    (
        "the steps before the open one have passed, and the later ones are locked",
        "select t.id || ' ' || t.state || ' ' || s.states from task_forces t
         join lateral (select string_agg(left(state, 1), '' order by ordinal) as states from steps
                       where task_force_id = t.id and cycle = t.current_cycle) s on true
         where not case t.state
             when 'forming' then s.states = 'lllll'
             when 'concluded' then s.states = 'ppppp'
             when 'dissolved' then s.states ~ '^p*o?l*$' and length(s.states) = 5
             else s.states ~ '^p*[os]l*$' and length(s.states) = 5 or s.states = 'ppppp' end",
    ),
    (
        "only a task force that waits for the council has passed all its steps",
        "select t.id::text from task_forces t where t.state in ('active', 'suspended')
         and not exists (select from steps where task_force_id = t.id and cycle = current_cycle and state <> 'passed')
             <> exists (select from reports where task_force_id = t.id and cycle = current_cycle and state = 'submitted')",
    ),
    (
        "a cycle that is over has passed all its steps",
        "select s.id::text from steps s join task_forces t on t.id = s.task_force_id
         where s.cycle < t.current_cycle and s.state <> 'passed'",
    ),
    (
        "cycles count from one up to the present, with five steps each",
        "select t.id::text from task_forces t where t.current_cycle <> (select count(*) from cycles where task_force_id = t.id)
         or t.current_cycle <> (select max(number) from cycles where task_force_id = t.id)
         or 5 * t.current_cycle <> (select count(*) from steps where task_force_id = t.id)",
    ),
    (
        "a cycle is opened by a decision to continue that holds",
        "select t.id::text from task_forces t where t.current_cycle <> 1 + (
             select count(*) from decisions d where d.task_force_id = t.id and d.outcome = 'continue'
             and not exists (select from decisions where task_force_id = t.id and supersedes_id = d.id))",
    ),
    (
        "a step is submitted as long as one submission of it is voted on",
        "select s.id::text from steps s where (s.state = 'submitted')::int <> (
             select count(*) from submissions where task_force_id = s.task_force_id and cycle = s.cycle
             and step = s.step and state = 'voting')",
    ),
    (
        "a step has passed because a submission of it has",
        "select s.id::text from steps s where s.state = 'passed' and not exists (
             select from submissions where task_force_id = s.task_force_id and cycle = s.cycle and step = s.step
             and state = 'passed')",
    ),
    (
        "exactly the members at its submission may vote on a step",
        "with s as (
             select s.task_force_id, s.id, e.seq from submissions s
             join events e on e.task_force_id = s.task_force_id and e.subject_id = s.id and e.action = 'submission.created'
         ), entitled as (
             select s.task_force_id, s.id, m.id as member_id from s join members m using (task_force_id)
             join events a on a.task_force_id = m.task_force_id and a.subject_id = m.id and a.action = 'member.appointed'
                          and a.seq < s.seq
             left join events e on e.task_force_id = m.task_force_id and e.subject_id = m.id and e.action = 'member.ended'
             where e.seq is null or e.seq > s.seq
         )
         select s.id::text from submissions s where
             array(select member_id from ballots where task_force_id = s.task_force_id and submission_id = s.id order by 1)
             <> array(select member_id from entitled where task_force_id = s.task_force_id and id = s.id order by 1)",
    ),
    (
        "adopted policies and selected sectors are of the current cycle",
        "select p.id::text from policies p join task_forces t on t.id = p.task_force_id
         where p.state = 'adopted' and p.last_cycle <> t.current_cycle
         union all
         select s.id::text from sectors s join task_forces t on t.id = s.task_force_id
         where s.state in ('selected', 'studied') and s.last_cycle <> t.current_cycle",
    ),
    (
        "the open activities of the current cycle are counted",
        "select t.id::text from task_forces t left join open_activity_counts c on c.task_force_id = t.id
         cross join lateral (
             select count(*) as open, count(*) filter (where state = 'blocked') as blocked,
                    coalesce(array_agg(due_date order by due_date) filter (where due_date is not null), '{}') as due_dates
             from activities where task_force_id = t.id and cycle = t.current_cycle and state not in ('done', 'cancelled')
         ) a
         where (c.open, c.blocked, c.due_dates) is distinct from (a.open, a.blocked, a.due_dates)",
    ),
    (
        "a superseded policy names one that is adopted, or was and may be again",
        "select p.id::text from policies p
         left join policies b on b.task_force_id = p.task_force_id and b.id = p.superseded_by_id
         where p.state = 'superseded' and coalesce(b.state, '') not in ('adopted', 'superseded', 'underReview')",
    ),
    (
        "a policy is adopted by another than the one who put it under review",
        "select a.id::text from events a
         join lateral (select actor_id from events where task_force_id = a.task_force_id and subject_id = a.subject_id
                       and seq < a.seq and body::json ->> 'to' = 'underReview' order by seq desc limit 1) r on true
         where a.action = 'policy.transitioned' and a.body::json ->> 'to' = 'adopted' and a.actor_id = r.actor_id",
    ),
    (
        "the assignees of started work are on record",
        "select id::text from activities a where started_at is not null and assignee_member_id is not null
         and not exists (select from activity_assignees where task_force_id = a.task_force_id and activity_id = a.id
                         and member_id = a.assignee_member_id)",
    ),
    (
        "reviewed work was reviewed by another than the one who put it to the review",
        "select d.id::text from events d
         join lateral (select actor_id from events where task_force_id = d.task_force_id and subject_id = d.subject_id
                       and seq < d.seq and body::json ->> 'from' = 'inProgress' and body::json ->> 'to' = 'inReview'
                       order by seq desc limit 1) r on true
         where d.action = 'activity.transitioned' and d.body::json ->> 'from' = 'inReview'
           and d.body::json ->> 'to' = 'done' and d.actor_id = r.actor_id",
    ),
    (
        "reviewed work was reviewed by somebody who did not work on it",
        "select a.id::text from activities a
         join lateral (select actor_id, body::json ->> 'from' as before from events
                       where task_force_id = a.task_force_id and subject_id = a.id and action = 'activity.transitioned'
                       order by seq desc limit 1) e on e.before = 'inReview'
         join activity_assignees w on w.task_force_id = a.task_force_id and w.activity_id = a.id
         join members m on m.task_force_id = w.task_force_id and m.id = w.member_id
         where a.state = 'done' and m.user_id = e.actor_id",
    ),
    (
        "a studied sector has both maturities and a completed study with a recommendation",
        "select s.id::text from sectors s where s.state = 'studied' and not (
             (select count(distinct kind) from assessments where task_force_id = s.task_force_id and sector_id = s.id) = 2
             and exists (select from studies where task_force_id = s.task_force_id and sector_id = s.id
                         and completed and recommendation is not null))",
    ),
    (
        "beyond its step a policy is adopted",
        "select s.id::text from steps s join task_forces t on t.id = s.task_force_id and t.current_cycle = s.cycle
         where s.step = 'policy' and s.state in ('submitted', 'passed') and not exists (
             select from policies where task_force_id = t.id and last_cycle = s.cycle and state = 'adopted')",
    ),
    (
        "beyond their step a few sectors are selected",
        "select s.id::text from steps s join task_forces t on t.id = s.task_force_id and t.current_cycle = s.cycle
         where s.step = 'sectors' and s.state in ('submitted', 'passed') and (
             select count(*) from sectors where task_force_id = t.id and last_cycle = s.cycle
             and state in ('selected', 'studied')) not between 1 and t.max_sectors",
    ),
    (
        "a pilot that is planned has an aim and an indicator that is set",
        "select p.id::text from pilots p where p.state in ('planned', 'running') and (p.aims = '{}' or not exists (
             select from indicators where task_force_id = p.task_force_id and pilot_id = p.id
             and baseline is not null and target is not null and retirement_reason is null))",
    ),
    (
        "beyond their step all indicators of planned pilots are set",
        "select p.id::text from pilots p
         join steps s on s.task_force_id = p.task_force_id and s.cycle = p.last_cycle and s.step = 'pilots'
         join indicators i on i.task_force_id = p.task_force_id and i.pilot_id = p.id
         where p.state in ('planned', 'running') and s.state in ('submitted', 'passed')
         and (i.baseline is null or i.target is null) and i.retirement_reason is null",
    ),
    (
        "only an indicator that was measured in an earlier run is retired",
        "select i.id::text from indicators i
         join pilots p on p.task_force_id = i.task_force_id and p.id = i.pilot_id
         where i.retirement_reason is not null and not exists (
             select from measurements v where v.task_force_id = i.task_force_id and v.indicator_id = i.id
             and v.run < p.run)",
    ),
    (
        "an evaluated pilot was measured by all its indicators in use",
        "select p.id::text from pilots p where p.state = 'evaluated' and (
             p.outcome is null or p.lessons is null
             or not exists (select from indicators where task_force_id = p.task_force_id and pilot_id = p.id)
             or exists (select from indicators i where i.task_force_id = p.task_force_id and i.pilot_id = p.id
                        and i.retirement_reason is null and not exists (select from measurements v where v.task_force_id = i.task_force_id
                                        and v.indicator_id = i.id and v.run = p.run)))",
    ),
    (
        "the target of a studied sector is not below its present level",
        "select s.id::text from sectors s
         join lateral (select level from assessments where task_force_id = s.task_force_id and sector_id = s.id
                       and kind = 'current' order by assessed_on desc, id desc limit 1) c on true
         join lateral (select level from assessments where task_force_id = s.task_force_id and sector_id = s.id
                       and kind = 'target' order by assessed_on desc, id desc limit 1) t on t.level < c.level
         where s.state = 'studied'",
    ),
    (
        "the target of an indicator lies in its direction",
        "select id::text from indicators
         where direction = 'up' and target <= baseline or direction = 'down' and target >= baseline",
    ),
    (
        "nothing is measured before its pilot was started",
        "select v.id::text from measurements v
         join pilots p on p.task_force_id = v.task_force_id and p.id = v.pilot_id and p.run = v.run
         join task_forces t on t.id = p.task_force_id
         where p.state in ('running', 'evaluated') and v.measured_on < local_date(p.started_at, t.time_zone)",
    ),
    (
        "no condition is due before its decision",
        "select c.id::text from conditions c
         join decisions d on d.task_force_id = c.task_force_id and d.id = c.decision_id
         where c.due_date < d.decided_on",
    ),
    (
        "only pilots that were evaluated to scale are migrated",
        "select m.id::text from migrations m where m.state <> 'rolledBack' and not exists (
             select from evaluations v where v.task_force_id = m.task_force_id and v.pilot_id = m.pilot_id
             and v.cycle = m.cycle and v.outcome = 'scale')",
    ),
    (
        "each evaluation is on record, and an evaluated pilot has the outcome of the last",
        "select p.id::text from pilots p
         left join lateral (
             select count(*) as total, coalesce(max(number), 0) as last from evaluations
             where task_force_id = p.task_force_id and pilot_id = p.id
         ) n on true
         left join evaluations v on v.task_force_id = p.task_force_id and v.pilot_id = p.id and v.number = n.last
         where n.total <> n.last
            or n.total <> (select count(*) from events where task_force_id = p.task_force_id and subject_id = p.id
                           and action = 'pilot.transitioned' and body::json ->> 'to' = 'evaluated')
            or p.state = 'evaluated' and (v.outcome, v.lessons, v.run) is distinct from (p.outcome, p.lessons, p.run)",
    ),
    (
        "a live migration has a finished checklist and counts that are explained, and a handed-over one names its receivers",
        "select m.id::text from migrations m where m.state in ('live', 'handedOver') and not (
             m.reconciliation_source is not null
             and (m.reconciliation_source = m.reconciliation_loaded + m.reconciliation_rejected
                  or m.reconciliation_reason is not null)
             and (m.state = 'live' or m.receiving_unit is not null and m.service_owner is not null)
             and coalesce((select bool_and(done) from checklist_items where task_force_id = m.task_force_id
                           and migration_id = m.id), false))",
    ),
    (
        "nothing is made before its step opens",
        "select made.id::text from (
             select task_force_id, id, cycle, 'policy' as step from policies
             union all select task_force_id, id, cycle, 'sectors' from sectors
             union all select task_force_id, id, cycle, 'pilots' from pilots
             union all select task_force_id, id, cycle, 'migration' from migrations
             union all select task_force_id, id, cycle, 'report' from reports
             union all select task_force_id, id, cycle, step from activities where started_at is not null
             union all select task_force_id, id, cycle, step from submissions
             union all select task_force_id, id, cycle, step from waivers
         ) made join steps s using (task_force_id, cycle, step) where s.opened_at is null",
    ),
    (
        "the state of an activity is consistent with its fields",
        "select id::text from activities where
             coalesce(blocked_from, state) in ('inProgress', 'inReview', 'done') and started_at is null
             or coalesce(blocked_from, state) = 'planned' and started_at is not null
             or coalesce(blocked_from, state) = 'inReview' and not review_required
             or (state = 'blocked') <> (blocked_from is not null)",
    ),
    (
        "dependencies form no circle",
        "with recursive waits (task_force_id, of, on_id) as (
             select task_force_id, activity_id, depends_on_id from activity_dependencies
             union
             select w.task_force_id, w.of, d.depends_on_id from waits w
             join activity_dependencies d on d.task_force_id = w.task_force_id and d.activity_id = w.on_id
         ) select of::text from waits where of = on_id",
    ),
    (
        "open work is owned by current members",
        "select w.id::text from (
             select p.task_force_id, p.id, p.owner_member_id as member_id
             from pilots p join task_forces t on t.id = p.task_force_id
             where p.state in ('proposed', 'planned', 'running') and p.last_cycle = t.current_cycle
                or p.outcome = 'extend'
             union all
             select task_force_id, id, owner_member_id from conditions where state in ('open', 'reportedMet')
             union all
             select task_force_id, id, assignee_member_id from activities
             where state not in ('done', 'cancelled') and assignee_member_id is not null
         ) w join members m on m.task_force_id = w.task_force_id and m.id = w.member_id where m.to_date is not null",
    ),
    (
        "locked steps have no waivers",
        "select w.id::text from waivers w join steps s using (task_force_id, cycle, step)
         where s.state = 'locked' and w.cleared_by_id is null",
    ),
    (
        "a waiver is taken back by a decision that holds",
        "select w.id::text from waivers w
         join decisions c on c.task_force_id = w.task_force_id and c.id = w.cleared_by_id
         join decisions d on d.task_force_id = c.task_force_id and d.report_id = c.report_id
         join steps s on s.task_force_id = w.task_force_id and s.cycle = w.cycle and s.step = w.step
         where not exists (select from decisions where task_force_id = d.task_force_id and supersedes_id = d.id)
         and (d.outcome <> 'adjust' or s.ordinal <= (
             select ordinal from steps where task_force_id = w.task_force_id and cycle = w.cycle and step = d.return_to_step))",
    ),
    (
        "drafts are of the step that is at work on them",
        "select r.id::text from reports r
         join steps s on s.task_force_id = r.task_force_id and s.cycle = r.cycle and s.step = 'report'
         join task_forces t on t.id = r.task_force_id
         where r.state = 'draft' and (r.cycle <> t.current_cycle or s.state not in ('open', 'submitted'))",
    ),
    (
        "one decision holds on each report that was decided on, and none on any other",
        "select r.id::text from reports r where (r.state = 'decided')::int <> (
             select count(*) from decisions d where d.task_force_id = r.task_force_id and d.report_id = r.id
             and not exists (select from decisions where task_force_id = d.task_force_id and supersedes_id = d.id))",
    ),
    (
        "a task force has ended because the council decided so",
        "select t.id::text from task_forces t
         left join lateral (
             select outcome from decisions d where d.task_force_id = t.id
             and not exists (select from decisions where task_force_id = t.id and supersedes_id = d.id)
             and outcome in ('conclude', 'stop') limit 1
         ) d on true
         where (t.state = 'concluded') <> (coalesce(d.outcome, '') = 'conclude')
         or d.outcome = 'stop' and t.state <> 'dissolved'",
    ),
    (
        "open conditions belong to a decision that holds, or to one with the same outcome",
        "select c.id::text from conditions c
         join decisions o on o.task_force_id = c.task_force_id and o.id = c.decision_id
         join decisions d on d.task_force_id = o.task_force_id and d.report_id = o.report_id
         where c.state in ('open', 'reportedMet')
         and not exists (select from decisions where task_force_id = d.task_force_id and supersedes_id = d.id)
         and (d.outcome, d.return_to_step) is distinct from (o.outcome, o.return_to_step)",
    ),
    (
        "a number is given once",
        "select h.task_force_id::text from task_force_heads h where
             h.last_activity_number <> (select count(*) from events where task_force_id = h.task_force_id
                                        and action = 'activity.created')
             or h.last_activity_number < (select max(number) from activities where task_force_id = h.task_force_id)
             or (select count(*) <> coalesce(max(number), 0) from reports where task_force_id = h.task_force_id)
             or (select count(*) <> coalesce(max(number), 0) from decisions where task_force_id = h.task_force_id)",
    ),
    (
        "events are gap-free and chained up to the head",
        "select e.task_force_id || ' ' || e.seq from (
             select *, row_number() over w as nth, lag(hash, 1, decode(repeat('00', 32), 'hex')) over w as before
             from events window w as (partition by task_force_id order by seq)
         ) e where e.seq <> e.nth or e.previous_hash <> e.before
             or e.hash <> sha256(e.before || convert_to(e.body, 'UTF8'))
         union all
         select h.task_force_id::text from task_force_heads h
         where h.seq <> (select max(seq) from events where task_force_id = h.task_force_id)
             or h.hash <> (select hash from events where task_force_id = h.task_force_id and seq = h.seq)",
    ),
    (
        "each state is the one in the last event",
        "select n.id || ' ' || n.state from (
             select id, state from task_forces where state <> 'forming'
             union all select id, state from steps where state <> 'locked'
             union all select id, state from submissions where state <> 'voting'
             union all select id, state from policies where state <> 'identified'
             union all select id, state from sectors
             union all select id, state from pilots
             union all select id, state from migrations
             union all select id, state from activities
             union all select id, state from reports
             union all select id, state from conditions
         ) n left join lateral (
             select body::json ->> 'to' as said from events where subject_id = n.id and action like '%.transitioned'
             order by seq desc limit 1
         ) e on true
         where n.state <> coalesce(e.said, case when n.state in ('candidate', 'proposed', 'planned', 'draft', 'open') then n.state else '' end)",
    ),
    (
        "each version counts the events that changed its row",
        "select n.kind || ' ' || n.id || ' ' || n.version from (
             select 'taskForce' as kind, id, version from task_forces
             union all select 'member', id, version from members
             union all select 'step', id, version from steps
             union all select 'submission', id, version from submissions
             union all select 'policy', id, version from policies
             union all select 'sector', id, version from sectors
             union all select 'assessment', id, version from assessments
             union all select 'study', id, version from studies
             union all select 'pilot', id, version from pilots
             union all select 'indicator', id, version from indicators
             union all select 'measurement', id, version from measurements
             union all select 'migration', id, version from migrations
             union all select 'checklistItem', id, version from checklist_items
             union all select 'activity', id, version from activities
             union all select 'comment', id, version from comments
             union all select 'evidence', id, version from evidence
             union all select 'report', id, version from reports
             union all select 'condition', id, version from conditions
         ) n left join lateral (
             select count(*) as changes from events where subject_id = n.id
             and action = any(array[n.kind || '.updated', n.kind || '.transitioned', 'member.ended',
                                'evidence.uploaded', 'cycle.opened', 'cycle.removed'])
         ) e on true where n.version <> 1 + e.changes",
    ),
    (
        "each row exists from its creation event to its deletion event",
        "select n.id::text from (
             select id from policies union all select id from sectors union all select id from assessments
             union all select id from studies union all select id from pilots union all select id from indicators
             union all select id from measurements union all select id from migrations
             union all select id from checklist_items union all select id from activities
             union all select id from comments union all select id from evidence union all select id from reports
             union all select id from conditions
         ) n where (select array_agg(action) from events where subject_id = n.id
                    and (action like '%.created' or action like '%.deleted')) is distinct from (
             select array_agg(action) from events where subject_id = n.id and action like '%.created')
         or not exists (select from events where subject_id = n.id and action like '%.created')",
    ),
    (
        "the hash of a frozen document is the hash of its text",
        "select id::text from submissions where hash <> sha256(convert_to(snapshot, 'UTF8'))
         union all select id::text from reports where hash <> sha256(convert_to(model, 'UTF8'))",
    ),
    (
        "votes are open only in task forces at work",
        "select s.id::text from submissions s join task_forces t on t.id = s.task_force_id
         where s.state = 'voting' and (t.state not in ('active', 'suspended') or s.cycle <> t.current_cycle)",
    ),
];

/// Fails if the database violates an invariant.
pub(super) async fn check(app: &TestApp, seed: u64) {
    let mut broken = Vec::new();
    for (invariant, query) in INVARIANTS {
        let rows =
            app.db().await.query(query, &[]).await.unwrap_or_else(|error| panic!("{invariant}: {error:?}"));
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        if !found.is_empty() {
            broken.push(format!("{invariant}: {found:?}"));
        }
    }
    broken.extend(wrong_votes(app).await);
    broken.extend(wrong_waivers(app).await);
    assert!(broken.is_empty(), "TASKFORCE_SEED={seed}: {broken:#?}");
}

/// The code of a vocabulary, as the database has it.
fn from_code<T: Vocabulary>(code: &str) -> T {
    T::ALL.iter().copied().find(|one| one.code() == code).unwrap()
}

/// Submissions whose state doesn't follow from their ballots.
async fn wrong_votes(app: &TestApp) -> Vec<String> {
    let query =
        "select s.id::text, s.state, t.state = 'active', b.choice, b.absent_since is not null from submissions s
                 join task_forces t on t.id = s.task_force_id
                 join ballots b on b.task_force_id = s.task_force_id and b.submission_id = s.id
                 order by s.id";
    let rows = app.db().await.query(query, &[]).await.unwrap();
    let mut votes: BTreeMap<(String, String, bool), Vec<Ballot>> = BTreeMap::new();
    for row in rows {
        let choice = row.get::<_, Option<String>>(3).map(|code| from_code::<VoteChoice>(&code));
        let ballot = Ballot { choice, absent: row.get(4) };
        votes.entry((row.get(0), row.get(1), row.get(2))).or_default().push(ballot);
    }
    let is_right = |state: &str, active: bool, outcome: Option<VoteOutcome>| match state {
        "passed" => outcome == Some(VoteOutcome::Passed),
        "returned" => matches!(outcome, Some(VoteOutcome::Returned | VoteOutcome::QuorumLost)),
        // While votes pause, members may leave without deciding anything.
        "voting" => outcome.is_none() || !active,
        _ => true,
    };
    votes
        .into_iter()
        .filter(|((_, state, active), ballots)| {
            let tally = Tally::of(ballots.iter().copied());
            !(5..=7).contains(&tally.entitled) || !is_right(state, *active, tally.outcome())
        })
        .map(|vote| format!("a vote is decided by its ballots: {vote:?}"))
        .collect()
}

/// Waivers of what their step doesn't ask, or nobody can waive.
async fn wrong_waivers(app: &TestApp) -> Vec<String> {
    let rows = app.db().await.query("select step, criterion from waivers", &[]).await.unwrap();
    rows.iter()
        .map(|row| (from_code::<StepName>(row.get(0)), from_code::<CriterionCode>(row.get(1))))
        .filter(|(step, code)| !criteria_of(*step).contains(code) || !code.is_waivable())
        .map(|wrong| format!("only what can be waived is waived: {wrong:?}"))
        .collect()
}
