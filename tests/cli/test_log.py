"""`stability-mcp log` lists jobs so that each can be recognised, and filters them."""

import re

import pytest

from cli.conftest import Cli


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


@pytest.mark.parametrize(
    ("options", "expected", "why"),
    [
        (["--since", "last tuesday"], 2, 'since "last tuesday" isn\'t a time.'),
        (["--operation", "generate_cor"], 5, 'Did you mean "generate_core"'),
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
    code, _, err = cli("log", "--audit", "--since", "today")

    assert code == 2
    assert "--audit" in err
