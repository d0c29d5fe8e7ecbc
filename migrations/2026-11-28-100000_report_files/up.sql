-- The files of reports that were put before the council, in each form and language, as they were rendered first. A file is
-- never changed, so that next year's download has the same bytes, whatever version of the service answers.
create table report_files (
    task_force_id uuid not null,
    report_id uuid not null,
    format text not null,
    language text not null,
    content bytea not null,
    sha256 bytea not null,
    -- The version of the service that rendered the file.
    rendered_by text not null,
    created_at timestamptz not null,
    primary key (task_force_id, report_id, format, language),
    constraint report_files_of_a_report foreign key (task_force_id, report_id) references reports (task_force_id, id),
    constraint report_files_format_is_known check (format in ('html', 'pdf')),
    constraint report_files_language_is_known check (language in ('ar', 'en')),
    constraint report_files_sha256_is_of_the_content check (sha256 = sha256(content))
);
-- The bytes are compressed little or not at all by Postgres, and read as a whole.
alter table report_files alter column content set storage external;
