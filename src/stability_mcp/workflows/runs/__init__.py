"""Runs of workflows: their rows, the driver, and what the user decides about them.

`run_driver` reads the rows, asks `progression` what comes next, and makes it through `run_port`;
`run_host` has the drivers of a process.
"""
