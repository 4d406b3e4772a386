"""Edits of uploaded pictures: filling, inserting, recolouring, relighting, upscaling."""
