"""Notifies of finished jobs and runs, at least once.

`delivery` serves STABILITY_ON_DONE: it claims notifications that are due, sends them and records
the result. `outbox` reads and updates their rows, which `jobs.transactions` writes; `targets` sends
a message.

`webhook_delivery` does the same for registered webhooks: `webhooks` has the registry,
`webhook_queue` the deliveries, whose rows `store.end_events` writes in the transaction that ends a
job or run; `endpoints` connects to allowed URLs only.
"""
