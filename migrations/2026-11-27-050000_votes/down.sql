alter table ballots drop constraint ballots_returned_have_a_comment;
alter table ballots rename constraint ballots_absent_have_no_vote to ballots_left_without_a_vote;
alter table ballots rename column absent_since to left_at;
