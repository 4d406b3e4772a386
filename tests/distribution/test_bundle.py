"""The bundle for Claude Desktop: valid, complete, and started as the host starts it."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult
from PIL import Image, ImageChops
from scripts.bundle import MCPB, manifest, stage
from scripts.distribution import ROOT, USER_SETTINGS
from scripts.icon import draw

from protocol.support_node import NODE, installed, node
from stability_mcp import __version__
from stability_mcp.settings import Settings
from support.server.in_memory import copies, data, environment_in, fine, text

pytestmark = pytest.mark.processes

CONFIG = "@anthropic-ai/mcpb/dist/shared/config.js"
SECONDS = 60
MAX_ICON_DIFFERENCE = 8
"""Of 255: versions of Pillow may smooth edges differently."""
MAX_PACKED_BYTES = 2_400_000
"""*Chosen*: as for the wheel, see `test_wheel`."""
BUNDLED_VERSION = "9.9.9"
"""Version of the staged copy, which shows that the server runs from the bundle."""

FAKE_UV = """\
#!{python}
import os
import sys

run, option, folder, script = sys.argv[1:]
assert (run, option) == ("run", "--directory")
os.chdir(folder)
os.execv(sys.executable, [sys.executable, script])
"""
"""Does what uv does once the dependencies are installed; uv itself needs a package index."""

BLANK: Mapping[str, dict[str, Any]] = {
    "variables stay": {},
    "empty strings": {each.field: "" for each in USER_SETTINGS},
}
"""What Claude Desktop passes for fields that were left blank (modelcontextprotocol/mcpb#250)."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an unpacked bundle with a version of its own."""
    folder = tmp_path_factory.mktemp("bundle") / "stability-mcp"
    stage(folder)
    package = folder / "src/stability_mcp/__init__.py"
    own = package.read_text("utf-8").replace(__version__, BUNDLED_VERSION)
    package.write_text(own, encoding="utf-8")
    return folder


def command(bundle: Path, user_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the command by which Claude Desktop starts the bundle."""
    options = {
        "manifest": json.loads((bundle / "manifest.json").read_text("utf-8")),
        "extensionPath": str(bundle),
        "systemDirs": {"HOME": str(Path.home())},
        "userConfig": user_config,
        "pathSeparator": "/",
    }
    script = ROOT / "tests/distribution/mcp_config.mjs"
    done = subprocess.run(
        [str(NODE), str(script), str(installed(CONFIG))],
        input=json.dumps(options),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    resolved: dict[str, Any] = json.loads(done.stdout)
    return resolved


async def called(
    bundle: Path,
    tmp_path: Path,
    user_config: Mapping[str, Any],
    tool: str,
    arguments: Mapping[str, Any],
    **more: str,
) -> tuple[set[str], CallToolResult]:
    """Start the bundle with a form's values and call a tool.

    Returns:
        The names of all tools, and the result.
    """
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(FAKE_UV.format(python=sys.executable), encoding="utf-8")
    uv.chmod(0o755)
    start = command(bundle, user_config)
    assert start["command"] == "uv"
    inherited = environment_in(tmp_path)
    for name in ("STABILITY_OUTPUT_DIR", "PYTHONPATH"):
        inherited.pop(name, None)
    server = StdioServerParameters(
        command=str(uv), args=start["args"], env={**inherited, **start["env"], **more}
    )
    async with Client(server) as client:
        names = {each.name for each in (await client.list_tools()).tools}
        result = fine(await client.call_tool(tool, dict(arguments)))
    version = (result.meta or {})["io.modelcontextprotocol/serverInfo"]["version"]
    assert version == BUNDLED_VERSION
    return names, result


def test_the_manifest_is_valid_and_the_bundle_is_small(tmp_path: Path) -> None:
    """*Documented* (MCPB): the tool of the format's authors validates and packs it."""
    staged, packed = tmp_path / "staged", tmp_path / "stability.mcpb"
    stage(staged)
    words = (("validate", str(staged / "manifest.json")), ("pack", str(staged), str(packed)))
    for each in words:
        done = node(installed(MCPB), *each, home=tmp_path, seconds=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr

    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())

    assert {"manifest.json", "pyproject.toml", "server.py", "icon.png", "LICENSE"} <= names
    assert "tool_schemas/generate_core.json" in names
    assert "src/stability_emulator/sound/notes.bin" in names
    assert [each for each in names if re.search(r"__pycache__|\.pyc$|/tests?/", each)] == []
    assert packed.stat().st_size < MAX_PACKED_BYTES


def test_the_bundle_contains_every_file_of_the_packages(bundle: Path) -> None:
    """*Chosen*: a missing data file is noticed only when it is needed."""
    expected = {
        path.relative_to(ROOT)
        for path in (ROOT / "src").glob("stability_*/**/*")
        if path.is_file() and path.suffix != ".pyc"
        if not any(part.endswith(".egg-info") for part in path.parts)
    }

    assert [path for path in expected if not (bundle / path).is_file()] == []


def test_the_manifest_says_what_users_must_know() -> None:
    """*Documented* (MCPB): a server that calls a service names that service's privacy policy."""
    made = manifest()
    key = made["user_config"]["api_key"]

    assert made["manifest_version"] == "0.4"
    assert made["server"]["type"] == "uv"
    assert made["version"] == __version__
    assert "**Privacy.**" in made["long_description"]
    assert made["privacy_policies"]
    assert (key["sensitive"], key["required"]) == (True, False)
    assert made["user_config"]["output_dir"]["type"] == "directory"
    assert made["user_config"]["budget"]["default"] == Settings().budget
    assert made["tools"]


def test_the_icon_is_up_to_date_and_has_the_recommended_size(bundle: Path) -> None:
    """*Documented* (MCPB): 512x512 PNG."""
    with Image.open(bundle / "icon.png") as icon:
        assert (icon.format, icon.size, icon.mode) == ("PNG", (512, 512), "RGBA")
        difference = ImageChops.difference(icon, draw())
    assert max(difference.tobytes()) <= MAX_ICON_DIFFERENCE, "run scripts/icon.py"


@pytest.mark.anyio
@pytest.mark.parametrize("values", BLANK.values(), ids=BLANK)
async def test_a_start_with_blank_settings_uses_the_emulator(
    bundle: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    """*Documented* (docs/packages.md): all settings may stay blank."""
    names, result = await called(bundle, tmp_path, values, "server_status", {})
    status = data(result)

    assert {each["name"] for each in manifest()["tools"]} == names
    assert status["emulated"] is True
    assert Path(status["copies"]).is_relative_to(Path.home())


@pytest.mark.anyio
async def test_a_start_with_filled_settings_uses_all_of_them(
    bundle: Path, tmp_path: Path, emulator_url: str
) -> None:
    """*Documented* (docs/packages.md): key, folder, budget and toolsets."""
    folder = tmp_path / "My pictures"
    values = {
        "api_key": f"sk-{tmp_path.name}",
        "output_dir": str(folder),
        "budget": 40,
        "toolsets": "generate",
    }

    names, result = await called(
        *(bundle, tmp_path, values, "generate_core", {"prompt": "a fox"}),
        STABILITY_BASE_URL=emulator_url,
    )

    assert "generate_core" in names
    assert "edit_erase" not in names
    assert "today 3 of 40" in text(result)
    [picture] = copies(result)
    assert picture.is_relative_to(folder)


def test_an_unpacked_bundle_needs_no_other_file(bundle: Path, tmp_path: Path) -> None:
    """*Chosen*: the entry point finds its source next to itself, wherever it is unpacked."""
    moved = tmp_path / "moved"
    shutil.copytree(bundle, moved)
    program = (
        "import runpy; runpy.run_path('server.py'); import stability_mcp as s; print(s.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=moved,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )

    assert Path(done.stdout.strip()).is_relative_to(moved)
