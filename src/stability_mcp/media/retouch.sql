-- name: leave_copy(owner, id, copy_path) -> count
-- The file is the copy of the next version from now on.
UPDATE media SET copy_path = NULL, copy_bytes = NULL, copy_mtime_ns = NULL
WHERE owner = :owner AND id = :id AND copy_path = :copy_path;
