"""A batch of 200 files: within the rate limit, with progress, one bad file, and a short answer."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from support.server.in_memory import facts, fine, text
from support.store.rows import rows
from support.workflows.runs import charges, drawing, emulated, lines, run, run_id, steps_line

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]

FILES = 200
BAD = "p150.png"
MAX_BYTES = 20_000
LIMIT, WINDOW = 150, 10.0
"""*Documented*: requests in any 10 s; the emulator refuses more, for a minute."""
RATE = (120, WINDOW)
"""What the server is set to: on a busy machine requests arrive later than they were sent, and so
closer together."""


def _pictures(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        color = (number, number * 7 % 255, 99)
        Image.new("RGB", (64, 64), color).save(folder / f"p{number:03}.png")
    (folder / BAD).write_bytes((folder / BAD).read_bytes()[:40])


def _busiest(times: list[float]) -> int:
    """Return the highest number of requests in any window."""
    return max(sum(at <= other < at + WINDOW for other in times) for at in times)


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        return {Path(row["input"]).name: row for row in csv.DictReader(file)}


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.mark.long(14)
async def test_a_batch_of_200_files(tmp_path: Path) -> None:
    """*Chosen*: the claims of the module's first line, and a second run that is free."""
    _pictures(tmp_path / "in")
    shares: list[float] = []

    async def record(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        shares.append(progress)

    source = [f"in/p{number:03}.png" for number in range(FILES)]
    wanted = {
        "template": "batch_process",
        "arguments": {"source": source, "operation": "upscale_fast", "to": "done"},
    }
    async with drawing(tmp_path, rate=RATE) as client:
        answer = fine(await client.call_tool("workflow_run", wanted, progress_callback=record))
        again = fine(await run(client, **wanted))

    assert f"{FILES - 1} pictures" in text(answer)
    assert steps_line(answer) == f"steps: fast {FILES - 1}/{FILES} (1 failed)"
    [failed] = lines(answer, "failed: ")
    assert BAD in failed
    assert len(answer.model_dump_json(by_alias=True, exclude_none=True)) < MAX_BYTES
    assert len(shares) > 50
    assert shares == sorted(shares)

    folder = Path(facts(answer)["folder"])
    manifest = _manifest(folder)
    states = {name: row["state"] for name, row in manifest.items()}
    assert len(states) == FILES
    assert {name for name, state in states.items() if state != "done"} == {BAD}
    files = {row["file"] for row in manifest.values() if row["file"]}
    assert files == {Path(name).name for name in source} - {f"in/{BAD}", BAD}
    assert _names(folder) == files | {"manifest.csv", "manifest.json"}

    home = emulated(tmp_path)
    sent = [at for (at,) in rows(home, "SELECT sent_at FROM jobs ORDER BY sent_at")]
    assert len(sent) == FILES - 1
    assert _busiest(sent) <= LIMIT
    assert charges(home) == {run_id(answer): 2 * (FILES - 1)}
    assert f"{FILES - 1} reused at no cost" in text(again)
