"""Figures for the person who pays: what was spent, what failed, how long it took.

* `report`        lines of the ledger with failures, unknown outcomes and median times
* `job_figures`   reads these from the jobs
* `spending`      turns the ledger into a bar chart
* `operation_figures`  counts jobs by state, with median and 95th percentile of their times
* `request_log`   lists the requests to the API
"""
