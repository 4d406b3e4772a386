"""`stability-mcp call TOOL --help`, and completion in the shell."""

import os
import subprocess

import pytest

from cli.conftest import Cli
from stability_mcp.cli.tool_help import complete_argument, complete_tool, flag, tool_help
from stability_mcp.server.catalog import all_tools
from support.programs import forked

TOOLS = all_tools()


@pytest.mark.parametrize("name", TOOLS)
def test_the_help_of_a_tool_names_every_argument_choice_default_and_range(name: str) -> None:
    """Chosen: who types a command needs what a model reads in the schema."""
    text = tool_help(name)
    assert text is not None
    words = " ".join(text.split())
    schema = TOOLS[name].input_schema
    for argument, field in schema["properties"].items():
        assert f" {flag(argument)}" in text
        about = words.split(f" {flag(argument)} ", 1)[1]
        assert all(str(choice) in about for choice in field.get("enum", ()))
        if "default" in field and argument not in schema.get("required", ()):
            assert "Default: " in about
        if "maximum" in field:
            assert f"{field['maximum']:,}" in about or f"{field['maximum']:g}" in about
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("help_flag", ["--help", "-h"])
def test_help_calls_nothing(cli: Cli, help_flag: str) -> None:
    """Chosen: nothing is charged, even if arguments are given."""
    code, out, _ = cli("call", "generate_core", "--prompt", "a fox", help_flag)

    assert code == 0
    assert out.startswith("Usage: stability-mcp call generate_core")
    assert "--aspect-ratio CHOICE" in out
    assert "no job" in cli("log")[1].lower() or "generate_core" not in cli("log")[1]


def test_call_has_a_help_of_its_own(cli: Cli) -> None:
    """Chosen: before a tool is chosen."""
    for help_flag in ("--help", "-h"):
        code, out, _ = cli("call", help_flag)
        assert code == 0
        assert "call TOOL --help" in out


@pytest.mark.parametrize("name", ["generate_core", "generate-core", "media_list"])
def test_a_tool_used_as_a_command_leads_to_call(name: str, cli: Cli) -> None:
    """Chosen: it is the first thing people try."""
    code, out, err = cli(name, "--prompt", "a fox")

    assert code == 2
    assert out == ""
    assert f"stability-mcp call {name.replace('-', '_')} ..." in err


def test_tools_arguments_and_choices_are_completed() -> None:
    """Chosen: from the same schemas."""
    assert [name for name, _ in complete_tool("generate_")] == [
        name for name in TOOLS if name.startswith("generate_")
    ]
    assert [each for each, _ in complete_argument("generate_core", [], "--pro")] == ["--prompt"]
    styles = complete_argument("generate_core", ["--style-preset"], "an")
    assert {each for each, _ in styles} == {"anime", "analog-film"}
    assert complete_argument("generate_cor", [], "--") == []


@pytest.mark.processes
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("stability-mcp bud", ["budget"]),
        ("stability-mcp call upscale_f", ["upscale_fast"]),
        ("stability-mcp call generate_core --neg", ["--negative-prompt"]),
        ("stability-mcp call generate_core --js", ["--json"]),
        ("stability-mcp call generate_core --style-preset ori", ["origami"]),
    ],
)
def test_bash_gets_completions(line: str, expected: list[str]) -> None:
    """Documented (typer): the shell asks through three variables."""
    words = line.split()
    done = subprocess.run(
        forked("stability_mcp"),
        env={
            **os.environ,
            "_STABILITY_MCP_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.split() == expected, done.stderr
