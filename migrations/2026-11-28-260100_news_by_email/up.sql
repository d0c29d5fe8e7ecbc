-- The notifications that an e-mail tells, the oldest first.
alter table emails
    add column notification_ids uuid[] not null default '{}',
    drop constraint emails_kind_is_known,
    add constraint emails_kind_is_known
        check (kind in ('invitation', 'passwordReset', 'passwordChanged', 'news', 'digest'));
