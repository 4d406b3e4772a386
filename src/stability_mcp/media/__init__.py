"""What was made and what it was made from: blobs, rows, labels, lineage, import and copies.

Open `inputs` first. The way of a file that a call names, before anything is paid:

* `references`   parses what the caller wrote: a label, an id, a path, a URL, or the bytes
* `roots`        the folders that may be read; `files` finds bare names in them and opens files
* `importer`     finds the item, or copies the file into the store and makes it durable
* `inputs`       checks items against what the operation takes; `fitting` makes pictures fit

Stored media:

* `items`        a stored picture, sound or model
* `records`      rows and blobs, written inside a transaction of the caller
* `library`      look-ups and lists; `search` reads names, cursors and words
* `labels`       names of media, and which of them are taken
* `copies`       readable copies in the user's folder
* `preview`      small pictures for answers
"""
