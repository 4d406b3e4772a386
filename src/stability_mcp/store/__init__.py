"""The store: one SQLite database and the folders beside it, shared by every process of a user.

Open `database` first: one writer at a time over all processes, readers beside it.

* `writer`      the thread that writes: what waits shares a commit
* `queries`     loads the statements of `.sql` files
* `schema.sql`  the tables; `migrations` brings older stores up to date
* `tenancy`     whose rows: an account is an owner and an upstream
* `locks`       every lock between processes
* `threads`     the pool for blocking work on files
* `disk`        free room, the reserve, preallocation, open files
* `location`    where a store can't be: network drives, synced folders
* `ids`         random public ids
* `format`      versions, names of files, upstream ids

What the rows mean is said where they are written: `media/`, `jobs/`, `policy/`.
"""
