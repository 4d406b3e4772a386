"""The benchmark runs, and the limits that do not depend on a busy machine hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 240

LINES = (
    "warm paid call, writes",
    "warm paid call, reads",
    "warm paid call, statements",
    "warm paid call, hops",
    "warm paid call, fsyncs",
    "20 calls at once, commits",
    "call of 27 KB, preview apart, x",
    "call of 27 KB, preview apart, ms",
    "call of 2,789 KB, preview apart, x",
    "call of 2,789 KB, preview apart, ms",
    "20 calls at once, latency",
    "most requests in any 10 s",
    "free call with a page of text",
    "idle with an open store",
    "first free call",
    "tools/list, x the bare server",
    "tools/list, default",
    "tools/list, basic",
    "mean tool",
    "mean operation",
    "first paid call, ms",
    "first paid call, x",
    "memory after 5 calls",
    "memory after twice as many",
    "files opened by `guide`",
    "initialize on stdio",
    "memory idle",
    "preview, ms per megapixel",
    "preview, longest stop of the event loop",
    "media_inspect of a photo of",
    "image_compare of a photo of",
    "image_mask of a photo of",
    "image_transform of a photo of",
    "preview of a photo of",
    "local tools, longest stop of the event loop",
    "waveform of",
    "audio_edit of",
    "preview of a model with",
    "sounds and models, longest stop of the event loop",
    "preview of 9.4 MP",
    "... of which kept",
    "sound of 4 MB sent",
    "media_list with 1,000 rows",
    "job_list with 1,000 rows",
    "list by tag with 1,000 rows",
    "word search with 1,000 rows",
    "join look-up with 1,000 rows",
    "cache look-up with 1,000 rows",
    "words as a reference look-up with 1,000 rows",
    "planning 200 steps, ms",
    "workflow step above its call",
    "REST call of 27 KB",
    "REST call of 2,789 KB",
    "change to its event, p99",
    "change to its event, another process",
    "upload of 4 MB",
    "memory after 200 requests",
)
"""A full run has more: a slow disk, a deferred result, the memory of waiting calls, 600 calls at
the API's rate limit."""

STAGES = (
    *("validation", "T1: submit", "queue, connect", "T2: begin to send", "upstream", "body"),
    *("T3: headers", "T4: make durable, check", "T5: store", "copy, preview", "T7: deliver"),
    *("answer", "whole"),
)

STEADY = ("memory idle", "tools/list, default", "mean operation", "most requests in any 10 s")
"""Figures that do not depend on what else the machine does."""


@pytest.mark.long(45)
@pytest.mark.processes
def test_the_benchmark_prints_every_limit_and_meets_the_steady_ones() -> None:
    """Chosen: each limit has its line, each stage its time; memory, list and rate are met.

    One test for both, because each run starts a dozen servers.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=SECONDS,
    )

    assert done.returncode == 0, done.stderr[-4_000:]
    rows = [re.split(r"\s{2,}", line) for line in done.stdout.splitlines()]
    table = {row[0]: row[-1] for row in rows if row[-1] in {"ok", "MISSED", "skipped"}}
    assert [line for line in LINES if not any(name.startswith(line) for name in table)] == []
    assert len(table) == len(LINES)
    assert {row[0] for row in rows if row[-1].endswith("%")} == set(STAGES)
    steady = {name: verdict for name, verdict in table.items() if name.startswith(STEADY)}
    assert set(steady.values()) == {"ok"}, done.stdout
    assert len(steady) == len(STEADY)
