-- A store of schema 10: the rows of schema_9.sql, and a webhook with a delivery, an idempotency key
-- and a signed upload. Made by the program of schema 10. Frozen: never edit.
-- blob 00314d723d517ecede96e151bc104997a7a2ab00cf6b9cd2692bae883230baec iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPk4WFnYGBgYmBgYGBgAAABowAja3YWywAAAABJRU5ErkJggg==
-- blob 2ab51f994fa6595af9c42d4dff924115199eed70afea22cf4f5b6a427ff71f47 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUFWVnYGBgYmBgYGBgAAAChAA1TWmndwAAAABJRU5ErkJggg==
-- blob 30eb998a4e17c739f76204e154084f6792116ee4c531a5278e75a87a6e915178 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOUkGBnYGBgYmBgYGBgAAACzwA78jBb6wAAAABJRU5ErkJggg==
-- blob 57d6ba15cf3ffe9b098634aba7ece9dd4d90e749d7fd0065d43875fc6ceb82d3 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkYWFnYGBgYmBgYGBgAAAA2wATm4tGOwAAAABJRU5ErkJggg==
-- blob 589edaeb951c42fa1e6a3072346a8a06cbc38eea5b31a93c3ed49376e99887f2 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUF2dnYGBgYmBgYGBgAAACtgA5stgh5gAAAABJRU5ErkJggg==
-- blob 6bf8f86a58401013169a2eac7e99377a7ff28f7806ef7ac67d143e7ea47773b7 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPk5GRnYGBgYmBgYGBgAAABWAAdA9IaOgAAAABJRU5ErkJggg==
-- blob 72eee7663ea86b3c7707d918837a1d8d2bf4c30352eaf14fbbe039c43d98c96e iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkZGRnYGBgYmBgYGBgAAAAkAANDR+UEgAAAABJRU5ErkJggg==
-- blob 7c3052775e88d651c630edd79fa3b141bdbf57d715837534808886392d09263b iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkYmJnYGBgYmBgYGBgAAAAqQAPYeMgrAAAAABJRU5ErkJggg==
-- blob 832a9f02b3f47c8343089f52b3e79a0afd63247bf480ff268b27f8d9f9c35c9b iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUEWFnYGBgYmBgYGBgAAACawAzfhRlFgAAAABJRU5ErkJggg==
-- blob 8b465a60fec9b960b98305296622b3ff60f60b2b97f2166f3534a05e17d37e4c iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkZ2dnYGBgYmBgYGBgAAABJgAZ17YjTgAAAABJRU5ErkJggg==
-- blob a0807465adad205eae57cc8772600ba9e9540478e53c9a642792a0ef604ace96 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkY2NnYGBgYmBgYGBgAAABDQAXfLZXgQAAAABJRU5ErkJggg==
-- blob b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkZmZnYGBgYmBgYGBgAAAAwgARp87JxwAAAABJRU5ErkJggg==
-- blob b6e86c1a42bc9d9d337a0bfb1a8e4bea5bb1ba1546bba202f710fe9a8a630713 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMUE2NnYGBgYmBgYGBgAAACnQA3GdhVKQAAAABJRU5ErkJggg==
-- blob c8c416bd6eecb8f4b7a78e5ea130d4ac37e6d6f2ac206effe3e7395716ed1579 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkZWVnYGBgYmBgYGBgAAAA9AAVOVkSGgAAAABJRU5ErkJggg==
-- blob d09c5d39a424679a0a74f2750b328b46e5f64b1aaeec800afc5d0b9bcd457434 iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPk4mJnYGBgYmBgYGBgAAABcQAfcwgN9AAAAABJRU5ErkJggg==
-- blob f872da5c1e6c90f02691a2fed8519dae394caec288e6d0a72296a00aeea442da iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPk5mZnYGBgYmBgYGBgAAABigAhc1h8pwAAAABJRU5ErkJggg==
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
INSERT INTO "audit" VALUES(1,'local','18126ec0e72a9606',1795168900.0,'blocked','generate_core','0123456789abcdef','blocked: ''a word''');
INSERT INTO "audit" VALUES(2,'local','18126ec0e72a9606',1795168900.0,'warned','generate_core','0123456789abcdef','warned: ''a word''');
INSERT INTO "audit" VALUES(3,'local','18126ec0e72a9606',1795168900.0,'moderated','generate_core','0123456789abcdef','moderated: ''a word''');
INSERT INTO "audit" VALUES(4,'local','18126ec0e72a9606',1795168900.0,'repeated','generate_core','0123456789abcdef','repeated: ''a word''');
CREATE TABLE blobs (
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (sha256)
)
 WITHOUT ROWID,
 STRICT;
INSERT INTO "blobs" VALUES('00314d723d517ecede96e151bc104997a7a2ab00cf6b9cd2692bae883230baec',79,'image/png',1795168840.0);
INSERT INTO "blobs" VALUES('1f0d58e14509843d87eb50daed82fbdcc7dc17f99d1410e38c0b7678e55cfd43',79,'image/png',1795082445.0);
INSERT INTO "blobs" VALUES('2ab51f994fa6595af9c42d4dff924115199eed70afea22cf4f5b6a427ff71f47',79,'image/png',1795086025.0);
INSERT INTO "blobs" VALUES('30eb998a4e17c739f76204e154084f6792116ee4c531a5278e75a87a6e915178',79,'image/png',1795086080.0);
INSERT INTO "blobs" VALUES('57d6ba15cf3ffe9b098634aba7ece9dd4d90e749d7fd0065d43875fc6ceb82d3',79,'image/png',1795082405.0);
INSERT INTO "blobs" VALUES('589edaeb951c42fa1e6a3072346a8a06cbc38eea5b31a93c3ed49376e99887f2',79,'image/png',1795086027.0);
INSERT INTO "blobs" VALUES('6bf8f86a58401013169a2eac7e99377a7ff28f7806ef7ac67d143e7ea47773b7',79,'image/png',1795082466.0);
INSERT INTO "blobs" VALUES('832a9f02b3f47c8343089f52b3e79a0afd63247bf480ff268b27f8d9f9c35c9b',79,'image/png',1795086024.0);
INSERT INTO "blobs" VALUES('8b465a60fec9b960b98305296622b3ff60f60b2b97f2166f3534a05e17d37e4c',79,'image/png',1795082435.0);
INSERT INTO "blobs" VALUES('a0807465adad205eae57cc8772600ba9e9540478e53c9a642792a0ef604ace96',79,'image/png',1795082417.0);
INSERT INTO "blobs" VALUES('b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70',79,'image/png',1795082400.0);
INSERT INTO "blobs" VALUES('b6e86c1a42bc9d9d337a0bfb1a8e4bea5bb1ba1546bba202f710fe9a8a630713',79,'image/png',1795086026.0);
INSERT INTO "blobs" VALUES('c8c416bd6eecb8f4b7a78e5ea130d4ac37e6d6f2ac206effe3e7395716ed1579',79,'image/png',1795082417.0);
INSERT INTO "blobs" VALUES('d09c5d39a424679a0a74f2750b328b46e5f64b1aaeec800afc5d0b9bcd457434',79,'image/png',1795082502.0);
INSERT INTO "blobs" VALUES('f872da5c1e6c90f02691a2fed8519dae394caec288e6d0a72296a00aeea442da',79,'image/png',1795168800.0);
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
    delivered_at REAL,
    cancelled_at REAL,
    notes TEXT,
    cached TEXT,
    saved INTEGER, client TEXT,
    UNIQUE (id),
    FOREIGN KEY(joined) REFERENCES calls (id)
)
 STRICT;
INSERT INTO "calls" VALUES(1,'5ty3zj889z4prwzr4652cr0dxv','local','18126ec0e72a9606','oldprocess0000000000000000','generate_core','76c4429549cd122986008841ddf352a633604e9c5a574810aaf69f2917d77c15',NULL,1789898400.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(2,'q0mcg8js2wa5ars31hbw5ce6zv','local','18126ec0e72a9606','oldprocess0000000000000000','job_adopt','job_adopt:q0mcg8js2wa5ars31hbw5ce6zv',NULL,1789898420.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(3,'se2xk803rz1bytr6hx4g4fe8v2','local','18126ec0e72a9606','oldprocess0000000000000000','generate_core','c653e3614385cd15429d55be7a11beae9c8c392ec399a8e824aca217cec1e0fb',NULL,1789898500.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(4,'pn6sq11r0r4rf2fbr0s0egt3hp','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','154aeabfa2cdc0e437206510bd0195cad9fa8a3e0b1b8183bbdffaecd7ea6b3a',NULL,1795082400.0,NULL,1795082406.0,NULL,'["image: reference, shrunk to 64x64"]',NULL,NULL,NULL);
INSERT INTO "calls" VALUES(5,'4tgkjfjhasep8w2fzrq2x7x0jx','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','154aeabfa2cdc0e437206510bd0195cad9fa8a3e0b1b8183bbdffaecd7ea6b3a',NULL,1795082410.0,NULL,1795082411.0,NULL,NULL,'{"0": "g019yzdbbd"}',3000,NULL);
INSERT INTO "calls" VALUES(6,'w4jrzxf9vte2mdgywmcqyeb29q','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','4c560a34af8bcf1eaff2b12a6e8d169c2deebf981e281fa280c733ca0a44bafd',NULL,1795082412.0,NULL,1795082420.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(7,'stt8ma7nv4p8m6hn4exvg4s7pp','local','18126ec0e72a9606','firstprocess00000000000000','upscale_fast','8a0078c6d785a21bf0043d879dbebd626d60bbce037cde55246b0c8192028925',NULL,1795082430.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(8,'mzhx9rpvcnrb7kgjp509yxrjjw','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','475dc191e2c0ba7c0903e415081c1d7e53df206e447fe846b2b3fe98ea36a824',NULL,1795082440.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(9,'0p4tfpwpqmf7s9cpwna2314mjw','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','d4c87720351e837ab610b0c05f35211cbecf62da606f9040b09da37b0ca3dfb2',NULL,1795082460.0,1795082461.0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(10,'csvtbc53vd3x3t7vsz9pn3nrkc','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','d4c87720351e837ab610b0c05f35211cbecf62da606f9040b09da37b0ca3dfb2','0p4tfpwpqmf7s9cpwna2314mjw',1795082470.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(11,'5wdhy6m9vr85ffr6gf65qmwbsd','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','726791fac2566473f836e52843b36e0fdfb001813fd4a4bbeb9ad9c8ee691eef',NULL,1795082480.0,1795082481.0,NULL,1795082481.0,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(12,'bwhyzagbz50tf0jxzvt2sm1bq0','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','3dbdd826e8ddae2c1753650774874234b16c602b749b11179ecd6318ed695ee3',NULL,1795082490.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(13,'xs4dm231vv0c3hav5wh7ft317w','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','d560a608ff6b9a77222d39b78249d50ec74efc84189ba44a5bf064c2ee652159',NULL,1795082490.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(14,'n1t1stmknmdvheasd6v98z88aj','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','9b9feda6a2626678c1c9b939893d0261f5e945fb6f1c797e85fbac358c7f8611',NULL,1795082490.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(15,'rw7atj7wadc3j8w7erjg3jxast','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','f43976884e93794d577ea9ccfd6bf01a0f9f651037b870359b47cbd3b7f254a1',NULL,1795082490.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(16,'awb5atrwhbp0f4j0y7xntnhy35','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','b3d3541f876a210eb821e6755e06f0f9033d2372bd51d5e2162882daefaea6af',NULL,1795082490.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(17,'v8wrptme3vbf7p2t9p0yj1escg','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','7c387bdaf6ea48cefa5671a3010fdf07b130b063359ae7103eece68df4f2285b',NULL,1795082600.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(18,'jh2ewv02yh6rmpjq1gnwb3tfmd','local','18126ec0e72a9606','firstprocess00000000000000','generate_core','c573a819ad4c046ec1661791390e5e7938310aecb756fd21e6c5e8c28a024081',NULL,1795075400.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(19,'0d2pb0e25sm99sbaz99w4srmvg','local','18126ec0e72a9606','teller00000000000000000000','generate_core','036195f9c1d18e39ddfadb5415037d9f676e2a5216e04ed877cf96dd1b8c303d',NULL,1795086000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(20,'44ppcnp1j1x2mf1fjnf2jds0vn','local','18126ec0e72a9606','teller00000000000000000000','generate_core','2f95f78a438bf6795a09f06d1f799de38f528d9f0c45c015b8ef527d784359b9',NULL,1795086000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(21,'bkpaqw2t31yv1htmmq777gfwgx','local','18126ec0e72a9606','teller00000000000000000000','generate_core','42772ff4ff34471ec645171055470d5b36c132a8a556468e4af00dd014cce483',NULL,1795086000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(22,'jpgmtafdeeg5ehvpnp1ykc9020','local','18126ec0e72a9606','teller00000000000000000000','generate_core','c5282dd34c2059acd1926c643cac5a3e9d33bb6a274462b70889028682107b6e',NULL,1795086000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(23,'7ersnfdhvpbdr9cxp8cf9fbgk2','local','18126ec0e72a9606','teller00000000000000000000','generate_core','2e7f417f231c1a08a8cf32881db9da78b7dd7e83fd6ee69225dbd5267b115795',NULL,1795086000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(24,'mxrr18t7vp6d5qn450vxjf9ksf','local','18126ec0e72a9606','killedprocess0000000000000','generate_core','47efadab188a1b2a8d76928700c93ffcfd306c0438ae0a55b4e273fad12f896b',NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(25,'7tmj4nprncjt8e9s5wcjeevjgn','local','18126ec0e72a9606','killedprocess0000000000000','generate_core','c3794af03a1062a943d91cdc1206431e50a32d63cb4d21990aa7fcce34843804',NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(26,'64jpnarx91n6g4gq4h82832hvk','local','18126ec0e72a9606','killedprocess0000000000000','generate_core','8935f5e37e9e873351fe7f70c7a54847c42cd71032cc6d50c473807d88b169a9',NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(27,'6hmyf1e8fdn7d74nd4rgkjdg8e','local','18126ec0e72a9606','killedprocess0000000000000','generate_core','abaefc9f08c45f1fe2a32fec2e535f569fb826b37ce8333ab40e1212712b3110',NULL,1795168800.0,1795168803.0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(28,'f3zep0xxjgh7cdhqe36ejcmkp4','local','18126ec0e72a9606','killedprocess0000000000000','generate_core','90b1cdbf8789a5de7326a136ac70e6c2e913371f1bc8d2c431dbcbeda32e1b52',NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(29,'x1rb44waymn4p8tbq6qsvhb5qp','local','18126ec0e72a9606','killedprocess0000000000000','upscale_creative','8c92834b2b6ba693f536b015721f1deb3884168ef03998119d2ca87e074091fc',NULL,1795168806.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(30,'jjqa5zpbpsyhehp84ds9g0dbb9','local','18126ec0e72a9606','killedprocess0000000000000','upscale_creative','8c92834b2b6ba693f536b015721f1deb3884168ef03998119d2ca87e074091fc',NULL,1795168806.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(31,'w6ktb0thzg1nm161qd6zez6wr2','local','18126ec0e72a9606','killedprocess0000000000000','job_adopt','job_adopt:w6ktb0thzg1nm161qd6zez6wr2',NULL,1795168820.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(32,'jrtwrq8d44yqhgtr6068mrty8m','local','18126ec0e72a9606','killedprocess0000000000000','job_adopt','job_adopt:jrtwrq8d44yqhgtr6068mrty8m',NULL,1795168820.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "calls" VALUES(33,'b5y9attb07gq76334vvthddwch','local','18126ec0e72a9606','killedprocess0000000000000','job_adopt','job_adopt:b5y9attb07gq76334vvthddwch',NULL,1795168820.0,NULL,NULL,NULL,NULL,NULL,NULL,'REST');
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
INSERT INTO "charges" VALUES(1,'local','18126ec0e72a9606','74phpm2yqq',1,'2026-09-20',3000,'charged',1789898401.0);
INSERT INTO "charges" VALUES(2,'local','18126ec0e72a9606','zt624sg6ry',1,'2026-09-20',0,'charged',1789898420.0);
INSERT INTO "charges" VALUES(3,'local','18126ec0e72a9606','27ynadjqma',1,'2026-09-20',3000,'free',1789898501.0);
INSERT INTO "charges" VALUES(4,'local','18126ec0e72a9606','g019yzdbbd',1,'2026-11-19',3000,'charged',1795082401.0);
INSERT INTO "charges" VALUES(5,'local','18126ec0e72a9606','24acad8fa7',1,'2026-11-19',3000,'charged',1795082413.0);
INSERT INTO "charges" VALUES(6,'local','18126ec0e72a9606','15c0vggtgd',1,'2026-11-19',3000,'charged',1795082413.0);
INSERT INTO "charges" VALUES(7,'local','18126ec0e72a9606','k1pe7ndafd',1,'2026-11-19',2000,'charged',1795082431.0);
INSERT INTO "charges" VALUES(8,'local','18126ec0e72a9606','egek1fjpha',1,'2026-11-19',3000,'charged',1795082441.0);
INSERT INTO "charges" VALUES(9,'local','18126ec0e72a9606','t4kjadz4j8',1,'2026-11-19',3000,'charged',1795082462.0);
INSERT INTO "charges" VALUES(10,'local','18126ec0e72a9606','cqbqwdwpsm',1,'2026-11-19',3000,'free',1795082490.0);
INSERT INTO "charges" VALUES(11,'local','18126ec0e72a9606','08yzw3r96f',1,'2026-11-19',3000,'charged',1795082492.0);
INSERT INTO "charges" VALUES(12,'local','18126ec0e72a9606','v46yq9ypqg',1,'2026-11-19',3000,'free',1795082496.0);
INSERT INTO "charges" VALUES(13,'local','18126ec0e72a9606','v46yq9ypqg',2,'2026-11-19',3000,'charged',1795082498.0);
INSERT INTO "charges" VALUES(14,'local','18126ec0e72a9606','gax2n4n48x',1,'2026-11-19',3000,'assumed',1795082510.0);
INSERT INTO "charges" VALUES(15,'local','18126ec0e72a9606','jf25b3304x',1,'2026-11-19',3000,'charged',1795086020.0);
INSERT INTO "charges" VALUES(16,'local','18126ec0e72a9606','wgwq5hrt5d',1,'2026-11-19',3000,'charged',1795086021.0);
INSERT INTO "charges" VALUES(17,'local','18126ec0e72a9606','h0d5m81p1f',1,'2026-11-19',3000,'charged',1795086022.0);
INSERT INTO "charges" VALUES(18,'local','18126ec0e72a9606','nzgmkdkcsq',1,'2026-11-19',3000,'charged',1795086023.0);
INSERT INTO "charges" VALUES(19,'local','18126ec0e72a9606','zz0yjn5rtr',1,'2026-11-19',3000,'charged',1795086070.0);
INSERT INTO "charges" VALUES(20,'local','18126ec0e72a9606','5865dcvss9',1,'2026-11-20',3000,'sent',1795168801.0);
INSERT INTO "charges" VALUES(21,'local','18126ec0e72a9606','m8hpk36p8k',1,'2026-11-20',3000,'sent',1795168802.0);
INSERT INTO "charges" VALUES(22,'local','18126ec0e72a9606','be5ne96ecy',1,'2026-11-20',3000,'sent',1795168804.0);
INSERT INTO "charges" VALUES(23,'local','18126ec0e72a9606','1carwms2ta',1,'2026-11-20',60000,'sent',1795168806.0);
INSERT INTO "charges" VALUES(24,'local','18126ec0e72a9606','bsf7rpqkh1',1,'2026-11-20',60000,'assumed',1795168806.0);
INSERT INTO "charges" VALUES(25,'local','18126ec0e72a9606','jphf7kjfxk',1,'2026-11-20',0,'sent',1795168820.0);
INSERT INTO "charges" VALUES(26,'local','18126ec0e72a9606','f2hprax0s9',1,'2026-11-20',0,'charged',1795168820.0);
INSERT INTO "charges" VALUES(27,'local','18126ec0e72a9606','p64vdnkphr',1,'2026-11-20',0,'free',1795168820.0);
CREATE TABLE confirmations (
    id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    question_key TEXT NOT NULL,
    credits INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    answer TEXT,
    answered_at REAL,
    used_by TEXT,
    PRIMARY KEY (id)
)
 STRICT;
INSERT INTO "confirmations" VALUES(1,'local','18126ec0e72a9606','e295006299e53a316c9972dc55373a6f9503dfe7076d4b57f7c5ef24460cad2a',8000,1795168901.0,NULL,NULL,NULL);
INSERT INTO "confirmations" VALUES(2,'local','18126ec0e72a9606','63e219a88098ea1f99689baa8fbe24f0fd0e98c7443403e713d840f3702e75ca',16000,1795168902.0,'no',1795168909.0,NULL);
INSERT INTO "confirmations" VALUES(3,'local','18126ec0e72a9606','6f1138e08ccaea7c0f3bd12d26f18d87f1cbd783731117ddc6dd934b01fd8e70',24000,1795168903.0,'yes',1795168909.0,NULL);
INSERT INTO "confirmations" VALUES(4,'local','18126ec0e72a9606','ce7282e7818be9645952bdc7aca6ef8809ad5aa4039df8f99cd1c8d7594ebdac',32000,1795168904.0,'yes',1795168909.0,'4711');
INSERT INTO "confirmations" VALUES(5,'local','18126ec0e72a9606','52ffea06b7d2d3b9eab32eaa5435d56d8e19b5cb0168935c2d113998dc45f63c',40000,1795168905.0,'dismissed',1795168909.0,NULL);
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
INSERT INTO "deliveries" VALUES(1,'local','18126ec0e72a9606','wh00000001','msg_00000001','job.ended','f2hprax0s9',1796000000.0,1,1796000060.0,NULL,NULL,NULL,NULL);
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
INSERT INTO "idempotency_keys" VALUES('local','order-42','5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f','b5y9attb07gq76334vvthddwch',NULL,NULL,1796000000.0);
CREATE TABLE job_inputs (
    job TEXT NOT NULL,
    field TEXT NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (job, field, position)
)
 WITHOUT ROWID,
 STRICT;
INSERT INTO "job_inputs" VALUES('1carwms2ta','image',0,'bm4r6n8pk1');
INSERT INTO "job_inputs" VALUES('bsf7rpqkh1','image',0,'bm4r6n8pk1');
INSERT INTO "job_inputs" VALUES('k1pe7ndafd','image',0,'kjw5kp6t8d');
INSERT INTO "job_inputs" VALUES('r0zf52c1k5','image',0,'z0zdsqk7g7');
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
    priority INTEGER DEFAULT '0' NOT NULL,
    state TEXT NOT NULL,
    process TEXT,
    lease_version INTEGER DEFAULT '0' NOT NULL,
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
    notified_at REAL, notify_after REAL, stripped_at REAL, origin TEXT NOT NULL DEFAULT 'call', variant INTEGER NOT NULL DEFAULT 0, label_source INTEGER NOT NULL DEFAULT 2, end_number INTEGER, error_type TEXT,
    UNIQUE (id),
    FOREIGN KEY(upstream) REFERENCES upstreams (id),
    FOREIGN KEY(call) REFERENCES calls (id)
)
 STRICT;
INSERT INTO "jobs" VALUES(1,'74phpm2yqq','local','18126ec0e72a9606',NULL,0,NULL,NULL,0,NULL,'generate_core','{}',NULL,0,0,'done','oldprocess0000000000000000',1,NULL,1,0.0,NULL,'2026-09-20',3000,'2026-09-22','yes',NULL,NULL,NULL,NULL,NULL,NULL,1789898400.0,1789898401.0,1789898404.0,1789898405.0,NULL,NULL,1789898405.0,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'zt624sg6ry','local','18126ec0e72a9606',NULL,0,NULL,NULL,0,NULL,'upscale_creative','{}',NULL,1,0,'done','oldprocess0000000000000000',1,NULL,1,0.0,NULL,'2026-09-20',0,'2026-09-22','yes',NULL,NULL,NULL,NULL,NULL,NULL,1789898420.0,1789898420.0,NULL,1789898460.0,NULL,NULL,1789898460.0,'adopted',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'27ynadjqma','local','18126ec0e72a9606',NULL,0,NULL,NULL,0,NULL,'generate_core','{}',NULL,0,0,'failed','oldprocess0000000000000000',1,NULL,1,0.0,NULL,'2026-09-20',3000,'2026-09-22','no',NULL,NULL,NULL,NULL,NULL,NULL,1789898500.0,1789898501.0,NULL,1789898502.0,NULL,NULL,1789898502.0,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'g019yzdbbd','local','18126ec0e72a9606','pn6sq11r0r4rf2fbr0s0egt3hp',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a lighthouse","seed":5}','e55bcfd8b492781e7236a00cd5febcdb52e58ee2be430d080e871b64485b5ccb',0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,'lighthouse','/home/user/Pictures',1795082400.0,1795082401.0,1795082404.0,1795082405.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'24acad8fa7','local','18126ec0e72a9606','w4jrzxf9vte2mdgywmcqyeb29q',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"boats","seed":9}','600641269e9ecec0816aafa172cbf18b93bba47a9254c7b035cae2a31ffa445a',0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,'lighthouse','/home/user/Pictures',1795082412.0,1795082413.0,1795082416.0,1795082417.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'15c0vggtgd','local','18126ec0e72a9606','w4jrzxf9vte2mdgywmcqyeb29q',1,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"boats","seed":10}','c18a885cedc43436520afcd7db73edeff38cb2c761d773b8564cfba6148a97af',0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,'/home/user/Pictures',1795082412.0,1795082413.0,1795082416.0,1795082417.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(7,'k1pe7ndafd','local','18126ec0e72a9606','stt8ma7nv4p8m6hn4exvg4s7pp',0,NULL,NULL,0,NULL,'upscale_fast','{"image":"kjw5kp6t8d","output_format":"png"}','b06b3fcaced98e1d561ae3bdd4d69f358d17f1838aadec39a4d5018aec799114',0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',2000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,'hero',NULL,1795082430.0,1795082431.0,1795082434.0,1795082435.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'egek1fjpha','local','18126ec0e72a9606','mzhx9rpvcnrb7kgjp509yxrjjw',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a picture whose bytes are lost","seed":0}',NULL,0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795082440.0,1795082441.0,1795082444.0,1795082445.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'t4kjadz4j8','local','18126ec0e72a9606','0p4tfpwpqmf7s9cpwna2314mjw',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a pier","seed":0}',NULL,0,0,'done','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,'pier',NULL,1795082460.0,1795082462.0,1795082465.0,1795082466.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'pbf4qyaadz','local','18126ec0e72a9606','5wdhy6m9vr85ffr6gf65qmwbsd',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"never mind","seed":0}',NULL,0,0,'cancelled','firstprocess00000000000000',1,NULL,0,0.0,1795082481.0,'2026-11-19',3000,'2026-09-22','no',NULL,NULL,'Cancelled before it was sent. Nothing was charged.',NULL,NULL,NULL,1795082480.0,NULL,NULL,1795082481.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(11,'cqbqwdwpsm','local','18126ec0e72a9606','bwhyzagbz50tf0jxzvt2sm1bq0',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"refused","seed":0}',NULL,0,0,'failed','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','no',NULL,NULL,'The API refused: 400.',NULL,NULL,NULL,1795082490.0,1795082490.0,NULL,1795082491.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(12,'08yzw3r96f','local','18126ec0e72a9606','xs4dm231vv0c3hav5wh7ft317w',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"unusable","seed":0}',NULL,0,0,'failed','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}','No picture came.',NULL,NULL,NULL,1795082490.0,1795082492.0,1795082493.0,1795082494.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(13,'gg7jscfre8','local','18126ec0e72a9606','n1t1stmknmdvheasd6v98z88aj',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"never sent","seed":0}',NULL,0,0,'failed','firstprocess00000000000000',1,NULL,0,0.0,NULL,'2026-11-19',3000,'2026-09-22','no',NULL,NULL,'The input is gone.',NULL,NULL,NULL,1795082490.0,NULL,NULL,1795082495.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(14,'v46yq9ypqg','local','18126ec0e72a9606','rw7atj7wadc3j8w7erjg3jxast',0,NULL,NULL,0,'cqbqwdwpsm','generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"twice","seed":0}',NULL,0,0,'done','firstprocess00000000000000',1,NULL,2,1795082497.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795082490.0,1795082498.0,1795082501.0,1795082502.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(15,'gax2n4n48x','local','18126ec0e72a9606','awb5atrwhbp0f4j0y7xntnhy35',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"unknown","seed":0}',NULL,0,0,'unknown','firstprocess00000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','assumed',NULL,NULL,'The program ended while the request was out, so what came of it is not known. It may have been charged, and counts as spent. It is not sent again by itself. Call the tool again to make it anew.',NULL,NULL,NULL,1795082490.0,1795082510.0,NULL,1795082511.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(16,'r0zf52c1k5','local','18126ec0e72a9606','v8wrptme3vbf7p2t9p0yj1escg',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued on the first day","seed":0}',NULL,0,0,'queued',NULL,2,NULL,0,0.0,NULL,'2026-11-19',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795082600.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(17,'4hwfqcgtv2','local','18126ec0e72a9606','jh2ewv02yh6rmpjq1gnwb3tfmd',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a batch","seed":0}',NULL,0,0,'paused',NULL,3,NULL,0,0.0,NULL,'2026-11-19',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795075400.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(18,'ns85hngd5c','local','18126ec0e72a9606','jh2ewv02yh6rmpjq1gnwb3tfmd',1,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"a batch","seed":0}',NULL,0,0,'paused',NULL,3,NULL,0,0.0,NULL,'2026-11-19',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795075400.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(19,'jf25b3304x','local','18126ec0e72a9606','0d2pb0e25sm99sbaz99w4srmvg',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"end 0","seed":0}',NULL,0,0,'done','teller00000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795086000.0,1795086020.0,1795086023.0,1795086024.0,1795086061.0,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(20,'wgwq5hrt5d','local','18126ec0e72a9606','44ppcnp1j1x2mf1fjnf2jds0vn',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"end 1","seed":0}',NULL,0,0,'done','teller00000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795086000.0,1795086021.0,1795086024.0,1795086025.0,NULL,1795086122.0,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(21,'h0d5m81p1f','local','18126ec0e72a9606','bkpaqw2t31yv1htmmq777gfwgx',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"end 2","seed":0}',NULL,0,0,'done','teller00000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795086000.0,1795086022.0,1795086025.0,1795086026.0,NULL,1795086102.0,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(22,'nzgmkdkcsq','local','18126ec0e72a9606','jpgmtafdeeg5ehvpnp1ykc9020',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"end 3","seed":0}',NULL,0,0,'done','teller00000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795086000.0,1795086023.0,1795086026.0,1795086027.0,NULL,1795086066.0,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(23,'zz0yjn5rtr','local','18126ec0e72a9606','7ersnfdhvpbdr9cxp8cf9fbgk2',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"end 4","seed":0}',NULL,0,0,'done','teller00000000000000000000',1,NULL,1,0.0,NULL,'2026-11-19',3000,'2026-09-22','yes',NULL,NULL,NULL,NULL,NULL,NULL,1795086000.0,1795086070.0,NULL,1795086080.0,1795086073.0,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(24,'mknd14bf86','local','18126ec0e72a9606','mxrr18t7vp6d5qn450vxjf9ksf',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued on the second day","seed":0}',NULL,0,0,'queued','killedprocess0000000000000',1,NULL,0,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,'later','/home/user/Pictures',1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(25,'na8c4e2nps','local','18126ec0e72a9606','7tmj4nprncjt8e9s5wcjeevjgn',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued in a batch","seed":0}',NULL,0,1,'queued','killedprocess0000000000000',1,NULL,0,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(26,'bzwgs2cf4v','local','18126ec0e72a9606','7tmj4nprncjt8e9s5wcjeevjgn',1,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued in a batch","seed":0}',NULL,0,1,'queued','killedprocess0000000000000',1,NULL,0,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(27,'mmfnwppbqm','local','18126ec0e72a9606','7tmj4nprncjt8e9s5wcjeevjgn',2,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"queued in a batch","seed":0}',NULL,0,1,'queued','killedprocess0000000000000',1,NULL,0,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795168800.0,NULL,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(28,'5865dcvss9','local','18126ec0e72a9606','64jpnarx91n6g4gq4h82832hvk',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"submitting","seed":0}',NULL,0,0,'submitting','killedprocess0000000000000',1,NULL,1,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795168800.0,1795168801.0,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(29,'m8hpk36p8k','local','18126ec0e72a9606','6hmyf1e8fdn7d74nd4rgkjdg8e',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"cancelled while it was out","seed":0}',NULL,0,0,'submitting','killedprocess0000000000000',1,NULL,1,0.0,1795168803.0,'2026-11-20',3000,'2026-09-22','reserved',NULL,NULL,NULL,NULL,NULL,NULL,1795168800.0,1795168802.0,NULL,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(30,'be5ne96ecy','local','18126ec0e72a9606','f3zep0xxjgh7cdhqe36ejcmkp4',0,NULL,NULL,0,NULL,'generate_core','{"aspect_ratio":"1:1","output_format":"png","prompt":"storing","seed":0}',NULL,0,0,'storing','killedprocess0000000000000',1,NULL,1,0.0,NULL,'2026-11-20',3000,'2026-09-22','reserved',NULL,'{"status": 200, "media_type": "image/png", "length": null, "seed": "7", "finish_reason": "SUCCESS", "request_id": null, "generation": null}',NULL,NULL,NULL,NULL,1795168800.0,1795168804.0,1795168805.0,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(31,'1carwms2ta','local','18126ec0e72a9606','x1rb44waymn4p8tbq6qsvhb5qp',0,NULL,NULL,0,'be5ne96ecy','upscale_creative','{"creativity":0.3,"image":"bm4r6n8pk1","output_format":"png","prompt":"a boat","seed":0}',NULL,1,0,'submitted','killedprocess0000000000000',1,NULL,1,1795168817.0,NULL,'2026-11-20',60000,'2026-09-22','reserved','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',NULL,NULL,NULL,NULL,NULL,1795168806.0,1795168806.0,1795168807.0,NULL,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(32,'bsf7rpqkh1','local','18126ec0e72a9606','jjqa5zpbpsyhehp84ds9g0dbb9',0,NULL,NULL,0,'be5ne96ecy','upscale_creative','{"creativity":0.3,"image":"bm4r6n8pk1","output_format":"png","prompt":"a boat","seed":0}',NULL,1,0,'unknown','killedprocess0000000000000',1,NULL,1,1795168817.0,NULL,'2026-11-20',60000,'2026-09-22','assumed','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',NULL,'The API answers 404.',NULL,NULL,NULL,1795168806.0,1795168806.0,1795168807.0,1795169500.0,NULL,NULL,NULL,'call',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(33,'jphf7kjfxk','local','18126ec0e72a9606','w6ktb0thzg1nm161qd6zez6wr2',0,NULL,NULL,0,NULL,'upscale_creative','{}',NULL,1,0,'submitted','killedprocess0000000000000',1,NULL,1,0.0,NULL,'2026-11-20',0,'2026-09-22','no','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,NULL,NULL,NULL,NULL,1795168820.0,1795168820.0,NULL,NULL,NULL,NULL,NULL,'adopted',0,2,NULL,NULL);
INSERT INTO "jobs" VALUES(34,'f2hprax0s9','local','18126ec0e72a9606','jrtwrq8d44yqhgtr6068mrty8m',0,NULL,NULL,0,NULL,'upscale_creative','{}',NULL,1,0,'done','killedprocess0000000000000',1,NULL,1,0.0,NULL,'2026-11-20',0,'2026-09-22','yes','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',NULL,NULL,NULL,NULL,NULL,1795168820.0,1795168820.0,NULL,1795168840.0,NULL,NULL,NULL,'adopted',0,2,1796000000000,NULL);
INSERT INTO "jobs" VALUES(35,'p64vdnkphr','local','18126ec0e72a9606','b5y9attb07gq76334vvthddwch',0,NULL,NULL,0,NULL,'upscale_creative','{}',NULL,1,0,'failed','killedprocess0000000000000',1,NULL,1,0.0,NULL,'2026-11-20',0,'2026-09-22','no','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',NULL,'It has expired.',NULL,NULL,NULL,1795168820.0,1795168820.0,NULL,1795168850.0,NULL,NULL,NULL,'adopted',0,2,NULL,NULL);
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
    deleted_at REAL, copy_bytes INTEGER, copy_mtime_ns INTEGER,
    UNIQUE (id),
    FOREIGN KEY(job) REFERENCES jobs (id),
    FOREIGN KEY(blob) REFERENCES blobs (sha256)
)
 STRICT;
INSERT INTO "media" VALUES(3,'z0zdsqk7g7','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',2,2,NULL,NULL,NULL,'imported',NULL,'reference',NULL,1795082400.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(4,'34nj0hkxs4','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',2,2,NULL,NULL,NULL,'fitted','{"operation":"fit","arguments":{"width":64}}',NULL,NULL,1795082400.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(5,'kjw5kp6t8d','local',0,'18126ec0e72a9606','g019yzdbbd',0,'57d6ba15cf3ffe9b098634aba7ece9dd4d90e749d7fd0065d43875fc6ceb82d3','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"a lighthouse","seed":5}}','lighthouse','/home/user/Pictures/2026-11-19/lighthouse.png',1795082405.0,1795168950.0,79,1795168900123456789);
INSERT INTO "media" VALUES(6,'b3gbgdt1yn','local',0,'18126ec0e72a9606','24acad8fa7',0,'c8c416bd6eecb8f4b7a78e5ea130d4ac37e6d6f2ac206effe3e7395716ed1579','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"boats","seed":9}}','lighthouse-2',NULL,1795082417.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(7,'5182v7kjns','local',0,'18126ec0e72a9606','15c0vggtgd',0,'a0807465adad205eae57cc8772600ba9e9540478e53c9a642792a0ef604ace96','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"boats","seed":10}}',NULL,NULL,1795082417.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(8,'h9p7ghxvs7','local',0,'18126ec0e72a9606','k1pe7ndafd',0,'8b465a60fec9b960b98305296622b3ff60f60b2b97f2166f3534a05e17d37e4c','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"upscale_fast","arguments":{"image":"kjw5kp6t8d","output_format":"png"}}','hero',NULL,1795082435.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(9,'67t7febjhh','local',0,'18126ec0e72a9606','egek1fjpha',0,'1f0d58e14509843d87eb50daed82fbdcc7dc17f99d1410e38c0b7678e55cfd43','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"a picture whose bytes are lost","seed":0}}',NULL,NULL,1795082445.0,1795082450.0,NULL,NULL);
INSERT INTO "media" VALUES(10,'5ptz2kyg4v','local',0,'18126ec0e72a9606','t4kjadz4j8',0,'6bf8f86a58401013169a2eac7e99377a7ff28f7806ef7ac67d143e7ea47773b7','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"a pier","seed":0}}','pier',NULL,1795082466.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(11,'dqnweman93','local',0,'18126ec0e72a9606','v46yq9ypqg',0,'d09c5d39a424679a0a74f2750b328b46e5f64b1aaeec800afc5d0b9bcd457434','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"twice","seed":0}}',NULL,NULL,1795082502.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(12,'9zy3m67cc9','local',0,'18126ec0e72a9606','jf25b3304x',0,'832a9f02b3f47c8343089f52b3e79a0afd63247bf480ff268b27f8d9f9c35c9b','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"end 0","seed":0}}',NULL,NULL,1795086024.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(13,'smd0ezrtk5','local',0,'18126ec0e72a9606','wgwq5hrt5d',0,'2ab51f994fa6595af9c42d4dff924115199eed70afea22cf4f5b6a427ff71f47','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"end 1","seed":0}}',NULL,NULL,1795086025.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(14,'cy4gze46br','local',0,'18126ec0e72a9606','h0d5m81p1f',0,'b6e86c1a42bc9d9d337a0bfb1a8e4bea5bb1ba1546bba202f710fe9a8a630713','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"end 2","seed":0}}',NULL,NULL,1795086026.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(15,'a4thmx9fmw','local',0,'18126ec0e72a9606','nzgmkdkcsq',0,'589edaeb951c42fa1e6a3072346a8a06cbc38eea5b31a93c3ed49376e99887f2','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"end 3","seed":0}}',NULL,NULL,1795086027.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(16,'ya41c1xf00','local',0,'18126ec0e72a9606','zz0yjn5rtr',0,'30eb998a4e17c739f76204e154084f6792116ee4c531a5278e75a87a6e915178','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"generate_core","arguments":{"aspect_ratio":"1:1","output_format":"png","prompt":"end 4","seed":0}}',NULL,NULL,1795086080.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(17,'bm4r6n8pk1','local',0,NULL,NULL,0,'f872da5c1e6c90f02691a2fed8519dae394caec288e6d0a72296a00aeea442da','image/png',2,2,NULL,NULL,NULL,'imported',NULL,'boat',NULL,1795168800.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(18,'7zxzfay4zp','local',0,'18126ec0e72a9606','f2hprax0s9',0,'00314d723d517ecede96e151bc104997a7a2ab00cf6b9cd2692bae883230baec','image/png',2,2,NULL,'7','SUCCESS','generated','{"operation":"upscale_creative","arguments":{}}',NULL,NULL,1795168840.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(19,'legacy1','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',NULL,NULL,NULL,NULL,NULL,'imported',NULL,'Hero',NULL,1795000000.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(20,'legacy2','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',NULL,NULL,NULL,NULL,NULL,'imported',NULL,'HERO',NULL,1795000000.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(21,'legacy3','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',NULL,NULL,NULL,NULL,NULL,'imported',NULL,'hero-2',NULL,1795000000.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(22,'legacy4','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',NULL,NULL,NULL,NULL,NULL,'imported',NULL,'hero v2',NULL,1795000000.0,NULL,NULL,NULL);
INSERT INTO "media" VALUES(23,'legacy5','local',0,NULL,NULL,0,'b6505a478d2e6e348a221dd91efda2f6a37493c677fa6c4d96f5dc42b9a68e70','image/png',NULL,NULL,NULL,NULL,NULL,'imported',NULL,'GRÖßE',NULL,1795000000.0,NULL,NULL,NULL);
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
INSERT INTO "media_names" VALUES(1,'local','z0zdsqk7g7','reference','reference','reference','reference',0,0,2,NULL);
INSERT INTO "media_names" VALUES(2,'local','kjw5kp6t8d','lighthouse','lighthouse','lighthouse','lighthouse',0,0,2,NULL);
INSERT INTO "media_names" VALUES(3,'local','b3gbgdt1yn','lighthouse-2','lighthouse2','lighthouse-2','lighthouse2',0,0,2,NULL);
INSERT INTO "media_names" VALUES(4,'local','h9p7ghxvs7','hero','hero','hero','hero',0,0,2,NULL);
INSERT INTO "media_names" VALUES(5,'local','5ptz2kyg4v','pier','pier','pier','pier',0,0,2,NULL);
INSERT INTO "media_names" VALUES(6,'local','bm4r6n8pk1','boat','boat','boat','boat',0,0,2,NULL);
INSERT INTO "media_names" VALUES(7,'local','legacy1','Hero','hero','Hero','hero',0,0,2,NULL);
INSERT INTO "media_names" VALUES(8,'local','legacy2','HERO','hero','HERO','hero',0,0,2,NULL);
INSERT INTO "media_names" VALUES(9,'local','legacy3','hero-2','hero2','hero-2','hero2',0,0,2,NULL);
INSERT INTO "media_names" VALUES(10,'local','legacy4','hero v2','herov2','hero v2','herov2',0,0,2,NULL);
INSERT INTO "media_names" VALUES(11,'local','legacy5','GRÖßE','grösse','GRÖßE','grösse',0,0,2,NULL);
CREATE TABLE media_parents (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (child, parent, role)
)
 WITHOUT ROWID,
 STRICT;
INSERT INTO "media_parents" VALUES('h9p7ghxvs7','kjw5kp6t8d','image');
CREATE TABLE media_tags (
    media TEXT NOT NULL,
    tag_key TEXT NOT NULL,  -- the form in which tags are compared, see text.name_key
    position INTEGER NOT NULL,  -- in the order in which they were given
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    media_seq INTEGER NOT NULL,  -- lists by tag are in this order
    PRIMARY KEY (media, tag_key)
) STRICT, WITHOUT ROWID;
INSERT INTO "media_tags" VALUES('34nj0hkxs4','summer',0,'local','Summer',4);
INSERT INTO "media_tags" VALUES('z0zdsqk7g7','cover',1,'local','cover',3);
INSERT INTO "media_tags" VALUES('z0zdsqk7g7','summer',0,'local','Summer',3);
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
)
 STRICT;
INSERT INTO "meta" VALUES('schema','10');
INSERT INTO "meta" VALUES('oldest_writer','4');
INSERT INTO "meta" VALUES('store_id','fd3feb3c9250b7974a9b528b69636321');
INSERT INTO "meta" VALUES('fingerprint_secret','a461b55ef55b7beafd809a9a9e925b79a6342fa0fdb8b294d97fc6103d92089b');
INSERT INTO "meta" VALUES('notify_since:local:18126ec0e72a9606','1789898400.0');
INSERT INTO "meta" VALUES('client_timeouts:Claude Desktop','[{"seconds": 60.0, "at": 1795168901.0, "times": 2}]');
INSERT INTO "meta" VALUES('client_timeouts:другой клиент','[{"seconds": 240.5, "at": 1795168902.0, "times": 1}]');
INSERT INTO "meta" VALUES('ceiling:local:18126ec0e72a9606:2026-11-20','20000000');
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
INSERT INTO "processes" VALUES('killedprocess0000000000000','18126ec0e72a9606',4711,'stability-mcp',3,'frozen',1795168800.0);
CREATE TABLE requests (
    id INTEGER NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT NOT NULL,
    granted_at REAL NOT NULL,
    sent_at REAL,
    PRIMARY KEY (id)
)
 STRICT;
INSERT INTO "requests" VALUES(1,'18126ec0e72a9606','killedprocess0000000000000',1795168801.0,NULL);
INSERT INTO "requests" VALUES(2,'18126ec0e72a9606','killedprocess0000000000000',1795168802.0,1795168802.25);
INSERT INTO "requests" VALUES(3,'18126ec0e72a9606','killedprocess0000000000000',1795168804.0,1795168804.25);
INSERT INTO "requests" VALUES(4,'18126ec0e72a9606','killedprocess0000000000000',1795168806.0,1795168806.25);
INSERT INTO "requests" VALUES(5,'18126ec0e72a9606','killedprocess0000000000000',1795168806.0,1795168806.25);
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
INSERT INTO "run_items" VALUES('run-0000000000000000000000001a','make',0,'generate_core','{"prompt": "a fox"}',NULL,'done',NULL,'legacy1',NULL,NULL,1,NULL,1795168901.0,1795168950.0);
INSERT INTO "run_items" VALUES('run-0000000000000000000000003c','make',0,'generate_core','{"prompt": "a fox"}','00aa','running',NULL,NULL,NULL,NULL,NULL,NULL,1795168901.0,NULL);
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
    finished_at REAL
, end_number INTEGER) STRICT;
INSERT INTO "runs" VALUES(1,'run-0000000000000000000000001a','local','18126ec0e72a9606',NULL,NULL,'A fox','{"steps":[{"id":"make","tool":"generate_core","arguments":{"prompt":"a fox"}}]}',1,'{}','{}',3000,NULL,NULL,NULL,NULL,1795168960.0,NULL,NULL,'done',NULL,NULL,1795168900.0,1795168950.0,1795168950.0,1796000000001);
INSERT INTO "runs" VALUES(2,'run-0000000000000000000000002b','local','18126ec0e72a9606',NULL,'batch_generate','другой','{"steps":[{"id":"make","tool":"generate_core","arguments":{"prompt":"a fox"}}]}',1,'{}','{}',3000,'stdio','Claude Desktop',NULL,NULL,NULL,NULL,NULL,'review',NULL,NULL,1795168900.0,1795168950.0,NULL,NULL);
INSERT INTO "runs" VALUES(3,'run-0000000000000000000000003c','local','18126ec0e72a9606','oldprocess0000000000000000',NULL,'A fox again','{"steps":[{"id":"make","tool":"generate_core","arguments":{"prompt":"a fox"}}]}',1,'{}','{}',3000,NULL,NULL,NULL,NULL,NULL,'run-0000000000000000000000001a','{"steps": ["make"]}','running',NULL,NULL,1795168900.0,1795168950.0,NULL,NULL);
CREATE TABLE spend_limit_jobs (
    spend_limit INTEGER NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (spend_limit, job)
) STRICT, WITHOUT ROWID;
INSERT INTO "spend_limit_jobs" VALUES(1,'bsf7rpqkh1');
INSERT INTO "spend_limit_jobs" VALUES(1,'mknd14bf86');
INSERT INTO "spend_limit_jobs" VALUES(2,'na8c4e2nps');
INSERT INTO "spend_limit_jobs" VALUES(1,'nzgmkdkcsq');
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
INSERT INTO "spend_limits" VALUES(1,'local','18126ec0e72a9606','stdio','claude-ai','killedprocess0000000000000',20000,1795168970.0,1795212170.0,NULL);
INSERT INTO "spend_limits" VALUES(2,'local','18126ec0e72a9606','http:5d41402abc4b2a76b9719d911017c592','',NULL,5000,1795168971.0,1795176171.0,1795168971.0);
INSERT INTO "spend_limits" VALUES(3,'local','18126ec0e72a9606','stdio','',NULL,0,1795168972.0,1795170772.0,NULL);
CREATE TABLE spending (
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    day TEXT NOT NULL,
    reserved INTEGER DEFAULT '0' NOT NULL,
    spent INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (owner, upstream, day),
    CHECK (reserved >= 0),
    CHECK (spent >= 0)
)
 WITHOUT ROWID,
 STRICT;
INSERT INTO "spending" VALUES('local','18126ec0e72a9606','2026-09-20',0,3000);
INSERT INTO "spending" VALUES('local','18126ec0e72a9606','2026-11-19',9000,41000);
INSERT INTO "spending" VALUES('local','18126ec0e72a9606','2026-11-20',81000,60000);
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
INSERT INTO "uploads" VALUES('up00000001','local','photo.png',1234,'open',NULL,1796000000.0,1796000600.0);
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
INSERT INTO "upstreams" VALUES('18126ec0e72a9606','https://api.stability.ai',0,1795168960.0,NULL,123450,1795168900.0);
INSERT INTO "upstreams" VALUES('0123456789abcdef','https://proxy.example/stability',0,0.0,'The API answers 402: no credits are left.',NULL,NULL);
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
INSERT INTO "webhooks" VALUES(1,'wh00000001','local','18126ec0e72a9606','http://127.0.0.1:9/hook','["job.ended"]','orders','whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD',NULL,NULL,1796000000.0,NULL,NULL,NULL);
CREATE INDEX audit_prompt ON audit (prompt_hash, id);
CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE delivered_at IS NULL;
CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL;
CREATE INDEX calls_key ON calls (call_key, seq);
CREATE INDEX calls_open ON calls (owner, seq) WHERE delivered_at IS NULL;
CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL;
CREATE INDEX charges_day ON charges (owner, upstream, day);
CREATE INDEX confirmations_key ON confirmations (question_key, id);
CREATE INDEX job_inputs_media ON job_inputs (media);
CREATE INDEX jobs_cache ON jobs (result_key, seq) WHERE result_key IS NOT NULL AND state = 'done';
CREATE INDEX jobs_call ON jobs (call, position);
CREATE INDEX jobs_driven ON jobs (process) WHERE finished_at IS NULL;
CREATE INDEX jobs_due ON jobs (upstream, state, priority, wake_at) WHERE finished_at IS NULL;
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
CREATE INDEX jobs_operation ON jobs (owner, operation, seq);
CREATE INDEX jobs_created ON jobs (owner, created_at, seq);
CREATE INDEX media_created ON media (owner, created_at, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_names_key ON media_names (owner, name_key) WHERE version > 0;
CREATE INDEX media_names_lookup ON media_names (owner, name_key);
CREATE INDEX media_names_root ON media_names (owner, root_key, version);
CREATE INDEX media_names_media ON media_names (media);
CREATE INDEX media_deleted ON media (owner, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX media_tags_list ON media_tags (owner, tag_key, media_seq);
CREATE INDEX spend_limits_scope ON spend_limits (owner, upstream, scope, ends_at);
CREATE INDEX spend_limit_jobs_job ON spend_limit_jobs (job);
CREATE INDEX runs_list ON runs (owner, seq);
CREATE INDEX runs_open ON runs (upstream, state, seq) WHERE finished_at IS NULL;
CREATE INDEX runs_uncollected ON runs (owner, seq) WHERE collected_at IS NULL;
CREATE INDEX run_items_media ON run_items (media) WHERE media IS NOT NULL;
CREATE INDEX run_items_reuse ON run_items (reuse_key) WHERE reuse_key IS NOT NULL;
CREATE INDEX jobs_run ON jobs (run, step, item, seq) WHERE run IS NOT NULL;
CREATE INDEX jobs_end_number ON jobs (owner, end_number) WHERE end_number IS NOT NULL;
CREATE INDEX runs_end_number ON runs (owner, end_number) WHERE end_number IS NOT NULL;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
CREATE INDEX webhooks_list ON webhooks (owner, upstream, seq);
CREATE INDEX deliveries_due ON deliveries (upstream, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_list ON deliveries (webhook, seq);
CREATE INDEX uploads_open ON uploads (owner, expires_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('calls',33);
INSERT INTO "sqlite_sequence" VALUES('jobs',35);
INSERT INTO "sqlite_sequence" VALUES('media',23);
INSERT INTO "sqlite_sequence" VALUES('media_names',11);
INSERT INTO "sqlite_sequence" VALUES('runs',3);
INSERT INTO "sqlite_sequence" VALUES('webhooks',1);
INSERT INTO "sqlite_sequence" VALUES('deliveries',1);
COMMIT;
