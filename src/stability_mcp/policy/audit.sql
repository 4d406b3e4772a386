-- name: record(owner, upstream, at, event, operation, prompt_hash, detail) -> count
-- Writes an entry; it holds the hash of a prompt, never the prompt.
INSERT INTO audit (owner, upstream, at, event, operation, prompt_hash, detail)
VALUES (:owner, :upstream, :at, :event, :operation, :prompt_hash, :detail);

-- name: newest(owner, limit) -> many
-- For the person who answers for what is sent.
SELECT at, event, operation, prompt_hash, detail FROM audit
WHERE owner = :owner ORDER BY id DESC LIMIT :limit;

-- name: latest(owner, upstream, operation, prompt_hash, event) -> one
-- Runs before every paid call: the hash comes first, as in the index.
SELECT at, event, operation, prompt_hash, detail FROM audit
WHERE prompt_hash = :prompt_hash AND owner = :owner AND upstream = :upstream
    AND operation = :operation AND event = :event
ORDER BY id DESC LIMIT 1;
