alter table migrations drop column reconciliation_reason;
alter table pilots drop column started_at;
