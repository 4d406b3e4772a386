"""Finds the stored item that a new file is equal to, so that nothing is stored twice.

What counts as equal depends on how the file came: imports are equal only by their bytes, fitted
pictures by bytes and parent. What a local tool made is only equal to the result of the same call:
the same mask of two pictures is two items, as each can be continued.

Length: one rule, which the library and its statements share.
"""

from stability_mcp.media.records import FileInfo, ItemRow, Provenance, clean, operation_json
from stability_mcp.store.queries import Connection, load

_SQL = load(__file__)
item_of_bytes = _SQL.one("item_of_bytes", ItemRow)
_fitted_item_of_bytes = _SQL.one("fitted_item_of_bytes", ItemRow)
_made_item_of_bytes = _SQL.one("made_item_of_bytes", ItemRow)


def same_item(
    connection: Connection, owner: str, info: FileInfo, provenance: Provenance
) -> ItemRow | None:
    """Return the stored item that a new file is equal to, or None; blocks.

    Args:
        connection: Any connection.
        owner: The owner of the media.
        info: The facts of the new file.
        provenance: How the new file was made.
    """
    key = {"owner": owner, "blob": clean(info.sha256)}
    parents = list(provenance.parents.values())
    if provenance.origin == "fitted":
        return _fitted_item_of_bytes(connection, **key, parents=parents)
    if provenance.origin == "generated":
        operation = operation_json(provenance, readable=info.readable)
        made = {"operation": operation, "parents": parents, "number": len(parents)}
        return _made_item_of_bytes(connection, **key, **made)
    return item_of_bytes(connection, **key)
