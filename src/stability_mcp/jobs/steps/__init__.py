"""The steps of a job: send it, poll for it, store the result; `executor` picks the one due.

Open `send` first. `failures` ends a job without a result or requeues it, `disk_retry` waits for the
disk, `spool` holds a response until it is stored, `context` is the state that all steps share.
"""
