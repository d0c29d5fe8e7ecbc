alter table task_forces drop column working_week;
