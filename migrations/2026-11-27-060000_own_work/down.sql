drop table activity_assignees;
alter table policies drop column under_review_by_member_id;
