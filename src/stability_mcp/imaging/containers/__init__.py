"""Parsers for file formats: sizes, ends and metadata without decoding any pixels.

Parsing headers here instead of with Pillow avoids loading Pillow during a call, detects truncated
files and trailing bytes, and allows metadata to be removed or added without encoding the picture
again.
"""
