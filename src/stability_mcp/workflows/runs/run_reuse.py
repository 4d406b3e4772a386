"""Results of earlier runs that answer items of a new one, at no cost.

An item's reuse key is a hash of its tool, arguments and input bytes. All functions run inside a
transaction of the caller.
"""

import json
from collections import Counter
from dataclasses import dataclass

from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.workflows.runs.progression import ItemKey, ReadyItem


@dataclass(frozen=True, slots=True)
class ReusableItem:
    """A result of an earlier run that still exists."""

    run: str
    step: str
    item: int
    reuse_key: str
    media: str | None
    """None: files that the item wrote, see `facts`."""
    facts: str | None
    """JSON: lines for the answer, and files that were written."""
    picked: int | None = None
    """The user's pick in a review."""

    @property
    def key(self) -> ItemKey:
        """Return which item it was."""
        return ItemKey(self.step, self.item)


_SQL = load(__file__)
_reuse_item = _SQL.count("reuse_item")
_reusable = _SQL.many("reusable", ReusableItem)
_reusable_anywhere = _SQL.many("reusable_anywhere", ReusableItem)


def reuse_item(
    connection: Connection,
    run: str,
    ready: ReadyItem,
    source: ReusableItem,
    *,
    now: float,
) -> bool:
    """Settle an item with the result of an earlier run, at no cost."""
    row = {
        "run": run,
        "step": ready.key.step,
        "item": ready.key.position,
        "tool": ready.tool,
        "arguments": json.dumps(ready.arguments),
        "reuse_key": source.reuse_key,
        "media": source.media,
        "facts": source.facts,
        "picked": source.picked,
        "reused_from": source.run,
    }
    return _reuse_item(connection, **row, now=now) == 1


def reusable(connection: Connection, run: str) -> dict[tuple[str, int], ReusableItem]:
    """Return the results of an earlier run, by reuse key and number among equal keys.

    Variants of a random picture have one key: the first of the new run gets the first of the old.
    """
    found: dict[tuple[str, int], ReusableItem] = {}
    counts: Counter[str] = Counter()
    for row in _reusable(connection, run=run):
        found[row.reuse_key, counts[row.reuse_key]] = row
        counts[row.reuse_key] += 1
    return found


def reusable_anywhere(
    connection: Connection, account: Account, reuse_key: str, *, excluding: str, most: int
) -> list[ReusableItem]:
    """Return media that earlier runs of an account made of the same, oldest first.

    A result that several runs reused is returned once.

    Args:
        connection: A reader's, or the writer's.
        account: The account of the runs; results of another key or the emulator don't count.
        reuse_key: Hash of tool, arguments and input bytes.
        excluding: The run that would reuse them; its own variants may have the same key.
        most: Maximum results.
    """
    found: dict[str | None, ReusableItem] = {}
    for row in _reusable_anywhere(
        connection, **account.key, reuse_key=reuse_key, excluding=excluding
    ):
        found.setdefault(row.media, row)
    return list(found.values())[:most]
