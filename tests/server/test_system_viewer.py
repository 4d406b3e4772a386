"""`media_show(open=true)` on Linux, with programs in place of the desktop's own."""

import sys
from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.server.face import Face
from support.server.in_memory import Era, both_eras, connected, fine, text, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="the openers of other systems are built in"),
]


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A graphical session whose xdg-open writes its arguments to the returned file."""
    opened = tmp_path / "opened"
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> "{opened}"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    return opened


def opened_in(record: Path) -> list[str]:
    """Return the arguments of all calls of xdg-open."""
    return record.read_text(encoding="utf-8").split("|")[:-1] if record.exists() else []


@both_eras
async def test_the_readable_copy_is_opened_only_when_asked(
    era: Era, tmp_path: Path, desktop: Path
) -> None:
    """Documented (docs/files-and-folders.md): the path as one argument, without a shell."""
    label = "a $(touch owned); fox"
    async with connected(tmp_path, era, view="on") as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": label}))
        quiet = text(await client.call_tool("media_show", {"media": label}))
        assert opened_in(desktop) == []
        answer = text(fine(await client.call_tool("media_show", {"media": label, "open": True})))
        await until(lambda: bool(opened_in(desktop)))

    [path] = opened_in(desktop)
    assert Path(path).parent.parent == tmp_path / "out" / "emulated"
    assert Path(path).suffix in {".png", ".webp", ".jpg"}
    assert f"opened in the system's viewer: {label}" in answer
    assert "opened" not in quiet
    assert not (tmp_path / "owned").exists()


async def test_imported_media_without_a_copy_is_opened_where_it_is_stored(
    tmp_path: Path, desktop: Path
) -> None:
    """Chosen: the original may be gone."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    async with connected(tmp_path, view="on") as client:
        await client.call_tool("media_import", {"file": str(picture)})
        fine(await client.call_tool("media_show", {"media": "fox", "open": True}))
        await until(lambda: bool(opened_in(desktop)))

    [path] = opened_in(desktop)
    assert "blobs" in Path(path).parts


async def test_a_viewer_that_fails_is_reported(tmp_path: Path, desktop: Path) -> None:
    """Documented (xdg-open(1)): exit codes 1 to 4."""
    program = tmp_path / "programs" / "xdg-open"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    async with connected(tmp_path, view="on") as client:
        await client.call_tool("media_import", {"file": str(picture)})
        answer = text(fine(await client.call_tool("media_show", {"media": "fox", "open": True})))

    assert "not opened: fox: the system's viewer failed (exit code 3)." in answer
    assert opened_in(desktop) == []


async def test_where_there_is_no_viewer_the_answer_says_why(
    tmp_path: Path, desktop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the picture is shown anyway."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    show = {"media": str(picture), "open": True}
    answers = []
    async with connected(tmp_path, face=Face(over_http=True), view="on") as client:
        answers.append(text(fine(await client.call_tool("media_show", show))))
    async with connected(tmp_path) as client:
        answers.append(text(fine(await client.call_tool("media_show", show))))
    async with connected(tmp_path, view="on") as client:
        monkeypatch.setenv("PATH", str(tmp_path))
        answers.append(text(fine(await client.call_tool("media_show", show))))
        monkeypatch.delenv("DISPLAY")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        answers.append(text(fine(await client.call_tool("media_show", show))))

    for answer, why in zip(
        answers,
        ("over HTTP", "an SSH session", "xdg-open isn't installed", "no graphical"),
        strict=True,
    ):
        assert "not opened: " in answer
        assert why in answer
        assert "fox  media://" in answer
    assert opened_in(desktop) == []
