"""Deferred generations: started, running, done, expired."""

import httpx2
import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.generations import MAX_KEPT, Pace
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS

from .conftest import Clock
from .support_emulated import caller, opened, refused, send

pytestmark = pytest.mark.anyio

HOUR = 3_600
GONE = (
    404,
    "generation_not_found",
    ["id: the generation either does not exist or has expired."],
)
RESULTS = "/v2beta/results/{id}"
SOUNDS = "/v2beta/audio/results/{id}"


async def start_sound(client: httpx2.AsyncClient) -> httpx2.Response:
    """Start a short sound."""
    row = OPERATIONS["audio3_text_to_audio"]
    return await send(client, row.model_validate({"prompt": "rain", "duration": 2}))


async def started(client: httpx2.AsyncClient) -> str:
    """Start a short sound and return its id."""
    generation: str = (await start_sound(client)).json()["id"]
    return generation


@pytest.fixture
def relight() -> str:
    """The operation whose result has the size of the uploaded picture."""
    return "edit_replace_background_and_relight"


async def test_starting_a_picture_returns_200_and_starting_a_sound_202(
    client: httpx2.AsyncClient, relight: str
) -> None:
    """Documented: both answer JSON that only has an id of 64 hex digits."""
    row = OPERATIONS[relight]
    arguments = {"subject_image": "x", "background_prompt": "a beach"}

    picture = await send(client, row.model_validate(arguments), accept="image/*")
    sound = await start_sound(client)

    assert (picture.status_code, sound.status_code) == (200, 202)
    for response in (picture, sound):
        assert response.headers["content-type"] == "application/json"
        assert list(response.json()) == ["id"]
        assert len(bytes.fromhex(response.json()["id"])) == 32


async def test_a_generation_runs_for_the_set_number_of_polls(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 202 with this body until it is ready, then like a synchronous response."""
    state.pace = Pace(polls=2)
    generation = await started(client)

    polls = [await client.get(SOUNDS.format(id=generation)) for _ in range(4)]

    assert [each.status_code for each in polls] == [202, 202, 200, 200]
    assert polls[0].json() == {"id": generation, "status": "in-progress"}
    assert polls[2].headers["content-type"] == "audio/mpeg"
    assert polls[2].headers["finish-reason"] == "SUCCESS"
    assert polls[2].headers["seed"].isdecimal()
    assert polls[2].content == polls[3].content


async def test_a_generation_runs_for_the_set_number_of_seconds(
    client: httpx2.AsyncClient, state: State, clock: Clock
) -> None:
    """Chosen: the pace can be a duration on the emulated clock."""
    state.pace = Pace(seconds=30)
    generation = await started(client)

    early = await client.get(SOUNDS.format(id=generation))
    clock.now += 30
    late = await client.get(SOUNDS.format(id=generation))

    assert (early.status_code, late.status_code) == (202, 200)


async def test_a_generation_is_charged_when_it_starts_and_not_when_it_is_fetched(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: the call has the price; polling is free."""
    generation = await started(client)
    await client.get(SOUNDS.format(id=generation))
    await client.get(SOUNDS.format(id=generation))

    assert [(each.millicredits, each.generation) for each in state.charges()] == [
        (26_000, generation)
    ]


async def test_a_generation_is_not_found_with_another_key(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: another key gets the same 404 as for an unknown id."""
    generation = await started(client)

    async with caller(state, key="sk-another-user") as other:
        response = await other.get(SOUNDS.format(id=generation))

    assert refused(response) == GONE


async def test_the_other_results_path_serves_a_sound_too(client: httpx2.AsyncClient) -> None:
    """Documented: a production client polls Stable Audio 3 on this path, with `accept: */*`."""
    generation = await started(client)

    answer = await client.get(RESULTS.format(id=generation), headers={"accept": "*/*"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"


async def test_a_generation_can_be_missing_for_a_while(
    client: httpx2.AsyncClient, clock: Clock
) -> None:
    """Chosen: allows testing how a client handles an early 404."""
    generation = await started(client)
    fault = {"path": "/v2beta/*results/*", "status": 404, "seconds": 30}
    await client.post("/_emulator/faults", json=fault)

    early = [await client.get(path.format(id=generation)) for path in (SOUNDS, RESULTS) * 2]
    clock.now += 30
    late = await client.get(SOUNDS.format(id=generation))

    assert [refused(each) for each in early] == [GONE] * 4
    assert late.status_code == 200
    assert (await client.get("/_emulator/faults")).json() == []


async def test_a_generation_expires_after_a_day(client: httpx2.AsyncClient, clock: Clock) -> None:
    """Documented: results are kept for 24 hours."""
    generation = await started(client)
    clock.now += 24 * HOUR - 1
    before = await client.get(SOUNDS.format(id=generation))
    clock.now += 1
    after = await client.get(SOUNDS.format(id=generation))

    assert before.status_code == 200
    assert refused(after) == GONE


async def test_an_id_of_the_wrong_length_is_a_bad_request(client: httpx2.AsyncClient) -> None:
    """Documented: 400 for a bad id; checked before the key, like all parameters."""
    client.headers.pop("authorization")

    response = await client.get(RESULTS.format(id="a6dc6c6e"))

    assert refused(response)[:2] == (400, "bad_request")


async def test_polling_needs_a_key(client: httpx2.AsyncClient) -> None:
    """Documented: results belong to a key."""
    generation = await started(client)
    client.headers.pop("authorization")

    assert refused(await client.get(SOUNDS.format(id=generation)))[:2] == (401, "unauthorized")


async def test_the_older_path_of_upscale_creative_still_works(
    client: httpx2.AsyncClient, relight: str
) -> None:
    """Documented: a hidden alias of the results path, for the same generations."""
    arguments = {"subject_image": "x", "background_prompt": "a beach", "output_format": "webp"}
    start = await send(client, OPERATIONS[relight].model_validate(arguments))
    generation = start.json()["id"]

    response = await client.get(f"/v2beta/stable-image/upscale/creative/result/{generation}")

    assert opened(response.content).format == "WEBP"


async def test_a_result_is_json_if_accept_asks_for_it(client: httpx2.AsyncClient) -> None:
    """Documented: the results paths accept the same two accept headers."""
    generation = await started(client)

    response = await client.get(
        SOUNDS.format(id=generation), headers={"accept": "application/json"}
    )

    assert response.headers["content-type"] == "application/json; type=audio/mpeg"
    assert list(response.json()) == ["audio", "seed", "finish_reason"]


async def test_only_fetched_results_are_deleted_for_space(
    client: httpx2.AsyncClient, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: fetched results are bounded; others are never deleted within 24 hours."""
    monkeypatch.setattr("stability_emulator.generations.MAX_KEPT", 2)
    unfetched, fetched = await started(client), await started(client)
    await client.get(SOUNDS.format(id=fetched))

    newer = [await started(client) for _ in "ab"]

    polls = [
        (await client.get(SOUNDS.format(id=generation))).status_code
        for generation in (unfetched, fetched, *newer)
    ]
    assert (MAX_KEPT, polls) == (1_000, [200, 404, 200, 200])
    assert state.credits(EMULATOR_KEY) == 1_000_000 - 4 * 26
