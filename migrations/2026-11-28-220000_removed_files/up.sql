-- The file of evidence can be removed for a reason. The row stays: it says which file was there, by hash, size and name.
alter table evidence
    add column file_removed_at timestamptz,
    add column file_removal_reason jsonb,
    add constraint evidence_removal_reason_is_localized
        check (file_removal_reason is null or is_localized(file_removal_reason, 2000)),
    add constraint evidence_removal_is_complete
        check ((file_removed_at is null) = (file_removal_reason is null)),
    add constraint evidence_removal_is_of_a_file check (file_removed_at is null or media_type is not null);

-- A file that was removed takes no space.
drop trigger evidence_file_removed on evidence;
drop trigger evidence_file_changed on evidence;
drop trigger evidence_file_added on evidence;

create or replace function count_file_bytes() returns trigger
language plpgsql as $$
begin
    update task_force_heads
    set file_bytes = file_bytes
        + case when new.file_removed_at is null then coalesce(new.size, 0) else 0 end
        - case when old.file_removed_at is null then coalesce(old.size, 0) else 0 end
    where task_force_id = coalesce(new.task_force_id, old.task_force_id);
    return null;
end $$;

create trigger evidence_file_added after insert on evidence
for each row when (new.size is not null) execute function count_file_bytes();
create trigger evidence_file_changed after update on evidence
for each row when (new.size is distinct from old.size or new.file_removed_at is distinct from old.file_removed_at)
execute function count_file_bytes();
create trigger evidence_file_deleted after delete on evidence
for each row when (old.size is not null) execute function count_file_bytes();
