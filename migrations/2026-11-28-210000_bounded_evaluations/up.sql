-- An evaluation has the last measurement of each indicator, on which the verdict rests, and the number of measurements. The
-- measurements themselves are rows of their indicator, which an evaluation that is taken back and made again need not
-- repeat: until now, each evaluation repeated all of them.
create or replace function scorecard(task_force uuid, pilot uuid, of_run int) returns jsonb
language sql stable
return (
    select coalesce(jsonb_agg(jsonb_build_object(
               'indicatorId', i.id, 'name', i.name, 'unit', i.unit, 'direction', i.direction,
               'baseline', i.baseline::text, 'target', i.target::text, 'retirementReason', i.retirement_reason,
               'measurements', (
                   select coalesce(jsonb_agg(jsonb_build_object(
                              'value', m.value::text, 'measuredOn', m.measured_on, 'source', m.source)), '[]')
                   from (select * from measurements m
                         where m.task_force_id = i.task_force_id and m.indicator_id = i.id and m.run = of_run
                         order by m.measured_on desc, m.id desc limit 1) m),
               'measurementsTotal', (
                   select count(*) from measurements m
                   where m.task_force_id = i.task_force_id and m.indicator_id = i.id and m.run = of_run))
           order by i.id), '[]')
    from indicators i where i.task_force_id = task_force and i.pilot_id = pilot
);

-- The indicators of an evaluation with the last `most` measurements of each, and the number of measurements.
-- Evaluations that were made before this migration keep all of their measurements.
create function evaluated_indicators(indicators jsonb, most int) returns jsonb
language sql immutable
return (
    select coalesce(jsonb_agg(one || jsonb_build_object(
               'measurements', (
                   select coalesce(jsonb_agg(measurement order by place), '[]')
                   from jsonb_array_elements(one -> 'measurements') with ordinality as made (measurement, place)
                   where place > jsonb_array_length(one -> 'measurements') - most),
               'measurementsTotal',
                   coalesce(one -> 'measurementsTotal', to_jsonb(jsonb_array_length(one -> 'measurements'))))
           order by listed), '[]')
    from jsonb_array_elements(indicators) with ordinality as scorecard (one, listed)
);
