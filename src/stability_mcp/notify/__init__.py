"""Delivers the ends of jobs to a webhook or a command, at least once.

Open `delivery` first: it claims ends that are due, sends them and records the result. `outbox` has
the rows; they are written by `jobs.transactions`.
"""
