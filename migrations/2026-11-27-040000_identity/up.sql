-- Addresses in the form in which they are compared. The code folds them, since SQL folds otherwise: `fold_addresses` in
-- `db/users.rs` folds the addresses beyond ASCII right after the migrations. Until now addresses were in lower case, so
-- no two rows share one here.

alter table users add column email_folded text;
update users set email_folded = email;
alter table users alter column email_folded set not null;
alter table users
    drop constraint users_email_key,
    drop constraint users_email_is_normal,
    add constraint users_email_folded_key unique (email_folded),
    add constraint users_email_has_its_form check (email like '%_@_%' and length(email) <= 254);

-- Who has not accepted an invitation is invited. Until now such users were active, although nobody could sign in as them.
alter table users
    drop constraint users_state_is_known,
    add constraint users_state_is_known check (state in ('invited', 'active', 'disabled'));
update users set state = 'invited'
where state = 'active' and not exists (select from passwords p where p.user_id = users.id)
  and not exists (select from user_identities i where i.user_id = users.id);
