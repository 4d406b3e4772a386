"""Where a store cannot be: on a network drive, or in a folder that a program copies elsewhere.

The database's log needs memory that all its processes share, and locks that hold. Network file
systems have neither, whatever they answer; a program that keeps a folder in step with a server
copies half of a transaction, and brings it back.
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
"""Names by which Linux knows file systems that are on another machine."""

SYNCED_FOLDERS = re.compile(
    r"onedrive( - .+)?|dropbox( \(.+\))?|google ?drive|icloud ?drive|mobile documents|cloudstorage"
    r"|creative cloud files|box sync|pcloud ?drive",
    re.IGNORECASE,
)
"""Names of folders that such programs keep."""

MOUNTS = Path("/proc/self/mountinfo")
REMOTE_DRIVE = 4
"""What Windows answers for one."""

_POINT = 4
"""The field of mountinfo that says where."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def unsuitable_reason(home: Path, mounts: Path = MOUNTS) -> str | None:
    """Return why a store cannot be in a folder, such as `is on a network drive (nfs4)`.

    None where nothing speaks against it. Blocks; the folder need not exist. `mounts` is Linux's
    mountinfo.
    """
    real = Path(home).resolve()
    synced = next((part for part in real.parts if SYNCED_FOLDERS.fullmatch(part)), None)
    if synced is not None:
        return f"is in {synced}, which copies files while they are written"
    if sys.platform == "win32":
        return "is on a network drive" if _is_remote_on_windows(real) else None
    try:
        kind = kind_of_mount(real, mounts.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # macOS: SQLite's own answer is all there is
        return None
    return f"is on a network drive ({kind})" if kind in NETWORK_FILE_SYSTEMS else None


def kind_of_mount(path: Path, mounts: str) -> str | None:
    """Return the kind of file system that a path is on, by the text of Linux's mountinfo.

    Of mounts at one place the last hides the others.
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
