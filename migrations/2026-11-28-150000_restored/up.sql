-- Rows that refer to other rows of their table are restored in the order of their ids, and a policy can be superseded by a
-- later one. Every other transaction still checks both keys at the end of each statement.
alter table policies alter constraint policies_superseded_by_a_policy deferrable initially immediate;
alter table decisions alter constraint decisions_supersede_a_decision deferrable initially immediate;
