drop table events, comments, activity_dependencies, activities, submissions, health_statements, steps cascade;
drop table cycles, members, task_force_heads, task_forces cascade;
drop table installation_events, refresh_tokens, sessions, invitations, users cascade;
drop function panel_holds, refuse_change, due_or_never, is_time_zone, local_date, holding, fold_localized, fold, is_localized;
drop extension pg_trgm;
