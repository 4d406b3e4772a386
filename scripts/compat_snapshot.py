"""Writes tests/compat/today.json; run it at a release, once all changes are announced.

.venv/bin/python scripts/compat_snapshot.py
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

TESTS = Path(__file__).parent.parent / "tests"


async def write_snapshot() -> int:
    """Write a snapshot of the code, and clear the lists of changes; return the number of facts."""
    from compat.facts import as_text
    from compat.snapshot import TODAY, take

    with TemporaryDirectory() as folder:
        facts = await take(Path(folder), borrowed=False)
    TODAY.write_text(as_text(facts), encoding="utf-8")
    for name in ("changed.json", "moved.json"):
        TODAY.with_name(name).write_text(as_text({}), encoding="utf-8")
    return len(facts)


def main() -> None:
    """Write the snapshot, ignoring settings of this machine."""
    sys.path.insert(0, str(TESTS))
    for name in [name for name in os.environ if name.startswith("STABILITY_")]:
        del os.environ[name]
    sys.stdout.write(f"{anyio.run(write_snapshot)} facts\n")


if __name__ == "__main__":
    main()
