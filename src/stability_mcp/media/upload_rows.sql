-- name: usage(owner, now) -> one
-- What an owner's open uploads take, and when the first of them expires.
SELECT count(*) AS uploads, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes,
    min(expires_at) AS first_expiry
FROM uploads WHERE owner = :owner AND state <> 'completed' AND expires_at > :now;

-- name: insert(id, owner, name, bytes, now, expires_at) -> count
-- An upload that may be sent once.
INSERT INTO uploads (id, owner, name, bytes, state, created_at, expires_at)
VALUES (:id, :owner, :name, :bytes, 'open', :now, :expires_at);

-- name: find(owner, id, now) -> one
-- An upload of an owner, unless its time is over.
SELECT id, owner, name, bytes, state, media FROM uploads
WHERE owner = :owner AND id = :id AND expires_at > :now;

-- name: begin(id, now, expires_at) -> one
-- Of two requests at the same time, one gets the row. The signature stands for the owner.
UPDATE uploads SET state = 'receiving', expires_at = :expires_at
WHERE id = :id AND state = 'open' AND expires_at > :now
RETURNING id, owner, name, bytes, state, media;

-- name: state(id, now) -> value
-- Why a request didn't get the row.
SELECT state FROM uploads WHERE id = :id AND expires_at > :now;

-- name: reopen(id, expires_at) -> count
-- The request broke off, so another one may be sent.
UPDATE uploads SET state = 'open', expires_at = :expires_at WHERE id = :id AND state = 'receiving';

-- name: received(id, now, expires_at) -> count
-- The file is complete; changes no row if its time is over.
UPDATE uploads SET state = 'received', expires_at = :expires_at
WHERE id = :id AND state = 'receiving' AND expires_at > :now;

-- name: completed(owner, id, media) -> count
-- The file is stored as media; the row answers repeated requests until it expires.
UPDATE uploads SET state = 'completed', media = :media WHERE owner = :owner AND id = :id;

-- name: remove(owner, id) -> count
-- The file can't be used.
DELETE FROM uploads WHERE owner = :owner AND id = :id;

-- name: remove_expired(now, limit) -> values
-- Uploads of all owners whose time is over, a part at a time.
DELETE FROM uploads
WHERE id IN (SELECT old.id FROM uploads AS old WHERE old.expires_at <= :now LIMIT :limit)
RETURNING id;
