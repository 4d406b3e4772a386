-- A store of schema 3 that is used without a key.
-- Made by support/store/freeze_schema_3.py. Frozen: never edit.
-- blob 23eb78b66b27f3e2ffaa6c91be13632baea8570f72ae67ae2cfa787c0d0e29ea iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOUl2dnYGBgYmBgYGBgAAADfgBJ8afOlgAAAABJRU5ErkJggg==
-- blob 5ac5efb32ee5e38ed86e2e631601d653a7a190c91d3abda38b0ab1cb75c3461d iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOUk2NnYGBgYmBgYGBgAAADZQBHfsxfyQAAAABJRU5ErkJggg==
PRAGMA journal_mode=WAL;
BEGIN TRANSACTION;
CREATE TABLE audit (
    id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    operation TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    detail TEXT NOT NULL,
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
INSERT INTO "blobs" VALUES('5ac5efb32ee5e38ed86e2e631601d653a7a190c91d3abda38b0ab1cb75c3461d',79,'image/png',1795082405.0);
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
    cancelled_at REAL,
    said TEXT,
    cached TEXT,
    saved INTEGER,
    UNIQUE (id),
    FOREIGN KEY(joined) REFERENCES calls (id)
)
 STRICT;
INSERT INTO "calls" VALUES(1,'tc55wzg2xqh6hedevqkkk62cx3','local','emulator','emulated000000000000000000','generate_core','75a4c8c3d763f40527397db6a023b2f3c88ef859a600344f1f19d51fe4a0773d',NULL,1795082400.0,NULL,1795082406.0,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(2,'c1jx0fk9agm5gc46tqr9mcb91d','local','emulator','emulated000000000000000000','generate_core','0135b97c1c9c991ff44dac8db0af5c98462332aaf30997a77173e26c37bf9d56',NULL,1795082410.0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(3,'remxq32qcnt06g20swmrjfpwxa','local','emulator','emulated000000000000000000','job_adopt','job_adopt:remxq32qcnt06g20swmrjfpwxa',NULL,1795082420.0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(4,'0jnfxbjtve6r7n4jg09zrsx8w3','local','emulator','emulated000000000000000000','generate_core','5772106ecbb2e8598b4384631064db1b58910a418ce999a4ee4376cbeb2829d9',NULL,1789898400.0,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "charges" VALUES(1,'local','emulator','ak5v1ybydy',1,'2026-11-19',3000,'charged',1795082401.0);
INSERT INTO "charges" VALUES(2,'local','emulator','mx9tgn1f68',1,'2026-11-19',0,'sent',1795082420.0);
INSERT INTO "charges" VALUES(3,'local','emulator','44thwm4ytb',1,'2026-11-19',3000,'charged',1789898401.0);
CREATE TABLE confirmations (
    id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    call_key TEXT NOT NULL,
    credits INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    answer TEXT,
    answered_at REAL,
    used_by TEXT,
    PRIMARY KEY (id)
)
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
    told_at REAL,
    UNIQUE (id),
    FOREIGN KEY(upstream) REFERENCES upstreams (id),
    FOREIGN KEY(call) REFERENCES calls (id)
)
 STRICT;
INSERT INTO "jobs" VALUES(1,'ak5v1ybydy','local','emulator','tc55wzg2xqh6hedevqkkk62cx3',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a lighthouse","seed":5}','03e9dec1aa4d77cf0440d7072b0ff2643413c1660646bb658571d18d4a528220',0,0,'done','emulated000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795082400.0,1795082401.0,1795082404.0,1795082405.0,-1795082490.0);
INSERT INTO "jobs" VALUES(2,'1p5ghcz9pw','local','emulator','c1jx0fk9agm5gc46tqr9mcb91d',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued","seed":0}',NULL,0,0,'queued','emulated000000000000000000',1,NULL,0,0.0,NULL,'2026-11-19',3000,'2026-09-22','held',NULL,NULL,NULL,NULL,NULL,NULL,1795082410.0,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'mx9tgn1f68','local','emulator','remxq32qcnt06g20swmrjfpwxa',0,NULL,NULL,0,NULL,'upscale_creative','{}',NULL,1,0,'submitted','emulated000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',0,'2026-09-22','no','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,NULL,NULL,NULL,1795082420.0,1795082420.0,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'44thwm4ytb','local','emulator',NULL,0,NULL,NULL,0,NULL,'generate_core','{}',NULL,0,0,'done','emulated000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,NULL,'Its details and results left the store after STABILITY_KEEP_DAYS; its charge is kept.',NULL,NULL,NULL,1789898400.0,1789898401.0,1789898404.0,1789898405.0,NULL);
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
INSERT INTO "media" VALUES(1,'xzwbtzg05c','local',1,'emulator','ak5v1ybydy',0,'5ac5efb32ee5e38ed86e2e631601d653a7a190c91d3abda38b0ab1cb75c3461d','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"a lighthouse","seed":5}}',NULL,NULL,1795082405.0,NULL);
CREATE TABLE media_parents (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (child, parent, role)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
)
 STRICT;
INSERT INTO "meta" VALUES('schema','3');
INSERT INTO "meta" VALUES('oldest_writer','1');
INSERT INTO "meta" VALUES('store_id','849079493214b81e28bc68cfc8c6993e');
INSERT INTO "meta" VALUES('fingerprint_secret','6b278a0bad3aff080df052e7015f8ecdc7b096b176f2258390bf81ecf5d3ce32');
INSERT INTO "meta" VALUES('told_since:local:emulator','1795082400.0');
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
INSERT INTO "processes" VALUES('emulated000000000000000000','emulator',4711,'stability-mcp',3,'frozen',1795082400.0);
CREATE TABLE requests (
    id INTEGER NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    granted_at REAL NOT NULL,
    sent_at REAL,
    PRIMARY KEY (id)
)
 STRICT;
INSERT INTO "requests" VALUES(1,'emulator','emulated000000000000000000',1789898401.0,1789898401.0);
INSERT INTO "requests" VALUES(2,'emulator','emulated000000000000000000',1789898401.0,1789898401.25);
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
INSERT INTO "spending" VALUES('local','emulator','2026-11-19',3000,6000);
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
INSERT INTO "upstreams" VALUES('emulator','http://emulator',1,0.0,NULL,NULL,NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('calls',4);
INSERT INTO "sqlite_sequence" VALUES('jobs',4);
INSERT INTO "sqlite_sequence" VALUES('media',2);
CREATE INDEX audit_prompt ON audit (prompt_hash, id);
CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE handed_at IS NULL;
CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL;
CREATE INDEX calls_key ON calls (call_key, seq);
CREATE INDEX calls_open ON calls (owner, seq) WHERE handed_at IS NULL;
CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL;
CREATE INDEX charges_day ON charges (owner, upstream, day);
CREATE INDEX confirmations_key ON confirmations (call_key, id);
CREATE INDEX job_inputs_media ON job_inputs (media);
CREATE INDEX jobs_cache ON jobs (result_key, seq) WHERE result_key IS NOT NULL AND state = 'done';
CREATE INDEX jobs_call ON jobs (call, position);
CREATE INDEX jobs_driven ON jobs (process) WHERE finished_at IS NULL;
CREATE INDEX jobs_due ON jobs (upstream, state, lane, wake_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_ended ON jobs (upstream, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_generation ON jobs (upstream, generation) WHERE generation IS NOT NULL;
CREATE INDEX jobs_list ON jobs (owner, seq);
CREATE INDEX jobs_state ON jobs (owner, state, seq);
CREATE INDEX media_blob ON media (blob);
CREATE INDEX media_copy ON media (owner, copy_path) WHERE copy_path IS NOT NULL;
CREATE INDEX media_kind ON media (owner, media_type, seq) WHERE deleted_at IS NULL;
CREATE INDEX media_list ON media (owner, seq) WHERE deleted_at IS NULL;
CREATE INDEX media_parents_parent ON media_parents (parent);
CREATE INDEX requests_sent ON requests (upstream, sent_at);
CREATE UNIQUE INDEX jobs_step ON jobs (run, step, item) WHERE run IS NOT NULL AND retry_of IS NULL;
CREATE UNIQUE INDEX media_job ON media (job, position) WHERE job IS NOT NULL;
CREATE UNIQUE INDEX media_label ON media (owner, label) WHERE label IS NOT NULL AND deleted_at IS NULL;
COMMIT;
