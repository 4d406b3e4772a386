"""The protocol's inspector, which judges whether our schemas can be read by every host."""

import json
import sys
from pathlib import Path

import pytest

from protocol.support_node import INSPECTOR, installed, node
from protocol.support_serving import serving

SECONDS = 60
ALL = "--toolsets=all"


def listed(target: list[str], era: str, home: Path) -> list[str]:
    """Return the names of the tools, after the inspector found nothing against them."""
    told = node(
        installed(INSPECTOR),
        *("--cli", *target, "--protocol-era", era),
        *("--method", "tools/list", "--strict", "--format", "json"),
        home=home,
        seconds=SECONDS,
    )
    assert (told.returncode, told.stderr) == (0, "")
    return [tool["name"] for tool in json.loads(told.stdout)["result"]["tools"]]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_nothing_on_stdio(era: str, tmp_path: Path) -> None:
    """Chosen: no tool's schema is refused or misread by a host."""
    names = listed([sys.executable, "-m", "stability_mcp", ALL], era, tmp_path)

    assert {"generate_core", "v1_masking", "job_wait"} <= set(names)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_nothing_over_http(era: str, tmp_path: Path) -> None:
    """Chosen: the same list over the other transport."""
    with serving(["-m", "protocol.plain_server", "0"], tmp_path) as url:
        names = listed([url, "--transport", "http"], era, tmp_path)

    assert {"generate_core", "v1_masking", "job_wait"} <= set(names)
