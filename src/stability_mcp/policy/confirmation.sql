-- name: ask(owner, upstream, key, credits, now) -> value
-- Records a question before the user sees it, so that a late answer finds it.
INSERT INTO confirmations (owner, upstream, question_key, credits, asked_at)
VALUES (:owner, :upstream, :key, :credits, :now)
RETURNING id;

-- name: answer(id, key, answer, now) -> count
-- The first answer counts.
UPDATE confirmations SET answer = :answer, answered_at = :now
WHERE id = :id AND question_key = :key AND answer IS NULL;

-- name: use(key, credits, since, process) -> value
-- One statement, so that two processes can't use the same yes.
UPDATE confirmations SET used_by = :process
WHERE id = (
    SELECT id FROM confirmations
    WHERE question_key = :key AND answer = 'yes' AND used_by IS NULL AND credits >= :credits
        AND asked_at > :since
    ORDER BY id LIMIT 1
)
RETURNING id;

-- name: give_back(id) -> count
-- The call that used the yes was not written.
UPDATE confirmations SET used_by = NULL WHERE id = :id;

-- name: latest(key, since) -> one
-- The newest question about a call that still counts.
SELECT id, answer FROM confirmations
WHERE question_key = :key AND asked_at > :since AND used_by IS NULL
ORDER BY id DESC LIMIT 1;
