"""`stability-mcp doctor --json`: the report for programs; and the response times in both forms."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.conftest import Cli
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from support.notify.receivers import SECRET
from support.store.rows import rows

ENDPOINTS = ["GET /v1/user/balance", "GET /v1/engines/list"]


def report(cli: Cli, *words: str, **more: str) -> tuple[int, dict[str, Any]]:
    """Run the command; returns its exit code and document."""
    code, out, _ = cli("doctor", "--json", *words, **more)
    found: dict[str, Any] = json.loads(out)
    return code, found


def checks_of(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the checks with a name."""
    return [each for each in document["checks"] if each["check"] == name]


def without_times(line: str) -> str:
    """Return a line without what differs from run to run."""
    return re.sub(r"[\d.e-]+ (ms|GB)", r"N \1", line)


def test_it_says_everything_that_the_text_says(cli: Cli) -> None:
    """*Chosen*: the same data, printed twice."""
    (Path.home() / ".cursor").mkdir()
    flags = ("--timeout", "77", "--roots-only")
    cli("call", "generate_core", "--prompt", "a lighthouse")
    text = cli("doctor", *flags)[1]
    code, document = report(cli, *flags)
    marks = {"ok": "ok", "bad": "BAD", "note": "note", "done": "done"}

    lines = [f"  {marks[each['status']]:<4} {each['text']}" for each in document["checks"]]
    checks = text.partition("\nchecks\n")[2].splitlines()
    shown = dict(re.findall(r"^  (STABILITY_\w+) +(.+)$", text, re.MULTILINE))

    assert (code, document["ok"]) == (0, True)
    assert [*map(without_times, lines)] == [*map(without_times, checks)]
    assert document["installation"]["version"] in text
    assert all(f"{n} {v}" in text for n, v in document["installation"]["libraries"].items())
    assert list(document["settings"]) == [variable(name) for name in Settings.model_fields]
    for name, each in document["settings"].items():
        value = "not set" if each["value"] is None else each["value"]
        assert shown[name].startswith(value)
        assert shown[name].endswith(f"  ({each['origin']})")
    assert document["settings"]["STABILITY_TIMEOUT"] == {"value": "77", "origin": "flag"}
    assert document["entry"]["mcpServers"]["stability"]["env"]["STABILITY_TIMEOUT"] == "77"
    assert [(each["id"], each["installed"]) for each in document["hosts"]] == [("cursor", False)]


def test_figures_are_numbers(cli: Cli) -> None:
    """*Documented* (docs/settings.md): `data` of a check."""
    cli("call", "generate_core", "--prompt", "a lighthouse")

    _, document = report(cli)

    [store] = checks_of(document, "store")
    [disk] = checks_of(document, "disk")
    [budget] = checks_of(document, "budget")
    assert store["data"] == {"files": 1, "compared": 1}
    assert disk["data"]["free_bytes"] > 0
    assert budget["data"] == {"spent_today": 3.0, "budget": None}


def test_a_problem_is_bad_and_the_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    """*Documented* (docs/settings.md): a lost file, its repair, and a missing file of terms."""
    cli("call", "generate_core", "--prompt", "a lighthouse")
    [blob] = [each for each in (tmp_path / "home").rglob("blobs/**/*") if each.is_file()]
    blob.unlink()

    code, document = report(cli)
    repaired, after = report(cli, "--repair")
    no_terms, broken = report(cli, STABILITY_BLOCKED_TERMS=str(tmp_path / "missing.txt"))

    assert (code, document["ok"]) == (1, False)
    assert {each["status"] for each in checks_of(document, "store")} == {"bad", "note"}
    assert (repaired, after["ok"]) == (0, True)
    assert checks_of(after, "store")[0]["status"] == "done"
    assert checks_of(after, "retention")
    assert (no_terms, broken["ok"]) == (1, False)
    assert [each["status"] for each in checks_of(broken, "settings")] == ["bad"]


def test_no_secret_is_in_the_report(cli: Cli, emulator_url: str) -> None:
    """*Chosen*: the report can be pasted into a bug report; also a URL that came as a flag."""
    secrets = {
        "STABILITY_API_KEY": "sk-s3cret",
        "STABILITY_BASE_URL": emulator_url,
        "STABILITY_ON_DONE_SECRET": SECRET,
    }
    flag = ("--on-done", "https://me:s3cret@hooks.test/s3cret")

    for words in (("doctor", *flag), ("doctor", "--json", *flag)):
        code, out, err = cli(*words, **secrets)

        assert code == 0, out + err
        assert "s3cret" not in out + err
        assert SECRET not in out + err
        assert SECRET.removeprefix("whsec_") not in out + err
    settings = json.loads(out)["settings"]
    assert settings["STABILITY_API_KEY"] == {"value": "set", "origin": "environment"}
    assert settings["STABILITY_ON_DONE_SECRET"] == {"value": "set", "origin": "environment"}
    assert settings["STABILITY_ON_DONE"] == {"value": "https://hooks.test", "origin": "flag"}


def test_two_endpoints_are_timed_by_free_queries_with_rate_limit_slots(
    cli: Cli, emulator_url: str, tmp_path: Path
) -> None:
    """*Chosen*: three requests each, one for the balance, and no paid one."""
    key = {"STABILITY_API_KEY": "sk-times", "STABILITY_BASE_URL": emulator_url}

    _, document = report(cli, **key)
    [(slots,)] = rows(tmp_path / "home", "SELECT count(*) FROM requests")
    text = cli("doctor", **key)[1]

    found = checks_of(document, "response_time")
    assert [each["data"]["endpoint"] for each in found] == ENDPOINTS
    assert all(0 < each["data"]["seconds"] < 10 for each in found)
    assert all(each["data"]["requests"] == 3 for each in found)
    assert [each in text for each in ENDPOINTS] == [True, True]
    assert slots == 1 + 3 * len(ENDPOINTS)
    assert rows(tmp_path / "home", "SELECT count(*) FROM charges") == [(0,)]


@pytest.mark.parametrize(("status", "result"), [(500, "bad"), (429, "note")])
def test_an_endpoint_that_fails_is_a_problem_and_a_rate_limit_is_not(
    cli: Cli, emulator_url: str, status: int, result: str
) -> None:
    """*Chosen*: a busy server is healthy."""
    more = {
        "STABILITY_API_KEY": f"sk-fails-{status}",
        "STABILITY_BASE_URL": emulator_url,
        "STABILITY_MAX_RETRIES": "0",
    }
    fault = {"path": "/v1/engines/list", "count": 20, "status": status}
    httpx2.post(f"{emulator_url}/_emulator/faults", json=fault).raise_for_status()
    try:
        code, document = report(cli, **more)
    finally:
        httpx2.request("DELETE", f"{emulator_url}/_emulator/faults").raise_for_status()

    balance, engines = checks_of(document, "response_time")
    assert code == (1 if result == "bad" else 0)
    assert (balance["status"], engines["status"]) == ("ok", result)
    assert engines["text"].startswith("GET /v1/engines/list")
    assert engines["data"]["seconds"] is None
    assert str(status) in engines["data"]["error"]


def test_an_account_that_does_not_answer_is_not_timed(cli: Cli) -> None:
    """*Chosen*: one cause, one line, without a wait for each request."""
    key = {
        "STABILITY_API_KEY": "sk-times",
        "STABILITY_BASE_URL": "http://127.0.0.1:9",
        "STABILITY_MAX_RETRIES": "0",
    }

    code, document = report(cli, **key)

    assert code == 1
    assert [each["check"] for each in document["checks"] if each["status"] == "bad"] == ["account"]
    assert checks_of(document, "response_time") == []


def test_json_is_refused_with_drift(cli: Cli) -> None:
    """*Chosen*: refused, not ignored."""
    code, out, err = cli("doctor", "--json", "--drift")

    assert (code, out) == (2, "")
    assert "--drift" in err


def test_the_data_folder_is_as_one_would_type_it(cli: Cli, tmp_path: Path) -> None:
    """Chosen: a program that sets the value again must get the same two stores."""
    _, out, _ = cli("doctor", "--json")

    found = json.loads(out)["settings"]["STABILITY_HOME"]
    assert found == {"value": str(tmp_path / "home"), "origin": "environment"}
