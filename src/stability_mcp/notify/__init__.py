"""Notifies a webhook or a command of finished jobs, at least once.

Start with `delivery`: it claims notifications that are due, sends them and records the result.
`outbox` reads and updates the rows, which `jobs.transactions` writes; `targets` sends a message.
"""
