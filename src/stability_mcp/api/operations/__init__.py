"""The table: every operation of the API, one file each.

To add an operation
-------------------
1. Add `operations/<toolset>/<name>.py`, named like the end of the URL:
   `/v2beta/stable-image/edit/outpaint` is `edit/outpaint.py`, and so the tool `edit_outpaint`.
2. In it, write one subclass of the kind that fits (see `kinds.py`): a docstring for the agent
   (first paragraph: when to use it, in the words people use; second: how, and what to use instead;
   the price is inserted in between), a `title`, the `spec`, a field for each parameter, the rules
   between fields. Override `next_tools` and `hints` where the defaults don't fit,
   and `wire` where the API differs from the row.
3. Run `make check` and read the diff in `tool_schemas/`; docs/architecture.md has the other steps.

The client's request, the emulator's route, the MCP tool, the command, the price, the guide and the
row in the README are derived from the class. Put what the API documents about it in `tests/facts/`.
Add `tests/api/operations/<toolset>/test_<name>.py` only for behaviour special to the operation; the
tests over the whole table cover the rest.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from stability_mcp.api import TOOLSETS
from stability_mcp.api.operation import Operation


def row(module: str) -> type[Operation]:
    """Return the one operation that a module defines.

    Raises:
        TypeError: the module defines none or several.
    """
    rows = [
        value
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, type) and issubclass(value, Operation) and "spec" in vars(value)
    ]
    if len(rows) != 1:
        raise TypeError(f"{module} must define exactly one operation, but defines {len(rows)}")
    return rows[0]


def table(path: Iterable[str], package: str) -> Mapping[str, type[Operation]]:
    """Return every operation below a package by name, in the order of the table."""
    modules = pkgutil.walk_packages(path, prefix=f"{package}.")
    rows = sorted((row(module.name) for module in modules if not module.ispkg), key=_order)
    return MappingProxyType({each.name(): each for each in rows})


def _order(each: type[Operation]) -> tuple[int, str]:
    known = each.toolset() in TOOLSETS
    return (TOOLSETS.index(each.toolset()) if known else len(TOOLSETS), each.name())


OPERATIONS = table(__path__, __name__)
"""Every operation by name: `OPERATIONS["edit_outpaint"]`."""
