"""Workflows: plans of several steps, checked and priced before they run, and run as one.

A plan is data (`plan.py`). It is read in several notations (`plan_notation.py`), checked without
spending anything (`plan_check.py`), and drawn (`diagram.py`).
"""
