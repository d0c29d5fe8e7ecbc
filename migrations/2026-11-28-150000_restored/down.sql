alter table policies alter constraint policies_superseded_by_a_policy not deferrable;
alter table decisions alter constraint decisions_supersede_a_decision not deferrable;
