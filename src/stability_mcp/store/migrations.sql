-- name: schema() -> value
-- The schema version of the tables.
SELECT value FROM meta WHERE key = 'schema';

-- name: set_versions(schema, oldest_writer) -> count
-- Records the schema and which programs may write from now on.
UPDATE meta SET value = CASE key WHEN 'schema' THEN :schema ELSE :oldest_writer END
WHERE key IN ('schema', 'oldest_writer');
