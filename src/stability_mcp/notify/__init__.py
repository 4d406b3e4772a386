"""Delivers the ends of jobs to a webhook or a command."""
