-- The recorded members stay: they have worked on the activities.
select 1;
