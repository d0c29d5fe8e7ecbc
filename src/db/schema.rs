// @generated automatically by Diesel CLI.

diesel::table! {
    activities (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        cycle -> Int4,
        step -> Text,
        title -> Jsonb,
        description -> Nullable<Jsonb>,
        assignee_member_id -> Nullable<Uuid>,
        due_date -> Nullable<Date>,
        priority -> Text,
        review_required -> Bool,
        state -> Text,
        blocked_from -> Nullable<Text>,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
    }
}

diesel::table! {
    activity_dependencies (task_force_id, activity_id, depends_on_id) {
        task_force_id -> Uuid,
        activity_id -> Uuid,
        depends_on_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    comments (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        activity_id -> Uuid,
        author_id -> Uuid,
        text -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    cycles (task_force_id, number) {
        task_force_id -> Uuid,
        number -> Int4,
        opened_at -> Timestamptz,
    }
}

diesel::table! {
    events (task_force_id, seq) {
        task_force_id -> Uuid,
        seq -> Int8,
        id -> Uuid,
        at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Uuid,
        body -> Text,
        previous_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    health_statements (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        health -> Text,
        note -> Nullable<Jsonb>,
        member_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    installation_events (seq) {
        seq -> Int8,
        id -> Uuid,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        request_id -> Text,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Uuid,
        from_state -> Nullable<Text>,
        to_state -> Nullable<Text>,
        changes -> Jsonb,
    }
}

diesel::table! {
    invitations (token_hash) {
        token_hash -> Bytea,
        user_id -> Uuid,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    members (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        expertise -> Nullable<Text>,
        from_date -> Date,
        to_date -> Nullable<Date>,
        end_reason -> Nullable<Jsonb>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    steps (task_force_id, cycle, step) {
        task_force_id -> Uuid,
        cycle -> Int4,
        step -> Text,
        id -> Uuid,
        ordinal -> Int2,
        state -> Text,
        target_date -> Nullable<Date>,
        opened_at -> Nullable<Timestamptz>,
        passed_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    submissions (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        step -> Text,
        state -> Text,
        note -> Nullable<Jsonb>,
        member_id -> Uuid,
        created_at -> Timestamptz,
        decided_at -> Nullable<Timestamptz>,
        version -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    task_force_heads (task_force_id) {
        task_force_id -> Uuid,
        seq -> Int8,
        hash -> Bytea,
        changed_at -> Timestamptz,
        last_activity_number -> Int4,
    }
}

diesel::table! {
    task_forces (id) {
        id -> Uuid,
        name -> Jsonb,
        city -> Jsonb,
        country -> Nullable<Text>,
        mandate -> Jsonb,
        time_zone -> Text,
        max_sectors -> Int2,
        evolution_stage -> Nullable<Text>,
        maturity_level -> Nullable<Int2>,
        next_council_date -> Nullable<Date>,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        current_cycle -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Jsonb,
        role -> Text,
        locale -> Text,
        state -> Text,
        password_hash -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    activities,
    activity_dependencies,
    comments,
    cycles,
    events,
    health_statements,
    installation_events,
    invitations,
    members,
    refresh_tokens,
    sessions,
    steps,
    submissions,
    task_force_heads,
    task_forces,
    users,
);
