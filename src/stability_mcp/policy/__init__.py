"""Rules for paid calls: blocked terms, refusals by moderation, price confirmation, audit log.

Open `confirmation` first: a question about the price of a call, and its answer. `terms` finds the
operator's terms in prompts, `moderation` remembers what the API refused, `audit` records both.
`studio.permissions` applies the rules.
"""
