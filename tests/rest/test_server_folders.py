"""Lines that were written for a user of this machine, as clients over HTTP get them."""

from pathlib import Path

import pytest

from stability_mcp.rest.server_folders import without_folders
from support.server.in_memory import settings_in


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('created: folder "/work/a project/out"', 'created: folder "out"'),
        ('read from "~/Pictures/fox.png"', 'read from "fox.png"'),
        (r'read from "C:\Users\me\fox.png"', 'read from "fox.png"'),
        ('image: "fox" = fox v2', 'image: "fox" = fox v2'),
        ('"https://example.com/a/fox.png" was read', '"https://example.com/a/fox.png" was read'),
        ("The data folder HOME cannot be used", "The data folder home cannot be used"),
    ],
)
def test_files_are_named_without_their_folders(tmp_path: Path, line: str, shown: str) -> None:
    """Documented: no path of the server in any JSON."""
    settings = settings_in(tmp_path)
    given = line.replace("HOME", str(settings.home_dir))

    assert without_folders(given, settings) == shown.replace("home", settings.home_dir.name)
