-- Schema 6: names with versions. It only adds: older programs write labels without names, which are
-- then found by their text alone.
ALTER TABLE jobs ADD COLUMN variant INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN label_source INTEGER NOT NULL DEFAULT 2;

-- Every name that an item has or had; media.label is its present one.
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
-- Two items never get the same name; labels from before schema 6 may differ in case only.
CREATE UNIQUE INDEX media_names_key ON media_names (owner, name_key) WHERE version > 0;
CREATE INDEX media_names_lookup ON media_names (owner, name_key);
CREATE INDEX media_names_root ON media_names (owner, root_key, version);
CREATE INDEX media_names_media ON media_names (media);

-- `migrations` registers name_key.
INSERT INTO media_names (owner, media, name, name_key, root, root_key, version)
SELECT owner, id, label, name_key(label), label, name_key(label), 0
FROM media WHERE label IS NOT NULL AND deleted_at IS NULL ORDER BY seq;
