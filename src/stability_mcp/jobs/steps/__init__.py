"""The steps of a job: send it, poll for it, store the result; `executor` chooses which is due.

Open `send` first. `failures` ends a job without a result or queues it again, `disk_retry` waits
for the disk, `spool` holds a response until it is stored, `context` is what all steps share.
"""
