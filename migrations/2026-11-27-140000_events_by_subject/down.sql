drop index installation_events_of_action;
drop index installation_events_of_actor;
drop index installation_events_of_subject;
drop index events_of_action;
drop index events_of_actor;
drop index events_of_subject;
