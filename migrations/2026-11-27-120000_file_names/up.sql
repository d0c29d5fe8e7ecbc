-- The name of a file as its user called it. Files that were uploaded before have none, and are named by their title.
alter table evidence
    add column file_name text,
    add constraint evidence_file_name_has_a_length check (octet_length(file_name) between 1 and 255),
    add constraint evidence_file_name_is_of_a_file check (file_name is null or media_type is not null);
