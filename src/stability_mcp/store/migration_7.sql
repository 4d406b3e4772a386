-- Schema 7: tags, deleted media, and what a readable copy was when it was written. It only adds:
-- older programs write copies without these facts, which are then compared by their bytes.
ALTER TABLE media ADD COLUMN copy_bytes INTEGER;
ALTER TABLE media ADD COLUMN copy_mtime_ns INTEGER;
CREATE INDEX media_deleted ON media (owner, deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE media_tags (
    media TEXT NOT NULL,
    tag_key TEXT NOT NULL,  -- the form in which tags are compared, see text.name_key
    position INTEGER NOT NULL,  -- in the order in which they were given
    owner TEXT NOT NULL,
    tag TEXT NOT NULL,
    media_seq INTEGER NOT NULL,  -- lists by tag are in this order
    PRIMARY KEY (media, tag_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_tags_list ON media_tags (owner, tag_key, media_seq);
