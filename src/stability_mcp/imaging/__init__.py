"""Local processing of pictures, sound and models: stateless functions on bytes and pixels.

Start with `probe`: it reads the `facts` of a file with the parsers in `containers/`. `fit` adapts a
picture to an operation's limits (`sizes`, `encode`, `strip`), `preview` and `sheet` make small
pictures, `provenance` embeds in a file how it was made, and `memory` limits the memory used for
pixels. `segment/` finds the subject of a picture, regions and masks.
"""
