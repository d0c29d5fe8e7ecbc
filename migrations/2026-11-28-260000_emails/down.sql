alter table users
    drop column email_disabled_at,
    drop column email_disabled_reason;
drop table password_resets;
drop table password_reset_requests;
drop table emails;
