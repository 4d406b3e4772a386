"""Runs Node packages of other projects, which `make setup` installs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NODE = Path(sys.executable).parent / "node"
PACKAGES = Path(sys.prefix) / "protocol" / "node_modules"

CONFORMANCE = "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
GLTF_VALIDATOR = "gltf-validator/index.js"
OPENAPI_FETCH = "openapi-fetch/dist/index.mjs"
STANDARD_WEBHOOKS = "standardwebhooks/dist/index.js"
TYPESCRIPT = "typescript/bin/tsc"


def installed(script: str) -> Path:
    """Return the path of a package's script.

    A missing script fails the test, because a skipped suite would look like a passed one.
    """
    path = PACKAGES / script
    missing = next((each for each in (NODE, path) if not each.exists()), None)
    if missing is not None:
        pytest.fail(f"{missing} is not installed: run make setup", pytrace=False)
    return path


def node(
    script: Path, *arguments: str, home: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a script with its own home folder, for at most `seconds`."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("STABILITY_")
    }
    return subprocess.run(
        [str(NODE), str(script), *arguments],
        capture_output=True,
        check=False,
        cwd=home,
        env={
            **environment,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "STABILITY_HOME": str(home / "store"),
        },
        text=True,
        timeout=seconds,
    )
