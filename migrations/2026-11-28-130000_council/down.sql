drop index decisions_of_report;
drop index conditions_of_state;
drop index reports_by_submission;
drop index reports_of_state;
