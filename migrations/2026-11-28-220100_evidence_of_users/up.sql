-- What one user has added is counted.
create index evidence_of_user on evidence (task_force_id, user_id, created_at);
