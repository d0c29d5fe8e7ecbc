drop table feed_marks;
drop index events_of_oversight;
drop index events_in_order;
