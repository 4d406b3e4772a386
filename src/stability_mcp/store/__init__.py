"""The store: one SQLite database and the folders beside it, shared by every process of a user.

* `schema`    the tables, of the kinds of column in `columns`; `migrations` leads older stores there
* `database`  transactions: one writer at a time over all processes, readers beside it
* `locks`     file locks: the write lock, and one lock per living process
* `ids`       random public ids
* `format`    what may be read without the database library: versions, names, upstream ids

What the rows mean is said where they are written: `media/` and `jobs/`. SQLAlchemy is imported by
`schema` and `database` alone, and those are imported when the first row is needed.
"""
