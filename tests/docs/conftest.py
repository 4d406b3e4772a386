"""Runs commands in this process, as the tests of the command line do."""

from cli.conftest import cli

__all__ = ["cli"]
