-- The tables of schema 1 as its program made them, and a paid picture in them. Frozen: never edit.
PRAGMA journal_mode=WAL;
BEGIN;
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
)
 STRICT;
CREATE TABLE upstreams (
    id TEXT NOT NULL,
    base_url TEXT NOT NULL,
    emulated INTEGER DEFAULT '0' NOT NULL,
    blocked_until REAL DEFAULT '0' NOT NULL,
    paused_why TEXT,
    balance INTEGER,
    balance_at REAL,
    PRIMARY KEY (id)
)
 STRICT;
CREATE TABLE processes (
    id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    pid INTEGER NOT NULL,
    program TEXT NOT NULL,
    writes_schema INTEGER NOT NULL,
    host TEXT,
    started_at REAL NOT NULL,
    PRIMARY KEY (id)
)
 STRICT;
CREATE TABLE calls (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    tool TEXT NOT NULL,
    call_key TEXT NOT NULL,
    joined TEXT,
    created_at REAL NOT NULL,
    abandoned_at REAL,
    handed_at REAL,
    UNIQUE (id),
    FOREIGN KEY(joined) REFERENCES calls (id)
)
 STRICT;
CREATE TABLE spending (
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    day TEXT NOT NULL,
    held INTEGER DEFAULT '0' NOT NULL,
    spent INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (owner, upstream, day),
    CHECK (held >= 0),
    CHECK (spent >= 0)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE requests (
    id INTEGER NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    granted_at REAL NOT NULL,
    sent_at REAL,
    PRIMARY KEY (id)
)
 STRICT;
CREATE TABLE blobs (
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (sha256)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE media_parents (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (child, parent, role)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE job_inputs (
    job TEXT NOT NULL,
    field TEXT NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (job, field, position)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE jobs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    call TEXT,
    position INTEGER DEFAULT '0' NOT NULL,
    run TEXT,
    step TEXT,
    item INTEGER DEFAULT '0' NOT NULL,
    retry_of TEXT,
    operation TEXT NOT NULL,
    arguments TEXT NOT NULL,
    result_key TEXT,
    "deferred" INTEGER NOT NULL,
    lane INTEGER DEFAULT '0' NOT NULL,
    state TEXT NOT NULL,
    process TEXT,
    epoch INTEGER DEFAULT '0' NOT NULL,
    lease_until REAL,
    attempt INTEGER DEFAULT '0' NOT NULL,
    wake_at REAL DEFAULT '0' NOT NULL,
    cancel_at REAL,
    day TEXT NOT NULL,
    price INTEGER NOT NULL,
    price_list TEXT NOT NULL,
    charged TEXT DEFAULT 'no' NOT NULL,
    generation TEXT,
    answer TEXT,
    error TEXT,
    engine_id TEXT,
    label TEXT,
    output_dir TEXT,
    created_at REAL NOT NULL,
    sent_at REAL,
    answered_at REAL,
    finished_at REAL,
    UNIQUE (id),
    FOREIGN KEY(upstream) REFERENCES upstreams (id),
    FOREIGN KEY(call) REFERENCES calls (id)
)
 STRICT;
CREATE TABLE charges (
    id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    job TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    day TEXT NOT NULL,
    credits INTEGER NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (job, attempt),
    FOREIGN KEY(job) REFERENCES jobs (id)
)
 STRICT;
CREATE TABLE media (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    emulated INTEGER DEFAULT '0' NOT NULL,
    upstream TEXT,
    job TEXT,
    position INTEGER DEFAULT '0' NOT NULL,
    blob TEXT NOT NULL,
    media_type TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    seconds REAL,
    seed TEXT,
    finish_reason TEXT,
    origin TEXT NOT NULL,
    operation TEXT,
    label TEXT,
    copy_path TEXT,
    created_at REAL NOT NULL,
    deleted_at REAL,
    UNIQUE (id),
    FOREIGN KEY(job) REFERENCES jobs (id),
    FOREIGN KEY(blob) REFERENCES blobs (sha256)
)
 STRICT;
CREATE INDEX calls_open ON calls (owner, seq) WHERE handed_at IS NULL;
CREATE INDEX calls_key ON calls (call_key, seq);
CREATE INDEX requests_sent ON requests (upstream, sent_at);
CREATE INDEX media_parents_parent ON media_parents (parent);
CREATE INDEX job_inputs_media ON job_inputs (media);
CREATE INDEX jobs_state ON jobs (owner, state, seq);
CREATE UNIQUE INDEX jobs_step ON jobs (run, step, item) WHERE run IS NOT NULL AND retry_of IS NULL;
CREATE INDEX jobs_due ON jobs (upstream, state, lane, wake_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_driven ON jobs (process) WHERE finished_at IS NULL;
CREATE INDEX jobs_list ON jobs (owner, seq);
CREATE INDEX jobs_cache ON jobs (result_key, seq) WHERE result_key IS NOT NULL AND state = 'done';
CREATE INDEX jobs_call ON jobs (call, position);
CREATE INDEX charges_day ON charges (owner, upstream, day);
CREATE UNIQUE INDEX media_job ON media (job, position) WHERE job IS NOT NULL;
CREATE INDEX media_blob ON media (blob);
CREATE INDEX media_list ON media (owner, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_label ON media (owner, label) WHERE label IS NOT NULL AND deleted_at IS NULL;
INSERT INTO meta VALUES ('schema','1'),('oldest_writer','1'),('store_id','0123456789abcdef0123456789abcdef'),('fingerprint_secret','00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff');
INSERT INTO upstreams (id, base_url) VALUES ('cafecafecafecafe','https://api.stability.ai');
INSERT INTO calls (id, owner, upstream, process, tool, call_key, created_at, handed_at) VALUES ('call0000000000000000000001','local','cafecafecafecafe','gone','generate_core','key',1795000000.0,1795000009.0);
INSERT INTO jobs (id, owner, upstream, call, operation, arguments, deferred, state, day, price, price_list, charged, attempt, epoch, created_at, finished_at) VALUES ('jkjkjkjkj1','local','cafecafecafecafe','call0000000000000000000001','generate_core','{"prompt":"a lighthouse"}',0,'done','2026-11-22',3000,'2026-09-22','yes',1,1,1795000000.0,1795000008.0);
INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at) VALUES ('local','cafecafecafecafe','jkjkjkjkj1',1,'2026-11-22',3000,'charged',1795000001.0);
INSERT INTO spending VALUES ('local','cafecafecafecafe','2026-11-22',0,3000);
INSERT INTO blobs VALUES ('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',0,'image/png',1795000008.0);
INSERT INTO media (id, owner, upstream, job, blob, media_type, width, height, seed, finish_reason, origin, operation, label, created_at) VALUES ('mkmkmkmkm1','local','cafecafecafecafe','jkjkjkjkj1','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','image/png',1536,1536,'7','SUCCESS','generated','{}','a-lighthouse',1795000008.0);
COMMIT;
