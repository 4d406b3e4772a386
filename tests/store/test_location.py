"""Where a store is refused: on network drives, and in synced folders."""

from pathlib import Path

import pytest

from stability_mcp.errors import StorageError
from stability_mcp.store.database import Database
from stability_mcp.store.location import kind_of_mount, unsuitable_reason

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home/me/share rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 30 8:2 / /home/me/share/disk rw,relatime - xfs /dev/sdb1 rw
32 22 0:41 / /media/My\040Drive rw - fuse.sshfs me@host:/ rw
33 22 0:42 / /over rw - ext4 /dev/sdc1 rw
34 22 0:43 / /over rw - cifs //server/share rw
half a line
35 22 0:44
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/home/me/share", "nfs4"),
        ("/home/me/share/stability", "nfs4"),
        ("/home/me/shared", "ext4"),
        ("/home/me/share/disk/stability", "xfs"),
        ("/media/My Drive/x", "fuse.sshfs"),
        ("/over/x", "cifs"),
    ],
)
def test_the_nearest_mount_above_a_folder_decides(path: str, kind: str) -> None:
    """*Documented* (Linux, proc(5), mountinfo): a later mount hides an earlier one."""
    assert kind_of_mount(Path(path), MOUNTS) == kind


def test_an_unreadable_list_of_mounts_is_not_a_reason(tmp_path: Path) -> None:
    """*Chosen*: on a system without such a list only the database checks."""
    assert unsuitable_reason(tmp_path, tmp_path / "nothing") is None
    assert kind_of_mount(tmp_path, "no list") is None


def test_a_store_on_a_network_drive_is_refused(tmp_path: Path) -> None:
    """*Chosen*: such drives report that they can lock, but don't."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"22 1 0:1 / {tmp_path} rw - nfs4 server:/export rw\n")

    assert unsuitable_reason(tmp_path / "home", mounts) == "is on a network drive (nfs4)"


@pytest.mark.parametrize(
    "name", ["OneDrive", "OneDrive - Example Ltd", "Dropbox", "Google Drive", "CloudStorage"]
)
def test_a_store_in_a_synced_folder_is_refused_before_anything_is_created(
    name: str, tmp_path: Path
) -> None:
    """*Chosen*: syncing could restore half a transaction."""
    with pytest.raises(StorageError, match=f"{name}, which copies files.*local disk"):
        Database(tmp_path / name / "home")

    assert not (tmp_path / name).exists()


def test_a_link_into_a_synced_folder_is_followed(tmp_path: Path) -> None:
    """*Chosen*: the bytes are at the target of the link."""
    (tmp_path / "Dropbox").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "Dropbox")

    assert unsuitable_reason(tmp_path / "home") is not None


@pytest.mark.parametrize("name", ["dropboxes", "my onedrive notes", "drive"])
def test_similar_folder_names_are_allowed(name: str, tmp_path: Path) -> None:
    """*Chosen*: only complete folder names count."""
    assert unsuitable_reason(tmp_path / name) is None
