drop index evidence_of_user;
