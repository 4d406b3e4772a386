"""Parses prompts: the vocabulary and the parser."""
