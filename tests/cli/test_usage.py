"""`stability-mcp usage` prints a table and draws a chart."""

import re
from datetime import datetime
from pathlib import Path

from PIL import Image

from cli.conftest import Cli
from stability_mcp.cli import exit_codes
from support.store.rows import change


def test_the_table_has_credits_failures_and_times(cli: Cli, tmp_path: Path) -> None:
    """Documented (docs/settings.md): by day and operation; columns without numbers are omitted."""
    cli("call", "generate_core", "--prompt", "a lighthouse", "--label", "tower")
    cli("call", "edit_remove_background", "--image", "tower")
    _, out, _ = cli("usage")
    change(
        tmp_path / "home" / "emulator",
        "UPDATE jobs SET state = 'failed', charged = 'no' WHERE seq = 2",
    )
    change(tmp_path / "home" / "emulator", "UPDATE charges SET state = 'free' WHERE id = 2")
    _, failed, _ = cli("usage", "--by", "operation")

    today = datetime.now().astimezone().date().isoformat()
    heading, cut, made, total, note = out.splitlines()
    assert heading.split("  ")[-3:] == ["credits", "jobs", "median s"]
    assert re.fullmatch(rf"{today}  edit_remove_background +5 +1 +[\d.]+", cut)
    assert re.fullmatch(rf"{today}  generate_core +3 +1 +[\d.]+", made)
    assert re.fullmatch(r"total +8 +2", total)
    assert "nothing was really paid" in note
    assert "failed, not charged" in failed.splitlines()[0]
    assert re.search(r"^edit_remove_background +0 +1 +1$", failed, re.MULTILINE)


def test_a_chart_is_written_to_a_file(cli: Cli, tmp_path: Path) -> None:
    """Documented (docs/settings.md): a PNG; without spending none."""
    file = tmp_path / "usage.png"
    _, none, _ = cli("usage", "--chart", str(file))
    assert not file.exists()
    cli("call", "generate_core", "--prompt", "a lighthouse")
    _, out, _ = cli("usage", "--since", "today", "--chart", str(file))
    code, _, err = cli("usage", "--chart", str(tmp_path / "missing" / "usage.png"))

    assert "No chart: nothing was spent in this time." in none
    assert f"chart: {file}" in out
    with Image.open(file) as drawn:
        assert drawn.format == "PNG"
    assert code == exit_codes.USAGE
    assert "The chart can't be written to" in err
