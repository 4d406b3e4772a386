"""The steps of a job: send it, poll for it, store what came. `perform` chooses which is due."""
