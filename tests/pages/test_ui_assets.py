"""The built files of the page: never stale, never mixed, and loaded with the first request."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from stability_mcp.pages.assets import INDEX, Assets
from stability_mcp.pages.ui_answers import UiProblemError

SCRIPT = "index-BTlU3YHe.js"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder with a built page."""
    (tmp_path / INDEX).write_text("<!doctype html>")
    (tmp_path / SCRIPT).write_text("1")
    (tmp_path / "notes.txt").write_text("private")
    return tmp_path


def answer(assets: Assets, name: str, **headers: str) -> Response:
    """Return the answer to a request for a file."""
    given = [(each.replace("_", "-").encode(), value.encode()) for each, value in headers.items()]
    return assets.answer(Request({"type": "http", "headers": given}), name)


def test_a_file_named_by_its_content_is_kept_and_the_index_is_not(built: Path) -> None:
    """Documented: index no-store; hashed names for a year."""
    assets = Assets(built)
    script = answer(assets, SCRIPT)

    assert "cache-control" not in answer(assets, INDEX).headers  # so the guard adds no-store
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert answer(assets, SCRIPT, if_none_match=script.headers["etag"]).status_code == 304


@pytest.mark.parametrize(
    "name", ["notes.txt", "other-BTlU3YHe.js", "../page.js", "", "<b>", "\u202e"]
)
def test_other_files_are_not_served(built: Path, name: str) -> None:
    """Documented: only files of the built page."""
    with pytest.raises(UiProblemError, match="Reload the page"):
        answer(Assets(built), name)


def test_an_update_while_the_server_runs_mixes_no_versions(built: Path) -> None:
    """Documented: index and files are those of the running program."""
    assets = Assets(built)
    (built / INDEX).write_text("<!doctype html>new")
    (built / SCRIPT).unlink()

    assert answer(assets, INDEX).body == b"<!doctype html>"
    assert answer(assets, SCRIPT).body == b"1"


def test_a_checkout_without_a_built_page_says_how_to_build_it(tmp_path: Path) -> None:
    """Chosen: users get the built page in the package."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UiProblemError, match="make web"):
            answer(Assets(folder), INDEX)


@pytest.mark.processes
def test_nothing_of_the_page_is_loaded_before_its_first_request(tmp_path: Path) -> None:
    """Documented: `serve --http` costs nothing for a page that is never opened."""
    program = (
        "import json, sys\n"
        "from stability_mcp.http.http_app import http_app\n"
        "from stability_mcp.http.identities import Secrets\n"
        "from stability_mcp.settings import read_settings\n"
        "http_app(read_settings(), Secrets(token=None))\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "STABILITY_HOME": str(tmp_path)},
    )
    late = {"assets", "operation_list", "saved_plans", "ui_api", "ui_pictures", "ui_site"}

    assert {f"stability_mcp.pages.{each}" for each in late} & set(json.loads(run.stdout)) == set()
