"""Deferred generations: started, under way, there, gone."""

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
    """The row whose result is a picture of the size that was sent."""
    return "edit_replace_background_and_relight"


async def test_a_picture_starts_with_200_and_a_sound_with_202(
    client: httpx2.AsyncClient, relight: str
) -> None:
    """Documented: both answer JSON with nothing but an id of 64 hex digits."""
    row = OPERATIONS[relight]
    arguments = {"subject_image": "x", "background_prompt": "a beach"}

    picture = await send(client, row.model_validate(arguments), accept="image/*")
    sound = await start_sound(client)

    assert (picture.status_code, sound.status_code) == (200, 202)
    for response in (picture, sound):
        assert response.headers["content-type"] == "application/json"
        assert list(response.json()) == ["id"]
        assert len(bytes.fromhex(response.json()["id"])) == 32


async def test_a_generation_is_under_way_for_as_many_polls_as_asked(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 202 with this body until it is there, then as the synchronous answer."""
    state.pace = Pace(polls=2)
    generation = await started(client)

    polls = [await client.get(SOUNDS.format(id=generation)) for _ in range(4)]

    assert [each.status_code for each in polls] == [202, 202, 200, 200]
    assert polls[0].json() == {"id": generation, "status": "in-progress"}
    assert polls[2].headers["content-type"] == "audio/mpeg"
    assert polls[2].headers["finish-reason"] == "SUCCESS"
    assert polls[2].headers["seed"].isdecimal()
    assert polls[2].content == polls[3].content


async def test_a_generation_is_under_way_for_as_many_seconds_as_asked(
    client: httpx2.AsyncClient, state: State, clock: Clock
) -> None:
    """Chosen: the pace can be a time, of the clock that the test holds."""
    state.pace = Pace(seconds=30)
    generation = await started(client)

    early = await client.get(SOUNDS.format(id=generation))
    clock.now += 30
    late = await client.get(SOUNDS.format(id=generation))

    assert (early.status_code, late.status_code) == (202, 200)


async def test_it_is_charged_when_it_starts_and_not_when_it_is_fetched(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: the price is that of the call; polling is free."""
    generation = await started(client)
    await client.get(SOUNDS.format(id=generation))
    await client.get(SOUNDS.format(id=generation))

    assert [(each.millicredits, each.generation) for each in state.charges()] == [
        (26_000, generation)
    ]


async def test_another_key_does_not_see_it(client: httpx2.AsyncClient, state: State) -> None:
    """Documented: polled with another key it does not exist."""
    generation = await started(client)

    async with caller(state, key="sk-somebody-else") as other:
        response = await other.get(SOUNDS.format(id=generation))

    assert refused(response) == GONE


async def test_the_other_results_path_has_it_too(client: httpx2.AsyncClient) -> None:
    """Documented: a production client polls Stable Audio 3 there, with `accept: */*`."""
    generation = await started(client)

    answer = await client.get(RESULTS.format(id=generation), headers={"accept": "*/*"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"


async def test_a_generation_can_be_missing_for_a_while(
    client: httpx2.AsyncClient, clock: Clock
) -> None:
    """Chosen: what a client makes of a young 404 can be tried out."""
    generation = await started(client)
    order = {"path": "/v2beta/*results/*", "status": 404, "seconds": 30}
    await client.post("/_emulator/faults", json=order)

    early = [await client.get(path.format(id=generation)) for path in (SOUNDS, RESULTS) * 2]
    clock.now += 30
    late = await client.get(SOUNDS.format(id=generation))

    assert [refused(each) for each in early] == [GONE] * 4
    assert late.status_code == 200
    assert (await client.get("/_emulator/faults")).json() == []


async def test_it_expires_after_a_day(client: httpx2.AsyncClient, clock: Clock) -> None:
    """Documented: kept for 24 hours after the generation."""
    generation = await started(client)
    clock.now += 24 * HOUR - 1
    before = await client.get(SOUNDS.format(id=generation))
    clock.now += 1
    after = await client.get(SOUNDS.format(id=generation))

    assert before.status_code == 200
    assert refused(after) == GONE


async def test_an_id_of_the_wrong_length_is_a_bad_request(client: httpx2.AsyncClient) -> None:
    """Documented: 400 for a bad id; checked before the key, as all parameters are."""
    client.headers.pop("authorization")

    response = await client.get(RESULTS.format(id="a6dc6c6e"))

    assert refused(response)[:2] == (400, "bad_request")


async def test_polling_needs_a_key(client: httpx2.AsyncClient) -> None:
    """Documented: results belong to a key."""
    generation = await started(client)
    client.headers.pop("authorization")

    assert refused(await client.get(SOUNDS.format(id=generation)))[:2] == (401, "unauthorized")


async def test_the_older_path_of_upscale_creative_still_answers(
    client: httpx2.AsyncClient, relight: str
) -> None:
    """Documented: a hidden alias of the results path, for the same generations."""
    arguments = {"subject_image": "x", "background_prompt": "a beach", "output_format": "webp"}
    start = await send(client, OPERATIONS[relight].model_validate(arguments))
    generation = start.json()["id"]

    response = await client.get(f"/v2beta/stable-image/upscale/creative/result/{generation}")

    assert opened(response.content).format == "WEBP"


async def test_a_result_comes_as_json_when_asked(client: httpx2.AsyncClient) -> None:
    """Documented: the results paths take the same two accept headers."""
    generation = await started(client)

    response = await client.get(
        SOUNDS.format(id=generation), headers={"accept": "application/json"}
    )

    assert response.headers["content-type"] == "application/json; type=audio/mpeg"
    assert list(response.json()) == ["audio", "seed", "finish_reason"]


async def test_only_what_was_fetched_makes_room(
    client: httpx2.AsyncClient, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: what was fetched is bounded; what was not fetched is never 404 within its day."""
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
