"""Lays out several pictures on one page.

`arrange` computes cells, `page_plan` where everything on a page is, `bubbles` draws speech bubbles
and `page_drawing` the page.
"""
