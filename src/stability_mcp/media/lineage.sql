-- name: parents_of(children...) -> many
-- The items that several items were made from; the caller checks the owner of both.
SELECT child, role, parent FROM media_parents WHERE child IN (:children...) ORDER BY child, role;

-- name: children_of(parents...) -> many
-- What was made from several items; the caller checks the owner.
SELECT child, role, parent FROM media_parents WHERE parent IN (:parents...) ORDER BY child, role;
