drop trigger evidence_file_removed on evidence;
drop trigger evidence_file_changed on evidence;
drop trigger evidence_file_added on evidence;
drop function count_file_bytes;
alter table task_force_heads drop constraint task_force_heads_file_bytes_are_counted, drop column file_bytes;
