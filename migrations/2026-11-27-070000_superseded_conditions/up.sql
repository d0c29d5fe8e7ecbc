-- Conditions of a corrected decision are superseded, not waived: the council has not released anybody from them.

alter table conditions
    drop constraint conditions_state_is_known,
    drop constraint conditions_waived_have_a_reason,
    add constraint conditions_state_is_known check (state in ('open', 'reportedMet', 'met', 'waived', 'superseded')),
    add constraint conditions_waived_have_a_reason check (state not in ('waived', 'superseded') or state_reason is not null);

-- Until now, a correction waived these conditions with a reason of this form.
update conditions c
set state = 'superseded', state_reason = d.reason
from decisions d
where c.state = 'waived'
  and c.state_reason ->> 'en' ~ '^Decision [0-9]{1,9} corrects decision [0-9]{1,9}$'
  and d.task_force_id = c.task_force_id
  and d.number = substring(c.state_reason ->> 'en' from '[0-9]+')::int;
