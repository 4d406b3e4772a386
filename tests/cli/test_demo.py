"""`stability-mcp demo` where it can fail; tests/distribution/test_wheel.py runs all of it."""

from pathlib import Path

import pytest

from stability_mcp.cli.demo import STEPS, _write_page


def test_a_page_that_cannot_be_written_does_not_fail_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """*Chosen*: the results are what counts."""
    (tmp_path / "demo.html").mkdir()

    _write_page(tmp_path / "demo.html", "<p>page</p>")

    assert "The page could not be written to" in capsys.readouterr().err


def test_every_step_names_its_result_and_uses_only_earlier_ones() -> None:
    """*Chosen*: the page shows what was made from what by these labels."""
    labels = [arguments["label"] for _, arguments, _ in STEPS]
    used = [
        (position, labels.index(arguments["image"]))
        for position, (_, arguments, _) in enumerate(STEPS)
        if "image" in arguments
    ]

    assert len(set(labels)) == len(labels)
    assert all(source < position for position, source in used)
