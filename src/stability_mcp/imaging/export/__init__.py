"""Turns pictures into files for a purpose: sizes, presets, formats, byte limits, PDF, print."""
