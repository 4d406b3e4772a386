-- Schema 2: notifications, confirmations, the audit log, cached and joined calls.
ALTER TABLE jobs ADD COLUMN told_at REAL;
CREATE TABLE confirmations (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    call_key TEXT NOT NULL,
    credits INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    answer TEXT,
    answered_at REAL,
    used_by TEXT
) STRICT;
CREATE INDEX confirmations_key ON confirmations (call_key, id);
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    operation TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_prompt ON audit (prompt_hash, id);
ALTER TABLE calls ADD COLUMN cancelled_at REAL;
ALTER TABLE calls ADD COLUMN said TEXT;
ALTER TABLE calls ADD COLUMN cached TEXT;
ALTER TABLE calls ADD COLUMN saved INTEGER;
CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL;
CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL;
CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE handed_at IS NULL;
-- Some schema 1 stores already have these three.
CREATE INDEX IF NOT EXISTS jobs_state ON jobs (owner, state, seq);
CREATE INDEX IF NOT EXISTS media_kind ON media (owner, media_type, seq) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS media_copy ON media (owner, copy_path) WHERE copy_path IS NOT NULL;
