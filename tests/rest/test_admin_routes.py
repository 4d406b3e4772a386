"""The operator's routes about the server: figures, health, settings, limits, upkeep, webhooks."""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stability_mcp import __version__
from stability_mcp.rest.routes import all_routes
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from support.notify.receivers import SECRET, listening
from support.rest.rest_server import admin, refused, rest_server
from support.store.rows import change, rows

PROMPT = "a fox in the snow"
KEEP_SECRET = "super-secret-path"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the server."""
    return tmp_path_factory.mktemp("admin")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx2.Client]:
    """Serve for the module, with some jobs in the store."""
    with (
        listening() as hook,
        rest_server(
            folder, on_done=f"{hook.url}/{KEEP_SECRET}", on_done_secret=SECRET, roots=str(folder)
        ) as found,
    ):
        for _ in range(2):  # the second is answered from the cache
            made = found.post("/generate/core", data={"prompt": PROMPT, "seed": 5})
            assert made.status_code == 200
        assert found.post("/generate/ultra", data={"prompt": PROMPT}).status_code == 200
        assert found.post("/generate/core", data={"prompt": "x", "seed": 6}).status_code == 200
        yield found


@pytest.fixture
def home(folder: Path) -> Path:
    """Return the folder of the store."""
    return folder / "home" / "emulator"


def _get(client: httpx2.Client, path: str, **query: object) -> dict[str, Any]:
    answer = client.get(f"/admin/{path}", params={name: str(each) for name, each in query.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _post(client: httpx2.Client, path: str, **fields: object) -> dict[str, Any]:
    answer = client.post(f"/admin/{path}", json=fields, headers=admin())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


REQUIRED = {
    "/admin/costs/estimate": {"operations": '["ultra"]'},
    "/admin/models/recommendations": {"use_case": "art"},
}
"""Arguments without which a route can't answer."""
ADMIN = [each for each in all_routes() if each.path.startswith("/admin/")]


@pytest.mark.parametrize(
    "path", [each.path for each in ADMIN if each.method == "POST"], ids=lambda each: each[7:]
)
def test_every_change_needs_the_token(client: httpx2.Client, path: str) -> None:
    """Documented (rest.md 5): even where the emulator asks for none."""
    answer = client.post(path.format(feature_name="cache"), json={})

    refused(answer, 401, "unauthorized")


@pytest.mark.parametrize(
    "path", [each.path for each in ADMIN if each.method == "GET"], ids=lambda each: each[7:]
)
def test_no_answer_has_paths_prompts_or_secrets(
    client: httpx2.Client, path: str, folder: Path
) -> None:
    """Documented (rest.md 2): JSON holds no server paths; secrets show as set or not set."""
    answer = client.get(path, params=REQUIRED.get(path, {}))

    assert answer.status_code == 200, answer.text
    for hidden in (str(folder), PROMPT, KEEP_SECRET, SECRET, "Bearer"):
        assert hidden not in answer.text


def test_the_statistics_come_from_the_rows(client: httpx2.Client) -> None:
    """Documented (routes.yaml): jobs by state, queue, times, slots, cache, credits, processes."""
    found = _get(client, "stats")

    assert found["jobs"] | {"done": 0} == dict.fromkeys(found["jobs"], 0)
    assert len(found["jobs"]) == 9
    assert found["jobs"]["done"] == 3
    assert (found["queue_depth"], found["running"]) == (0, 0)
    by_name = {each["operation"]: each for each in found["operations"]}
    core = by_name["generate_core"]
    assert (core["count"], core["done"], core["failed"], core["unknown"]) == (2, 2, 0, 0)
    assert core["p50_seconds"] <= core["p95_seconds"]
    assert found["rate_limit"]["slots"] == 150
    assert found["cache"] == _get(client, "cache/stats")
    assert found["credits"]["spent_today"] == 14
    [process] = found["processes"]
    assert process["pid"] == os.getpid()


def test_the_health_tells_what_needs_attention(client: httpx2.Client, home: Path) -> None:
    """Chosen: one word to watch, and the cause; a lost file is found without reading it."""
    before = _get(client, "health/detailed")
    lost = next(each for each in (home / "blobs").rglob("*") if each.is_file())
    content = lost.read_bytes()
    lost.unlink()
    during = _get(client, "health/detailed")
    lost.write_bytes(content)

    assert (before["status"], before["store"]["problems"]) == ("healthy", 0)
    assert before["version"] == __version__
    assert before["api"]["answers"]
    assert before["store"]["files_checked"] >= 3
    assert before["store"]["bytes"]["media"] > 0
    assert before["disk"] == {"free_bytes": before["disk"]["free_bytes"], "enough": True}
    assert (during["status"], during["store"]["problems"]) == ("degraded", 1)


def test_the_settings_show_where_values_come_from(client: httpx2.Client) -> None:
    """Documented (routes.yaml): settings in force; secrets as set or not set."""
    found = {each["name"]: each for each in _get(client, "config")["settings"]}

    assert list(found) == [variable(name) for name in Settings.model_fields]
    rate = {"name": "STABILITY_RATE", "set": True, "value": "150/10", "origin": "default"}
    assert found["STABILITY_RATE"] == rate
    for name in ("STABILITY_ON_DONE", "STABILITY_ON_DONE_SECRET", "STABILITY_ROOTS"):
        assert found[name]["set"]
        assert "value" not in found[name]
    assert not found["STABILITY_API_KEY"]["set"]


def test_the_exported_settings_are_a_download_without_secrets(client: httpx2.Client) -> None:
    """Documented (routes.yaml): JSON as a download; secrets left out."""
    answer = client.get("/admin/export/config")

    assert answer.headers["content-disposition"] == (
        'attachment; filename="stability-mcp-config.json"'
    )
    assert answer.json()["STABILITY_BUDGET"] == "500"
    assert not answer.json().keys() & {"STABILITY_ON_DONE", "STABILITY_ON_DONE_SECRET"}


def test_a_feature_names_its_setting_and_refuses_to_be_switched(client: httpx2.Client) -> None:
    """Documented (routes.yaml): 409 names the setting to change; an unknown feature is 404."""
    found = {each["name"]: each for each in _get(client, "features")["features"]}

    assert (found["cache"]["on"], found["cache"]["setting"]) == (True, "STABILITY_CACHE")
    assert (found["on_done"]["on"], found["daily_budget"]["on"]) == (True, False)
    assert (found["toolset_generate"]["on"], found["toolset_v1"]["on"]) == (True, False)
    assert {each["setting"] for each in found.values()} <= {*map(variable, Settings.model_fields)}
    for name in found:
        answer = client.post(f"/admin/features/{name}/toggle", headers=admin())
        assert found[name]["setting"] in refused(answer, 409, "set_by_configuration")
    answer = client.post("/admin/features/cach/toggle", headers=admin())
    assert 'Did you mean "cache"?' in refused(answer, 404, "not_found")


def test_the_rate_limit_is_shown_and_never_reset(client: httpx2.Client) -> None:
    """Documented (routes.yaml): the API's slots, and what this client has left; reset refuses."""
    uncounted = _get(client, "rate-limit/status")
    counted = client.get("/admin/rate-limit/status", headers=admin())
    reset = client.post("/admin/rate-limit/reset", headers=admin())

    assert uncounted["api"]["slots"] == 150
    assert "client" not in uncounted
    limit = counted.json()["client"]
    assert limit["left"] == int(counted.headers["x-ratelimit-remaining"]) < limit["limit"]
    assert "locks a key out for 60 s" in refused(reset, 409, "not_resettable")


def test_the_system_is_described(client: httpx2.Client) -> None:
    """Documented (routes.yaml): version, Python, platform, CPUs, store size; dependencies."""
    info = _get(client, "system/info")
    used = {
        each["name"]: each.get("version")
        for each in _get(client, "system/dependencies")["dependencies"]
    }

    assert info["version"] == __version__
    assert info["cpus"] == os.cpu_count()
    assert info["store"]["total"] >= info["store"]["database"] > 0
    assert used.keys() >= {"mcp", "httpx2", "pydantic", "starlette", "uvicorn", "SQLite"}
    assert all(used[each] for each in ("mcp", "starlette", "SQLite"))
    assert "pytest" not in used


def test_the_log_lists_requests_newest_first(client: httpx2.Client, home: Path) -> None:
    """Documented (routes.yaml): time, operation, job, attempt, state, credits, ms, error."""
    first = _get(client, "debug/request-logs", limit=2)
    rest = _get(client, "request-logs", limit=2, cursor=first["next_cursor"])
    ultra = _get(client, "request-logs", operation_filter="ultra")["requests"]
    family = _get(client, "request-logs", operation_filter="generate", state="done")["requests"]
    tomorrow = datetime.now().astimezone() + timedelta(days=1)
    none = _get(client, "request-logs", since=tomorrow.isoformat(timespec="seconds"))

    every = [*first["requests"], *rest["requests"]]
    assert [each["credits"] for each in every] == [3, 8, 3]
    assert "next_cursor" not in rest
    assert [each["operation"] for each in ultra] == ["generate_ultra"]
    assert len(family) == 3
    assert none["requests"] == []
    line = ultra[0]
    assert (line["state"], line["charged"], line["attempt"]) == ("done", "charged", 1)
    assert line["ms"] >= 0
    assert "rate_slots" in first
    assert "rate_slots" not in rest

    job = ultra[0]["job"]
    change(home, "UPDATE jobs SET state = 'failed', charged = 'no' WHERE id = ?", job)
    change(home, "UPDATE charges SET state = 'free' WHERE job = ?", job)
    change(home, "UPDATE jobs SET error_type = 'ModerationError' WHERE id = ?", job)
    [failed] = _get(client, "request-logs", state="failed")["requests"]
    change(home, "UPDATE jobs SET state = 'unknown', charged = 'assumed' WHERE id = ?", job)
    change(home, "UPDATE charges SET state = 'assumed' WHERE job = ?", job)
    [unknown] = _get(client, "request-logs", state="unknown")["requests"]
    change(home, "UPDATE jobs SET state = 'done', charged = 'yes' WHERE id = ?", job)
    change(home, "UPDATE charges SET state = 'charged' WHERE job = ?", job)

    assert (failed["error"], failed["charged"]) == ("moderation", "not charged")
    assert (unknown["error"], unknown["charged"]) == ("unknown", "may have been charged")


@pytest.mark.parametrize(
    ("query", "status", "name", "text"),
    [
        ({"operation_filter": "genrate"}, 404, "not_found", "There is no operation"),
        ({"cursor": "x"}, 404, "not_found", "isn't a cursor of the request log"),
        ({"state": "dne"}, 400, "invalid_arguments", 'Did you mean "done"?'),
        ({"since": "soon"}, 400, "invalid_arguments", "isn't a time"),
        ({"limit": 0}, 400, "invalid_arguments", "limit must be"),
    ],
)
def test_wrong_filters_of_the_log_are_explained(
    client: httpx2.Client, query: dict[str, Any], status: int, name: str, text: str
) -> None:
    """Chosen: a wrong filter must not look like an empty log."""
    answer = client.get("/admin/request-logs", params=query)

    assert text in refused(answer, status, name)


def test_cleanup_without_an_age_removes_only_leftovers(client: httpx2.Client, home: Path) -> None:
    """Documented (routes.yaml): without older_days never media; dry_run changes nothing."""
    leftover = home / "spool" / "import-1.part"
    leftover.write_bytes(b"left")
    os.utime(leftover, (1, 1))
    change(
        home,
        "INSERT INTO uploads (id, owner, name, bytes, state, created_at, expires_at)"
        " VALUES ('old', 'local', 'a.png', 9, 'open', 1, 2)",
    )

    planned = _post(client, "maintenance/cleanup", dry_run=True)
    assert leftover.exists()
    assert rows(home, "SELECT id FROM uploads") == [("old",)]
    removed = _post(client, "maintenance/cleanup")

    assert not leftover.exists()
    assert rows(home, "SELECT id FROM uploads") == []
    assert (planned["dry_run"], removed["dry_run"]) == (True, False)
    assert planned | {"dry_run": False} == removed
    assert removed == dict.fromkeys(removed, 0) | {"spool": 1, "uploads": 1, "bytes": 4}


def test_cleanup_with_an_age_tells_what_would_go(client: httpx2.Client) -> None:
    """Documented (routes.yaml): the rules of the command sweep."""
    planned = _post(client, "maintenance/cleanup", older_days=0.000001, dry_run=True)
    nothing = _post(client, "maintenance/cleanup", older_days=30)
    wrong = client.post("/admin/maintenance/cleanup", json={"older_days": 0}, headers=admin())

    assert planned["jobs"] > 0
    assert nothing["jobs"] == 0
    assert "a number above 0" in refused(wrong, 400, "invalid_arguments")


def test_optimizing_says_that_nothing_is_needed(client: httpx2.Client) -> None:
    """Documented (routes.yaml): may be a no-op that says so."""
    found = _post(client, "maintenance/optimize")

    assert not found["done"]
    assert found["note"].startswith("Nothing is needed")


def test_the_connection_is_timed(client: httpx2.Client) -> None:
    """Documented (routes.yaml): status and milliseconds of each."""
    found = _post(client, "debug/test-connection")["endpoints"]

    assert [each["operation"] for each in found] == ["account_balance", "account_engines"]
    assert all(each["status"] == "ok" and each["ms"] > 0 for each in found)


def test_the_webhook_setting_is_listed_and_tested(client: httpx2.Client) -> None:
    """Documented (routes.yaml): endpoints without secrets, event names, retry schedule; tests."""
    found = _get(client, "webhooks/config")
    tests = _post(client, "webhooks/test")["tests"]
    one = _post(client, "webhooks/test", webhook="STABILITY_ON_DONE")["tests"]
    missing = client.post("/admin/webhooks/test", json={"webhook": "wh-unknown"}, headers=admin())

    [endpoint] = found["endpoints"]
    assert (endpoint["id"], endpoint["set_by_configuration"]) == ("STABILITY_ON_DONE", True)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", endpoint["url"])
    assert found["events"] == ["job.ended", "run.ended", "run.review"]
    assert "24 h" in found["retries"]
    [each] = tests
    assert (each["endpoint"], each["status"], each["delivered"]) == ("STABILITY_ON_DONE", 204, True)
    assert "error" not in each
    assert len(one) == 1
    refused(missing, 404, "not_found")


def test_the_cache_is_counted_and_cleared(client: httpx2.Client) -> None:
    """Documented (routes.yaml): entries, hits, credits saved; entries dropped."""
    before = _get(client, "cache/stats")
    cleared = _post(client, "cache/clear")
    after = _get(client, "cache/stats")

    assert before == {"enabled": True, "entries": 2, "hits": 1, "credits_saved": 3}
    assert cleared == {"entries": 2}
    assert after == {**before, "entries": 0}
