"""List arguments that a form has entry by entry, as the v1 API documents its weighted prompts."""

import re
from collections.abc import Collection
from typing import Any

from stability_mcp.rest.json_body import sent_twice

_ENTRY = re.compile(r"(\w+)\[(\d{1,4})\](?:\[(\w+)\])?", re.ASCII)
"""`text_prompts[0][text]`: list, index, and the key if its entries are objects."""


class ListEntries:
    """The entries of list arguments that were sent as fields of their own.

    Args:
        lists: Names of the arguments that are lists.
    """

    def __init__(self, lists: Collection[str]) -> None:
        self._lists = lists
        self._found: dict[str, dict[int, Any]] = {}

    def take(self, name: str, value: str) -> bool:
        """Take a field if it is an entry of a list; return whether it is.

        Raises:
            RequestProblemError: 400, the entry was sent before.
        """
        parts = _ENTRY.fullmatch(name)
        if parts is None or parts[1] not in self._lists:
            return False
        entries, index, key = self._found.setdefault(parts[1], {}), int(parts[2]), parts[3]
        if key is None:
            if index in entries:
                raise sent_twice(name)
            entries[index] = value
            return True
        entry = entries.setdefault(index, {})
        if not isinstance(entry, dict) or key in entry:
            raise sent_twice(name)
        entry[key] = value
        return True

    def add_to(self, values: dict[str, Any]) -> None:
        """Add the lists to the arguments, in the order of their indexes, which may have gaps.

        Raises:
            RequestProblemError: 400, a list was also sent as a whole.
        """
        for name, entries in self._found.items():
            if name in values:
                raise sent_twice(name)
            values[name] = [entries[index] for index in sorted(entries)]
