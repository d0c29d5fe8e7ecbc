-- What happened to one resource, by one person, in one way: read in the order of the numbers, from either end. By the
-- first index, an event also finds the last title of a subject that was deleted.
create index events_of_subject on events (task_force_id, subject_id, seq);
create index events_of_actor on events (task_force_id, actor_id, seq);
create index events_of_action on events (task_force_id, action, seq);

create index installation_events_of_subject on installation_events (subject_id, seq);
create index installation_events_of_actor on installation_events (actor_id, seq);
create index installation_events_of_action on installation_events (action, seq);
