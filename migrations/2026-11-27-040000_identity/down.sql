update users set state = 'active' where state = 'invited';
alter table users
    drop constraint users_state_is_known,
    add constraint users_state_is_known check (state in ('active', 'disabled'));

update users set email = lower(email_folded) where email <> lower(email_folded);
alter table users
    drop constraint users_email_has_its_form,
    drop constraint users_email_folded_key,
    add constraint users_email_key unique (email),
    add constraint users_email_is_normal check (email = lower(email) and email like '%_@_%' and length(email) <= 254);
alter table users drop column email_folded;
