"""MCP's inspector, which checks that all clients can read our schemas."""

import json
from pathlib import Path

import pytest

from protocol.support_node import INSPECTOR, installed, node
from protocol.support_serving import serving
from support.programs import forked

SECONDS = 60
SOME = {"generate_core", "edit_erase", "v1_masking", "account_balance", "job_wait", "media_list"}


def listed(*target: str, era: str, home: Path) -> set[str]:
    """Return the names of the tools, after the inspector accepted them."""
    done = node(
        installed(INSPECTOR),
        *("--cli", "--protocol-era", era, "--method", "tools/list", "--strict", "--format", "json"),
        *target,
        home=home,
        seconds=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {tool["name"] for tool in json.loads(done.stdout)["result"]["tools"]}


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_accepts_all_tools_on_stdio(era: str, tmp_path: Path) -> None:
    """Chosen: no tool has a schema that some client rejects or misreads."""
    server = forked("stability_mcp", "--toolsets", "all")

    names = listed("--", *server, era=era, home=tmp_path)

    assert names >= SOME


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_accepts_all_tools_over_http(era: str, tmp_path: Path) -> None:
    """Chosen: the same over HTTP."""
    command = ("stability_mcp", "serve", "--http", "--no-auth", "--port", "0")

    with serving(command, tmp_path, STABILITY_TOOLSETS="all") as url:
        names = listed(url, "--transport", "http", era=era, home=tmp_path)

    assert names >= SOME


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_the_apps(era: str, tmp_path: Path) -> None:
    """Documented (inspector): it reads the page of each tool, and exits with 2 if there is none."""
    done = node(
        installed(INSPECTOR),
        *("--cli", "--protocol-era", era, "--method", "tools/list", "--app-info"),
        *("--", *forked("stability_mcp", "--toolsets", "all")),
        home=tmp_path,
        seconds=SECONDS,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert sum("ui://stability/" in line for line in done.stdout.splitlines()) == 3
