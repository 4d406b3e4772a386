-- name: input_hashes(ids...) -> many
-- Equal bytes are the same input, whatever their media id.
SELECT id, blob FROM media WHERE id IN (:ids...);
