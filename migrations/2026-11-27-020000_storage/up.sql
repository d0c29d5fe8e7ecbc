-- The bytes of the files of each task force, counted in the row that every write of the task force locks. The count of
-- the installation is the sum over the task forces, so that no two task forces wait for each other.
alter table task_force_heads
    add column file_bytes bigint not null default 0,
    add constraint task_force_heads_file_bytes_are_counted check (file_bytes >= 0);

update task_force_heads h
set file_bytes = f.bytes
from (select task_force_id, sum(size) as bytes from evidence where size is not null group by task_force_id) f
where f.task_force_id = h.task_force_id;

-- A trigger counts, so that no statement can forget to.
create function count_file_bytes() returns trigger
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
