drop table notification_cursors;
drop table notification_settings;
drop table notifications;
