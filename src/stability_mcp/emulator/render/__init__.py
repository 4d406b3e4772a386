"""What the emulated API makes: pictures, sound and models that can be opened, made up by seed.

Blocking, pure functions on Pillow and the standard library: bytes and numbers in, bytes out. The
same request with the same seed gives the same bytes.
"""
