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
        policy_id -> Nullable<Uuid>,
        sector_id -> Nullable<Uuid>,
        pilot_id -> Nullable<Uuid>,
        migration_id -> Nullable<Uuid>,
        condition_id -> Nullable<Uuid>,
        subject_id -> Nullable<Uuid>,
        subject_kind -> Nullable<Text>,
        search -> Text,
    }
}

diesel::table! {
    activity_assignees (task_force_id, activity_id, member_id) {
        task_force_id -> Uuid,
        activity_id -> Uuid,
        member_id -> Uuid,
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
    adjustment_notes (task_force_id, decision_id) {
        task_force_id -> Uuid,
        decision_id -> Uuid,
        note -> Jsonb,
        member_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        key_hash -> Bytea,
        may_write -> Bool,
        only_task_force_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        seq -> Int8,
    }
}

diesel::table! {
    assessments (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        sector_id -> Uuid,
        kind -> Text,
        level -> Int2,
        assessed_on -> Date,
        evidence -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    ballots (task_force_id, submission_id, member_id) {
        task_force_id -> Uuid,
        submission_id -> Uuid,
        member_id -> Uuid,
        choice -> Nullable<Text>,
        comment -> Nullable<Text>,
        reason -> Nullable<Jsonb>,
        voted_at -> Nullable<Timestamptz>,
        absent_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    checklist_items (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        migration_id -> Uuid,
        title -> Jsonb,
        done -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
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
        mentions -> Array<Uuid>,
    }
}

diesel::table! {
    conditions (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        decision_id -> Uuid,
        text -> Jsonb,
        owner_member_id -> Uuid,
        due_date -> Date,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
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
    decisions (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        report_id -> Uuid,
        cycle -> Int4,
        outcome -> Text,
        return_to_step -> Nullable<Text>,
        meeting_reference -> Text,
        decided_on -> Date,
        reason -> Jsonb,
        supersedes_id -> Nullable<Uuid>,
        user_id -> Uuid,
        seq -> Int8,
        created_at -> Timestamptz,
        register_seq -> Int8,
    }
}

diesel::table! {
    emails (id) {
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        state -> Text,
        attempts -> Int4,
        failures -> Int4,
        first_failed_at -> Nullable<Timestamptz>,
        next_attempt_at -> Timestamptz,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        notification_ids -> Array<Uuid>,
    }
}

diesel::table! {
    evaluations (task_force_id, pilot_id, number) {
        task_force_id -> Uuid,
        pilot_id -> Uuid,
        number -> Int4,
        cycle -> Int4,
        run -> Int4,
        outcome -> Text,
        lessons -> Jsonb,
        indicators -> Jsonb,
        evaluated_at -> Timestamptz,
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
        subject_title -> Nullable<Jsonb>,
        subject_parent_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    evidence (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        activity_id -> Nullable<Uuid>,
        policy_id -> Nullable<Uuid>,
        study_id -> Nullable<Uuid>,
        assessment_id -> Nullable<Uuid>,
        pilot_id -> Nullable<Uuid>,
        migration_id -> Nullable<Uuid>,
        condition_id -> Nullable<Uuid>,
        title -> Jsonb,
        url -> Nullable<Text>,
        sha256 -> Nullable<Bytea>,
        media_type -> Nullable<Text>,
        size -> Nullable<Int4>,
        user_id -> Uuid,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        sector_id -> Nullable<Uuid>,
        submission_id -> Nullable<Uuid>,
        report_id -> Nullable<Uuid>,
        decision_id -> Nullable<Uuid>,
        subject_id -> Uuid,
        subject_kind -> Text,
        file_name -> Nullable<Text>,
        file_removed_at -> Nullable<Timestamptz>,
        file_removal_reason -> Nullable<Jsonb>,
    }
}

diesel::table! {
    evidence_contents (task_force_id, evidence_id) {
        task_force_id -> Uuid,
        evidence_id -> Uuid,
        content -> Bytea,
    }
}

diesel::table! {
    feed_marks (user_id) {
        user_id -> Uuid,
        settled_id -> Uuid,
        task_force_ids -> Array<Uuid>,
        event_ids -> Array<Uuid>,
        marked_at -> Timestamptz,
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
    idempotency_keys (user_id, operation, key) {
        user_id -> Uuid,
        operation -> Text,
        key -> Text,
        fingerprint -> Bytea,
        created_at -> Timestamptz,
        status -> Nullable<Int2>,
        etag -> Nullable<Text>,
        location -> Nullable<Text>,
        body -> Nullable<Bytea>,
    }
}

diesel::table! {
    indicators (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        pilot_id -> Uuid,
        name -> Jsonb,
        unit -> Text,
        direction -> Text,
        baseline -> Nullable<Numeric>,
        target -> Nullable<Numeric>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        retirement_reason -> Nullable<Jsonb>,
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
    measurements (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        pilot_id -> Uuid,
        indicator_id -> Uuid,
        cycle -> Int4,
        value -> Numeric,
        measured_on -> Date,
        source -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        run -> Int4,
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
    migrations (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        last_cycle -> Int4,
        pilot_id -> Uuid,
        title -> Jsonb,
        target_system -> Text,
        planned_on -> Date,
        rollback_plan -> Nullable<Text>,
        reconciliation_source -> Nullable<Int8>,
        reconciliation_loaded -> Nullable<Int8>,
        reconciliation_rejected -> Nullable<Int8>,
        receiving_unit -> Nullable<Text>,
        service_owner -> Nullable<Text>,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
        reconciliation_reason -> Nullable<Jsonb>,
    }
}

diesel::table! {
    notification_cursors (task_force_id) {
        task_force_id -> Uuid,
        seq -> Int8,
    }
}

diesel::table! {
    notification_settings (user_id) {
        user_id -> Uuid,
        choices -> Jsonb,
        digest_hour -> Int2,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    notifications (user_id, id) {
        user_id -> Uuid,
        id -> Uuid,
        seq -> Int8,
        kind -> Text,
        about_task_force_id -> Nullable<Uuid>,
        subject_kind -> Text,
        subject_id -> Uuid,
        occasion -> Text,
        actor_id -> Nullable<Uuid>,
        details -> Jsonb,
        created_at -> Timestamptz,
        is_listed -> Bool,
        read_at -> Nullable<Timestamptz>,
        email -> Text,
        emailed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    open_activity_counts (task_force_id) {
        task_force_id -> Uuid,
        open -> Int4,
        blocked -> Int4,
        due_dates -> Array<Date>,
    }
}

diesel::table! {
    page_links (token_hash) {
        token_hash -> Bytea,
        page -> Text,
        only_task_force_id -> Nullable<Uuid>,
        report_number -> Nullable<Int4>,
        user_id -> Uuid,
        session_id -> Nullable<Uuid>,
        issued_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        opened_at -> Nullable<Timestamptz>,
        reader_hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    password_reset_requests (id) {
        id -> Uuid,
        email_folded -> Text,
        request_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    password_resets (token_hash) {
        user_id -> Uuid,
        token_hash -> Bytea,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    passwords (user_id) {
        user_id -> Uuid,
        hash -> Text,
    }
}

diesel::table! {
    pilots (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        last_cycle -> Int4,
        title -> Jsonb,
        sector_id -> Uuid,
        policy_id -> Nullable<Uuid>,
        owner_member_id -> Uuid,
        aims -> Array<Text>,
        hypothesis -> Nullable<Text>,
        start_date -> Date,
        end_date -> Date,
        outcome -> Nullable<Text>,
        lessons -> Nullable<Jsonb>,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
        started_at -> Nullable<Timestamptz>,
        run -> Int4,
    }
}

diesel::table! {
    policies (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        last_cycle -> Int4,
        title -> Jsonb,
        kind -> Text,
        description -> Nullable<Jsonb>,
        reference -> Nullable<Text>,
        aims -> Array<Text>,
        superseded_by_id -> Nullable<Uuid>,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
        under_review_by_member_id -> Nullable<Uuid>,
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
    refused_attempts (id) {
        id -> Uuid,
        hour -> Timestamptz,
        user_id -> Nullable<Uuid>,
        address -> Text,
        operation -> Text,
        code -> Text,
        about_task_force_id -> Nullable<Uuid>,
        attempts -> Int8,
        first_at -> Timestamptz,
        last_at -> Timestamptz,
        last_request_id -> Text,
        seq -> Int8,
    }
}

diesel::table! {
    reminders (task_force_id, kind, subject_id, day) {
        task_force_id -> Uuid,
        kind -> Text,
        subject_id -> Uuid,
        day -> Date,
        reminded_at -> Timestamptz,
    }
}

diesel::table! {
    report_files (task_force_id, report_id, format, language) {
        task_force_id -> Uuid,
        report_id -> Uuid,
        format -> Text,
        language -> Text,
        content -> Bytea,
        sha256 -> Bytea,
        rendered_by -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    reports (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        cycle -> Int4,
        state -> Text,
        recommendation -> Text,
        return_to_step -> Nullable<Text>,
        summary -> Jsonb,
        model -> Text,
        hash -> Bytea,
        seq -> Int8,
        member_id -> Uuid,
        submitted_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    sectors (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        last_cycle -> Int4,
        name -> Jsonb,
        rationale -> Nullable<Jsonb>,
        state -> Text,
        state_reason -> Nullable<Jsonb>,
        state_since -> Timestamptz,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search -> Text,
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
        user_agent -> Nullable<Text>,
        refreshes -> Int4,
        seq -> Int8,
    }
}

diesel::table! {
    share_links (id) {
        id -> Uuid,
        seq -> Int8,
        token_hash -> Bytea,
        page -> Text,
        only_task_force_id -> Nullable<Uuid>,
        report_number -> Nullable<Int4>,
        note -> Nullable<Text>,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        accesses -> Int8,
        last_accessed_at -> Nullable<Timestamptz>,
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
    studies (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        sector_id -> Uuid,
        title -> Jsonb,
        approach -> Text,
        findings -> Nullable<Jsonb>,
        recommendation -> Nullable<Jsonb>,
        completed -> Bool,
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
        reason -> Nullable<Jsonb>,
        snapshot -> Text,
        hash -> Bytea,
        voting_ends_at -> Nullable<Timestamptz>,
        voting_paused_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    task_force_heads (task_force_id) {
        task_force_id -> Uuid,
        seq -> Int8,
        hash -> Bytea,
        changed_at -> Timestamptz,
        last_activity_number -> Int4,
        file_bytes -> Int8,
        last_id -> Uuid,
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
        working_week -> Array<Text>,
    }
}

diesel::table! {
    user_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Uuid,
        created_at -> Timestamptz,
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
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        sessions_ended_at -> Nullable<Timestamptz>,
        search -> Text,
        email_folded -> Text,
        email_disabled_at -> Nullable<Timestamptz>,
        email_disabled_reason -> Nullable<Text>,
    }
}

diesel::table! {
    waivers (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        cycle -> Int4,
        step -> Text,
        criterion -> Text,
        reason -> Jsonb,
        member_id -> Uuid,
        created_at -> Timestamptz,
        cleared_by_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    webhook_deliveries (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        webhook_id -> Uuid,
        number -> Int8,
        event_id -> Nullable<Uuid>,
        event_seq -> Nullable<Int8>,
        action -> Nullable<Text>,
        outcome -> Text,
        attempt -> Int4,
        status -> Nullable<Int4>,
        error -> Nullable<Text>,
        milliseconds -> Nullable<Int4>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_positions (task_force_id, webhook_id) {
        task_force_id -> Uuid,
        webhook_id -> Uuid,
        seq -> Int8,
        failures -> Int4,
        failing_since -> Nullable<Timestamptz>,
        next_attempt_at -> Nullable<Timestamptz>,
        last_delivered_at -> Nullable<Timestamptz>,
        claim -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_secrets (task_force_id, webhook_id, id) {
        task_force_id -> Uuid,
        webhook_id -> Uuid,
        id -> Uuid,
        sealed -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhooks (task_force_id, id) {
        task_force_id -> Uuid,
        id -> Uuid,
        url -> Text,
        name -> Text,
        actions -> Array<Text>,
        language -> Text,
        state -> Text,
        owner_id -> Nullable<Uuid>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    activities,
    activity_assignees,
    activity_dependencies,
    adjustment_notes,
    api_keys,
    assessments,
    ballots,
    checklist_items,
    comments,
    conditions,
    cycles,
    decisions,
    emails,
    evaluations,
    events,
    evidence,
    evidence_contents,
    feed_marks,
    health_statements,
    idempotency_keys,
    indicators,
    installation_events,
    invitations,
    measurements,
    members,
    migrations,
    notification_cursors,
    notification_settings,
    notifications,
    open_activity_counts,
    page_links,
    password_reset_requests,
    password_resets,
    passwords,
    pilots,
    policies,
    refresh_tokens,
    refused_attempts,
    reminders,
    report_files,
    reports,
    sectors,
    sessions,
    share_links,
    steps,
    studies,
    submissions,
    task_force_heads,
    task_forces,
    user_identities,
    users,
    waivers,
    webhook_deliveries,
    webhook_positions,
    webhook_secrets,
    webhooks,
);
