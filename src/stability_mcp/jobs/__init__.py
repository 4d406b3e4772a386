"""Durable jobs: rows, transactions, steps, the engine that runs them, rate limit and budget.

Open `jobs` first: `Jobs` submits calls, waits for their jobs, reads and delivers them.

* `runner`       runs jobs in this process: registers it, submits calls, drains at the end
* `reader`       reads jobs, calls, the ledger and the budget; `progress` describes a job in words
* `engine`       the port of what runs steps; `scheduler` is the one in this process, with `queue`
* `executor`     carries out the step that is due: one of `steps/`
* `recovery`     takes over the jobs of dead processes, which it finds by their `process_lock`
* `rate_limit`   slots of the API's rate limit; `rate_queue` waits for them
* `budget`       the daily ceiling and the ledger; `account` asks for the balance
* `models`       the shapes of a job and of a call
* `transactions/`  every change of a row, one file per step of a job's life
"""
