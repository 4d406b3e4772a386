"""Progress of a call on stderr."""

from io import StringIO

import pytest

from stability_mcp.cli.call import ProgressLine


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def lines(terminal: Terminal) -> list[str]:
    """Return what stood in the line, one after the other."""
    return terminal.getvalue().split("\r\x1b[K")


@pytest.mark.anyio
async def test_a_terminal_shows_one_line_that_disappears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: the answer then starts on an empty line."""
    monkeypatch.setenv("COLUMNS", "20")
    terminal = Terminal()
    progress = ProgressLine(terminal)
    await progress.report(0, 10, "queued")
    await progress.report(5, 10, "waiting for the API, which takes long")
    progress.clear()
    progress.clear()

    assert lines(terminal) == ["", "  0% queued", " 50% waiting for th", ""]
    assert "\n" not in terminal.getvalue()


@pytest.mark.anyio
async def test_a_file_gets_a_line_each() -> None:
    """Chosen: a log keeps every step, without control characters."""
    file = StringIO()
    progress = ProgressLine(file)
    await progress.report(1, None, "queued")
    await progress.report(10, 10, "done")
    progress.clear()

    assert file.getvalue() == "queued\n100% done\n"
