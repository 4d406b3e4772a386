"""Detects unsuitable store locations: network drives and synced folders.

The database's write-ahead log needs shared memory and reliable locks. Network file systems have
neither, whatever they report. A sync program copies a half-written transaction and restores it
later.
"""

import re
import sys
from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "9p",
        "afs",
        "afpfs",
        "cifs",
        "coda",
        "davfs",
        "fuse.davfs2",
        "fuse.gvfsd-fuse",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "webdav",
    }
)
"""Linux names of network file systems."""

SYNCED_FOLDERS = re.compile(
    r"onedrive( - .+)?|dropbox( \(.+\))?|google ?drive|icloud ?drive|mobile documents|cloudstorage"
    r"|creative cloud files|box sync|pcloud ?drive",
    re.IGNORECASE,
)
"""Names of folders that sync programs manage."""

MOUNTS = Path("/proc/self/mountinfo")
REMOTE_DRIVE = 4
"""The value that GetDriveTypeW returns for a network drive."""

_POINT = 4
"""Index of the mount point among the fields of a mountinfo line."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def unsuitable_reason(home: Path, mounts: Path = MOUNTS) -> str | None:
    """Return why a folder can't hold a store, such as `is on a network drive (nfs4)`.

    Returns None if it can. Blocks; the folder need not exist. `mounts` is Linux's mountinfo.
    """
    real = Path(home).resolve()
    synced = next((part for part in real.parts if SYNCED_FOLDERS.fullmatch(part)), None)
    if synced is not None:
        return f"is in {synced}, which copies files while they are written"
    if sys.platform == "win32":
        return "is on a network drive" if _is_remote_on_windows(real) else None
    try:
        kind = kind_of_mount(real, mounts.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # macOS: only SQLite's own check is available
        return None
    return f"is on a network drive ({kind})" if kind in NETWORK_FILE_SYSTEMS else None


def kind_of_mount(path: Path, mounts: str) -> str | None:
    """Return the file system type of a path, from the text of Linux's mountinfo.

    Of several mounts at one point the last one counts.
    """
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        left, found, right = line.partition(" - ")
        fields = left.split()
        if not found or len(fields) <= _POINT or not right:
            continue
        point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[_POINT]))
        depth = len(point.parts)
        if path.is_relative_to(point) and (best is None or depth >= best[0]):
            best = depth, right.split()[0]
    return None if best is None else best[1]


def _is_remote_on_windows(path: Path) -> bool:
    if str(path).startswith("\\\\"):
        return True
    if sys.platform != "win32":
        return False
    import ctypes

    return bool(ctypes.windll.kernel32.GetDriveTypeW(path.anchor) == REMOTE_DRIVE)
