//! One row of everything in a step of task force A, in one language, past the rules of the service.

use taskforce::db::pool::{Pool, connect};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::support::{TestApp, postgres};

/// A task force with a row in each table that belongs to a step, and in each column that refers to another row.
pub(super) struct Filled {
    pub(super) app: TestApp,
    /// The service's own queries, as the owner of the database.
    pub(super) pool: Pool,
    pub(super) task_force: Uuid,
}

const ROWS: &str = "
    insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state, superseded_by_id, state_since, created_at, updated_at)
        values ($tf, $policy, 1, 1, '{\"en\": \"Policy\"}', 'policy', '{}', 'adopted', null, now(), now(), now()),
               ($tf, gen_random_uuid(), 1, 1, '{\"en\": \"Old\"}', 'policy', '{}', 'superseded', $policy, now(), now(), now());
    insert into sectors (task_force_id, id, cycle, last_cycle, name, state, state_since, created_at, updated_at)
        values ($tf, $sector, 1, 1, '{\"en\": \"Sector\"}', 'studied', now(), now(), now());
    insert into assessments (task_force_id, id, sector_id, kind, level, assessed_on, created_at, updated_at)
        values ($tf, $assessment, $sector, 'current', 1, now(), now(), now());
    insert into studies (task_force_id, id, sector_id, title, approach, completed, created_at, updated_at)
        values ($tf, $study, $sector, '{\"en\": \"Study\"}', 'Interviews', true, now(), now());
    insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, policy_id, owner_member_id, aims, start_date,
                        end_date, state, state_since, created_at, updated_at)
        values ($tf, $pilot, 1, 1, '{\"en\": \"Pilot\"}', $sector, $policy, $member, '{}', now(), now(), 'planned', now(), now(), now());
    insert into indicators (task_force_id, id, pilot_id, name, unit, direction, created_at, updated_at)
        values ($tf, $indicator, $pilot, '{\"en\": \"Indicator\"}', '%', 'up', now(), now());
    insert into measurements (task_force_id, id, pilot_id, indicator_id, cycle, value, measured_on, created_at, updated_at)
        values ($tf, gen_random_uuid(), $pilot, $indicator, 1, 1, now(), now(), now());
    insert into evaluations (task_force_id, pilot_id, number, cycle, run, outcome, lessons, indicators, evaluated_at)
        values ($tf, $pilot, 1, 1, 1, 'extend', '{\"en\": \"Lessons\"}', '[]', now());
    insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on, reconciliation_source,
                            reconciliation_loaded, reconciliation_rejected, state_since, created_at, updated_at)
        values ($tf, $migration, 1, 1, $pilot, '{\"en\": \"Migration\"}', 'Platform', now(), 1, 1, 0, now(), now(), now());
    insert into checklist_items (task_force_id, id, migration_id, title, done, created_at, updated_at)
        values ($tf, gen_random_uuid(), $migration, '{\"en\": \"Item\"}', false, now(), now());
    insert into reports (task_force_id, id, number, cycle, state, recommendation, summary, model, hash, seq, member_id, submitted_at, created_at, updated_at)
        values ($tf, $report, 1, 1, 'decided', 'continue', '{\"en\": \"Summary\"}', '{}', sha256('{}'), 1, $member, now(), now(), now());
    insert into report_files (task_force_id, report_id, format, language, content, sha256, rendered_by, created_at)
        values ($tf, $report, 'html', 'en', 'page', sha256('page'), '0.1.0', now());
    insert into decisions (task_force_id, id, number, report_id, cycle, outcome, meeting_reference, decided_on, reason, user_id, seq, created_at)
        values ($tf, $decision, 1, $report, 1, 'continue', 'M1', now(), '{\"en\": \"Good\"}', $user, 1, now());
    insert into conditions (task_force_id, id, decision_id, text, owner_member_id, due_date, state_since, created_at, updated_at)
        values ($tf, $condition, $decision, '{\"en\": \"Condition\"}', $member, now(), now(), now(), now());
    insert into submissions (task_force_id, id, cycle, step, state, member_id, created_at, decided_at, updated_at, snapshot, hash)
        values ($tf, $submission, 1, 'policy', 'passed', $member, now(), now(), now(), '{}', sha256('{}'));
    insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required, policy_id, sector_id, pilot_id,
                            migration_id, condition_id, state_since, created_at, updated_at)
        select $tf, case about when 1 then $activity else gen_random_uuid() end, 9000 + about, 1, 'policy', '{\"en\": \"Activity\"}', 'normal', false,
               case about when 1 then $policy end, case about when 2 then $sector end, case about when 3 then $pilot end,
               case about when 4 then $migration end, case about when 5 then $condition end, now(), now(), now()
        from generate_series(1, 5) about;
    insert into activity_dependencies (task_force_id, activity_id, depends_on_id, created_at)
        select $tf, id, $activity, now() from activities where task_force_id = $tf and number = 9002;
    insert into evidence (task_force_id, id, activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id,
                          sector_id, submission_id, report_id, decision_id, title, user_id, created_at, updated_at)
        select $tf, gen_random_uuid(), case about when 1 then $activity end, case about when 2 then $policy end,
               case about when 3 then $study end, case about when 4 then $assessment end, case about when 5 then $pilot end,
               case about when 6 then $migration end, case about when 7 then $condition end,
               case about when 8 then $sector end, case about when 9 then $submission end,
               case about when 10 then $report end, case about when 11 then $decision end, '{\"en\": \"Evidence\"}', $user, now(), now()
        from generate_series(1, 12) about;";

impl Filled {
    pub(super) async fn start() -> Self {
        let app = TestApp::start().await;
        let task_force = Uuid::parse_str(&app.world().a).unwrap();
        let chair = "from members where task_force_id = $tf and role = 'chair' and to_date is null";
        let rows = ROWS
            .replace("$member", &format!("(select id {chair})"))
            .replace("$user", &format!("(select user_id {chair})"));
        let mut rows = of(task_force, &rows);
        for name in [
            "policy",
            "sector",
            "assessment",
            "study",
            "pilot",
            "indicator",
            "migration",
            "report",
            "submission",
            "decision",
            "condition",
            "activity",
        ] {
            rows = rows.replace(&format!("${name}"), &format!("'{}'::uuid", Uuid::now_v7()));
        }
        app.db().await.batch_execute(&rows).await.unwrap();
        let pool = connect(&postgres::url(&app.database).await, 1).unwrap();
        Self { app, pool, task_force }
    }

    /// The first column of a query about the task force `$tf`.
    pub(super) async fn db_column(&self, query: &str) -> Vec<String> {
        self.db_rows(query).await.iter().map(|row| row.get(0)).collect()
    }

    /// The rows of such a query.
    pub(super) async fn db_rows(&self, query: &str) -> Vec<Row> {
        self.app.db().await.query(&of(self.task_force, query), &[]).await.unwrap()
    }
}

fn of(task_force: Uuid, query: &str) -> String {
    query.replace("$tf", &format!("'{task_force}'::uuid"))
}
