"""Packs the bundle for Claude Desktop, `dist/stability-mcp-VERSION.mcpb` (`make mcpb`).

The host unpacks a bundle and runs it with its own uv, which installs Python and the dependencies;
so the bundle has only this project's source and works on every platform.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.derive import summary
from scripts.distribution import (
    AUTHOR,
    DESCRIPTION,
    PACKAGE,
    PRIVACY_POLICY,
    PROJECT,
    ROOT,
    TITLE,
    environment,
    user_config,
)

from stability_mcp import __version__
from stability_mcp.server.catalog import from_code
from stability_mcp.server.toolsets import enabled

STAGED = ROOT / "build/mcpb"
PACKED = ROOT / f"dist/{PACKAGE}-{__version__}.mcpb"
MCPB = "@anthropic-ai/mcpb/dist/cli/cli.js"

ABOUT = """\
Make and edit pictures, sounds and 3D models with the API of Stability AI: generate, erase, repaint,
extend, cut out, relight, recolour, upscale, follow a sketch or a style.

* **Free to try.** Without an API key a built-in emulator returns valid placeholder files.
* **Bounded spending.** A daily budget that the model can't raise; expensive calls need your
  approval.
* **Results as files**, in your Pictures folder or a folder that you choose.

**Privacy.** The server runs on your computer. With an API key it sends your prompts, and the
pictures and sounds that you name, to api.stability.ai and to no other service; without a key it
sends nothing. It reads files only from Pictures, Downloads, Desktop, Documents and the output
folder. It collects no usage data. The privacy policy of Stability AI applies to what is sent.

Not affiliated with Stability AI.
"""

SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


def manifest() -> dict[str, Any]:
    """Return `manifest.json` in version 0.4, the first with `uv` servers.

    The list of tools is that of the default toolsets; `tools_generated` says that the user's choice
    changes it. The validator requires `mcp_config`, which the specification calls optional.
    """
    tools = from_code()
    return {
        "manifest_version": "0.4",
        "name": PACKAGE,
        "display_name": TITLE,
        "version": __version__,
        "description": DESCRIPTION,
        "long_description": ABOUT,
        "author": {"name": AUTHOR},
        "license": PROJECT["license"],
        "keywords": PROJECT["keywords"],
        "icon": "icon.png",
        "icons": [{"src": "icon.png", "size": "512x512"}],
        "server": {
            "type": "uv",
            "entry_point": "server.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "server.py"],
                "env": environment("${user_config.{field}}"),
            },
        },
        "user_config": user_config(with_minimum=True),
        "tools": [
            {"name": name, "description": summary(tools[name])}
            for name in enabled(tools, ["default"])
        ],
        "tools_generated": True,
        "prompts_generated": True,
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
        "privacy_policies": [PRIVACY_POLICY],
    }


def project_file() -> str:
    """Return the bundle's `pyproject.toml`: only the dependencies.

    The project's own would make uv resolve the tools for tests too, and build a package.
    """
    lines = [
        "[project]",
        f'name = "{PACKAGE}-bundle"',
        f'version = "{__version__}"',
        f'requires-python = "{PROJECT["requires-python"]}"',
        f"dependencies = {json.dumps(PROJECT['dependencies'], indent=2)}",
        "",
        "[tool.uv]",
        "package = false",
    ]
    return "\n".join(lines) + "\n"


def stage(folder: Path) -> None:
    """Write everything that the bundle contains into an empty or new folder."""
    shutil.copytree(ROOT / "packaging/mcpb", folder, dirs_exist_ok=True)
    for package in ("stability_mcp", "stability_emulator"):
        shutil.copytree(ROOT / "src" / package, folder / "src" / package, ignore=SKIPPED)
    shutil.copytree(ROOT / "tool_schemas", folder / "tool_schemas")
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "pyproject.toml").write_text(project_file(), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest(), indent=2), encoding="utf-8")


def main() -> None:
    """Stage, validate and pack the bundle."""
    shutil.rmtree(STAGED, ignore_errors=True)
    stage(STAGED)
    PACKED.parent.mkdir(exist_ok=True)
    node = Path(sys.executable).parent / "node"
    script = Path(sys.prefix) / "protocol/node_modules" / MCPB
    for words in (("validate", STAGED / "manifest.json"), ("pack", STAGED, PACKED)):
        subprocess.run([node, script, *words], check=True)  # noqa: S603 -- our own words
    print(f"{PACKED}: {PACKED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
