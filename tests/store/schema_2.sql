-- The tables of schema 2 as its program made them, with two paid pictures, one made of the other, and
-- an answer out of the cache in them. Frozen: never edit.
PRAGMA journal_mode=WAL;
BEGIN;
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
INSERT INTO "blobs" VALUES('56cb3b88283be3b340d1965eef56ab7574328ab585890b1985117559191c6ac4',2060045,'image/png',1.79539076919926285751e+09);
INSERT INTO "blobs" VALUES('85c58c3a45dbac82a75d1eb31922b1c517baf4e3340deaa6c817694c5029cb29',60274,'image/webp',1.79539072821636104581e+09);
INSERT INTO "blobs" VALUES('bf4d17000b8114ae499f8341eadc64a051145efc8cf6fe222bd3bf053ec92bed',33128,'image/webp',1.79539076586068129534e+09);
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
INSERT INTO "calls" VALUES(1,'1cjjnxjx9qtbkrwfqt6n3pg9ww','local','d2fa00be0e570e71','zvh1xzshygqggxbtmwe4qs1hse','generate_core','959929d59141e60d0c6775b30240a6a6ed6e5902079f8074c04468a95a47b2de',NULL,1.79539072760216140752e+09,NULL,1.79539072841601157187e+09,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(2,'rcgzrppe9nh77cv88wh4t0hj7d','local','d2fa00be0e570e71','tt9pm3ksbkwa7m1aayz6hbgs6d','upscale_fast','5e878748b66f45491608487f761a1bedf64bb4fc2ef92da81f944e17bc3c40a0',NULL,1.7953907662031631469e+09,NULL,1.79539077030611824987e+09,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(3,'rwrxmj1nvj33n2nhtp65zjryc4','local','d2fa00be0e570e71','cdd8x8nvw0sg73bf7v9f9wmtdf','generate_core','959929d59141e60d0c6775b30240a6a6ed6e5902079f8074c04468a95a47b2de',NULL,1.79539077812748908992e+09,NULL,1.79539077827192616464e+09,NULL,NULL,'{"0": "56hndx774h"}',3000);
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
INSERT INTO "charges" VALUES(1,'local','d2fa00be0e570e71','56hndx774h',1,'2026-11-22',3000,'charged',1795390727.705);
INSERT INTO "charges" VALUES(2,'local','d2fa00be0e570e71','j07ffr41fw',1,'2026-11-22',2000,'charged',1.79539076640164446826e+09);
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
INSERT INTO "job_inputs" VALUES('j07ffr41fw','image',0,'gerf2b6rhk');
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
INSERT INTO "jobs" VALUES(1,'56hndx774h','local','d2fa00be0e570e71','1cjjnxjx9qtbkrwfqt6n3pg9ww',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"webp","prompt":"a lighthouse","seed":5}','f207088addde0fc5da98400b9fde8a445a2b4a2ad4022201c3ca677c756d899c',0,0,'done','zvh1xzshygqggxbtmwe4qs1hse',1,NULL,1,0.0,NULL,'2026-11-22',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/webp", "length": 60274, "seed": "5", "finish_reason": "SUCCESS", "request_id": "114aca29d48807807eeacc7d4c18614f", "generation": null}',NULL,NULL,'lighthouse',NULL,1.79539072760216140752e+09,1795390727.705,1.79539072820275521277e+09,1.79539072821636104581e+09,NULL);
INSERT INTO "jobs" VALUES(2,'j07ffr41fw','local','d2fa00be0e570e71','rcgzrppe9nh77cv88wh4t0hj7d',0,NULL,NULL,0,NULL,'upscale_fast','{"image":"gerf2b6rhk","output_format":"png"}','8164cc73eb69c7613e3974084cd637d0efe6e2d07e0960adf9e2cc91321f6afb',0,0,'done','tt9pm3ksbkwa7m1aayz6hbgs6d',1,NULL,1,0.0,NULL,'2026-11-22',2000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": 2060045, "seed": "2077156861", "finish_reason": "SUCCESS", "request_id": "90e1230ade75e01593371f56f68d893f", "generation": null}',NULL,NULL,'lighthouse-upscaled',NULL,1.7953907662031631469e+09,1.79539076640164446826e+09,1.79539076913753247255e+09,1.79539076919926285751e+09,NULL);
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
INSERT INTO "media" VALUES(1,'12b8nhncx2','local',0,'d2fa00be0e570e71','56hndx774h',0,'85c58c3a45dbac82a75d1eb31922b1c517baf4e3340deaa6c817694c5029cb29','image/webp',1536,1536,NULL,'5','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"webp","prompt":"a lighthouse","seed":5}}','lighthouse',NULL,1.79539072821636104581e+09,NULL);
INSERT INTO "media" VALUES(2,'gerf2b6rhk','local',0,'d2fa00be0e570e71',NULL,0,'bf4d17000b8114ae499f8341eadc64a051145efc8cf6fe222bd3bf053ec92bed','image/webp',1024,1024,NULL,NULL,NULL,'fitted',NULL,NULL,NULL,1.79539076586068129534e+09,NULL);
INSERT INTO "media" VALUES(3,'vcwf3ghzx4','local',0,'d2fa00be0e570e71','j07ffr41fw',0,'56cb3b88283be3b340d1965eef56ab7574328ab585890b1985117559191c6ac4','image/png',4096,4096,NULL,'2077156861','SUCCESS','generated','{"operation":"upscale_fast","arguments":{"image":"gerf2b6rhk","output_format":"png"}}','lighthouse-upscaled',NULL,1.79539076919926285751e+09,NULL);
CREATE TABLE media_parents (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (child, parent, role)
)
 WITHOUT ROWID,
 STRICT;
INSERT INTO "media_parents" VALUES('gerf2b6rhk','12b8nhncx2','fitted_from');
INSERT INTO "media_parents" VALUES('vcwf3ghzx4','gerf2b6rhk','image');
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
)
 STRICT;
INSERT INTO "meta" VALUES('schema','2');
INSERT INTO "meta" VALUES('oldest_writer','1');
INSERT INTO "meta" VALUES('store_id','2d3d7217f922f44944fd4b87f8059b0c');
INSERT INTO "meta" VALUES('fingerprint_secret','eabfd4a22974f4c29848b98c51852f7fbcaa03a978746bb2e617c14f2725c879');
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
CREATE TABLE requests (
    id INTEGER NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    granted_at REAL NOT NULL,
    sent_at REAL,
    PRIMARY KEY (id)
)
 STRICT;
INSERT INTO "requests" VALUES(1,'d2fa00be0e570e71','tt9pm3ksbkwa7m1aayz6hbgs6d',1.79539076640164446826e+09,1.79539076641722607609e+09);
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
INSERT INTO "spending" VALUES('local','d2fa00be0e570e71','2026-11-22',0,5000);
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
INSERT INTO "upstreams" VALUES('d2fa00be0e570e71','http://127.0.0.1:8797',0,0.0,NULL,NULL,NULL);
CREATE INDEX calls_open ON calls (owner, seq) WHERE handed_at IS NULL;
CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL;
CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL;
CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE handed_at IS NULL;
CREATE INDEX calls_key ON calls (call_key, seq);
CREATE INDEX requests_sent ON requests (upstream, sent_at);
CREATE INDEX media_parents_parent ON media_parents (parent);
CREATE INDEX job_inputs_media ON job_inputs (media);
CREATE INDEX confirmations_key ON confirmations (call_key, id);
CREATE INDEX audit_prompt ON audit (prompt_hash, id);
CREATE INDEX jobs_driven ON jobs (process) WHERE finished_at IS NULL;
CREATE INDEX jobs_state ON jobs (owner, state, seq);
CREATE UNIQUE INDEX jobs_step ON jobs (run, step, item) WHERE run IS NOT NULL AND retry_of IS NULL;
CREATE INDEX jobs_call ON jobs (call, position);
CREATE INDEX jobs_list ON jobs (owner, seq);
CREATE INDEX jobs_cache ON jobs (result_key, seq) WHERE result_key IS NOT NULL AND state = 'done';
CREATE INDEX jobs_due ON jobs (upstream, state, lane, wake_at) WHERE finished_at IS NULL;
CREATE INDEX charges_day ON charges (owner, upstream, day);
CREATE INDEX media_blob ON media (blob);
CREATE INDEX media_kind ON media (owner, media_type, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_label ON media (owner, label) WHERE label IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX media_list ON media (owner, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_job ON media (job, position) WHERE job IS NOT NULL;
CREATE INDEX media_copy ON media (owner, copy_path) WHERE copy_path IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('calls',3);
INSERT INTO "sqlite_sequence" VALUES('jobs',2);
INSERT INTO "sqlite_sequence" VALUES('media',3);
COMMIT;
