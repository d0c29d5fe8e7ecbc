-- The feed of a person: the events of several task forces in one order, that of their ids. The ids of a task force grow with
-- its sequence numbers.
create index events_in_order on events (task_force_id, id);

-- Those who follow all task forces are told of these actions (`OF_OVERSIGHT` in `domain/feed.rs`).
create index events_of_oversight on events (id) where action in (
    'taskForce.created', 'taskForce.restored', 'taskForce.updated', 'taskForce.transitioned',
    'member.appointed', 'member.updated', 'member.transitioned', 'member.ended',
    'healthStatement.created', 'step.adjustmentAnswered', 'submission.created', 'submission.transitioned',
    'waiver.granted', 'waiver.removed', 'report.transitioned', 'decision.recorded', 'cycle.opened', 'cycle.removed',
    'condition.created', 'condition.updated', 'condition.transitioned', 'shareLink.created', 'shareLink.revoked'
);

-- What a user has read of the feed (`domain/position.rs`): everything whose id is not greater than `settled_id`, and in these
-- task forces everything up to these events.
create table feed_marks (
    user_id uuid primary key references users (id),
    settled_id uuid not null,
    task_force_ids uuid[] not null,
    event_ids uuid[] not null,
    marked_at timestamptz not null,
    constraint feed_marks_have_an_event_for_each_task_force check (
        cardinality(task_force_ids) = cardinality(event_ids)
        and array_position(task_force_ids, null) is null and array_position(event_ids, null) is null
    )
);
