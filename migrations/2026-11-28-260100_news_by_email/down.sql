delete from emails where kind in ('news', 'digest');
alter table emails
    drop column notification_ids,
    drop constraint emails_kind_is_known,
    add constraint emails_kind_is_known check (kind in ('invitation', 'passwordReset', 'passwordChanged'));
