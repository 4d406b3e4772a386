"""What may be sent: terms, moderation memory, confirmation, audit log."""
