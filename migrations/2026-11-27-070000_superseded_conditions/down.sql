update conditions set state = 'waived' where state = 'superseded';
alter table conditions
    drop constraint conditions_state_is_known,
    drop constraint conditions_waived_have_a_reason,
    add constraint conditions_state_is_known check (state in ('open', 'reportedMet', 'met', 'waived')),
    add constraint conditions_waived_have_a_reason check (state <> 'waived' or state_reason is not null);
