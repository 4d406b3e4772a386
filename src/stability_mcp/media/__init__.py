"""Stored media: blobs, rows, labels, lineage, imports and readable copies.

Start with `inputs`. A file named in a call passes these modules before anything is charged:

* `references`   parses what the caller wrote: a label, an id, a path, a URL, or the bytes
* `roots`        the allowed folders; `files` finds file names in them and opens files
* `workspace`    checks the folders that an MCP client names, which add to the roots in its calls
* `importer`     finds the item, or copies the file into the store and makes it durable
* `inputs`       checks items against the operation's limits; `fitting` adapts pictures to them

Stored media:

* `items`        a stored picture, sound or model
* `records`      writes rows and blobs inside the caller's transaction
* `library`      lookups and lists; `search` parses names, cursors and queries
* `labels`       valid, default and free labels
* `copies`       readable copies in the output folder
* `preview`      small pictures for answers
"""
