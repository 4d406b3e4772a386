"""The reference pages name every setting, command, flag, tool and error, and nothing else."""

import ast
import re
from functools import cache
from typing import Any

import typer

from stability_mcp import errors
from stability_mcp.cli.app import app
from stability_mcp.cli.doctor import in_force
from stability_mcp.cli.exit_codes import MEANINGS
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.prompts import PROMPTS
from stability_mcp.server.toolsets import ALWAYS, NOT_BY_DEFAULT, ORDER, enabled, toolset_of
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from support.docs.pages import NAMES, ROOT, Page, code_words

SETTINGS, TOOLS = Page("docs/settings.md"), Page("docs/tools.md")
ERRORS = Page("docs/troubleshooting.md")


def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def test_every_setting_has_a_row_and_every_row_is_a_setting() -> None:
    """*Chosen*: a setting that isn't documented doesn't exist for users."""
    rows = [row[0] for row in SETTINGS.rows("## Settings")][1:]

    assert rows == [f"`{variable(name)}`" for name in Settings.model_fields]


def test_documented_defaults_are_those_in_force() -> None:
    """*Chosen*: as `doctor` prints them; defaults that are described in words are left out."""
    lines = [line.split("  ") for line in in_force(Settings())]
    actual = {each[1].split()[0]: each[-2].strip() or each[-3].strip() for each in lines}
    shown = {line[0]: line[1] for line in SETTINGS.rows("## Settings")}
    documented = {
        code_words(name)[0]: default.strip("`")
        for name, default in shown.items()
        if default.startswith("`") or default == "not set"
    }

    assert len(documented) > 15
    assert documented == {name: actual[name] for name in documented}


def test_every_prompt_has_a_row_with_its_arguments() -> None:
    """*Chosen*: people choose a prompt by its row; brackets mark what is optional."""
    rows = list(TOOLS.rows("## Prompts"))[1:]

    assert rows == [
        [
            f"`{name}`",
            each.arguments.__doc__,
            ", ".join(
                f"`{argument}`" if field.is_required() else f"[`{argument}`]"
                for argument, field in each.arguments.model_fields.items()
            ),
        ]
        for name, each in PROMPTS.items()
    ]


def test_the_table_of_exit_codes_is_complete() -> None:
    """*Chosen*: scripts rely on it."""
    rows = list(SETTINGS.rows("## Exit codes"))[1:]

    assert rows == [[str(code), meaning] for code, meaning in MEANINGS.items()]


def test_every_setting_named_anywhere_exists() -> None:
    """*Chosen*: a misspelt variable in an example is silently ignored."""
    known = {variable(name) for name in Settings.model_fields}
    named = {each for name in NAMES for each in re.findall(r"STABILITY_[A-Z_]+\b", Page(name).text)}

    assert named <= known


def test_every_command_has_a_row_and_every_row_is_a_command() -> None:
    """*Chosen*: `--help` and the page list the same commands."""
    rows = [code_words(row[0])[0] for row in SETTINGS.rows("## Commands") if "stability" in row[0]]

    assert rows[0] == "stability-mcp"
    assert {row.split()[1] for row in rows[1:]} == _commands().keys()


def test_every_flag_of_a_command_has_a_row_and_every_row_is_a_flag() -> None:
    """*Chosen*: with the commands that have it."""
    actual: dict[str, set[str]] = {}
    for name, command in _commands().items():
        for parameter in command.params:
            for flag in parameter.opts:
                if flag.startswith("--") and flag != "--help":
                    actual.setdefault(flag, set()).add(name)
    documented = {
        code_words(row[0])[0]: set(code_words(row[1]))
        for row in SETTINGS.rows("## Commands")
        if row[0].startswith("`--")
    }

    assert documented == actual


def test_every_tool_has_a_row_and_every_tool_named_anywhere_exists() -> None:
    """*Chosen*: names are what people search for."""
    rows = {code_words(row[0])[0] for row in TOOLS.rows("## Every tool") if "`" in row[0]}
    families = {name.partition("_")[0] for name in all_tools() if "_" in name}
    named = {
        word
        for name in NAMES
        for word in code_words(Page(name).text)
        if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", word) and word.partition("_")[0] in families
    }

    assert rows == all_tools().keys()
    assert named - {"media_type"} <= all_tools().keys() | PROMPTS.keys()


def test_every_toolset_is_named_and_every_named_toolset_exists() -> None:
    """*Chosen*: `STABILITY_TOOLSETS` takes these words only."""
    rows = list(TOOLS.rows("## Choose what a host sees"))[1:]
    words = {row[0].strip("`"): row[1] for row in rows}
    families = code_words(words.pop("a family"))

    assert families == list(ORDER)
    assert set(code_words(words["default"])) == NOT_BY_DEFAULT
    for name in (*words, *families):
        assert enabled(all_tools(), [name])
    basic = {*code_words(words["basic"]), *ALWAYS}
    assert set(enabled(all_tools(), ["basic"])) == {
        name for name in all_tools() if basic & {name, toolset_of(name)}
    }


@cache
def _texts() -> str:
    """Return every string of the source, with its parts joined as Python joins them."""
    found = []
    for path in sorted((ROOT / "src/stability_mcp").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    each.value if isinstance(each, ast.Constant) else "…" for each in node.values
                ]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_every_error_text_is_one_of_the_program() -> None:
    """*Chosen*: people search for the exact text; `…` stands for what varies."""
    documented = [code_words(row[0])[0] for row in _error_rows()]
    unknown = [
        text
        for text in documented
        if not re.search(
            ".{0,60}?".join(re.escape(part.strip()) for part in text.split("…")), _texts()
        )
    ]

    assert len(documented) > 25
    assert unknown == []


def test_every_kind_of_error_has_an_entry_and_every_entry_is_a_kind() -> None:
    """*Chosen*: a class that only groups others needs no entry."""
    classes = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.StudioError)
    }
    leaves = {name for name, each in classes.items() if not each.__subclasses__()}
    documented = {row[1].strip("`") for row in _error_rows()} - {"not an error"}

    assert leaves <= documented
    assert documented <= classes.keys()


def _error_rows() -> list[list[str]]:
    return [
        row
        for heading in ("## Setup", "## Calls and files", "## Money")
        for row in ERRORS.rows(heading)
        if row[0].startswith("`")
    ]
