"""Draws prompts: parses the words, arranges objects in a place and draws them in a style.

Pure, blocking functions on Pillow and the standard library. The same prompt and seed always give
the same pixels. Nothing here imports another package of this project.
"""
