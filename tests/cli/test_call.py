"""`stability-mcp call` runs any tool from the shell."""

import json
import os
import subprocess
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import Cli
from stability_mcp.cli import exit_codes
from stability_mcp.cli.call import MAX_JSON_BYTES, read_arguments
from support.programs import forked


def test_words_become_arguments() -> None:
    """Chosen: `--name value` and `--name=value`; a repeated name makes a list."""
    words = ["--prompt", "a cat", "--style-preset=anime", "--jobs", "a", "--jobs", "b", "--flag"]

    assert read_arguments(words) == {
        "prompt": "a cat",
        "style_preset": "anime",
        "jobs": ["a", "b"],
        "flag": "true",
    }


def test_a_stray_word_is_refused() -> None:
    """Chosen: a missing quote must not send half a prompt."""
    with pytest.raises(typer.BadParameter, match="cat"):
        read_arguments(["--prompt", "a", "cat"])


def test_values_and_all_arguments_may_come_from_files_of_json(tmp_path: Path) -> None:
    """Chosen: what is on the command line takes precedence; a picture after @ stays a path."""
    given = tmp_path / "all.json"
    given.write_bytes(b'\xef\xbb\xbf{"prompt": "a fox", "seed": 7}')
    (tmp_path / "value.JSON").write_text('[{"text": "a cat"}]')

    assert read_arguments(
        [f"@{given}", "--seed", "8", "--text-prompts", f"@{tmp_path / 'value.JSON'}"]
    ) == {"prompt": "a fox", "seed": "8", "text_prompts": [{"text": "a cat"}]}
    assert read_arguments(["--image", "@hero.png"]) == {"image": "@hero.png"}


def test_arguments_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: a program pipes them."""
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b'{"prompt": "a fox"}')))

    assert read_arguments(["@-"]) == {"prompt": "a fox"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "isn't JSON"),
        (b"\xff\xfe", "isn't JSON"),
        (b"[" * 100_000, "isn't JSON"),
        (b"[]", "an object of arguments is expected"),
        (b" " * (MAX_JSON_BYTES + 1), "larger than 1,048,576 bytes"),
        (None, "No such file"),
    ],
)
def test_an_unusable_file_of_arguments_is_refused(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    """Chosen: with its name."""
    file = tmp_path / "given.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(typer.BadParameter, match=problem) as error:
        read_arguments([f"@{file}"])

    assert str(file) in str(error.value)


def test_json_output_has_the_facts_of_the_answer(cli: Cli) -> None:
    """Documented (docs/settings.md): media with paths, jobs and costs."""
    code, out, _ = cli("call", "generate_core", "--prompt", "a fox", "--json")
    answer = json.loads(out)

    assert code == 0
    assert Path(answer["media"][0]["path"]).is_file()
    assert answer["jobs"][0]["state"] == "done"
    assert answer["cost"]["credits"] == 3
    assert answer["text"].startswith("NO API KEY")
    _, out, _ = cli("call", "usage_report", "--json")
    assert "text" in json.loads(out)


def test_json_output_has_the_error_with_its_kind_and_charge(cli: Cli) -> None:
    """Documented (docs/settings.md): one form for programs, on stdout."""
    code, out, _ = cli("call", "generate_core", "--json")
    answer = json.loads(out)

    assert code == 2
    assert (answer["error"]["kind"], answer["error"]["charged"]) == (
        "ArgumentsError",
        "not charged",
    )
    assert "prompt is missing" in answer["error"]["text"]


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_command_line_is_parsed_or_refused(words: list[str]) -> None:
    """Chosen: no other exception escapes."""
    try:
        read = read_arguments(words)
    except typer.BadParameter:
        return

    assert all(isinstance(name, str) for name in read)


def _run(tmp_path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "STABILITY_HOME": str(tmp_path / "home"),
        "STABILITY_OUTPUT_DIR": str(tmp_path / "out"),
    }
    return subprocess.run(
        forked("stability_mcp", *words),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_tool_runs_from_the_shell_and_writes_its_file(tmp_path: Path) -> None:
    """Documented (docs/settings.md): runs any tool from the shell."""
    done = _run(
        tmp_path,
        "call",
        "generate_core",
        "--prompt",
        "a lighthouse",
        "--seed",
        "7",
        "--label",
        "light",
    )

    assert done.returncode == 0, done.stderr
    assert "media://" in done.stdout
    [picture] = (tmp_path / "out").rglob("light.png")
    assert str(picture) in done.stdout


def test_a_failed_call_prints_to_stderr(cli: Cli) -> None:
    """Chosen: scripts check the exit code."""
    code, out, err = cli("call", "generate_core", "--promt", "a lighthouse")

    assert code == 2
    assert "prompt" in err
    assert "Traceback" not in err
    assert out == ""


def test_an_invalid_setting_is_one_line_on_stderr(cli: Cli) -> None:
    """Chosen: no traceback for what the user can correct."""
    code, _, err = cli("tools", "--preview", "huge")

    assert code == 3
    assert "STABILITY_PREVIEW" in err
    assert "Traceback" not in err


def test_default_arguments_hold_on_the_command_line(cli: Cli, tmp_path: Path) -> None:
    """Documented (docs/settings.md): wherever a tool is called; a wrong file stops the program."""
    file = tmp_path / "defaults.yaml"
    file.write_text("generate_core: {output_format: webp}")
    words = ("call", "generate_core", "--prompt", "a red fox", "--seed", "7")
    code, output, _ = cli("--defaults", str(file), *words)
    assert code == 0
    assert output.splitlines()[1] == "defaults: output_format=webp (STABILITY_DEFAULTS)"
    assert "red-fox.webp" in output

    file.write_text("generate_core: {output_format: gif}")
    code, output, error = cli("--defaults", str(file), *words)
    assert (code, output) == (exit_codes.SETTING, "")
    assert error.startswith(f'stability-mcp: The file "{file}" in STABILITY_DEFAULTS is wrong: ')
    assert error.count("\n") == 1
    assert "charged" not in error
