-- What the emulated API remembers.
-- Made by support/store/freeze_schema_3.py. Frozen: never edit.
PRAGMA journal_mode=WAL;
BEGIN TRANSACTION;
CREATE TABLE accounts (
    owner TEXT PRIMARY KEY,
    millicredits INTEGER NOT NULL,
    locked_until REAL NOT NULL DEFAULT 0
);
INSERT INTO "accounts" VALUES('977775b4ca0a659d',74000,0.0);
CREATE TABLE charges (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    request TEXT NOT NULL,
    operation TEXT NOT NULL,
    millicredits INTEGER NOT NULL,
    generation TEXT
);
INSERT INTO "charges" VALUES(1,1795082400.0,'977775b4ca0a659d','d9e3f8eb8d01bfe3725c59ceaa69e420','generate_core',3000,NULL);
INSERT INTO "charges" VALUES(2,1795082400.0,'977775b4ca0a659d','97d0d0d2b479b6eb54d4eb0144e3cc7c','audio3_text_to_audio',26000,'f366eca0c63126925060d0dc239778667455c80c5a42a9c1a7467a45e1e08d3f');
CREATE TABLE generations (
    id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    poll_path TEXT NOT NULL,
    seconds REAL NOT NULL,
    polls INTEGER NOT NULL DEFAULT 0,
    fetched INTEGER NOT NULL DEFAULT 0,
    media_type TEXT NOT NULL,
    seed INTEGER,
    finish_reason TEXT,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL
);
INSERT INTO "generations" VALUES('f366eca0c63126925060d0dc239778667455c80c5a42a9c1a7467a45e1e08d3f',1795082400.0,'977775b4ca0a659d','/v2beta/audio/results/{id}',0.0,0,0,'audio/wav',7,NULL,4,X'52494646');
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER,
    answered_at REAL
);
INSERT INTO "requests" VALUES(1,'d9e3f8eb8d01bfe3725c59ceaa69e420',1795082400.0,'977775b4ca0a659d','POST','/v2beta/stable-image/generate/core',200,1795082400.0);
INSERT INTO "requests" VALUES(2,'97d0d0d2b479b6eb54d4eb0144e3cc7c',1795082400.0,'977775b4ca0a659d','POST','/v2beta/audio/stable-audio-3/text-to-audio',202,1795082400.0);
INSERT INTO "requests" VALUES(3,'280fc2444d163b9e97eafa86dc390985',1795082400.0,'','GET','/v1/user/balance',NULL,NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('requests',3);
INSERT INTO "sqlite_sequence" VALUES('charges',2);
CREATE INDEX requests_by_owner ON requests (owner, at);
COMMIT;
