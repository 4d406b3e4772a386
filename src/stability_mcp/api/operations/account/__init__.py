"""Queries about the account; free."""
