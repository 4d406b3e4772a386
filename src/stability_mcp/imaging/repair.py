"""Rewrites files that have defects which every player or viewer tolerates."""

import os
from pathlib import Path

from stability_mcp.imaging.containers.piece import copy_pieces
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.strip import atomic_write


def repair(path: Path, facts: Facts) -> list[str]:
    """Rewrite a file without its defects and without trailing bytes.

    Args:
        path: The file; it is changed.
        facts: Its `probe` facts.

    Returns:
        What was changed, as phrases; empty if the file is fine.

    Raises:
        OSError: The folder isn't writable, or the disk is full.
    """
    changes = list(facts.repairs)
    if facts.repaired:
        with atomic_write(path) as out, path.open("rb") as file:
            copy_pieces(file, facts.repaired, out)
    elif facts.tail > 0:
        # Bytes after the end of the media aren't part of it and may be anything.
        os.truncate(path, facts.bytes - facts.tail)
    if facts.tail > 0:
        changes.append(f"{facts.tail:,} trailing bytes removed")
    return changes
