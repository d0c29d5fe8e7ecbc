-- The earlier schema has no place for evidence about the record.
delete from evidence where num_nonnulls(activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id) = 0;
alter table evidence
    drop column subject_id,
    drop column subject_kind,
    drop constraint evidence_about_one_thing,
    drop constraint evidence_of_a_task_force;
alter table evidence
    drop column sector_id,
    drop column submission_id,
    drop column report_id,
    drop column decision_id,
    add constraint evidence_about_one_thing check (num_nonnulls(activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id) = 1);
alter table evidence
    add column subject_id uuid generated always as (coalesce(activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id)) stored not null,
    add column subject_kind text generated always as (case
        when activity_id is not null then 'activity' when policy_id is not null then 'policy'
        when study_id is not null then 'study' when assessment_id is not null then 'assessment'
        when pilot_id is not null then 'pilot' when migration_id is not null then 'migration'
        else 'condition' end) stored not null;
create index evidence_about on evidence (task_force_id, subject_id, id);
