-- name: reuse_item(run, step, item, tool, arguments, reuse_key, media, facts, picked, reused_from, now) -> count
-- The same as in an earlier run: nothing is charged.
INSERT INTO run_items (run, step, item, tool, arguments, reuse_key, state, media, facts,
    picked, reused_from, started_at, ended_at)
VALUES (:run, :step, :item, :tool, :arguments, :reuse_key, 'done', :media, :facts,
    :picked, :reused_from, :now, :now)
ON CONFLICT (run, step, item) DO NOTHING;

-- name: reusable(run) -> many
-- Results of an earlier run that still exist, by what they were made of.
SELECT run_items.run, run_items.step, run_items.item, run_items.reuse_key, run_items.media,
    run_items.facts, run_items.picked
FROM run_items LEFT JOIN media ON media.id = run_items.media AND media.deleted_at IS NULL
WHERE run_items.run = :run AND run_items.state = 'done' AND run_items.reuse_key IS NOT NULL
    AND (run_items.media IS NULL OR media.id IS NOT NULL)
ORDER BY run_items.step, run_items.item;

-- name: reusable_anywhere(owner, upstream, reuse_key, excluding) -> many
-- Media of earlier runs that were made of the same, oldest first. The upstream is compared because
-- the emulator's results never replace real ones.
SELECT run_items.run, run_items.step, run_items.item, run_items.reuse_key, run_items.media,
    run_items.facts, run_items.picked
FROM run_items
JOIN runs ON runs.id = run_items.run
JOIN media ON media.id = run_items.media AND media.deleted_at IS NULL
WHERE run_items.reuse_key = :reuse_key AND run_items.state = 'done'
    AND runs.owner = :owner AND runs.upstream = :upstream AND runs.id <> :excluding
    AND coalesce(media.finish_reason, 'SUCCESS') = 'SUCCESS'
ORDER BY run_items.started_at, runs.seq, run_items.step, run_items.item;
