-- Schema 5: indexes for lists by operation and by period. Older programs can still write to it.
CREATE INDEX jobs_operation ON jobs (owner, operation, seq);
CREATE INDEX jobs_created ON jobs (owner, created_at, seq);
CREATE INDEX media_created ON media (owner, created_at, seq) WHERE deleted_at IS NULL;
