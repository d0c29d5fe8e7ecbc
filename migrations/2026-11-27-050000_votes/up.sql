-- A member who has not voted and cannot vote is absent, whether the seat has ended or the user is disabled.
alter table ballots rename column left_at to absent_since;
alter table ballots rename constraint ballots_left_without_a_vote to ballots_absent_have_no_vote;

-- Votes that were cast before need no comment.
alter table ballots add constraint ballots_returned_have_a_comment
    check (choice is distinct from 'return' or comment is not null) not valid;

-- Members of open votes whose users were disabled before. The next vote counts them.
update ballots b set absent_since = now()
from submissions s, members m, users u
where s.task_force_id = b.task_force_id and s.id = b.submission_id and s.state = 'voting'
    and m.task_force_id = b.task_force_id and m.id = b.member_id and u.id = m.user_id and u.state = 'disabled'
    and b.choice is null and b.absent_since is null;
