"""Batches over HTTP: ids of the caller, bad entries, files, and the state of each item."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.imaging.sample_files import png
from support.rest.event_lines import received
from support.rest.rest_server import PausedApi, refused, rest_server

pytestmark = pytest.mark.usefixtures("small_pictures")

BATCH = "/batch/generate"
FOLDER = "/advanced/batch/process-folder"
WAIT = {"prefer": "wait=60"}
CAT = {"id": "my cat", "operation": "core", "parameters": {"prompt": "a cat"}}
DOG = {"id": "dog", "operation": "sd3", "parameters": {"prompt": "a dog", "model": "sd3.5-flash"}}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("batches")) as found:
        yield found


def fine(answer: httpx2.Response, status: int = 200) -> Any:  # noqa: ANN401 -- JSON
    """Check an answer and return its JSON."""
    assert answer.status_code == status, answer.text
    return answer.json()


def status_of(client: httpx2.Client, run: str) -> dict[str, Any]:
    """Return the state of a batch."""
    found: dict[str, Any] = fine(client.get(f"/advanced/batch/{run}/status"))
    return found


@pytest.mark.parametrize("body", [[CAT, DOG], {"requests": [CAT, DOG]}])
def test_results_carry_the_ids_of_the_caller(client: httpx2.Client, body: object) -> None:
    """Documented: the JSON body may also be the bare list."""
    run = fine(client.post(BATCH, json=body, headers=WAIT))

    results = [each for some in run["outputs"].values() for each in some]
    assert [each["id"] for each in results] == ["my cat", "dog"]
    assert [each["media"]["label"].split(" v")[0] for each in results] == ["my cat", "dog"]


def test_a_bad_entry_does_not_stop_the_others(client: httpx2.Client) -> None:
    """Documented: it fails with its error, uncharged; others that use it fail with it."""
    bad: list[dict[str, Any]] = [
        {"id": "no prompt", "operation": "core"},
        {"id": "no tool", "operation": "nope", "parameters": {}},
        {"id": "nothing"},
        {"id": "no picture", "operation": "upscale_fast"},
        {"id": "gone", "operation": "upscale_fast", "parameters": {"image": "no such label"}},
        {"id": "of-gone", "operation": "upscale_fast", "parameters": {"image": "$gone"}},
    ]
    run = fine(client.post(BATCH, json=[*bad, CAT], headers=WAIT))

    assert (run["status"], run["total"], run["failed"]) == ("done", 7, 6)
    found = {each["id"]: each for each in status_of(client, run["id"])["items"]}
    assert list(found) == [*(each["id"] for each in bad), "my cat"]
    assert {each["state"] for name, each in found.items() if name != "my cat"} == {"failed"}
    assert "prompt is missing" in found["no prompt"]["error"]
    assert 'no tool "nope"' in found["no tool"]["error"]
    assert "No tool is named" in found["nothing"]["error"]
    assert "image is missing" in found["no picture"]["error"]
    assert "no such label" in found["gone"]["error"]
    assert found["of-gone"]["error"] == 'step "of-gone": It uses "gone", which can\'t run.'
    assert found["my cat"]["media"]["label"].startswith("my cat")


def test_events_and_lists_count_bad_entries_too(client: httpx2.Client) -> None:
    """Chosen: a page that follows a batch shows the same figures as its result."""
    bad = {"id": "no prompt", "operation": "core"}
    run = fine(client.post(BATCH, json=[bad, CAT], headers=WAIT))

    with client.stream("GET", f"/jobs/{run['id']}/events", timeout=30) as stream:
        followed = [each.data for each in received(stream) if each.name == "run"]
    listed = [each for each in fine(client.get("/jobs"))["jobs"] if each["id"] == run["id"]]

    assert (run["status"], run["total"], run["done"], run["failed"]) == ("done", 2, 1, 1)
    assert [each | {"kind": "run"} for each in followed] == listed
    assert followed[0].items() <= run.items()


def test_entries_that_are_all_bad_are_refused(client: httpx2.Client) -> None:
    """Chosen: a run of nothing would look like a success."""
    answer = client.post(BATCH, json=[{"id": "a", "operation": "core"}], headers=WAIT)

    refused(answer, 400, "invalid_arguments")
    assert answer.json()["problems"][0]["step"] == "a"


def test_five_hundred_entries_are_one_run(tmp_path: Path) -> None:
    """Documented: from 1 to 500; the state is known while it runs."""
    api = PausedApi()
    entries = [{**CAT, "id": f"cat {number}"} for number in range(500)]
    with rest_server(tmp_path, gate=api.gate) as client:
        run = fine(client.post(BATCH, json=entries), 202)
        found = status_of(client, run["id"])
        refused(client.post(BATCH, json=[*entries, CAT]), 400, "invalid_arguments")
        client.delete(f"/jobs/{run['id']}")
        api.open(client)

    assert (found["state"], found["total"], len(found["items"])) == ("in-progress", 500, 500)
    assert {each["state"] for each in found["items"]} <= {"queued", "running"}
    assert found["seconds_left"] > 0


# Files --------------------------------------------------------------------------------------------


def test_files_are_processed_in_their_order(client: httpx2.Client) -> None:
    """Documented: files, with the operation's short name; a bad file doesn't stop the others."""
    files = [("images", (f"{side}.png", png((side, 96)))) for side in (101, 102)]
    form = {"operation": "remove_background", "operation_params": '{"output_format": "webp"}'}
    run = fine(client.post(FOLDER, data=form, files=files, headers=WAIT))

    items = status_of(client, run["id"])["items"]
    assert [each["media"]["width"] for each in items] == [101, 102]
    assert {each["media"]["media_type"] for each in items} == {"image/webp"}
    assert "folder" not in run


def test_stored_media_is_processed_by_name(client: httpx2.Client) -> None:
    """Documented: media ids and labels; an unknown name is refused before anything is paid."""
    fine(
        client.post("/media", files={"file": ("x.png", png((103, 96)))}, data={"label": "by name"}),
        201,
    )
    body = {"images": ["by name"], "operation": "upscale_fast"}
    run = fine(client.post(FOLDER, json=body, headers=WAIT))

    (item,) = status_of(client, run["id"])["items"]
    assert (item["id"], item["state"]) == ("by name", "done")

    body["images"] = ["by name", "unknown"]
    answer = client.post(FOLDER, json=body, headers=WAIT)
    refused(answer, 400, "invalid_arguments")
    assert 'called "unknown"' in answer.json()["problems"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"folder": "/etc", "images": ["by name"]},
        {"images": ["/etc"]},
        {"images": ["by name", "~/photo.png"]},
        {"images": "file:///etc/passwd"},
        {"images": ["photos/*.png"]},
    ],
)
def test_folders_and_paths_of_the_server_are_refused(
    client: httpx2.Client, body: dict[str, object]
) -> None:
    """Documented (routes.yaml): 400, server_folder."""
    answer = client.post(FOLDER, json={**body, "operation": "upscale_fast"}, headers=WAIT)

    assert "Upload the files" in refused(answer, 400, "server_folder")


def test_no_images_are_an_error(client: httpx2.Client) -> None:
    """Documented: 1 to 20 files, or up to 500 names."""
    answer = client.post(FOLDER, json={"images": [], "operation": "upscale_fast"})

    text = refused(answer, 400, "invalid_arguments")
    assert "images must be a list of 1 to 500" in text
    assert "workflow_templates" not in text


@pytest.mark.parametrize(
    ("path", "body", "texts"),
    [
        (
            FOLDER,
            {"images": ["no such label"], "operation": "remove_background"},
            ["images: It has no pictures", "Name other pictures by id or label."],
        ),
        (
            FOLDER,
            {"images": ["no such label"], "operation": "core"},
            ["operation: generate_core takes no file", "POST /api/stability/batch/generate"],
        ),
        ("/batch/generate", [{"op": "core"}], ['There is no argument "requests[0].op"']),
    ],
)
def test_errors_are_in_words_of_the_route(
    client: httpx2.Client, path: str, body: object, texts: list[str]
) -> None:
    """Chosen: a template has other names, and takes folders and wildcards."""
    text = refused(client.post(path, json=body), 400, "invalid_arguments")

    assert [each for each in texts if each not in text] == []
    assert "wildcard" not in text


def test_an_unknown_batch_is_not_found(client: httpx2.Client) -> None:
    """Documented: 404."""
    refused(client.get("/advanced/batch/run-nothing/status"), 404, "not_found")


@pytest.mark.parametrize("body", [{"payload": {"id": 1}}, {"anything": "else"}, None])
def test_messages_about_generations_are_refused(client: httpx2.Client, body: object) -> None:
    """Documented (routes.yaml): 410, whatever is sent."""
    answer = client.post("/webhook/generation-complete", json=body)

    assert "/webhooks" in refused(answer, 410, "no_inbound_webhooks")
