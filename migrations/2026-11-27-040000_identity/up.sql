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
