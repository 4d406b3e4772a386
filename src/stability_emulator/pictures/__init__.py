"""Edits of pictures that were sent: filling, inserting, recolouring, relighting, enlarging."""
