"""Reads threads and listening ports of a process from Linux's /proc."""

import os
from pathlib import Path

LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def process_of(home: Path) -> int:
    """Return the id of the server whose store is below a folder."""
    wanted = f"STABILITY_HOME={home}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in variables:
                return int(folder.name)
    raise AssertionError(f"no server of {home} runs")


def threads(process: int) -> int:
    """Return the number of threads of a process."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


def listening_ports(process: int) -> set[int]:
    """Return the TCP ports on which a process listens."""
    sockets = set()
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        rows = Path(f"/proc/{process}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        for row in map(str.split, rows):
            if row[3] == LISTEN and row[9] in sockets:
                found.add(int(row[1].rpartition(":")[2], 16))
    return found
