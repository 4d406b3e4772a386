"""The places that can be drawn: each paints itself and says where things can be in it."""
