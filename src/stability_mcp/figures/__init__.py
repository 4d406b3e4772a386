"""Figures for the person who pays: what was spent, what failed, how long it took.

* `report`        lines of the ledger with failures, unknown outcomes and median times
* `job_figures`   reads these from the jobs
* `spending`      turns the ledger into a bar chart
"""
