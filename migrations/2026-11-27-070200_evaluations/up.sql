-- Evaluations of pilots stay readable, and a decision to adjust is answered.

-- How often a pilot was planned anew, counted from one. What was measured counts in the run in which it was measured.
alter table pilots add column run int not null default 1, add constraint pilots_run_counts_from_one check (run >= 1);
alter table measurements add column run int not null default 1, add constraint measurements_run_counts_from_one check (run >= 1);
-- Until now, a pilot was planned anew only in a later cycle.
update pilots set run = last_cycle - cycle + 1 where last_cycle > cycle;
update measurements m set run = m.cycle - p.cycle + 1
from pilots p where p.task_force_id = m.task_force_id and p.id = m.pilot_id and m.cycle > p.cycle;

-- Each evaluation of a pilot as it was made, with its scorecard and what was measured. Never changed.
create table evaluations (
    task_force_id uuid not null,
    pilot_id uuid not null,
    number int not null,
    cycle int not null,
    run int not null,
    outcome text not null,
    lessons jsonb not null,
    indicators jsonb not null,
    evaluated_at timestamptz not null,
    primary key (task_force_id, pilot_id, number),
    constraint evaluations_of_a_pilot foreign key (task_force_id, pilot_id) references pilots (task_force_id, id) on delete cascade,
    constraint evaluations_of_a_cycle foreign key (task_force_id, cycle) references cycles (task_force_id, number),
    constraint evaluations_count_from_one check (number >= 1),
    constraint evaluations_outcome_is_known check (outcome in ('scale', 'extend', 'stop')),
    constraint evaluations_lessons_are_localized check (is_localized(lessons, 10000))
);

-- The scorecard of a pilot with what was measured in one run of it. Numbers are text: JSON would round them.
create function scorecard(task_force uuid, pilot uuid, of_run int) returns jsonb
language sql stable
return (
    select coalesce(jsonb_agg(jsonb_build_object(
               'indicatorId', i.id, 'name', i.name, 'unit', i.unit, 'direction', i.direction,
               'baseline', i.baseline::text, 'target', i.target::text,
               'measurements', (
                   select coalesce(jsonb_agg(jsonb_build_object(
                              'value', m.value::text, 'measuredOn', m.measured_on, 'source', m.source)
                          order by m.measured_on, m.id), '[]')
                   from measurements m
                   where m.task_force_id = i.task_force_id and m.indicator_id = i.id and m.run = of_run))
           order by i.id), '[]')
    from indicators i where i.task_force_id = task_force and i.pilot_id = pilot
);

-- The evaluations so far, of which the pilot itself kept only the last, and lost it when it was planned anew: the events
-- have them.
insert into evaluations (task_force_id, pilot_id, number, cycle, run, outcome, lessons, indicators, evaluated_at)
select v.task_force_id, v.pilot_id, row_number() over (partition by v.task_force_id, v.pilot_id order by v.seq),
       v.cycle, v.run, v.outcome, v.lessons, scorecard(v.task_force_id, v.pilot_id, v.run), v.at
from (
    select e.task_force_id, p.id as pilot_id, e.seq, e.at, c.number as cycle, c.number - p.cycle + 1 as run,
           e.body::jsonb #>> '{changes,outcome,after}' as outcome, e.body::jsonb #> '{changes,lessons,after}' as lessons
    from events e
    join pilots p on p.task_force_id = e.task_force_id and p.id = e.subject_id
    join lateral (
        select number from cycles where task_force_id = e.task_force_id and opened_at <= e.at order by number desc limit 1
    ) c on c.number >= p.cycle
    where e.action = 'pilot.transitioned' and e.body::jsonb ->> 'to' = 'evaluated'
) v
where v.outcome is not null and v.lessons is not null;

-- The chair's answer to a decision to adjust, where nothing of the step had to be changed.
create table adjustment_notes (
    task_force_id uuid not null,
    decision_id uuid not null,
    note jsonb not null,
    member_id uuid not null,
    created_at timestamptz not null,
    primary key (task_force_id, decision_id),
    constraint adjustment_notes_on_a_decision foreign key (task_force_id, decision_id) references decisions (task_force_id, id),
    constraint adjustment_notes_of_a_member foreign key (task_force_id, member_id) references members (task_force_id, id),
    constraint adjustment_notes_note_is_localized check (is_localized(note, 2000))
);
