drop index events_of_titled_subject;
alter table events drop column subject_title, drop column subject_parent_id;
