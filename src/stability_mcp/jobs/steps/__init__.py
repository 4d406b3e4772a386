"""The steps of a job: send it, poll for it, store what came. `executor` chooses which is due."""
