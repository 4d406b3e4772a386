"""How STABILITY_ON_DONE tells: once, bounded, without secrets, and saying why it could not."""

import json
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.notify.delivery import CommandTarget, WebhookTarget
from stability_mcp.studio import open_studio
from support.notify.receivers import command, listening, until
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio


async def test_a_command_is_told_on_stdin_without_the_key(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (README): no shell, no key, and nothing that it prints is seen."""
    monkeypatch.setenv("STABILITY_API_KEY", "sk-must-not-leave")
    monkeypatch.setenv("STABILITY_KEY", "sk-must-not-leave-either")
    monkeypatch.setenv("STABILITY_ON_DONE", "notify --token s3cret")
    settings = settings_in(tmp_path, {"on_done": command(tmp_path)})
    with anyio.fail_after(60):
        async with open_studio(settings) as studio:
            made = await studio.call("generate_core", {"prompt": "a lighthouse"}, wait=30)
            job = made.jobs[0].id
            await until((tmp_path / f"{job}.json").is_file)

    assert json.loads((tmp_path / f"{job}.json").read_text())["state"] == "done"
    environment = (tmp_path / f"{job}.env").read_text()
    assert "must-not-leave" not in environment
    assert "s3cret" not in environment
    assert "PATH" in environment
    assert capfd.readouterr().out == ""


async def test_a_redirect_is_not_followed() -> None:
    """*Chosen*: what is told is for the address that was given."""
    with listening(302) as told:
        messenger = WebhookTarget(told.url)
        assert await messenger.send({"job": "1"}) == "status 302"
        await messenger.close()

    assert len(told.heard) == 1


async def test_a_command_that_hangs_is_ended() -> None:
    """Documented (README): 30 seconds; here fewer."""
    words = CommandTarget(
        (sys.executable, "-c", "import sys, time; print(sys.stdin.read()); time.sleep(60)"),
        seconds=0.5,
    )

    assert await words.send({"job": "1"}) == "the command was killed after 0.5 s"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("/nowhere/at/all",), "the command could not be started (FileNotFoundError)"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "the command failed with exit code 3"),
    ],
)
async def test_a_command_that_fails_says_how(words: tuple[str, ...], why: str) -> None:
    """*Chosen*: the log names the exit code and nothing that was printed."""
    assert await CommandTarget(words).send({"job": "1" * 200_000}) == why


async def test_an_address_that_hangs_is_given_up() -> None:
    """Documented (README): 10 seconds; here fewer."""
    with listening(slow=True) as told:
        messenger = WebhookTarget(told.url, seconds=0.3)
        assert await messenger.send({"job": "1"}) == "no response within 0.3 s"
        await messenger.close()


async def test_an_address_that_cannot_be_is_said_and_ends_nothing() -> None:
    """*Chosen*: whoever tells runs beside the jobs, and a wrong port must not end those."""
    messenger = WebhookTarget("http://127.0.0.1:99999/s3cret")
    assert await messenger.send({"job": "1"}) == "ExceptionGroup"
    await messenger.close()


async def test_nobody_at_an_address_is_said_without_it() -> None:
    """*Chosen*: what the library says of an address may repeat its secrets."""
    messenger = WebhookTarget("http://me:s3cret@127.0.0.1:9/s3cret")
    assert await messenger.send({"job": "1"}) == "ConnectError"
    await messenger.close()
