-- Whoever put an activity to the review has worked on it, whoever was assigned. So far, only members who put an activity to
-- the review that was assigned to nobody were recorded: the events name the others.
insert into activity_assignees (task_force_id, activity_id, member_id)
    select distinct on (e.task_force_id, e.seq) e.task_force_id, a.id, m.id
    from events e
    join activities a on a.task_force_id = e.task_force_id and a.id = e.subject_id
    join members m on m.task_force_id = e.task_force_id and m.user_id = e.actor_id
    where e.action = 'activity.transitioned' and e.body::json ->> 'from' = 'inProgress'
      and e.body::json ->> 'to' = 'inReview'
    order by e.task_force_id, e.seq, m.id desc
on conflict do nothing;
