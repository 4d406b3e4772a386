"""What was made and what it was made from: blobs, rows, labels, lineage, import and copies.

The way of a file that a call names, before anything is paid:

* `references`   what was written, taken apart: a label, an id, a path, a URL, the bytes themselves
* `roots`        the folders that may be read; `walk` finds bare names in them, `descriptors` opens
* `intake`       copied into the store, seen to be whole media, durable
* `importer`     found or imported, and said
* `prepare`      checked against what the operation takes; `fitting` makes pictures fit

and of what is stored:

* `items`        a stored picture, sound or model
* `rows`         written and read inside transactions; `store` and `searching` look them up
* `taken`        which labels are not free any more
* `labels`       what things are called
* `copies`       readable copies in the user's folder
* `previews`     small pictures for answers

Files are worked on in `threads` of their own.
"""
