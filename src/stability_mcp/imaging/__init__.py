"""Local work on pictures, sound and models: functions of bytes and pixels, without state.

Open `probe` first: it reads the `facts` of a file, by the parsers in `containers/`. `fit` makes a
picture fit an operation's limits (`sizes`, `encode`, `strip`), `preview` and `sheet` make small
pictures, `provenance` writes into a file how it was made, and `memory` bounds what work on pixels
takes. `segment/` finds the subject of a picture, regions and masks.
"""
