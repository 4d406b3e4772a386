"""The state of the emulated API, across restarts and between processes."""

from pathlib import Path

import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.state import NEW_ACCOUNT_CREDITS, State
from stability_emulator.transport import in_process

from .support_emulated import caller, core
from .test_generations import SOUNDS, started

pytestmark = pytest.mark.anyio


async def test_a_restart_keeps_credits_charges_and_generations(tmp_path: Path) -> None:
    """Chosen: an interrupted demonstration can continue."""
    first = State(tmp_path)
    async with caller(first) as client:
        await core(client)
        generation = await started(client)
    first.close()

    second = State(tmp_path)
    async with caller(second) as client:
        response = await client.get(SOUNDS.format(id=generation))

    assert response.status_code == 200
    assert second.credits(EMULATOR_KEY) == 1_000_000 - 3 - 26
    assert [each.operation for each in second.charges()] == [
        "generate_core",
        "audio3_text_to_audio",
    ]
    second.close()


async def test_two_processes_on_a_folder_see_the_same_account(tmp_path: Path) -> None:
    """Chosen: a desktop application and an editor can share a folder."""
    one, other = State(tmp_path), State(tmp_path)
    async with caller(one) as first, caller(other) as second:
        await core(first)
        generation = await started(second)
        response = await first.get(SOUNDS.format(id=generation))

    assert response.status_code == 200
    assert one.credits(EMULATOR_KEY) == other.credits(EMULATOR_KEY) == 1_000_000 - 3 - 26
    one.close()
    other.close()


async def test_every_key_has_its_own_account() -> None:
    """Documented: a new account has 25 credits."""
    state = State(credits=NEW_ACCOUNT_CREDITS)
    async with caller(state, key="sk-one") as one, caller(state, key="sk-two") as two:
        await core(one)
        balances = [(await each.get("/v1/user/balance")).json() for each in (one, two)]

    assert balances == [{"credits": 22}, {"credits": 25}]
    state.close()


async def test_no_key_is_stored(tmp_path: Path) -> None:
    """Chosen: a user may send a real key here by mistake."""
    state = State(tmp_path)
    async with caller(state, key="sk-a-real-one-by-mistake") as client:
        await core(client)
    state.close()

    files = [file.read_bytes() for file in tmp_path.iterdir()]  # noqa: ASYNC240 -- a test
    assert files
    assert not any(b"by-mistake" in content for content in files)


async def test_the_in_process_emulator_needs_no_folder_and_has_ample_credits(
    tmp_path: Path,
) -> None:
    """Chosen: trying out the product must not empty the account."""
    for folder in (None, tmp_path / "new" / "folder"):
        transport = in_process(folder)
        assert transport.state.credits(EMULATOR_KEY) == 1_000_000
        await transport.aclose()

    assert State(tmp_path / "new" / "folder").charges() == []


async def test_a_reset_deletes_everything(state: State) -> None:
    """Chosen: a test can start from a defined state."""
    async with caller(state) as client:
        await core(client)
        state.reset()

        assert (state.charges(), state.requests()) == ([], [])
        assert state.credits(EMULATOR_KEY) == 1_000_000


async def test_the_request_log_contains_path_account_and_status(state: State) -> None:
    """Chosen: tests can check the requests as the API received them."""
    async with caller(state) as client, caller(state, key=None) as keyless:
        response = await core(client)
        await core(keyless)

    known, unknown = state.requests()
    assert (known.id, known.status) == (response.headers["x-request-id"], 200)
    assert (known.method, known.path) == ("POST", "/v2beta/stable-image/generate/core")
    assert (unknown.owner, unknown.status) == ("", 401)
    assert known.owner == state.charges()[0].owner != EMULATOR_KEY


async def test_the_stored_state_is_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: only the newest requests and charges are kept; expired generations are deleted."""
    monkeypatch.setattr("stability_emulator.request_log.MAX_KEPT_REQUESTS", 3)
    monkeypatch.setattr("stability_emulator.request_log.MAX_KEPT_CHARGES", 2)
    async with caller(state) as client:
        answers = [await core(client) for _ in range(5)]
        expired = await started(client)
        state.set_time(state.now() + 24 * 3_600)
        await started(client)
        state.set_time(state.clock())
        gone = await client.get(SOUNDS.format(id=expired))

    kept = [each.id for each in state.requests()]
    assert len(kept) == 3
    assert answers[0].headers["x-request-id"] not in kept
    assert [each.operation for each in state.charges()] == ["audio3_text_to_audio"] * 2
    assert gone.status_code == 404


async def test_stored_accounts_and_path_lengths_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chosen: keys and paths come from callers and are otherwise unlimited."""
    monkeypatch.setattr("stability_emulator.request_log.MAX_KEPT_ACCOUNTS", 2)
    monkeypatch.setattr("stability_emulator.request_log.MAX_KEPT_PATH_CHARACTERS", 50)
    state = State()
    for number in range(4):
        state.set_credits(f"sk-{number}", number)
    async with caller(state, key="sk-3") as client:
        await client.get("/v2beta/results/" + "a" * 64)

    assert [state.credits(f"sk-{number}") for number in range(4)] == [1_000_000, 1_000_000, 2, 3]
    assert [len(each.path) for each in state.requests()] == [50]
    state.close()
