-- Own work: nobody adopts the policy that they put under review, and nobody reviews work that they were assigned.

-- Policies ---------------------------------------------------------------------------------------------------------

-- The member who put the policy under review last.
alter table policies
    add column under_review_by_member_id uuid,
    add constraint policies_under_review_by_a_member foreign key (task_force_id, under_review_by_member_id) references members (task_force_id, id);

-- Of policies that are under review already, the events name the user.
update policies p set under_review_by_member_id = (
    select m.id from events e
    join members m on m.task_force_id = e.task_force_id and m.user_id = e.actor_id
    where e.task_force_id = p.task_force_id and e.subject_id = p.id and e.action = 'policy.transitioned'
      and e.body::json ->> 'to' = 'underReview'
    order by e.seq desc, m.id desc limit 1)
where p.state = 'underReview';

-- Activities -------------------------------------------------------------------------------------------------------

-- Whoever was the assignee of an activity since the activity was started.
create table activity_assignees (
    task_force_id uuid not null,
    activity_id uuid not null,
    member_id uuid not null,
    primary key (task_force_id, activity_id, member_id),
    constraint activity_assignees_of_an_activity foreign key (task_force_id, activity_id) references activities (task_force_id, id) on delete cascade,
    constraint activity_assignees_are_members foreign key (task_force_id, member_id) references members (task_force_id, id)
);

-- The present assignees, and the earlier ones that the events name.
insert into activity_assignees (task_force_id, activity_id, member_id)
    select task_force_id, id, assignee_member_id from activities
    where started_at is not null and assignee_member_id is not null
    union
    select a.task_force_id, a.id, (e.body::json #>> '{changes,assigneeMemberId,before}')::uuid
    from activities a
    join events e on e.task_force_id = a.task_force_id and e.subject_id = a.id and e.at >= a.started_at
    where e.action in ('activity.updated', 'activity.transitioned')
      and e.body::json #>> '{changes,assigneeMemberId,before}' is not null;
