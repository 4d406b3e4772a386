"""`stability-mcp doctor`: its report, its repairs, and the secrets it leaves out."""

import os
import re
from pathlib import Path

import pytest

from cli.conftest import Cli


def doctor(cli: Cli, *words: str, **more: str) -> tuple[int, str]:
    """Run the command; returns its exit code and output."""
    code, out, err = cli("doctor", *words, **more)
    return code, out + err


def _blobs(folder: Path) -> list[Path]:
    blobs = folder / "home" / "emulator" / "blobs"
    return [path for path in blobs.rglob("*") if path.is_file()]


def test_it_shows_settings_as_one_would_type_them(cli: Cli) -> None:
    """Documented (docs/settings.md): values in force and where they came from."""
    code, output = doctor(cli, "--timeout", "77", "--roots-only", STABILITY_BUDGET="none")
    shown = dict(re.findall(r"^  STABILITY_(\w+) +(.+)$", output, re.MULTILINE))

    assert code == 0, output
    assert "BAD" not in output
    assert shown["API_KEY"] == "not set: the emulator is used  (default)"
    assert shown["TIMEOUT"] == "77  (flag)"
    assert shown["RATE"] == "150/10  (default)"
    assert shown["ROOTS"] == "not set  (default)"
    assert shown["ROOTS_ONLY"] == "1  (flag)"
    assert shown["TOOLSETS"] == "default  (default)"
    assert shown["WAIT"] == "not set  (default)"
    assert shown["BUDGET"] == "none  (environment)"
    assert shown["CONFIRM_ABOVE"] == "25  (default)"
    assert not re.search(r"None|[(]'|= *[(][)]", output)


def test_it_says_whether_workspace_folders_are_read(cli: Cli) -> None:
    """Documented (docs/files-and-folders.md): the client names them, `doctor` can't list them."""
    assert "workspace folders: those that the MCP client names" in doctor(cli)[1]
    assert "workspace folders: off (STABILITY_ROOTS_ONLY)" in doctor(cli, "--roots-only")[1]


def test_on_the_emulator_no_budget_applies(cli: Cli) -> None:
    """*Chosen*: the default of STABILITY_BUDGET doesn't limit what isn't charged."""
    assert "  ok   emulator: nothing is charged, so no budget applies\n" in doctor(cli)[1]


def test_with_a_key_the_budget_and_the_account_are_shown(cli: Cli, emulator_url: str) -> None:
    """*Chosen*: the two limits on spending, side by side."""
    key = {"STABILITY_API_KEY": "sk-doctor", "STABILITY_BASE_URL": emulator_url}

    code, output = doctor(cli, **key)
    _, unlimited = doctor(cli, STABILITY_BUDGET="none", **key)

    assert code == 0, output
    assert "daily budget: 0 of 500 credits spent today; it covers this data folder only" in output
    assert f"the account at {emulator_url} answers: 25.00 credits left" in output
    assert "no daily budget; 0 credits spent today" in unlimited


def test_a_lost_picture_is_reported_and_repair_deletes_it_and_names_its_copy(
    tmp_path: Path, cli: Cli
) -> None:
    """Documented (docs/troubleshooting.md): doctor reports, --repair repairs."""
    cli("call", "generate_core", "--prompt", "a lighthouse")
    [blob] = _blobs(tmp_path)
    blob.unlink()

    code, output = doctor(cli)
    assert code == 1
    assert '  BAD  "lighthouse"' in output
    assert "doctor --repair repairs what it can" in output
    assert _blobs(tmp_path) == []

    code, output = doctor(cli, "--repair")
    assert code == 0
    assert '  done "lighthouse"' in output
    assert "a readable copy exists: media_import with" in output
    assert _blobs(tmp_path) == []

    code, output = doctor(cli)
    assert code == 0
    assert "the store is consistent; 0 of 0 stored files compared with their hashes" in output

    assert cli("call", "generate_core", "--prompt", "a lighthouse")[0] == 0
    assert "1 of 1 stored files compared with their hashes" in doctor(cli)[1]


def test_the_webhook_is_shown_without_its_secrets(cli: Cli) -> None:
    """*Chosen*: the report can be pasted into a bug report."""
    target = "https://me:s3cret@hooks.test/s3cret?token=s3cret"

    code, output = doctor(cli, STABILITY_ON_DONE=target, STABILITY_KEEP_DAYS="30")

    assert code == 0
    assert "s3cret" not in output
    assert "https://hooks.test  (environment)" in output
    assert "https://hooks.test is notified when a job ends" in output


def test_a_missing_webhook_command_is_a_problem(cli: Cli) -> None:
    """*Chosen*: found here instead of in a log."""
    code, output = doctor(cli, STABILITY_ON_DONE="no-such-program --token s3cret")

    assert code == 1
    assert '"no-such-program …" was not found' in output
    assert "s3cret" not in output


@pytest.mark.skipif(os.name == "nt", reason="a folder that cannot be written")
def test_a_store_that_cannot_be_opened_is_reported_once(tmp_path: Path, cli: Cli) -> None:
    """*Chosen*: one cause, one line."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "emulator").write_text("not a folder")

    code, output = doctor(cli)

    assert code == 1
    assert output.count("cannot be used") == 1


def test_default_arguments_are_shown_and_a_wrong_file_is_a_problem(
    cli: Cli, tmp_path: Path
) -> None:
    """Documented (docs/settings.md): the entries as the operator wrote them."""
    file = tmp_path / "defaults.yaml"
    file.write_text('"*": {output_format: webp}\naudio3: {duration: 30}')
    code, output = doctor(cli, STABILITY_DEFAULTS=str(file))
    assert code == 0, output
    assert "  ok   default arguments: *: output_format=webp\n" in output
    assert "  ok   default arguments: audio3: duration=30\n" in output

    file.write_text("audio3: {duration: 9999}")
    code, output = doctor(cli, STABILITY_DEFAULTS=str(file))
    assert code == 1
    wrong = "in STABILITY_DEFAULTS is wrong: audio3: duration must be a number from 1 to 380"
    assert f'  BAD  The file "{file}" {wrong}; got 9999.\n' in output
