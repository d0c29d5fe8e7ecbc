drop trigger evidence_file_deleted on evidence;
drop trigger evidence_file_changed on evidence;
drop trigger evidence_file_added on evidence;

create or replace function count_file_bytes() returns trigger
language plpgsql as $$
begin
    update task_force_heads
    set file_bytes = file_bytes + coalesce(new.size, 0) - coalesce(old.size, 0)
    where task_force_id = coalesce(new.task_force_id, old.task_force_id);
    return null;
end $$;

create trigger evidence_file_added after insert on evidence
for each row when (new.size is not null) execute function count_file_bytes();
create trigger evidence_file_changed after update on evidence
for each row when (new.size is distinct from old.size) execute function count_file_bytes();
create trigger evidence_file_removed after delete on evidence
for each row when (old.size is not null) execute function count_file_bytes();

-- Evidence whose file was removed is evidence without a file from now on. The triggers count on: its size was not counted.
alter table evidence disable trigger evidence_file_changed;
update evidence
set media_type = null, file_name = null, size = null, sha256 = null, file_removed_at = null, file_removal_reason = null
where file_removed_at is not null;
alter table evidence enable trigger evidence_file_changed;
alter table evidence
    drop constraint evidence_removal_is_of_a_file,
    drop constraint evidence_removal_is_complete,
    drop constraint evidence_removal_reason_is_localized,
    drop column file_removal_reason,
    drop column file_removed_at;
