"""Cleans up, checks, repairs, backs up and restores a store.

* `retention`    removes what is older than STABILITY_KEEP_DAYS, by the rules in `retention_rows`
* `shrink`       removes the oldest media until the rest fits STABILITY_KEEP_BYTES
* `rehearsal`    tells what a sweep would remove
* `repair`       checks a store and repairs it, for `stability-mcp doctor`
* `blob_check`   finds lost or damaged files, and restores them
* `recount`      compares the budget's counters with the jobs and the ledger
* `store_size`   measures what a store takes on the disk
* `backup`       writes a store to one file; `backup_format` is the file's format
* `restore`      replaces a store by a backup, checked by `restore_check`; `store_files` moves files
"""
