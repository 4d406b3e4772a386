"""Lays out several pictures on one page.

`arrange` computes where they go, `bubbles` draws speech bubbles and `page_drawing` the page.
"""
