"""Where the user's browser can open a page of this process."""

import pytest

from stability_mcp.surroundings import CONTAINER_FILES, REMOTE, REMOTE_IDE, WSL, remote_place


def nothing(_: str) -> bool:
    """Return that a file doesn't exist."""
    return False


def test_a_desktop_is_this_machine() -> None:
    """Chosen: a variable that is set to nothing isn't set."""
    environment = dict.fromkeys([*REMOTE, *REMOTE_IDE], "")

    assert remote_place({"DISPLAY": ":0", **environment}, nothing) == ""


@pytest.mark.parametrize("name", [*REMOTE, *REMOTE_IDE])
def test_a_remote_place_is_named(name: str) -> None:
    """Chosen: the answer says why there is no link."""
    assert remote_place({name: "1"}, nothing) == {**REMOTE, **REMOTE_IDE}[name]


@pytest.mark.parametrize("file", CONTAINER_FILES)
def test_a_container_is_known_by_its_file(file: str) -> None:
    """Chosen: Docker sets no variable."""
    assert remote_place({}, lambda name: name == file) == "a container"


def test_windows_reaches_a_linux_distribution_of_its_own() -> None:
    """Documented (learn.microsoft.com/windows/wsl/networking): localhost is forwarded."""
    ide = dict.fromkeys(REMOTE_IDE, "1")

    assert remote_place({WSL: "Ubuntu", **ide}, nothing) == ""
    assert remote_place({WSL: "Ubuntu"}, CONTAINER_FILES.__contains__) == "a container"
    assert remote_place({WSL: "Ubuntu", "SSH_CONNECTION": "x"}, nothing) == "an SSH session"
