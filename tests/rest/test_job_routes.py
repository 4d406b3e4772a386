"""Jobs, calls and runs over HTTP: results by any id, one list of all, cancel and rerun."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stability_emulator.faults import Fault
from support.imaging.sample_files import png
from support.rest.rest_server import refused, rest_server

JSON = {"accept": "application/json"}
WAIT = {"prefer": "wait=60"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("jobs")) as found:
        yield found


def fine(answer: httpx2.Response, status: int = 200) -> Any:  # noqa: ANN401 -- JSON
    """Check an answer and return its JSON."""
    assert answer.status_code == status, answer.text
    return answer.json()


def cut_out(client: httpx2.Client, side: int, **headers: str) -> httpx2.Response:
    """Run a small paid operation; each side is another picture."""
    files = {"image": ("photo.png", png((side, 64)))}
    return client.post("/edit/remove-background", files=files, headers=headers)


def erased(client: httpx2.Client, side: int, **fields: str) -> httpx2.Response:
    """Run a small paid operation that takes a seed."""
    files = {name: (f"{name}.png", png((side, 64))) for name in ("image", "mask")}
    return client.post("/edit/erase", files=files, data=fields)


def ran(client: httpx2.Client, side: int, **more: object) -> dict[str, Any]:
    """Run a workflow of one step to its end."""
    photo = client.post("/media", content=png((side, 64)), headers={"content-type": "image/png"})
    step = {
        "id": "cut",
        "tool": "edit_remove_background",
        "arguments": {"image": photo.json()["media"][0]["uri"]},
    }
    body = {"plan": {"title": f"cut {side}", "steps": [step]}, **more}
    started = fine(client.post("/workflows/run", json=body), 202)
    done: dict[str, Any] = fine(client.get(f"/results/{started['id']}", headers=WAIT))
    return done


# Results ------------------------------------------------------------------------------------------


def test_every_id_of_a_job_names_its_result(client: httpx2.Client) -> None:
    """Documented: job id, call id, and the API's generation id."""
    files = {"image": ("photo.png", png((100, 64)))}
    started = client.post("/upscale/creative", files=files, data={"prompt": "a photo"})
    job = fine(started, 202)["id"]
    made = client.get(f"/results/{job}", headers=WAIT)
    generation = fine(client.get(f"/jobs/{job}"))["generation"]

    assert made.status_code == 200
    assert started.headers["location"].endswith(f"/results/{job}")
    assert int(started.headers["retry-after"]) >= 1
    for name in (job, generation):
        again = client.get(f"/results/{name}")
        assert again.headers["x-media-id"] == made.headers["x-media-id"]


def test_a_call_with_several_jobs_has_an_id_of_its_own(client: httpx2.Client) -> None:
    """Documented: several jobs: id of the call, status, jobs."""
    call = fine(erased(client, 99, count="2"))

    assert len(call["jobs"]) == 2
    for path in ("results", "jobs"):
        shown = fine(client.get(f"/{path}/{call['id']}"))
        assert [each["id"] for each in shown["jobs"]] == [each["id"] for each in call["jobs"]]
        assert shown["status"] == "done"
    text = refused(client.post(f"/jobs/{call['id']}/rerun"), 400, "invalid_arguments")
    assert "2 jobs" in text


@pytest.mark.parametrize(
    ("accept", "parameter", "kind"),
    [
        ("*/*", None, "image/png"),
        ("image/*", None, "image/png"),
        ("application/json", None, "application/json"),
        ("application/json", "image/*", "image/png"),
        ("image/png", "application/json", "application/json"),
        ("audio/*", None, "application/json"),
        ("*/*", "model/gltf-binary", "application/json"),
    ],
)
def test_the_accepted_type_chooses_bytes_or_json(
    client: httpx2.Client, accept: str, parameter: str | None, kind: str
) -> None:
    """Documented: accept_type overrides Accept; a type that doesn't fit gives the JSON form."""
    job = cut_out(client, 101).headers["x-job-id"]
    query = {"accept_type": parameter} if parameter else {}

    answer = client.get(f"/results/{job}", params=query, headers={"accept": accept})

    assert answer.headers["content-type"] == kind
    if kind == "application/json":
        notes = " ".join(answer.json()["notes"])
        assert ("image/png" in notes) == ("json" not in (parameter or accept))


def test_results_take_ranges_like_media(client: httpx2.Client) -> None:
    """Chosen: players ask for parts wherever the bytes are."""
    job = cut_out(client, 102).headers["x-job-id"]
    whole = client.get(f"/results/{job}")

    part = client.get(f"/results/{job}", headers={"range": "bytes=0-9"})
    same = client.get(f"/results/{job}", headers={"if-none-match": whole.headers["etag"]})

    assert (part.status_code, part.content) == (206, whole.content[:10])
    assert same.status_code == 304


@pytest.mark.parametrize("name", ["nothing", "run-nothing", "paused", "%2E%2E%2Fx", "x" * 200])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/results/{}"),
        ("GET", "/jobs/{}"),
        ("DELETE", "/jobs/{}"),
        ("POST", "/jobs/{}/rerun"),
    ],
)
def test_unknown_ids_are_refused(client: httpx2.Client, name: str, method: str, path: str) -> None:
    """Documented: 404; words that mean many jobs to a tool mean none in a path."""
    assert client.request(method, path.format(name)).status_code in {400, 404}


# One list -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked(client: httpx2.Client) -> None:
    """Start jobs and runs in turn, so that pages hold both."""
    for side in range(110, 113):
        cut_out(client, side)
        ran(client, side + 10)


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_jobs_and_runs_lose_and_repeat_nothing(client: httpx2.Client, limit: int) -> None:
    """Documented: jobs and runs together, newest first."""
    whole = fine(client.get("/jobs", params={"limit": 200}))
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = fine(client.get("/jobs", params=query))
        assert 1 <= len(page["jobs"]) <= limit
        seen += page["jobs"]
        if "next_cursor" not in page:
            break
        query["cursor"] = page["next_cursor"]

    assert "next_cursor" not in whole
    assert [each["id"] for each in seen] == [each["id"] for each in whole["jobs"]]
    times = [each["created"] for each in seen]
    assert times == sorted(times, reverse=True)
    assert {each["kind"] for each in seen} == {"job", "run"}


def test_entries_that_start_meanwhile_move_no_page(client: httpx2.Client) -> None:
    """Documented: a cursor is a position, not a count."""
    cut_out(client, 200)
    ran(client, 201)
    before = [each["id"] for each in fine(client.get("/jobs", params={"limit": 200}))["jobs"]]
    first = fine(client.get("/jobs", params={"limit": 2}))
    ran(client, 202)
    rest = fine(client.get("/jobs", params={"limit": 200, "cursor": first["next_cursor"]}))

    assert [each["id"] for each in (*first["jobs"], *rest["jobs"])] == before


def test_a_run_is_listed_with_its_steps(client: httpx2.Client) -> None:
    """Documented: runs are shown like jobs, with steps."""
    run = ran(client, 203)
    listed = fine(client.get("/jobs", params={"limit": 200}))["jobs"]
    [shown] = [each for each in listed if each["id"] == run["id"]]
    [job] = [each for each in listed if each.get("run") == run["id"]]

    assert [(each["id"], each["done"]) for each in shown["steps"]] == [("cut", 1)]
    assert shown["credits"] == run["credits"] == job["credits"]
    assert job["step"] == "cut"
    assert fine(client.get(f"/jobs/{run['id']}"))["outputs"]["cut"][0]["number"] == 1


def test_filters_limit_the_list(client: httpx2.Client) -> None:
    """Documented: state, operation, since, until."""
    job = cut_out(client, 204).headers["x-job-id"]
    run = ran(client, 205)["id"]

    def ids(**query: str) -> list[str]:
        page = fine(client.get("/jobs", params={"limit": 200, **query}))
        return [each["id"] for each in page["jobs"]]

    assert {job, run} <= set(ids(state="done"))
    assert ids(state="queued") == ids(state="unknown") == []
    of_operation = ids(operation="edit_remove_background", since="1h")
    assert job in of_operation
    assert run not in of_operation
    assert ids(until="2020-01-01") == []
    assert run in ids(since="today")


@pytest.mark.parametrize(
    "query",
    [
        {"state": "ready"},
        {"cursor": "12"},
        {"cursor": "1.2.3"},
        {"cursor": f"{2**63}."},
        {"limit": 201},
        {"operation": "paint"},
    ],
)
def test_invalid_filters_are_named(client: httpx2.Client, query: dict[str, Any]) -> None:
    """Documented: 400, or 404 for an operation that doesn't exist."""
    answer = client.get("/jobs", params=query)

    assert answer.status_code == (404 if "operation" in query else 400)
    assert str(next(iter(query.values())))[:10] in answer.text


# Cancel and rerun ---------------------------------------------------------------------------------


def test_cancelling_says_what_is_charged(client: httpx2.Client) -> None:
    """Documented: a finished job stays as it is."""
    job = cut_out(client, 206).headers["x-job-id"]
    run = ran(client, 207)

    [cancelled] = fine(client.delete(f"/jobs/{job}"))["jobs"]

    assert cancelled["outcome"] == "ended"
    assert "5 credits charged" in cancelled["text"]
    assert fine(client.delete(f"/jobs/{run['id']}"))["status"] == "done"


def test_a_rerun_is_a_new_paid_job(client: httpx2.Client) -> None:
    """Documented: job_rerun's arguments; answers like the operation."""
    first = erased(client, 98, seed="7")

    answer = client.post(
        f"/jobs/{first.headers['x-job-id']}/rerun",
        json={"changes": {"grow_mask": 3}, "label": "wider"},
    )

    assert answer.headers["content-type"] == "image/png"
    assert (answer.headers["seed"], answer.headers["x-credits"]) == ("7", "5")
    job = fine(client.get(f"/jobs/{answer.headers['x-job-id']}"))
    assert job["id"] != first.headers["x-job-id"]
    assert (job["arguments"]["grow_mask"], job["label"]) == (3, "wider")


def test_what_cant_be_rerun_is_refused(client: httpx2.Client) -> None:
    """Documented: a run is made again with redo_from; unknown arguments are named."""
    run, job = ran(client, 208)["id"], cut_out(client, 209).headers["x-job-id"]

    assert "redo_from" in refused(client.post(f"/jobs/{run}/rerun"), 400, "invalid_arguments")
    text = refused(client.post(f"/jobs/{job}/rerun", json={"seed": 1}), 400, "invalid_arguments")
    assert "put it into changes" in text


# Jobs that have no result -------------------------------------------------------------------------


REFUSED = Fault(path="*/erase", moderation="content_moderation")
LOST = Fault(path="*/remove-background", reset="after")


def test_a_job_without_a_result_answers_the_error_it_ended_with(tmp_path: Path) -> None:
    """Documented: the status of the tool's error; an unknown outcome is never sent again."""
    with rest_server(tmp_path, faults=[REFUSED, LOST]) as client:
        first = {
            "moderation": refused(erased(client, 100), 403, "moderation"),
            "unknown": refused(cut_out(client, 100), 502, "unknown"),
        }
        listed = {each["status"]: each for each in fine(client.get("/jobs"))["jobs"]}
        again = {
            "moderation": client.get(f"/results/{listed['failed']['id']}"),
            "unknown": client.get(f"/results/{listed['unknown']['id']}"),
        }
        [cancelled] = fine(client.delete(f"/jobs/{listed['unknown']['id']}"))["jobs"]
        rerun = client.post(f"/jobs/{listed['unknown']['id']}/rerun")
        paid = client.post(
            f"/jobs/{listed['unknown']['id']}/rerun", json={"accept_double_charge": True}
        )

    assert listed["failed"]["charged"] == "not charged"
    assert listed["unknown"]["charged"] == "may have been charged"
    assert refused(again["moderation"], 403, "moderation") == first["moderation"]
    assert refused(again["unknown"], 502, "unknown") == first["unknown"]
    assert cancelled["text"] == "already finished (unknown): 5 credits may have been charged"
    assert "accept_double_charge" in refused(rerun, 409, "double_charge")
    assert paid.headers["content-type"] == "image/png"


def test_a_key_makes_a_rerun_and_a_run_once(client: httpx2.Client) -> None:
    """Documented: the first one's jobs answer the same key again."""
    job = erased(client, 97, seed="5").headers["x-job-id"]
    headers = {"idempotency-key": "rerun-97"}
    reruns = [client.post(f"/jobs/{job}/rerun", headers=headers) for _ in range(2)]
    media = fine(client.get(f"/jobs/{job}"))["media"][0]["uri"]
    step = {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": media}}
    runs = [
        fine(
            client.post(
                "/workflows/run",
                json={"plan": {"steps": [step]}},
                headers={"idempotency-key": "run-97", **WAIT},
            )
        )
        for _ in range(2)
    ]

    assert len({each.headers["x-job-id"] for each in reruns}) == 1
    assert len({each["id"] for each in runs}) == 1
