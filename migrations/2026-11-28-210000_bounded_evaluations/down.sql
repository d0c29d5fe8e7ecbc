drop function evaluated_indicators(jsonb, int);

-- The scorecard of a pilot with what was measured in one run of it. Numbers are text: JSON would round them.
create or replace function scorecard(task_force uuid, pilot uuid, of_run int) returns jsonb
language sql stable
return (
    select coalesce(jsonb_agg(jsonb_build_object(
               'indicatorId', i.id, 'name', i.name, 'unit', i.unit, 'direction', i.direction,
               'baseline', i.baseline::text, 'target', i.target::text, 'retirementReason', i.retirement_reason,
               'measurements', (
                   select coalesce(jsonb_agg(jsonb_build_object(
                              'value', m.value::text, 'measuredOn', m.measured_on, 'source', m.source)
                          order by m.measured_on, m.id), '[]')
                   from measurements m
                   where m.task_force_id = i.task_force_id and m.indicator_id = i.id and m.run = of_run))
           order by i.id), '[]')
    from indicators i where i.task_force_id = task_force and i.pilot_id = pilot
);
