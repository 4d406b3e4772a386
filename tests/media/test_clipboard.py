"""The clipboard, through the programs that Linux desktops have for it."""

import os
import sys
from pathlib import Path

import pytest

import support.imaging.sample_files as make
from support.server.host import text
from support.server.in_memory import Era, both_eras, connected, refused

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS and Windows have APIs"),
]

IMPORT = {"source": "clipboard"}


@pytest.fixture
def clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `wl-paste` on the path that prints a file; return the file."""
    folder, content = tmp_path / "bin", tmp_path / "content"
    folder.mkdir()
    script = folder / "wl-paste"
    script.write_text(f'#!/bin/sh\n[ -s "{content}" ] || {{ echo "No selection" >&2; exit 1; }}\n')
    with script.open("a") as file:
        file.write(f'exec /bin/cat "{content}"\n')
    script.chmod(0o755)
    content.touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "test")
    return content


@both_eras
async def test_a_copied_picture_is_imported(era: Era, tmp_path: Path, clipboard: Path) -> None:
    """Documented (docs/files-and-folders.md): what the user copied, under a name of its own."""
    clipboard.write_bytes(make.jpeg((120, 90)))  # noqa: ASYNC240 -- a small local file
    async with connected(tmp_path, era) as client:
        first = text(await client.call_tool("media_import", IMPORT))
        clipboard.write_bytes(make.jpeg((60, 40)))  # noqa: ASYNC240 -- a small local file
        second = text(await client.call_tool("media_import", {**IMPORT, "label": "fox"}))

    assert "clipboard  media://" in first
    assert "120x90 PNG" in first
    assert "fox  media://" in second


async def test_an_empty_clipboard_says_what_to_do(tmp_path: Path, clipboard: Path) -> None:
    """Chosen: nothing is imported."""
    async with connected(tmp_path, "auto") as client:
        error = refused(await client.call_tool("media_import", IMPORT))
        clipboard.write_bytes(b"\x89PNG\r\n\x1a\n broken")  # noqa: ASYNC240 -- a small local file
        damaged = refused(await client.call_tool("media_import", IMPORT))

    assert "The clipboard has no picture and no file." in error
    assert "Downloads" in error
    assert "cannot be read" in damaged


async def test_a_machine_without_a_clipboard_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: servers and containers have none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    async with connected(tmp_path, "auto") as client:
        error = refused(await client.call_tool("media_import", IMPORT))

    assert "clipboard cannot be read" in error
    if sys.platform == "linux":
        assert "neither wl-paste nor xclip is installed. Nothing was charged." in error
    assert "Ask the user to save the picture" in error


@pytest.mark.usefixtures("clipboard")
async def test_a_clipboard_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the call ends; the program may stay."""
    (tmp_path / "bin" / "wl-paste").write_text("#!/bin/sh\nexec /bin/sleep 3\n")
    monkeypatch.setattr("stability_mcp.media.clipboard.MAX_SECONDS", 0.2)
    async with connected(tmp_path, "auto") as client:
        error = refused(await client.call_tool("media_import", IMPORT))

    assert "did not answer within 0.2 s" in error


async def test_a_copied_file_is_imported_like_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: file managers copy paths; the roots hold for them, too."""
    make.save(tmp_path / "hero.png", make.png())
    for copied, expected in {
        str(tmp_path / "hero.png"): "hero  media://",
        "/etc/passwd": "outside the allowed folders",
    }.items():
        monkeypatch.setattr("PIL.ImageGrab.grabclipboard", lambda copied=copied: [copied])
        async with connected(tmp_path, "auto") as client:
            result = await client.call_tool("media_import", IMPORT)
        assert expected in (refused(result) if result.is_error else text(result))


@pytest.mark.parametrize("arguments", [{}, {"file": "a.png", **IMPORT}])
async def test_either_a_file_or_a_source_is_taken(
    tmp_path: Path, arguments: dict[str, str]
) -> None:
    """Chosen: the error names both."""
    async with connected(tmp_path, "auto") as client:
        error = refused(await client.call_tool("media_import", arguments))

    assert 'source="clipboard"' in error
