"""The store: a SQLite database and its folders, shared by all of a user's processes.

Start with `database`: one writer at a time across all processes, concurrent readers.

* `writer`      the writer thread; pending transactions share a commit
* `queries`     loads SQL statements from `.sql` files
* `schema.sql`  the tables; `migrations` upgrades older stores
* `tenancy`     who owns a row: an account is an owner and an upstream
* `locks`       every lock between processes
* `threads`     the thread pool for blocking file work
* `disk`        free space, the reserve, preallocation, open files
* `location`    where a store can't be: network drives, synced folders
* `ids`         random public ids
* `format`      schema versions, file names, upstream ids

The modules that write the rows document their meaning: `media/`, `jobs/`, `policy/`.
"""
