"""Durable jobs: the journal, one step at a time, the engine that runs them, and spending."""
