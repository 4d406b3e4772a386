"""Transforms of a picture, as functions from picture to picture.

A picture is RGB, or RGBA if it has transparency, upright and in sRGB (`imaging.picture`). Only
`ink`, `over` and `draw_text` change the picture that they get; all others return a new one. What
can't be done raises a `TransformError` that names the numbers; the caller adds where it happened.

`size_limits` bounds sizes, `geometry` computes boxes and sizes, `reshape` crops, resizes, pads,
rotates and trims, `tone` adjusts colours and detail, `blending` puts pictures on each other,
`typefaces` finds fonts, `lettering` draws text, `paint` reads colours, `animation` and `saving`
write files.
"""
