"""`stability-mcp demo`, which `make demo` runs, makes every kind of result and a page about it."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.server.in_memory import environment_in

pytestmark = [pytest.mark.processes, pytest.mark.long(20)]

MAX_PAGE_BYTES = 1_000_000


def test_the_demo_makes_every_kind_of_result_free_of_charge(tmp_path: Path) -> None:
    """*Documented* (README): pictures, a sound and a 3D model, with nothing but the emulator."""
    done = subprocess.run(
        [sys.executable, "-m", "stability_mcp", "demo"],
        cwd=tmp_path,
        env=environment_in(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    folder = tmp_path / "out" / "emulated"
    page = folder / "demo.html"
    made = [path for path in folder.rglob("*.*") if path != page and path.is_file()]

    assert done.returncode == 0, done.stderr
    assert sorted(each.suffix for each in made) == [".glb", ".mp3", *[".png"] * 4]
    assert all(f"    {path}\n" in done.stdout for path in made)
    assert "Nothing was charged. With a key this costs 100 credits (1.00 USD)." in done.stdout
    assert f"The files are in {folder}." in done.stdout
    assert f"What was made from what: {page.as_uri()}\n" in done.stdout
    assert page.stat().st_size < MAX_PAGE_BYTES
    assert not (tmp_path / "home").exists(), "the demo has a temporary data folder"


def test_a_page_that_cannot_be_written_does_not_fail_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """*Chosen*: the results are what counts."""
    from stability_mcp.cli.demo import _write_page

    (tmp_path / "demo.html").mkdir()
    monkeypatch.chdir(tmp_path)

    _write_page(tmp_path / "demo.html", "<p>page</p>")

    assert "The page could not be written to" in capsys.readouterr().err
