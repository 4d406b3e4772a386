"""What may be sent: blocked terms, moderation memory, confirmation of a price, audit log.

Open `confirmation` first: a question about the price of a call, and its answer. `terms` finds the
operator's terms in prompts, `moderation` remembers what the API refused, `audit` records both. The
rules are applied by `studio.permissions`.
"""
