"""Logs go to stderr, in the chosen format, and never contain a secret."""

import json
import logging
import subprocess
import sys

import pytest

PROGRAM = """
import logging
from pydantic import SecretStr
from stability_mcp.logs import configure_logs
from stability_mcp.settings import read_settings

configure_logs(read_settings(api_key=SecretStr("sk-secret-12345"), log_format="{format}",
    on_done="https://hooks.test", on_done_secret=SecretStr("whsec_" + "c2VjcmV0" * 4)))
try:
    raise ValueError("the key sk-secret-12345 was refused by whsec_" + "c2VjcmV0" * 4)
except ValueError:
    logging.getLogger("stability_mcp.client").exception("with sk-secret-12345 in it")
"""


def _logged(log_format: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.replace("{format}", log_format)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )


@pytest.mark.processes
def test_secrets_are_in_no_line_and_in_no_traceback() -> None:
    """Chosen: an operator pastes logs into issues."""
    for log_format in ("text", "json"):
        done = _logged(log_format)

        assert "sk-secret" not in done.stderr
        assert "c2VjcmV0" not in done.stderr
        assert "was refused" in done.stderr
        assert done.stdout == ""


@pytest.mark.processes
def test_json_logs_are_one_object_a_line() -> None:
    """Chosen: log collectors read line by line."""
    [line] = _logged("json").stderr.splitlines()

    assert json.loads(line)["level"] == logging.getLevelName(logging.ERROR)
