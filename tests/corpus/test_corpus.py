"""Odd, damaged and hostile files: each works, and the answer says how, or fails with a reason.

One server process, connected as hosts connect, gets every file: first to import it, then as the
input of an operation. It must survive all of them within its memory.
"""

import base64
import io
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import BlobResourceContents, CallToolResult
from PIL import Image

from support.corpus import bombs, damaged, pictures, sounds
from support.corpus.odd_file import Corners, OddFile
from support.server.in_memory import environment_in, facts, fine, refused, text

pytestmark = [pytest.mark.anyio, pytest.mark.processes, pytest.mark.long(12)]

CORPUS: Mapping[str, OddFile] = {
    **pictures.MODES,
    **pictures.ORIENTATIONS,
    **damaged.CUT_OFF,
    **damaged.CONTRADICTORY,
    **damaged.MISLABELLED,
    **damaged.POLYGLOTS,
    **bombs.SHAPES,
    **sounds.SOUNDS,
    **sounds.MODELS,
}
DEMANDING: Mapping[str, OddFile] = {**bombs.BOMBS, **bombs.LARGE}
"""Files that ask for much memory; they are played one by one, so that each has its own peak."""
LIMITED_SHAPE = frozenset({*bombs.SHAPES, "gif_and_script.gif"})
"""Files for an operation that limits the aspect ratio."""
MAX_MEMORY = 300_000_000
"""Bytes of the whole process, with the emulator in it."""
MAX_CALL_SECONDS = 30
"""Far more than the slowest call takes: a call that hangs is the failure."""
MAX_DIFFERENCE = 12
"""Of 255: what a lossy format changes in a plain colour."""
AT_ONCE = 3
"""Files at once: the client encodes and compares while the server works."""


@dataclass(frozen=True)
class Outcome:
    """The answers to a file."""

    imported: CallToolResult
    used: CallToolResult
    sent: list[bytes]
    """The pictures that were sent."""


@asynccontextmanager
async def _server(folder: Path, errors: Path) -> AsyncIterator[Client]:
    """Connect to a server process that may only read one folder and writes to an error log."""
    environment = environment_in(folder, STABILITY_ROOTS=str(folder), STABILITY_ROOTS_ONLY="1")
    process = StdioServerParameters(
        command=sys.executable, args=["-m", "stability_mcp"], env=environment, cwd=folder
    )
    with errors.open("w") as log:
        async with Client(stdio_client(process, errlog=log)) as client:
            yield client


def _peak_memory(folder: Path) -> int:
    """Return the peak memory of the server process of a folder, in bytes; Linux only."""
    mark = f"STABILITY_HOME={folder / 'home'}".encode()
    children = [
        Path("/proc", number)
        for task in Path("/proc/self/task").iterdir()
        for number in (task / "children").read_text().split()
    ]
    [server] = [each for each in children if mark in (each / "environ").read_bytes()]
    found = re.search(r"VmHWM:\s+(\d+) kB", (server / "status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def test_every_odd_file_works_as_stated_or_fails_with_its_reason(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Chosen: no file crashes the server, holds it up, or makes it pass 300 MB."""
    errors = tmp_path / "errors"
    outcomes: dict[str, Outcome] = {}
    async with _server(tmp_path, errors) as client:
        await _play(client, tmp_path, CORPUS, outcomes, at_once=AT_ONCE)
        await _play(client, tmp_path, DEMANDING, outcomes, at_once=1)
        peak = _peak_memory(tmp_path) if sys.platform == "linux" else None

    for name, file in {**CORPUS, **DEMANDING}.items():
        with subtests.test(name):
            _check_import(name, file, outcomes[name].imported)
            _check_use(name, file, outcomes[name])
    assert "Traceback" not in errors.read_text()
    assert list((tmp_path / "home" / "emulator" / "spool").iterdir()) == []
    with subtests.test("memory"):
        if peak is None:
            pytest.skip("only Linux tells the peak memory of another process")
        assert peak < MAX_MEMORY


async def _play(
    client: Client,
    folder: Path,
    files: Mapping[str, OddFile],
    outcomes: dict[str, Outcome],
    *,
    at_once: int,
) -> None:
    """Import and use files, some at once, and record each outcome."""
    names = iter(files)

    async def play() -> None:
        for name in names:
            path = folder / name
            await anyio.Path(path).write_bytes(files[name].make())
            with anyio.fail_after(MAX_CALL_SECONDS):
                imported = await client.call_tool("media_import", {"file": name})
            with anyio.fail_after(MAX_CALL_SECONDS):
                used = await client.call_tool(*_call(name))
            sent = [] if used.is_error else facts(used)["sent"]
            originals = [await _original(client, each["uri"]) for each in sent]
            outcomes[name] = Outcome(imported, used, originals)
            path.unlink()

    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(play)


async def _original(client: Client, uri: str) -> bytes:
    """Return the bytes of stored media."""
    [content] = (await client.read_resource(f"{uri}/original")).contents
    assert isinstance(content, BlobResourceContents)
    return base64.b64decode(content.blob)


def _call(name: str) -> tuple[str, dict[str, object]]:
    """Return the call that uses a file: by its name, as an agent would choose it."""
    if name.endswith((".wav", ".mp3")):
        return "audio2_audio_to_audio", {"audio": name, "prompt": "warm strings", "duration": 1}
    if name in LIMITED_SHAPE:
        return "control_sketch", {"image": name, "prompt": "a lighthouse"}
    return "edit_remove_background", {"image": name}  # emulated in a third of the others' time


def _check_import(name: str, file: OddFile, result: CallToolResult) -> None:
    if file.refused:
        _check_error(file.refused, result)
        return
    lines = text(fine(result)).splitlines()
    [source] = [line for line in lines if line.startswith((f'"{name}"', name)) and "import" in line]
    _, _, repaired = source.partition("; ")
    assert bool(repaired) == bool(file.repaired)
    assert repaired.endswith(file.repaired)
    unusable = [line for line in lines if line.startswith("No preview, and no operation can use")]
    assert len(unusable) == bool(file.unusable)
    assert all(file.unusable in line for line in unusable), unusable


def _check_use(name: str, file: OddFile, outcome: Outcome) -> None:
    reason = file.refused or file.unusable or file.unsuitable
    if reason:
        _check_error(reason, outcome.used)
        return
    field = "audio" if _call(name)[0].startswith("audio") else "image"
    reported = text(fine(outcome.used)).splitlines()
    lines = [line for line in reported if line.startswith(f"{field}: ")]
    assert lines[0].endswith(file.repaired)
    assert lines[1:] == ([f"{field}: {file.changes}"] if file.changes else [])
    for data in outcome.sent:
        assert damaged.PAYLOAD not in data
        _check_corners(data, file.shows)


def _check_error(reason: str, result: CallToolResult) -> None:
    reported = refused(result)
    assert reason in reported
    assert "Nothing was charged." in reported


def _check_corners(data: bytes, expected: Corners | None) -> None:
    """Compare the colours near the corners; transparent ones have no colour."""
    if expected is None:
        return
    with Image.open(io.BytesIO(data)) as image:
        shown = pictures.corners(image.convert("RGBA"))
    for one, other in zip(shown, expected, strict=True):
        visible = 4 if other[3] else 0
        assert one[3] == other[3], shown
        differences = [abs(a - b) for a, b in zip(one[:visible], other[:visible], strict=True)]
        assert max(differences, default=0) <= MAX_DIFFERENCE, shown
