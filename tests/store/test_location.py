"""Where a store is refused: on network drives, and in folders that are copied elsewhere."""

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
def test_the_nearest_mount_above_a_folder_counts(path: str, kind: str) -> None:
    """*Documented* by Linux: proc(5), mountinfo; a later mount hides an earlier one."""
    assert kind_of_mount(Path(path), MOUNTS) == kind


def test_what_cannot_be_read_is_no_reason(tmp_path: Path) -> None:
    """*Chosen*: a system without such a list is asked by the database alone."""
    assert unsuitable_reason(tmp_path, tmp_path / "nothing") is None
    assert kind_of_mount(tmp_path, "no list") is None


def test_a_network_drive_is_no_place_for_a_store(tmp_path: Path) -> None:
    """*Chosen*: such drives answer that they can lock, and do not."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"22 1 0:1 / {tmp_path} rw - nfs4 server:/export rw\n")

    assert unsuitable_reason(tmp_path / "home", mounts) == "is on a network drive (nfs4)"


@pytest.mark.parametrize(
    "name", ["OneDrive", "OneDrive - Example Ltd", "Dropbox", "Google Drive", "CloudStorage"]
)
def test_a_store_in_a_synced_folder_is_refused_before_anything_is_made(
    name: str, tmp_path: Path
) -> None:
    """*Chosen*: half a transaction would come back from there."""
    with pytest.raises(StorageError, match=f"{name}, which copies files.*local disk"):
        Database(tmp_path / name / "home")

    assert not (tmp_path / name).exists()


def test_a_link_into_a_synced_folder_is_followed(tmp_path: Path) -> None:
    """*Chosen*: the bytes are where the link leads."""
    (tmp_path / "Dropbox").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "Dropbox")

    assert unsuitable_reason(tmp_path / "home") is not None


@pytest.mark.parametrize("name", ["dropboxes", "my onedrive notes", "drive"])
def test_other_names_are_no_reason(name: str, tmp_path: Path) -> None:
    """*Chosen*: only whole names of folders count."""
    assert unsuitable_reason(tmp_path / name) is None
