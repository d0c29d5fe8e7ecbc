-- Ways back, and plausible numbers.

-- When the pilot was started in its last cycle: nothing is measured before that day.
alter table pilots add column started_at timestamptz;
update pilots p set started_at = coalesce(
    (select e.at from events e
     where e.task_force_id = p.task_force_id and e.subject_id = p.id and e.action = 'pilot.transitioned'
       and e.body::json ->> 'to' = 'running'
     order by e.seq desc limit 1),
    case when p.state = 'running' then p.state_since end)
where p.state in ('running', 'evaluated', 'cancelled');

-- Why the counts of the reconciliation differ.
alter table migrations
    add column reconciliation_reason jsonb,
    add constraint migrations_reconciliation_reason_is_localized check (reconciliation_reason is null or is_localized(reconciliation_reason, 2000)),
    add constraint migrations_reconciliation_reason_goes_with_counts check (reconciliation_reason is null or reconciliation_source is not null);
