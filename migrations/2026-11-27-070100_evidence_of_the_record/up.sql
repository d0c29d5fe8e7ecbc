-- Evidence about the task force, a sector, a submission, a report or a decision: the signed letter, the minutes.
--
-- Evidence that names nothing else is about the task force, whose id every row has.

alter table evidence
    drop column subject_id,
    drop column subject_kind,
    drop constraint evidence_about_one_thing;
alter table evidence
    add column sector_id uuid,
    add column submission_id uuid,
    add column report_id uuid,
    add column decision_id uuid,
    add constraint evidence_of_a_task_force foreign key (task_force_id) references task_forces (id),
    add constraint evidence_of_a_sector foreign key (task_force_id, sector_id) references sectors (task_force_id, id),
    add constraint evidence_of_a_submission foreign key (task_force_id, submission_id) references submissions (task_force_id, id),
    add constraint evidence_of_a_report foreign key (task_force_id, report_id) references reports (task_force_id, id),
    add constraint evidence_of_a_decision foreign key (task_force_id, decision_id) references decisions (task_force_id, id),
    add constraint evidence_about_one_thing check (num_nonnulls(activity_id, policy_id, study_id, assessment_id, pilot_id,
        migration_id, condition_id, sector_id, submission_id, report_id, decision_id) <= 1);
alter table evidence
    add column subject_id uuid generated always as (coalesce(activity_id, policy_id, study_id, assessment_id, pilot_id,
        migration_id, condition_id, sector_id, submission_id, report_id, decision_id, task_force_id)) stored not null,
    add column subject_kind text generated always as (case
        when activity_id is not null then 'activity' when policy_id is not null then 'policy'
        when study_id is not null then 'study' when assessment_id is not null then 'assessment'
        when pilot_id is not null then 'pilot' when migration_id is not null then 'migration'
        when condition_id is not null then 'condition' when sector_id is not null then 'sector'
        when submission_id is not null then 'submission' when report_id is not null then 'report'
        when decision_id is not null then 'decision' else 'taskForce' end) stored not null;
create index evidence_about on evidence (task_force_id, subject_id, id);
