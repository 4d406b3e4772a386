"""Durable jobs: rows, transactions, steps, the engine that runs them, rate limit and budget.

Open `jobs` first: `Jobs` submits calls, waits for their jobs, reads and delivers them.

* `runner`       runs jobs in this process: registers it, submits calls, drains on shutdown
* `reader`       reads jobs, calls, the ledger and the budget; `progress` describes a job in words
* `engine`       the port for running steps; `scheduler` implements it in this process, with `queue`
* `executor`     runs the step that is due: one of `steps/`
* `recovery`     finds dead processes by their `process_lock` and takes over their jobs
* `rate_limit`   slots of the API's rate limit; `rate_queue` waits for them
* `budget`       the daily budget and the ledger; `account` queries the balance
* `models`       the shapes of a job and of a call
* `transactions/`  every change to a row, one file per step of a job's life
"""
