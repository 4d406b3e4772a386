"""The documented routes: `tests/rest/routes.yaml`."""

from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parents[2] / "rest" / "routes.yaml"
_CONTENT: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))

ROUTES: list[dict[str, Any]] = _CONTENT["routes"]
"""One row each: method, path, parameters, what it does and answers."""
LISTS: dict[str, list[str]] = _CONTENT["lists"]
"""Choices that several rows name."""
