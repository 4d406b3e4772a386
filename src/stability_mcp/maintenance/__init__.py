"""Keeps a store small and sound: retention, repair, recount of the budget."""
