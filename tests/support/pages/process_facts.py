"""Reads threads, listening ports and memory of a process from Linux's /proc."""

import os
import re
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


def process_on(port: int) -> int:
    """Return the id of the process that listens on a TCP port."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                found = listening_ports(int(folder.name))
            except OSError:
                continue  # another user's, or it has ended
            if port in found:
                return int(folder.name)
    raise AssertionError(f"no process listens on port {port}")


def resident(process: int) -> int:
    """Return the memory of a process, in bytes."""
    return _memory(process, "VmRSS")


def peak_resident(process: int) -> int:
    """Return the most memory that a process had since `forget_peak`, in bytes."""
    return _memory(process, "VmHWM")


def forget_peak(process: int) -> None:
    """Measure the peak of a process from now on."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def _memory(process: int, name: str) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


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
