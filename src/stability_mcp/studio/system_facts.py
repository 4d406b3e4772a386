"""What this program runs on: versions of what is installed, and the machine."""

import os
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from stability_mcp import __version__

DISTRIBUTION = "stability-mcp"
"""Name of this program among the installed packages."""

LIBRARIES = ("mcp", "httpx2", "pydantic", "pillow")
"""The libraries that a report of a problem needs to name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The versions of what is installed, and how to start this program."""

    version: str
    python: str
    platform: str
    libraries: Mapping[str, str]
    """Versions by name."""
    command: tuple[str, ...]
    """Command that starts this program, in words."""


def installation() -> Installation:
    """Return what is installed."""
    return Installation(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        libraries={name: version(name) for name in LIBRARIES} | {"SQLite": sqlite3.sqlite_version},
        command=(sys.executable, "-m", "stability_mcp"),
    )


def dependencies() -> dict[str, str | None]:
    """Return the version of each runtime dependency by name; None: it isn't installed.

    One that only another platform needs isn't.
    """
    found = {name: _version(name) for name in sorted(set(_required()), key=str.casefold)}
    return {**found, "SQLite": sqlite3.sqlite_version}


def cpu_count() -> int:
    """Return the CPUs of this machine."""
    return os.cpu_count() or 1


def _required() -> Iterator[str]:
    try:
        wanted = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a source folder that wasn't installed
        yield from LIBRARIES
        return
    for each in wanted:
        requirement, _, condition = each.partition(";")
        name = _NAME.match(requirement)
        if name is not None and "extra" not in condition:
            yield name[0]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
