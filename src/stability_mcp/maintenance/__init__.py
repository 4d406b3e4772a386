"""Cleans up, checks and repairs a store.

* `retention`    removes what is older than STABILITY_KEEP_DAYS, by the rules in `retention_rows`
* `repair`       checks a store and repairs it, for `stability-mcp doctor`
* `blob_check`   finds lost or damaged files, and restores them
* `recount`      compares the budget's counters with the jobs and the ledger
"""
