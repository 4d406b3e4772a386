"""`stability-mcp log` lists jobs so that each can be recognised, and filters them."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.conftest import Cli
from stability_mcp.cli.app import app
from stability_mcp.cli.ledger import job_states
from stability_mcp.jobs.models import RUNNING


def test_a_line_says_which_when_and_how_much(cli: Cli) -> None:
    """Documented (docs/settings.md): time, operation, state, cost, prompt, inputs and results."""
    cli("call", "generate_core", "--prompt", "a lighthouse at dusk", "--label", "tower")
    cli("call", "edit_remove_background", "--image", "tower")

    _, out, _ = cli("log")

    first, second, total = out.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d  \w{10}  generate_core +done +3 credits charged"
        r'  "a lighthouse at dusk"  tower media://\w{10}',
        first,
    )
    assert re.search(
        r"edit_remove_background +done +5 credits charged  from tower  tower v2 media://\w{10}$",
        second,
    )
    assert total == "today: 8 credits"


def test_a_refused_job_is_listed_as_not_charged(cli: Cli) -> None:
    """Chosen: the same words as in answers."""
    cli("call", "generate_core", "--prompt", "emulate moderation")

    _, out, _ = cli("log")

    assert re.search(
        r'generate_core +failed +not charged  "emulate moderation"  label emulate-moderation$',
        out,
        re.MULTILINE,
    )


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], 2),
        (["--operation", "generate_core"], 1),
        (["--operation", "upscale_creative"], 0),
        (["--since", "today"], 2),
        (["--since", "1h"], 2),
        (["--until", "1h"], 0),
        (["--until", "yesterday"], 0),
        (["--since", "yesterday", "--until", "today", "--operation", "upscale_fast"], 1),
        (["--last", "1", "--since", "yesterday"], 1),
    ],
)
def test_it_filters_by_operation_and_time(cli: Cli, options: list[str], shown: int) -> None:
    """Chosen: the same filters as job_list."""
    cli("call", "generate_core", "--prompt", "a lighthouse", "--label", "tower")
    cli("call", "upscale_fast", "--image", "tower")

    code, out, _ = cli("log", *options)

    assert code == 0
    assert len(out.splitlines()) == shown + 1


def test_it_filters_by_state(cli: Cli) -> None:
    """Chosen: the same states as job_list, in any case."""
    cli("call", "generate_core", "--prompt", "a lighthouse")
    cli("call", "generate_core", "--prompt", "emulate moderation")

    for state, shown in {"done": "a lighthouse", "Failed": "emulate moderation"}.items():
        *lines, total = cli("log", "--state", state)[1].splitlines()
        assert len(lines) == 1
        assert shown in lines[0]
        assert total.startswith("today: ")
    for state in job_states():
        assert cli("log", "--state", state)[0] == 0


def test_the_help_names_states_that_exist() -> None:
    """Chosen: it leaves out the three states that answers call running."""
    group: Any = typer.main.get_command(app)
    [option] = [each for each in group.commands["log"].params if each.name == "state"]
    named = option.help.partition(": ")[2].rstrip(".").replace(" or ", ", ").split(", ")

    assert set(named) == set(job_states()) - set(RUNNING)


def test_json_lines_have_the_fields_of_job_list_and_paths(cli: Cli, tmp_path: Path) -> None:
    """Documented (docs/settings.md): one object for each job, the newest last."""
    cli("call", "generate_core", "--prompt", "a lighthouse", "--label", "tower")
    cli("call", "edit_remove_background", "--image", "tower")
    cli("call", "generate_core", "--prompt", "emulate moderation")

    code, out, err = cli("log", "--json")
    made, cut, refused = map(json.loads, out.splitlines())
    listed = json.loads(cli("call", "job_list", "--json")[1])["jobs"]

    assert (code, err) == (0, "")
    assert out.isascii()
    assert made.keys() == cut.keys() == refused.keys()
    assert (made["label"], made["prompt"], made["credits"]) == ("tower", "a lighthouse", 3.0)
    assert cut["parents"] == made["media"]
    assert [Path(each).parent.parent for each in made["paths"]] == [tmp_path / "out" / "emulated"]
    assert Path(made["paths"][0]).is_file()
    assert (refused["state"], refused["charged"], refused["paths"]) == ("failed", "not charged", [])
    for ours, theirs in zip((refused, cut, made), listed, strict=True):
        assert theirs.items() <= ours.items()


@pytest.mark.parametrize(
    "options",
    [
        ["--state", "failed"],
        ["--limit", "1"],
        ["--operation", "upscale_fast"],
        ["--until", "yesterday"],
        ["--audit"],
    ],
)
def test_json_is_filtered_like_the_text(cli: Cli, options: list[str]) -> None:
    """Chosen: nothing but entries, so an empty list prints nothing."""
    cli("call", "generate_core", "--prompt", "a lighthouse")
    cli("call", "generate_core", "--prompt", "emulate moderation")
    as_text = cli("log", *options)[1].splitlines()
    entries = [each for each in as_text if re.match(r"\d{4}-", each)]

    out = cli("log", "--json", *options, STABILITY_LOG_LEVEL="DEBUG")[1]

    assert len(out.splitlines()) == len(entries)
    assert all(isinstance(json.loads(each), dict) for each in out.splitlines())


def test_the_audit_log_as_json(cli: Cli) -> None:
    """Documented (docs/settings.md): its fields."""
    cli("call", "generate_core", "--prompt", "emulate moderation")

    [entry] = map(json.loads, cli("log", "--audit", "--json")[1].splitlines())

    assert entry.keys() == {"at", "event", "operation", "prompt_hash", "detail"}
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    assert entry["operation"] == "generate_core"


@pytest.mark.parametrize(
    ("options", "expected", "why"),
    [
        (["--since", "last tuesday"], 2, 'since "last tuesday" isn\'t a time.'),
        (["--operation", "generate_cor"], 5, 'Did you mean "generate_core"'),
        (["--state", "finished"], 2, "Pass queued, paused, submitting, submitted, storing, done,"),
        (["--since", "today", "--until", "yesterday"], 2, "isn't before until"),
    ],
)
def test_an_invalid_filter_is_one_line(
    cli: Cli, options: list[str], expected: int, why: str
) -> None:
    """Chosen: it says what is accepted instead of listing everything."""
    code, out, err = cli("log", *options)

    assert code == expected
    assert why in err
    assert out == ""
    assert "Traceback" not in err


def test_the_audit_log_has_no_filters(cli: Cli) -> None:
    """Chosen: refused, not ignored."""
    for options in (["--since", "today"], ["--state", "done"], ["--operation", "generate_core"]):
        code, _, err = cli("log", "--audit", *options)

        assert code == 2
        assert "--audit" in err
