-- Schema 10: webhooks, idempotency keys, signed uploads, and counters of ends for event streams. It
-- only adds: older programs end jobs without a number and without deliveries.
ALTER TABLE jobs ADD COLUMN end_number INTEGER;
ALTER TABLE jobs ADD COLUMN error_type TEXT;
-- Finds what ended after an event.
CREATE INDEX jobs_end_number ON jobs (owner, end_number) WHERE end_number IS NOT NULL;
ALTER TABLE runs ADD COLUMN end_number INTEGER;
CREATE INDEX runs_end_number ON runs (owner, end_number) WHERE end_number IS NOT NULL;

-- What made a call, for lists: the name of an MCP client, or REST, web page or stability-mcp.
ALTER TABLE calls ADD COLUMN client TEXT;

-- A key that a client sent with a call or a run: the same key never starts a second one.
CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,  -- of the route and its arguments, files by their bytes
    call TEXT,  -- the call that it started
    run TEXT,  -- the run that it started or decided about
    jobs TEXT,  -- JSON: the paused jobs that it resumed
    created_at REAL NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- A URL that is notified of ends.
CREATE TABLE webhooks (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,  -- JSON: the types that it subscribes to
    description TEXT NOT NULL DEFAULT '',
    secret TEXT NOT NULL,
    old_secret TEXT,  -- signs too until its time is over
    old_secret_until REAL,
    created_at REAL NOT NULL,
    failing_since REAL,  -- first failure since the last success
    disabled_at REAL,
    disabled_why TEXT
) STRICT;
CREATE INDEX webhooks_list ON webhooks (owner, upstream, seq);

-- A message to a webhook, written in the transaction that ends the job or run.
CREATE TABLE deliveries (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    webhook TEXT NOT NULL,
    message TEXT NOT NULL,  -- id of the message: the same for each attempt
    type TEXT NOT NULL,  -- job.ended run.ended run.review
    subject TEXT NOT NULL,  -- the job or run
    ended_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL,  -- earliest next attempt, or end of a process's claim; NULL: none follows
    body TEXT,  -- made for the first attempt, sent in each; NULL: before it, or after delivery
    attempted_at REAL,
    delivered_at REAL,
    answer TEXT  -- to the last attempt
) STRICT;
CREATE INDEX deliveries_due ON deliveries (upstream, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_list ON deliveries (webhook, seq);

-- A file that a client may send to a signed URL, once.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,  -- as announced; counts towards the open bytes of the owner
    state TEXT NOT NULL,  -- open receiving received | completed
    media TEXT,  -- NULL: not completed
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_open ON uploads (owner, expires_at);
