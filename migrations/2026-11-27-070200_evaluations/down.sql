drop table adjustment_notes;
drop table evaluations;
drop function scorecard(uuid, uuid, int);
alter table measurements drop column run;
alter table pilots drop column run;
