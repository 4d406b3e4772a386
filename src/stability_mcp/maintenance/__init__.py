"""Keeps a store small and sound.

* `retention`    removes what ended before STABILITY_KEEP_DAYS; its rules are in `retention_rows`
* `repair`       checks a store and repairs it, for `stability-mcp doctor`
* `blob_check`   finds stored bytes that are lost or damaged, and restores them
* `recount`      compares the budget's counters with the jobs and the ledger
"""
