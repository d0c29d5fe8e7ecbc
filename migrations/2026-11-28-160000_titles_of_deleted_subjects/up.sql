-- The title that an event gives to its subject, and the resource whose title the subject shows if it has none of its own.
-- The events of a deleted subject then show its last title without reading their texts, of which each has up to half a
-- megabyte. Both columns follow from the text, so that they need no protection of their own.
alter table events
    add column subject_title jsonb generated always as (case
        when subject_kind in ('comment', 'assessment', 'measurement') then null
        else jsonb_path_query_first(
            body::jsonb,
            '$.changes.keyvalue() ? (@.key == "title" || @.key == "name").value.* ? (@.type() == "object")')
    end) stored,
    add column subject_parent_id uuid generated always as ((case action
        when 'comment.created' then body::jsonb #>> '{changes,activityId,after}'
        when 'assessment.created' then body::jsonb #>> '{changes,sectorId,after}'
        when 'measurement.created' then body::jsonb #>> '{changes,indicatorId,after}'
    end)::uuid) stored;

create index events_of_titled_subject on events (task_force_id, subject_id, seq)
    where subject_title is not null or subject_parent_id is not null;
