-- The products of the five steps, the votes on the steps, the report and the council's decision.
--
-- A product is created in a cycle (`cycle`) and counts up to `last_cycle`. Adopted policies and selected sectors are
-- carried over by moving `last_cycle`, so that every query for the products of a cycle has the same condition.

-- Policies (step 1) --------------------------------------------------------------------------------------------------

create function are_aims(aims text[]) returns boolean
language sql immutable parallel safe
return aims <@ array['sustainable', 'inclusiveTransparent', 'generatesWealth', 'madeForCitizens'];

create table policies (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    last_cycle int not null,
    title jsonb not null,
    kind text not null,
    description jsonb,
    reference text,
    aims text[] not null,
    superseded_by_id uuid,
    state text not null default 'identified',
    state_reason jsonb,
    state_since timestamptz not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(title) || ' ' || coalesce(fold_localized(description), '') || ' ' || coalesce(fold(reference), '')) stored not null,
    primary key (task_force_id, id),
    constraint policies_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint policies_up_to_a_cycle foreign key (task_force_id, last_cycle) references cycles (task_force_id, number),
    constraint policies_superseded_by_a_policy foreign key (task_force_id, superseded_by_id) references policies (task_force_id, id),
    constraint policies_last_cycle_not_before_first check (last_cycle >= cycle),
    constraint policies_title_is_localized check (is_localized(title, 200)),
    constraint policies_kind_is_known check (kind in ('policy', 'framework', 'standard')),
    constraint policies_description_is_localized check (description is null or is_localized(description, 10000)),
    constraint policies_reference_has_a_length check (length(reference) between 1 and 200),
    constraint policies_aims_are_known check (are_aims(aims)),
    constraint policies_state_is_known check (state in ('identified', 'underReview', 'adopted', 'rejected', 'superseded')),
    constraint policies_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint policies_rejected_have_a_reason check (state <> 'rejected' or state_reason is not null),
    constraint policies_superseded_by_another check ((state = 'superseded') = (superseded_by_id is not null) and superseded_by_id <> id)
);
create index policies_of_cycle on policies (task_force_id, last_cycle, id);
create index policies_superseding on policies (task_force_id, superseded_by_id) where superseded_by_id is not null;
create index policies_search on policies using gin (search gin_trgm_ops);

-- Sectors, their assessments and studies (step 2) --------------------------------------------------------------------

create table sectors (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    last_cycle int not null,
    name jsonb not null,
    rationale jsonb,
    state text not null default 'candidate',
    state_reason jsonb,
    state_since timestamptz not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(name) || ' ' || coalesce(fold_localized(rationale), '')) stored not null,
    primary key (task_force_id, id),
    constraint sectors_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint sectors_up_to_a_cycle foreign key (task_force_id, last_cycle) references cycles (task_force_id, number),
    constraint sectors_last_cycle_not_before_first check (last_cycle >= cycle),
    constraint sectors_name_is_localized check (is_localized(name, 200)),
    constraint sectors_rationale_is_localized check (rationale is null or is_localized(rationale, 10000)),
    constraint sectors_state_is_known check (state in ('candidate', 'selected', 'notSelected', 'studied')),
    constraint sectors_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint sectors_not_selected_have_a_reason check (state <> 'notSelected' or state_reason is not null)
);
create index sectors_of_cycle on sectors (task_force_id, last_cycle, id);
create index sectors_search on sectors using gin (search gin_trgm_ops);

create table assessments (
    task_force_id uuid not null,
    id uuid not null,
    sector_id uuid not null,
    kind text not null,
    level smallint not null,
    assessed_on date not null,
    evidence text,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint assessments_of_a_sector foreign key (task_force_id, sector_id) references sectors (task_force_id, id) on delete cascade,
    constraint assessments_kind_is_known check (kind in ('current', 'target')),
    constraint assessments_level_is_known check (level between 1 and 5),
    constraint assessments_evidence_has_a_length check (length(evidence) between 1 and 10000)
);
create index assessments_of_sector on assessments (task_force_id, sector_id, id);

create table studies (
    task_force_id uuid not null,
    id uuid not null,
    sector_id uuid not null,
    title jsonb not null,
    approach text not null,
    findings jsonb,
    recommendation jsonb,
    completed boolean not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint studies_of_a_sector foreign key (task_force_id, sector_id) references sectors (task_force_id, id) on delete cascade,
    constraint studies_title_is_localized check (is_localized(title, 200)),
    constraint studies_approach_has_a_length check (length(approach) between 1 and 10000),
    constraint studies_findings_are_localized check (findings is null or is_localized(findings, 10000)),
    constraint studies_recommendation_is_localized check (recommendation is null or is_localized(recommendation, 10000))
);
create index studies_of_sector on studies (task_force_id, sector_id, id);

-- Pilots, their indicators and measurements (planned in step 3, run in step 4) ----------------------------------------

create table pilots (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    last_cycle int not null,
    title jsonb not null,
    sector_id uuid not null,
    policy_id uuid,
    owner_member_id uuid not null,
    aims text[] not null,
    hypothesis text,
    start_date date not null,
    end_date date not null,
    outcome text,
    lessons jsonb,
    state text not null default 'proposed',
    state_reason jsonb,
    state_since timestamptz not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(title) || ' ' || coalesce(fold(hypothesis), '')) stored not null,
    primary key (task_force_id, id),
    constraint pilots_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint pilots_up_to_a_cycle foreign key (task_force_id, last_cycle) references cycles (task_force_id, number),
    constraint pilots_in_a_sector foreign key (task_force_id, sector_id) references sectors (task_force_id, id),
    constraint pilots_under_a_policy foreign key (task_force_id, policy_id) references policies (task_force_id, id),
    constraint pilots_owned_by_a_member foreign key (task_force_id, owner_member_id) references members (task_force_id, id),
    constraint pilots_last_cycle_not_before_first check (last_cycle >= cycle),
    constraint pilots_title_is_localized check (is_localized(title, 200)),
    constraint pilots_aims_are_known check (are_aims(aims)),
    constraint pilots_hypothesis_has_a_length check (length(hypothesis) between 1 and 10000),
    constraint pilots_end_after_they_start check (end_date >= start_date),
    constraint pilots_outcome_is_known check (outcome in ('scale', 'extend', 'stop')),
    constraint pilots_lessons_are_localized check (lessons is null or is_localized(lessons, 10000)),
    constraint pilots_evaluated_have_an_outcome check ((state = 'evaluated') = (outcome is not null) and (outcome is null) = (lessons is null)),
    constraint pilots_state_is_known check (state in ('proposed', 'planned', 'running', 'evaluated', 'cancelled')),
    constraint pilots_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint pilots_cancelled_have_a_reason check (state <> 'cancelled' or state_reason is not null)
);
create index pilots_of_cycle on pilots (task_force_id, last_cycle, id);
create index pilots_in_sector on pilots (task_force_id, sector_id);
create index pilots_under_policy on pilots (task_force_id, policy_id) where policy_id is not null;
create index pilots_of_owner on pilots (task_force_id, owner_member_id);
create index pilots_search on pilots using gin (search gin_trgm_ops);

create table indicators (
    task_force_id uuid not null,
    id uuid not null,
    pilot_id uuid not null,
    name jsonb not null,
    unit text not null,
    direction text not null,
    baseline numeric,
    target numeric,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint indicators_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id) on delete cascade,
    constraint indicators_name_is_localized check (is_localized(name, 200)),
    constraint indicators_unit_has_a_length check (length(unit) between 1 and 200),
    constraint indicators_direction_is_known check (direction in ('up', 'down'))
);
create index indicators_of_pilot on indicators (task_force_id, pilot_id, id);

create table measurements (
    task_force_id uuid not null,
    id uuid not null,
    pilot_id uuid not null,
    indicator_id uuid not null,
    -- The cycle of the measurement: an extended pilot is measured again.
    cycle int not null,
    value numeric not null,
    measured_on date not null,
    source text,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint measurements_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id) on delete cascade,
    constraint measurements_of_an_indicator foreign key (task_force_id, indicator_id) references indicators (task_force_id, id) on delete cascade,
    constraint measurements_in_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint measurements_source_has_a_length check (length(source) between 1 and 200)
);
create index measurements_of_indicator on measurements (task_force_id, indicator_id, id);
create index measurements_of_pilot on measurements (task_force_id, pilot_id);

-- Migrations and their checklists (step 4) ----------------------------------------------------------------------------

create table migrations (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    last_cycle int not null,
    pilot_id uuid not null,
    title jsonb not null,
    target_system text not null,
    planned_on date not null,
    rollback_plan text,
    reconciliation_source bigint,
    reconciliation_loaded bigint,
    reconciliation_rejected bigint,
    receiving_unit text,
    service_owner text,
    state text not null default 'planned',
    state_reason jsonb,
    state_since timestamptz not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text generated always as (fold_localized(title) || ' ' || fold(target_system)) stored not null,
    primary key (task_force_id, id),
    constraint migrations_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint migrations_up_to_a_cycle foreign key (task_force_id, last_cycle) references cycles (task_force_id, number),
    constraint migrations_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id),
    constraint migrations_last_cycle_not_before_first check (last_cycle >= cycle),
    constraint migrations_title_is_localized check (is_localized(title, 200)),
    constraint migrations_target_system_has_a_length check (length(target_system) between 1 and 200),
    constraint migrations_rollback_plan_has_a_length check (length(rollback_plan) between 1 and 10000),
    constraint migrations_counts_come_together check (num_nonnulls(reconciliation_source, reconciliation_loaded, reconciliation_rejected) in (0, 3)),
    constraint migrations_counts_are_counts check (least(reconciliation_source, reconciliation_loaded, reconciliation_rejected) >= 0),
    constraint migrations_receiving_unit_has_a_length check (length(receiving_unit) between 1 and 200),
    constraint migrations_service_owner_has_a_length check (length(service_owner) between 1 and 200),
    constraint migrations_state_is_known check (state in ('planned', 'inProgress', 'parallelRun', 'live', 'handedOver', 'rolledBack')),
    constraint migrations_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint migrations_rolled_back_have_a_reason check (state <> 'rolledBack' or state_reason is not null)
);
create index migrations_of_cycle on migrations (task_force_id, last_cycle, id);
create index migrations_of_pilot on migrations (task_force_id, pilot_id);
create index migrations_search on migrations using gin (search gin_trgm_ops);

create table checklist_items (
    task_force_id uuid not null,
    id uuid not null,
    migration_id uuid not null,
    title jsonb not null,
    done boolean not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint checklist_items_of_a_migration foreign key (task_force_id, migration_id) references migrations (task_force_id, id) on delete cascade,
    constraint checklist_items_title_is_localized check (is_localized(title, 200))
);
create index checklist_items_of_migration on checklist_items (task_force_id, migration_id, id);

-- Waivers, submissions and votes ---------------------------------------------------------------------------------------

create table waivers (
    task_force_id uuid not null,
    id uuid not null,
    cycle int not null,
    step text not null,
    criterion text not null,
    reason jsonb not null,
    member_id uuid not null,
    created_at timestamptz not null,
    -- The decision that cleared the waiver; a correction of that decision restores the waiver.
    cleared_by_id uuid,
    primary key (task_force_id, id),
    constraint waivers_of_a_step foreign key (task_force_id, cycle, step) references steps (task_force_id, cycle, step),
    constraint waivers_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint waivers_reason_is_localized check (is_localized(reason, 2000))
);
create unique index waivers_one_per_criterion on waivers (task_force_id, cycle, step, criterion) where cleared_by_id is null;

alter table submissions
    add column reason jsonb,
    -- The content that the members vote on: canonical JSON, as text, since the hash covers its bytes.
    add column snapshot text,
    add column hash bytea;
update submissions set snapshot = '{}', hash = sha256('{}');
alter table submissions
    alter column snapshot set not null,
    alter column hash set not null,
    add constraint submissions_reason_is_localized check (reason is null or is_localized(reason, 2000)),
    add constraint submissions_withdrawn_have_a_reason check (state <> 'withdrawn' or reason is not null),
    add constraint submissions_hash_is_of_the_snapshot check (hash = sha256(convert_to(snapshot, 'UTF8')));

-- One ballot for each member who was entitled when the step was submitted.
create table ballots (
    task_force_id uuid not null,
    submission_id uuid not null,
    member_id uuid not null,
    choice text,
    comment text,
    reason jsonb,
    voted_at timestamptz,
    -- The time at which the member's seat ended without a vote while voting was open.
    left_at timestamptz,
    primary key (task_force_id, submission_id, member_id),
    constraint ballots_of_a_submission foreign key (task_force_id, submission_id) references submissions (task_force_id, id),
    constraint ballots_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint ballots_choice_is_known check (choice in ('approve', 'return', 'abstain', 'recuse')),
    constraint ballots_cast_have_a_time check ((choice is null) = (voted_at is null)),
    constraint ballots_recused_have_a_reason check (choice is distinct from 'recuse' or reason is not null),
    constraint ballots_left_without_a_vote check (left_at is null or choice is null),
    constraint ballots_comment_has_a_length check (length(comment) between 1 and 10000),
    constraint ballots_reason_is_localized check (reason is null or is_localized(reason, 2000))
);
create index ballots_waiting on ballots (task_force_id, member_id) where choice is null and left_at is null;

-- Reports, decisions and conditions (step 5) -----------------------------------------------------------------------------

create table reports (
    task_force_id uuid not null,
    id uuid not null,
    number int not null,
    cycle int not null,
    state text not null default 'draft',
    recommendation text not null,
    return_to_step text,
    summary jsonb not null,
    -- The report itself: canonical JSON, as text, since the hash covers its bytes.
    model text not null,
    hash bytea not null,
    -- The last event that the report takes into account.
    seq bigint not null,
    member_id uuid not null,
    submitted_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint reports_number_key unique (task_force_id, number),
    constraint reports_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint reports_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint reports_state_is_known check (state in ('draft', 'submitted', 'superseded', 'decided')),
    constraint reports_recommendation_is_known check (recommendation in ('continue', 'adjust', 'conclude', 'stop')),
    constraint reports_adjust_names_a_step check ((recommendation = 'adjust') = (return_to_step is not null)),
    constraint reports_return_to_a_step check (return_to_step in ('policy', 'sectors', 'pilots', 'migration', 'report')),
    constraint reports_summary_is_localized check (is_localized(summary, 10000)),
    constraint reports_hash_is_of_the_model check (hash = sha256(convert_to(model, 'UTF8'))),
    constraint reports_submitted_have_a_time check ((state in ('submitted', 'decided')) = (submitted_at is not null))
);
create unique index reports_one_before_the_council on reports (task_force_id) where state = 'submitted';
create index reports_of_cycle on reports (task_force_id, cycle, number);

create table decisions (
    task_force_id uuid not null,
    id uuid not null,
    number int not null,
    report_id uuid not null,
    cycle int not null,
    outcome text not null,
    return_to_step text,
    meeting_reference text not null,
    decided_on date not null,
    reason jsonb not null,
    supersedes_id uuid,
    -- The user who recorded the decision.
    user_id uuid not null references users (id),
    -- The last event of the recording. As long as no other event follows, nothing followed from the decision.
    seq bigint not null,
    created_at timestamptz not null,
    primary key (task_force_id, id),
    constraint decisions_number_key unique (task_force_id, number),
    constraint decisions_superseded_once unique (task_force_id, supersedes_id),
    constraint decisions_on_a_report foreign key (task_force_id, report_id) references reports (task_force_id, id),
    constraint decisions_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint decisions_supersede_a_decision foreign key (task_force_id, supersedes_id) references decisions (task_force_id, id),
    constraint decisions_outcome_is_known check (outcome in ('continue', 'adjust', 'conclude', 'stop')),
    constraint decisions_adjust_names_a_step check ((outcome = 'adjust') = (return_to_step is not null)),
    constraint decisions_return_to_a_step check (return_to_step in ('policy', 'sectors', 'pilots', 'migration', 'report')),
    constraint decisions_meeting_has_a_length check (length(meeting_reference) between 1 and 200),
    constraint decisions_reason_is_localized check (is_localized(reason, 2000))
);
create index decisions_register on decisions (id);
-- One decision on a report has no predecessor; every other decision on the report corrects the decision before.
create unique index decisions_one_on_a_report on decisions (task_force_id, report_id) where supersedes_id is null;

alter table waivers add constraint waivers_cleared_by_a_decision foreign key (task_force_id, cleared_by_id)
    references decisions (task_force_id, id);

create table conditions (
    task_force_id uuid not null,
    id uuid not null,
    decision_id uuid not null,
    text jsonb not null,
    owner_member_id uuid not null,
    due_date date not null,
    state text not null default 'open',
    state_reason jsonb,
    state_since timestamptz not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint conditions_of_a_decision foreign key (task_force_id, decision_id) references decisions (task_force_id, id),
    constraint conditions_owned_by_a_member foreign key (task_force_id, owner_member_id) references members (task_force_id, id),
    constraint conditions_text_is_localized check (is_localized(text, 2000)),
    constraint conditions_state_is_known check (state in ('open', 'reportedMet', 'met', 'waived')),
    constraint conditions_reason_is_localized check (state_reason is null or is_localized(state_reason, 2000)),
    constraint conditions_waived_have_a_reason check (state <> 'waived' or state_reason is not null)
);
create index conditions_of_decision on conditions (task_force_id, decision_id, id);
create index conditions_of_owner on conditions (task_force_id, owner_member_id) where state in ('open', 'reportedMet');
create index conditions_reported_met on conditions (id) where state = 'reportedMet';

-- Subjects of activities and evidence -------------------------------------------------------------------------------------
--
-- One column and one foreign key for each kind, so that the schema guarantees that the subject exists in the same task
-- force. Queries read the kind and the id.

alter table activities
    add column policy_id uuid,
    add column sector_id uuid,
    add column pilot_id uuid,
    add column migration_id uuid,
    add column condition_id uuid,
    add constraint activities_about_a_policy foreign key (task_force_id, policy_id) references policies (task_force_id, id),
    add constraint activities_about_a_sector foreign key (task_force_id, sector_id) references sectors (task_force_id, id),
    add constraint activities_about_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id),
    add constraint activities_about_a_migration foreign key (task_force_id, migration_id) references migrations (task_force_id, id),
    add constraint activities_about_a_condition foreign key (task_force_id, condition_id) references conditions (task_force_id, id),
    add constraint activities_about_one_thing check (num_nonnulls(policy_id, sector_id, pilot_id, migration_id, condition_id) <= 1);
alter table activities
    add column subject_id uuid generated always as (coalesce(policy_id, sector_id, pilot_id, migration_id, condition_id)) stored,
    add column subject_kind text generated always as (case
        when policy_id is not null then 'policy' when sector_id is not null then 'sector'
        when pilot_id is not null then 'pilot' when migration_id is not null then 'migration'
        when condition_id is not null then 'condition' end) stored;
create index activities_about on activities (task_force_id, subject_id) where subject_id is not null;

create table evidence (
    task_force_id uuid not null,
    id uuid not null,
    activity_id uuid,
    policy_id uuid,
    study_id uuid,
    assessment_id uuid,
    pilot_id uuid,
    migration_id uuid,
    condition_id uuid,
    subject_id uuid generated always as (coalesce(activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id)) stored not null,
    subject_kind text generated always as (case
        when activity_id is not null then 'activity' when policy_id is not null then 'policy'
        when study_id is not null then 'study' when assessment_id is not null then 'assessment'
        when pilot_id is not null then 'pilot' when migration_id is not null then 'migration'
        else 'condition' end) stored not null,
    title jsonb not null,
    url text,
    sha256 bytea,
    media_type text,
    size int,
    user_id uuid not null references users (id),
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (task_force_id, id),
    constraint evidence_of_an_activity foreign key (task_force_id, activity_id) references activities (task_force_id, id),
    constraint evidence_of_a_policy foreign key (task_force_id, policy_id) references policies (task_force_id, id),
    constraint evidence_of_a_study foreign key (task_force_id, study_id) references studies (task_force_id, id),
    constraint evidence_of_an_assessment foreign key (task_force_id, assessment_id) references assessments (task_force_id, id),
    constraint evidence_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id),
    constraint evidence_of_a_migration foreign key (task_force_id, migration_id) references migrations (task_force_id, id),
    constraint evidence_of_a_condition foreign key (task_force_id, condition_id) references conditions (task_force_id, id),
    constraint evidence_about_one_thing check (num_nonnulls(activity_id, policy_id, study_id, assessment_id, pilot_id, migration_id, condition_id) = 1),
    constraint evidence_title_is_localized check (is_localized(title, 200)),
    constraint evidence_url_has_a_length check (length(url) between 1 and 2000),
    constraint evidence_hash_is_sha256 check (length(sha256) = 32),
    constraint evidence_is_a_link_or_a_file check (num_nonnulls(media_type, size) in (0, 2) and (media_type is null or url is null and sha256 is not null))
);
create index evidence_about on evidence (task_force_id, subject_id, id);

-- The content is in a table of its own, so that lists never read the content.
create table evidence_contents (
    task_force_id uuid not null,
    evidence_id uuid not null,
    content bytea not null,
    primary key (task_force_id, evidence_id),
    constraint evidence_contents_of_evidence foreign key (task_force_id, evidence_id) references evidence (task_force_id, id) on delete cascade
);
-- Not compressed: most uploads are compressed already, and a part of the content can be read without the rest.
alter table evidence_contents alter column content set storage external;
