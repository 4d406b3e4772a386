"""Drawing from words: a prompt is read, staged in a place and drawn in a style.

Blocking, pure functions on Pillow and the standard library. The same prompt with the same seed
gives the same pixels. Nothing here imports another package of this project.
"""
