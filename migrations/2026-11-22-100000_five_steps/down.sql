drop table evidence_contents, evidence;
alter table activities
    drop column subject_id, drop column subject_kind, drop column policy_id, drop column sector_id,
    drop column pilot_id, drop column migration_id, drop column condition_id;
alter table waivers drop constraint waivers_cleared_by_a_decision;
drop table conditions, decisions, reports, ballots, waivers;
alter table submissions drop column reason, drop column snapshot, drop column hash;
drop table checklist_items, migrations, measurements, indicators, pilots, studies, assessments, sectors, policies;
drop function are_aims;
