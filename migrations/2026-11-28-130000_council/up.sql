-- The lists of all reports and of all conditions are read a page at a time, state by state, from these indexes.
create index reports_of_state on reports (state, created_at, id);
-- A draft was never submitted, and comes last.
create index reports_by_submission on reports (state, coalesce(submitted_at, 'infinity'), id);
create index conditions_of_state on conditions (state, due_date, id);
-- The decisions on a report: the first one, and those that correct it.
create index decisions_of_report on decisions (task_force_id, report_id);
