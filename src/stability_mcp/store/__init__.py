"""The store: one SQLite database and the folders beside it, shared by every process of a user.

Open `database` first: one writer at a time over all processes, readers beside it.

* `schema`      the tables; `migrations` brings older stores up to date
* `tenancy`     whose rows: an account is an owner and an upstream
* `locks`       the write lock, and guards of files that are in use
* `disk`        free room, the reserve, preallocation, open files
* `location`    where a store can't be: network drives, synced folders
* `ids`         random public ids
* `format`      what is read without the database library: versions, names, upstream ids

What the rows mean is said where they are written: `media/`, `jobs/`, `policy/`. SQLAlchemy takes
long to import, so the modules that use it are imported when the first row is needed.
"""
