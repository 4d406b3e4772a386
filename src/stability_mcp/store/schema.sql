-- The tables of a new store; `migrations` upgrades older stores to the same tables.
--
-- Money is whole millicredits (1 credit is 1000). Times are unix seconds; no rule uses them to decide
-- whether a process is dead. Rows are ordered by `seq`, which is never reused, even after the newest
-- row was deleted: cursors rely on it. No CHECK lists states, so a new state needs no new
-- table. PostgreSQL takes the same text with BIGINT, DOUBLE PRECISION and identity columns, and
-- without STRICT and WITHOUT ROWID.

-- schema, oldest_writer, store_id, fingerprint_secret and other named values, such as a daily
-- budget that was raised for one day.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- An API endpoint with a key: the owner of a balance, a rate limit and generations.
CREATE TABLE upstreams (
    id TEXT NOT NULL PRIMARY KEY,  -- keyed hash of base URL and key; 'emulator'
    base_url TEXT NOT NULL,
    emulated INTEGER NOT NULL DEFAULT 0,
    blocked_until REAL NOT NULL DEFAULT 0,  -- a 429 stops every process
    paused_why TEXT,  -- 401, 402: nothing is sent until a balance query succeeds
    balance INTEGER,  -- approximate: never part of a sum
    balance_at REAL
) STRICT;

-- A process is alive while it holds locks/<id>.lock; the row is for people and recovery.
CREATE TABLE processes (
    id TEXT NOT NULL PRIMARY KEY,
    upstream TEXT NOT NULL,
    pid INTEGER NOT NULL,
    program TEXT NOT NULL,
    writes_schema INTEGER NOT NULL,
    host TEXT,
    started_at REAL NOT NULL
) STRICT;

-- A tools/call that costs credits; needed for joining, delivery and uncollected results.
CREATE TABLE calls (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,  -- that received it
    tool TEXT NOT NULL,
    call_key TEXT NOT NULL,  -- hash of owner, upstream, operation, arguments, input hashes, count
    joined TEXT REFERENCES calls (id),  -- NULL: it has jobs; else it waits for the jobs of that call
    created_at REAL NOT NULL,
    abandoned_at REAL,  -- the request ended without the result
    delivered_at REAL,  -- the request ended with it
    cancelled_at REAL,  -- its caller cancelled it; its jobs may still run
    notes TEXT,  -- JSON: how its inputs were resolved and changed
    cached TEXT,  -- JSON: jobs of earlier calls whose results it reuses, by position
    saved INTEGER,  -- what those results would have cost
    client TEXT  -- what made it, for lists; NULL: an older program, or a step of a run
) STRICT;
CREATE INDEX calls_key ON calls (call_key, seq);
CREATE INDEX calls_open ON calls (owner, seq) WHERE delivered_at IS NULL;
CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL;
-- Finds identical calls that may be joined among the many delivered ones.
CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE delivered_at IS NULL;
CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL;

CREATE TABLE jobs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL REFERENCES upstreams (id),
    call TEXT REFERENCES calls (id),
    position INTEGER NOT NULL DEFAULT 0,  -- among the jobs of one call
    run TEXT,  -- run, step, item: coordinates in a workflow
    step TEXT,
    item INTEGER NOT NULL DEFAULT 0,
    retry_of TEXT,
    operation TEXT NOT NULL,
    arguments TEXT NOT NULL,  -- canonical JSON; files as media ids; never URLs, paths or bytes
    result_key TEXT,  -- set only where the same call gives the same result
    deferred INTEGER NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,  -- 0: a caller is waiting; 1: part of a batch or workflow
    state TEXT NOT NULL,  -- queued paused submitting submitted storing | done failed cancelled unknown
    process TEXT,  -- the one running it; fences sending, never results
    lease_version INTEGER NOT NULL DEFAULT 0,  -- incremented with each change of the process
    lease_until REAL,  -- hosted only
    attempt INTEGER NOT NULL DEFAULT 0,  -- one per POST; a result is accepted by attempt
    wake_at REAL NOT NULL DEFAULT 0,
    cancel_at REAL,
    day TEXT NOT NULL,
    price INTEGER NOT NULL,
    price_list TEXT NOT NULL,
    charged TEXT NOT NULL DEFAULT 'no',  -- no reserved assumed yes
    generation TEXT,
    answer TEXT,
    error TEXT,
    engine_id TEXT,
    label TEXT,  -- requested by the caller; stored so that recovery can use it
    output_dir TEXT,  -- folder for the readable copy
    created_at REAL NOT NULL,
    sent_at REAL,
    answered_at REAL,
    finished_at REAL,
    notified_at REAL,  -- when its end was delivered to STABILITY_ON_DONE
    notify_after REAL,  -- earliest next attempt: a process is delivering it, or it failed
    stripped_at REAL,  -- when retention removed its details and kept its charge
    origin TEXT NOT NULL DEFAULT 'call',  -- call adopted (started and paid for by another program)
    variant INTEGER NOT NULL DEFAULT 0,  -- number in the names of a series, from 1; 0: a single result
    label_source INTEGER NOT NULL DEFAULT 2,  -- see media.labels.NameSource
    end_number INTEGER,  -- order of the ends, see store.end_events; a late result gets a new one
    error_type TEXT  -- class of the error of a job that failed uncharged
) STRICT;
CREATE INDEX jobs_due ON jobs (upstream, state, priority, wake_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_driven ON jobs (process) WHERE finished_at IS NULL;
CREATE INDEX jobs_call ON jobs (call, position);
CREATE INDEX jobs_cache ON jobs (result_key, seq) WHERE result_key IS NOT NULL AND state = 'done';
CREATE INDEX jobs_list ON jobs (owner, seq);
-- Lists the jobs of one operation, and those of a period.
CREATE INDEX jobs_operation ON jobs (owner, operation, seq);
CREATE INDEX jobs_created ON jobs (owner, created_at, seq);
-- Finds recently ended jobs, and jobs that ended long ago.
CREATE INDEX jobs_ended ON jobs (upstream, finished_at) WHERE finished_at IS NOT NULL;
-- Finds what ended after an event.
CREATE INDEX jobs_end_number ON jobs (owner, end_number) WHERE end_number IS NOT NULL;
-- Finds a known generation.
CREATE INDEX jobs_generation ON jobs (upstream, generation) WHERE generation IS NOT NULL;
-- Finds the few unfinished jobs.
CREATE INDEX jobs_state ON jobs (owner, state, seq);
-- One job per step of a run, whichever process schedules it.
CREATE UNIQUE INDEX jobs_step ON jobs (run, step, item) WHERE run IS NOT NULL AND retry_of IS NULL;
-- Lists the jobs of a run, with retries.
CREATE INDEX jobs_run ON jobs (run, step, item, seq) WHERE run IS NOT NULL;

-- The ledger: one row per POST, never deleted.
CREATE TABLE charges (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    day TEXT NOT NULL,
    credits INTEGER NOT NULL,
    state TEXT NOT NULL,  -- sent charged assumed free
    at REAL NOT NULL,
    UNIQUE (job, attempt)
) STRICT;
CREATE INDEX charges_day ON charges (owner, upstream, day);

-- The daily budget: one conditional UPDATE enforces it.
CREATE TABLE spending (
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    day TEXT NOT NULL,
    reserved INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, upstream, day),
    CHECK (reserved >= 0),
    CHECK (spent >= 0)
) STRICT, WITHOUT ROWID;

-- A limit on the credits that a client may spend until a time, see policy.spend_limits.
CREATE TABLE spend_limits (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    scope TEXT NOT NULL,  -- stdio, http, or http: and a keyed hash of the bearer token
    client TEXT NOT NULL,  -- on stdio, the name of the MCP client; else empty
    process TEXT,  -- on stdio, the process that it was set in; NULL: that process is ending
    max_credits INTEGER NOT NULL,
    created_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    lifted_at REAL  -- when the user lifted it
) STRICT;
CREATE INDEX spend_limits_scope ON spend_limits (owner, upstream, scope, ends_at);

-- The jobs that count towards a limit. What is left is always the sum over them.
CREATE TABLE spend_limit_jobs (
    spend_limit INTEGER NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (spend_limit, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_limit_jobs_job ON spend_limit_jobs (job);

-- The rate limit: a slot is kept until 10.5 s after the request is known to have been sent.
CREATE TABLE requests (
    id INTEGER NOT NULL PRIMARY KEY,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    granted_at REAL NOT NULL,
    sent_at REAL
) STRICT;
CREATE INDEX requests_sent ON requests (upstream, sent_at);

CREATE TABLE blobs (
    sha256 TEXT NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE media (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    emulated INTEGER NOT NULL DEFAULT 0,
    upstream TEXT,  -- NULL: imported
    job TEXT REFERENCES jobs (id),
    position INTEGER NOT NULL DEFAULT 0,
    blob TEXT NOT NULL REFERENCES blobs (sha256),
    media_type TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    seconds REAL,
    seed TEXT,  -- text: a provider's 2^63 must not cost a paid result
    finish_reason TEXT,
    origin TEXT NOT NULL,  -- generated imported fitted
    operation TEXT,  -- JSON of what made it: {"operation": ..., "arguments": ...}
    label TEXT,
    copy_path TEXT,
    created_at REAL NOT NULL,
    deleted_at REAL,  -- it can be restored until retention removes it
    copy_bytes INTEGER,  -- size and time of the copy as written; a difference means it was edited
    copy_mtime_ns INTEGER
) STRICT;
CREATE UNIQUE INDEX media_job ON media (job, position) WHERE job IS NOT NULL;
CREATE INDEX media_list ON media (owner, seq) WHERE deleted_at IS NULL;
-- Lists media of one kind.
CREATE INDEX media_kind ON media (owner, media_type, seq) WHERE deleted_at IS NULL;
-- Lists media of a period.
CREATE INDEX media_created ON media (owner, created_at, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_label ON media (owner, label)
WHERE label IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX media_blob ON media (blob);
-- Finds the media item of a readable copy.
CREATE INDEX media_copy ON media (owner, copy_path) WHERE copy_path IS NOT NULL;
-- Finds the few deleted items.
CREATE INDEX media_deleted ON media (owner, deleted_at) WHERE deleted_at IS NOT NULL;

-- Every name that an item has or had; media.label is its present one.
CREATE TABLE media_names (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,  -- order in which names were given
    owner TEXT NOT NULL,
    media TEXT NOT NULL,
    name TEXT NOT NULL,  -- hero v2-1
    name_key TEXT NOT NULL,  -- the form in which names are compared, see text.name_key
    root TEXT NOT NULL,  -- hero
    root_key TEXT NOT NULL,
    version INTEGER NOT NULL,  -- from 1; 0: a label from before schema 6
    variant INTEGER NOT NULL DEFAULT 0,  -- from 1; 0: not one of a series
    source INTEGER NOT NULL DEFAULT 2,  -- where the name came from, see media.labels.NameSource
    series TEXT  -- the call whose variants share a version
) STRICT;
-- Two items never get the same name; labels from before schema 6 may differ in case only.
CREATE UNIQUE INDEX media_names_key ON media_names (owner, name_key) WHERE version > 0;
CREATE INDEX media_names_lookup ON media_names (owner, name_key);
CREATE INDEX media_names_root ON media_names (owner, root_key, version);
CREATE INDEX media_names_media ON media_names (media);

CREATE TABLE media_tags (
    media TEXT NOT NULL,
    tag_key TEXT NOT NULL,  -- the form in which tags are compared, see text.name_key
    position INTEGER NOT NULL,  -- in the order in which they were given
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    media_seq INTEGER NOT NULL,  -- lists by tag are in this order
    PRIMARY KEY (media, tag_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_tags_list ON media_tags (owner, tag_key, media_seq);

CREATE TABLE media_parents (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (child, parent, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_parents_parent ON media_parents (parent);

-- The inputs of jobs, which retention keeps.
CREATE TABLE job_inputs (
    job TEXT NOT NULL,
    field TEXT NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (job, field, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_inputs_media ON job_inputs (media);

-- A request for the user's approval of a price, and the answer.
CREATE TABLE confirmations (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    question_key TEXT NOT NULL,  -- see policy.confirmation
    credits INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    answer TEXT,  -- yes no dismissed; NULL: none yet
    answered_at REAL,
    used_by TEXT  -- the process that used it; a yes counts once
) STRICT;
CREATE INDEX confirmations_key ON confirmations (question_key, id);

-- Refused and flagged prompts, for the person responsible for them.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL,  -- blocked warned moderated repeated
    operation TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,  -- never the prompt itself
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_prompt ON audit (prompt_hash, id);

-- A run of a workflow.
CREATE TABLE runs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT,  -- that drives it; NULL: it waits for the user, or has ended
    template TEXT,
    title TEXT NOT NULL,
    plan TEXT NOT NULL,  -- JSON, in the full notation
    plan_format INTEGER NOT NULL,
    inputs TEXT NOT NULL,  -- JSON
    files TEXT NOT NULL,  -- JSON: ids of the media that the files named in plan and inputs mean
    max_credits INTEGER NOT NULL,  -- what the user agreed to; its steps never cost more together
    scope TEXT,  -- the client whose spending limits bind its steps
    scope_client TEXT,
    workspace TEXT,  -- JSON: the folders of the client that started it
    delivery TEXT,  -- JSON: the files that were written, and lines for the answer
    collected_at REAL,  -- an answer showed its state, unless it runs
    redo_of TEXT,  -- the run whose results it may reuse
    redo TEXT,  -- JSON: the steps that run again and reuse nothing, and other picks
    state TEXT NOT NULL,  -- running review paused | done failed cancelled
    why TEXT,
    cancel_at REAL,
    created_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    finished_at REAL,
    end_number INTEGER,  -- order of the ends and stops for review, as for jobs
    paused_at REAL  -- by the user; NULL: not, or it has continued
) STRICT;
CREATE INDEX runs_list ON runs (owner, seq);
CREATE INDEX runs_open ON runs (upstream, state, seq) WHERE finished_at IS NULL;
CREATE INDEX runs_end_number ON runs (owner, end_number) WHERE end_number IS NOT NULL;
-- Finds the few runs that no answer has shown since they changed.
CREATE INDEX runs_uncollected ON runs (owner, seq) WHERE collected_at IS NULL;

-- One run of a step: a variant for an element of a list.
CREATE TABLE run_items (
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    item INTEGER NOT NULL,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,  -- JSON, media by id
    reuse_key TEXT,  -- hash of tool, arguments and input bytes; NULL: not reusable
    state TEXT NOT NULL,  -- running done failed unknown skipped cancelled
    repeats TEXT,  -- the job of unknown outcome that the user agreed to pay for again
    media TEXT,
    facts TEXT,  -- JSON: lines for the answer, and files that were written
    error TEXT,
    picked INTEGER,
    reused_from TEXT,
    started_at REAL NOT NULL,
    ended_at REAL,
    PRIMARY KEY (run, step, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_items_media ON run_items (media) WHERE media IS NOT NULL;
CREATE INDEX run_items_reuse ON run_items (reuse_key) WHERE reuse_key IS NOT NULL;

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
