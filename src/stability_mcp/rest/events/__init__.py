"""Streams of events: `source.py` follows the store, `stream.py` is what one client gets of it."""
