drop table webhook_deliveries;
drop table webhook_positions;
drop table webhook_secrets;
drop table webhooks;
