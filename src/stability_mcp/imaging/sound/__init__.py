"""Reads, measures and edits the samples of sounds."""
