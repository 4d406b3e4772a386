"""File formats by their parts: sizes, ends and metadata without decoding a pixel.

Reading headers here and not with Pillow keeps Pillow off the path of a call, finds files that are
cut short or have something behind their end, and lets metadata be dropped or put in without
encoding the picture again.
"""
