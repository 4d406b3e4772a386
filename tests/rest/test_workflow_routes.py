"""Workflows over HTTP: templates, plans, runs that wait for a pick, saved templates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stability_mcp.workflows.templates import all_templates
from support.imaging.sample_files import png
from support.rest.rest_server import refused, rest_server

WAIT = {"prefer": "wait=60"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the server."""
    return tmp_path_factory.mktemp("workflows")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(folder) as found:
        yield found


def fine(answer: httpx2.Response, status: int = 200) -> Any:  # noqa: ANN401 -- JSON
    """Check an answer and return its JSON."""
    assert answer.status_code == status, answer.text
    return answer.json()


def plan_of(client: httpx2.Client, side: int, **step: object) -> dict[str, Any]:
    """Return a plan of one small step; each side is another picture."""
    photo = client.post("/media", content=png((side, 64)), headers={"content-type": "image/png"})
    reference = photo.json()["media"][0]["uri"]
    arguments = {"image": reference, "mask": reference}
    return {"steps": [{"id": "cut", "tool": "edit_erase", "arguments": arguments, **step}]}


def test_a_plan_is_priced_and_drawn(client: httpx2.Client) -> None:
    """Documented: the arguments of workflow_plan; free."""
    checked = fine(client.post("/workflows/plan", json={"plan": plan_of(client, 80, count=3)}))

    assert (checked["low"], checked["high"], checked["jobs"]) == (15, 15, 3)
    assert "flowchart" in checked["mermaid"]
    assert "15 credits" in checked["text"]


def test_every_mistake_of_a_plan_is_named(client: httpx2.Client) -> None:
    """Documented: 400 with step, argument and what to do."""
    steps = [{"id": "a", "tool": "nope"}, {"id": "b", "tool": "neither"}]

    text = refused(
        client.post("/workflows/plan", json={"plan": {"steps": steps}}), 400, "invalid_arguments"
    )

    assert 'step "a"' in text
    assert 'step "b"' in text


def test_a_run_answers_at_once_and_is_found_by_its_id(client: httpx2.Client) -> None:
    """Documented: 202 with links; it waits only with Prefer: wait=N."""
    started = client.post("/workflows/run", json={"plan": plan_of(client, 81)})
    run = fine(started, 202)
    done = fine(client.get(f"/results/{run['id']}", headers=WAIT))
    waited = client.post("/workflows/run", json={"plan": plan_of(client, 82)}, headers=WAIT)

    assert run["status"] == "in-progress"
    assert started.headers["location"] == run["links"]["results"]
    assert (done["status"], done["done"], done["total"]) == ("done", 1, 1)
    assert done["outputs"]["cut"][0]["media"]["links"]["content"].endswith("/content")
    assert fine(waited)["status"] == "done"
    assert waited.headers["preference-applied"] == "wait=60"


def test_a_review_asks_for_a_pick(client: httpx2.Client) -> None:
    """Documented: run also picks; a plan with review waits for the user."""
    plan = plan_of(client, 83, count=2, review=True)
    asked = fine(client.post("/workflows/run", json={"plan": plan}, headers=WAIT))
    listed = fine(client.get("/jobs", params={"state": "paused"}))["jobs"]
    picked = client.post("/workflows/run", json={"run": asked["id"], "pick": ["2"]}, headers=WAIT)

    assert (asked["status"], asked["review"]) == ("review", ["cut"])
    assert [each["id"] for each in listed] == [asked["id"]]
    assert fine(picked)["status"] == "done"
    assert [each["picked"] for each in picked.json()["outputs"]["cut"]] == [True]


def test_a_run_that_waits_is_cancelled(client: httpx2.Client) -> None:
    """Documented: the answer has what was charged."""
    plan = plan_of(client, 84, count=2, review=True)
    asked = fine(client.post("/workflows/run", json={"plan": plan}, headers=WAIT))

    cancelled = client.delete(f"/jobs/{asked['id']}", headers=WAIT)

    assert (fine(cancelled)["status"], cancelled.json()["credits"]) == ("cancelled", 10)


def test_saved_templates_are_listed_without_their_folder(
    client: httpx2.Client, folder: Path
) -> None:
    """Documented: run also saves; no server path in any JSON."""
    run = fine(client.post("/workflows/run", json={"plan": plan_of(client, 85)}, headers=WAIT))
    saved = client.post("/workflows/run", json={"run": run["id"], "save_as": "cut-out"})
    listed = client.get("/workflows/templates")
    names = [each["name"] for each in fine(listed)["templates"]]

    assert "cut-out" in " ".join(fine(saved)["notes"])
    assert str(folder) not in saved.text + listed.text
    assert names[: len(all_templates())] == list(all_templates())
    assert fine(client.get("/workflows/templates", params={"name": names[-1]}))["templates"][0][
        "saved"
    ]


def test_a_template_is_explained(client: httpx2.Client) -> None:
    """Documented: the arguments of workflow_templates."""
    [found] = fine(client.get("/workflows/templates", params={"name": "Compare models"}))[
        "templates"
    ]

    assert found["name"] == "compare_models"
    assert found["example"]["template"] == "compare_models"
    assert "prompt" in found["arguments"]["properties"]
    refused(client.get("/workflows/templates", params={"name": "x"}), 404, "not_found")


@pytest.mark.parametrize(
    "body", [{}, {"resume": True}, {"run": "run-0000000000"}, {"steps": []}, {"plan": "no"}]
)
def test_what_cant_run_is_refused(client: httpx2.Client, body: dict[str, Any]) -> None:
    """Documented: 400, or 404 for a run that doesn't exist; nothing is charged."""
    answer = client.post("/workflows/run", json=body)

    assert answer.status_code == (404 if "run" in body else 400)
    assert answer.json()["charged"] == "not charged"


@pytest.mark.parametrize("to", ["out", "{name}", "$name"])
def test_a_plan_writes_no_files_on_the_server(client: httpx2.Client, folder: Path, to: str) -> None:
    """Documented: never a server path; a reference that is filled in later is refused as well."""
    step = {"id": "save", "tool": "media_export", "arguments": {"media": "x", "to": to}}
    plan = {"inputs": {"name": "out"}, "steps": [step], "deliver": {"to": "out"}}

    answer = client.post("/workflows/run", json={"plan": plan}, headers=WAIT)
    text = refused(answer, 400, "invalid_arguments")

    assert text.count("Calls over HTTP write no files into folders of the server.") == 2
    assert {each["argument"] for each in answer.json()["problems"]} >= {"to", "deliver.to"}
    assert str(folder) not in answer.text


def test_a_step_reads_no_file_that_is_known_only_when_it_runs(
    client: httpx2.Client, folder: Path
) -> None:
    """Documented: never a server path; a result has the name of the element it was made for."""
    secret = folder / "secret.png"
    secret.write_bytes(png((90, 60)))
    plan = plan_of(client, 87, foreach=[{"name": str(secret), "to": str(folder / "out")}])
    copied = {"image": "{item.name}", "steps": [{"op": "flip", "direction": "horizontal"}]}
    plan["steps"] += [
        {"id": "read", "tool": "image_transform", "foreach": "$cut", "arguments": copied},
        {
            "id": "look",
            "tool": "edit_erase",
            "foreach": "$cut",
            "arguments": {"image": "{item.name}"},
        },
    ]

    run = fine(client.post("/workflows/run", json={"plan": plan}, headers=WAIT))

    assert {each["id"]: (each["done"], each["failed"]) for each in run["steps"]} == {
        "cut": (1, 0),
        "read": (0, 1),
        "look": (0, 1),
    }, run
    media = fine(client.get("/media", params={"query": "secret"}))["media"]
    assert media == []


def test_usage_is_reported(client: httpx2.Client) -> None:
    """Documented: usage_report's arguments."""
    fine(client.post("/workflows/run", json={"plan": plan_of(client, 86)}, headers=WAIT))

    report = fine(client.get("/usage", params={"by": "operation", "since": "today"}))

    assert report["lines"][0]["operation"] == "edit_erase"
    assert report["total"]["credits"] >= 5
    refused(client.get("/usage", params={"by": "month"}), 400, "invalid_arguments")
