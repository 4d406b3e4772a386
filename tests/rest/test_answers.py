"""Answers of operations: bytes, JSON, 202 with links, v1's artifacts, and errors of jobs."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.imaging.sample_files import png
from support.rest.rest_server import PausedApi, refused, rest_server

CORE = "/generate/core"
CREATIVE = "/upscale/creative"
V1 = "/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image"
AS_JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("answers")) as found:
        yield found


def test_a_result_is_its_bytes_with_headers(client: httpx2.Client) -> None:
    """Documented: bytes by default, described by headers."""
    answer = client.post(CORE, data={"prompt": "a fox", "seed": 8, "label": "fox\u202e <b>"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    headers = answer.headers
    shown = [headers[name] for name in ("seed", "finish-reason", "x-credits")]
    assert shown == ["8", "SUCCESS", "3"]
    assert headers["link"] == f'</api/stability/jobs/{headers["x-job-id"]}>; rel="describedby"'
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "\u202e" not in headers["content-disposition"]
    assert "<" not in headers["content-disposition"]


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("application/json, */*", True),
        ("application/json;q=0.5, image/*", False),
        ("image/*", False),
        ("*/*", False),
        ("audio/mpeg", True),
    ],
)
def test_accept_chooses_the_form(client: httpx2.Client, accept: str, is_json: bool) -> None:  # noqa: FBT001 -- a case
    """Documented: JSON on Accept: application/json; without bytes and server paths."""
    answer = client.post(CORE, data={"prompt": "a fox", "seed": 7}, headers={"accept": accept})

    assert answer.headers["content-type"] == ("application/json" if is_json else "image/png")
    if is_json:
        job = answer.json()
        assert job["status"] == "done"
        assert job["media"][0]["links"]["content"].endswith(f"/{job['media'][0]['id']}/content")
        assert "/home" not in answer.text
        assert "path" not in job["media"][0]


def test_several_results_are_json(client: httpx2.Client) -> None:
    """Documented: several jobs: id of the call, status, jobs."""
    call = client.post(CORE, data={"prompt": "three foxes", "count": 2}).json()

    assert (call["status"], len(call["jobs"])) == ("done", 2)
    assert all(len(job["media"]) == 1 for job in call["jobs"])
    again = client.get(f"/results/{call['id']}").json()
    assert [job["id"] for job in again["jobs"]] == [job["id"] for job in call["jobs"]]


def test_v1_answers_artifacts_or_the_picture(client: httpx2.Client) -> None:
    """Documented: base64, seed and finishReason; Accept image/* and one sample: the bytes."""
    body = {"text_prompts": [{"text": "a fox", "weight": 1}], "seed": 7}

    several = client.post(V1, json={**body, "samples": 2})
    picture = client.post(V1, json=body, headers={"accept": "image/*"})
    form = client.post(V1, data={"text_prompts": json.dumps(body["text_prompts"]), "seed": "7"})

    artifacts = several.json()["artifacts"]
    assert [each["finishReason"] for each in artifacts] == ["SUCCESS", "SUCCESS"]
    assert base64.b64decode(artifacts[0]["base64"]).startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
    assert len(form.json()["artifacts"]) == 1


def test_the_mode_of_sd3_follows_from_the_image(client: httpx2.Client) -> None:
    """Documented: dropped when it agrees, else 400."""
    agrees = client.post("/generate/sd3", data={"prompt": "a fox", "mode": "text-to-image"})
    differs = client.post("/generate/sd3", data={"prompt": "a fox", "mode": "image-to-image"})

    assert agrees.status_code == 200, agrees.text
    assert "text-to-image" in refused(differs, 400, "invalid_arguments")


def test_a_sound_lasts_190_seconds_by_default(client: httpx2.Client) -> None:
    """Documented: the API's own default applies here, as in no tool."""
    answer = client.post("/audio/text-to-audio", data={"prompt": "rain"}, headers=AS_JSON)

    assert answer.json()["media"][0]["seconds"] == pytest.approx(190, abs=1)


def test_a_filtered_result_is_charged_and_marked(client: httpx2.Client) -> None:
    """Documented: 200 with Finish-Reason CONTENT_FILTERED."""
    answer = client.post(CORE, data={"prompt": "a fox, emulate filter"})

    assert (answer.headers["finish-reason"], answer.headers["x-credits"]) == (
        "CONTENT_FILTERED",
        "3",
    )


def test_a_refused_prompt_is_403(client: httpx2.Client) -> None:
    """Documented: the API's moderation; the job is named, nothing is charged."""
    answer = client.post(CORE, data={"prompt": "a fox, emulate moderation"})

    refused(answer, 403, "moderation")
    assert answer.json()["charged"] == "not charged"


def test_deferred_work_answers_202_with_links(tmp_path: Path) -> None:
    """Documented: 202 with Location and Retry-After; the links lead to the result."""
    api = PausedApi()
    with rest_server(tmp_path, gate=api.gate) as client:
        files = {"image": ("a.png", png((64, 64)))}
        started = client.post(CREATIVE, files=files, data={"prompt": "sharper"})

        assert (started.status_code, started.json()["status"]) == (202, "in-progress")
        results = started.json()["links"]["results"]
        assert started.headers["location"] == results
        assert int(started.headers["retry-after"]) >= 1
        waiting = client.get(f"/results/{started.json()['id']}")
        assert waiting.status_code == 202
        api.open(client)
        done = client.get(f"/results/{started.json()['id']}", headers={"prefer": "wait=30"})
        assert (done.status_code, done.headers["preference-applied"]) == (200, "wait=30")
        assert done.headers["content-type"] == "image/png"


def test_a_client_chooses_how_long_it_waits(tmp_path: Path) -> None:
    """Documented: respond-async: 202 once the call is stored; wait=N: N seconds at most."""
    api = PausedApi()
    with rest_server(tmp_path, gate=api.gate, rest_wait=0) as client:
        for headers in ({"prefer": "respond-async"}, {"prefer": "wait=0"}, {}):
            answer = client.post(CORE, data={"prompt": f"fox {headers}"}, headers=headers)
            assert answer.status_code == 202, answer.text
        api.open(client)
        job = answer.json()["id"]
        found: Any = client.get(f"/results/{job}", headers={"prefer": "wait=30"})
        assert (found.status_code, found.headers["x-job-id"]) == (200, job)


def test_an_unfinished_call_is_not_joined_by_an_equal_one(tmp_path: Path) -> None:
    """Documented: an asynchronous call still counts as waited for; equal calls are two."""
    api = PausedApi()
    with rest_server(tmp_path, gate=api.gate) as client:
        headers = {"prefer": "respond-async"}
        first, second = (
            client.post(CORE, data={"prompt": "a fox"}, headers=headers).json()["id"] for _ in "12"
        )
        api.open(client)

        assert first != second


def test_a_closed_connection_leaves_the_job(tmp_path: Path) -> None:
    """Documented: the job continues, and an equal call joins it."""
    api = PausedApi()
    with rest_server(tmp_path, gate=api.gate) as client:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(CORE, data={"prompt": "a fox"}, timeout=0.5)
        api.open(client)
        answer = client.post(CORE, data={"prompt": "a fox"}, headers=AS_JSON)

    assert answer.status_code == 200
    assert any("oined" in note for note in answer.json()["notes"]), answer.json()["notes"]
