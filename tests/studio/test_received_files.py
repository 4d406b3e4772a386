"""Files that a request carries are stored as media while they arrive."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stability_mcp.errors import ArgumentsError, FileTooLargeError, FileUnusableError
from stability_mcp.studio import IncomingFile, Studio, open_studio
from support.imaging.sample_files import png
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio on the emulator."""
    async with open_studio(settings_in(tmp_path)) as opened:
        yield opened


class Sent:
    """A body that counts the blocks that were read."""

    def __init__(self, data: bytes, size: int = 100) -> None:
        self.read = 0
        self._data = data
        self._size = size

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        for start in range(0, len(self._data), self._size):
            self.read += 1
            yield self._data[start : start + self._size]


def spooled(folder: Path) -> list[str]:
    """Return the names of imports in the spool."""
    return [each.name for each in (folder / "home/spool").glob("import-*")]


async def test_a_received_file_is_stored_under_its_name(studio: Studio, tmp_path: Path) -> None:
    """*Documented*: rest.md 2; only the last part of the name counts, made visible."""
    sent = Sent(png())
    file = IncomingFile(name="../..\\a\u202e/fox\x00.png", blocks=sent.blocks())

    item, note = await studio.library.receive(file)

    assert (item.label, item.width) == ("fox", 96)
    assert note == '"fox.png" = "fox", imported now'
    assert spooled(tmp_path) == []


async def test_equal_bytes_are_one_item_that_gets_the_new_label(studio: Studio) -> None:
    """*Chosen*: as for every other import."""
    first, _ = await studio.library.receive(IncomingFile(name="a.png", blocks=Sent(png()).blocks()))

    again, _ = await studio.library.receive(
        IncomingFile(name="b.png", blocks=Sent(png()).blocks(), label="hero")
    )

    assert (again.id, again.label) == (first.id, "hero")


async def test_a_file_over_its_limit_is_refused_while_it_arrives(
    studio: Studio, tmp_path: Path
) -> None:
    """*Documented*: rest.md 4; the rest isn't read, and nothing stays in the spool."""
    sent = Sent(png(noise=True))
    file = IncomingFile(name="big.png", blocks=sent.blocks(), max_bytes=250)

    with pytest.raises(FileTooLargeError, match=r'"big\.png" is larger than the maximum of 250 b'):
        await studio.library.receive(file)

    assert sent.read == 3
    assert spooled(tmp_path) == []


async def test_a_declared_size_over_the_limit_is_refused_before_a_byte(studio: Studio) -> None:
    """*Chosen*: a client that declares too much needn't send it."""
    sent = Sent(png())
    file = IncomingFile(name="big.png", blocks=sent.blocks(), declared=100_000_001)

    with pytest.raises(FileTooLargeError):
        await studio.library.receive(file)

    assert sent.read == 0


@pytest.mark.parametrize("data", [b"", b"<html>", png()[:50]])
async def test_what_is_not_media_leaves_nothing(
    studio: Studio, tmp_path: Path, data: bytes
) -> None:
    """*Chosen*: an empty part, a page, a file that broke off."""
    with pytest.raises(FileUnusableError):
        await studio.library.receive(IncomingFile(name="x.png", blocks=Sent(data).blocks()))

    assert spooled(tmp_path) == []
    assert (await studio.list_media()).items == []


async def test_a_bad_label_is_refused_before_a_byte(studio: Studio) -> None:
    """*Chosen*: the file would be stored under another name."""
    sent = Sent(png())

    with pytest.raises(ArgumentsError):
        await studio.library.receive(
            IncomingFile(name="x.png", blocks=sent.blocks(), label=" \u202e ")
        )

    assert sent.read == 0
