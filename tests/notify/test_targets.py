"""Targets of STABILITY_ON_DONE: one attempt, bounded, without secrets, with a clear error."""

import json
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.notify.posting import Message
from stability_mcp.notify.targets import CommandTarget, Target, WebhookTarget
from stability_mcp.studio import open_studio
from support.notify.receivers import SECRET, command, listening, until
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio


async def _answer(target: Target, job: str = "1") -> str:
    """Send a message about a job, which isn't delivered, and return why."""
    attempt = await target.send(Message.of("job_1_0", {"job": job}))
    assert not attempt.delivered
    return attempt.answer


async def test_a_command_gets_the_job_on_stdin_and_no_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (README): no shell, no key, and its output is discarded."""
    monkeypatch.setenv("STABILITY_API_KEY", "sk-must-not-leave")
    monkeypatch.setenv("STABILITY_KEY", "sk-must-not-leave-either")
    monkeypatch.setenv("STABILITY_ON_DONE", "notify --token s3cret")
    monkeypatch.setenv("STABILITY_ON_DONE_SECRET", SECRET)
    monkeypatch.setenv("STABILITY_ON_DONE_SECRETS", SECRET)
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
    assert SECRET not in environment
    assert "PATH" in environment
    assert capfd.readouterr().out == ""


async def test_a_redirect_is_not_followed() -> None:
    """*Chosen*: the content is only for the given URL."""
    with listening(302) as listener:
        target = WebhookTarget(listener.url)
        assert await _answer(target) == "status 302; redirects are not followed"
        await target.close()

    assert len(listener.received) == 1


async def test_a_command_that_hangs_is_terminated() -> None:
    """Documented (README): after 30 seconds; here sooner."""
    target = CommandTarget(
        (sys.executable, "-c", "import sys, time; print(sys.stdin.read()); time.sleep(60)"),
        seconds=0.5,
    )

    assert await _answer(target) == "the command was killed after 0.5 s"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("/nowhere/at/all",), "the command could not be started (FileNotFoundError)"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "exit code 3"),
    ],
)
async def test_a_failed_command_is_reported_with_its_reason(
    words: tuple[str, ...], why: str
) -> None:
    """*Chosen*: the log has the exit code and none of its output."""
    assert await _answer(CommandTarget(words), "1" * 200_000) == why


async def test_a_url_that_does_not_answer_times_out() -> None:
    """Documented (README): after 10 seconds; here sooner."""
    with listening(slow=True) as listener:
        target = WebhookTarget(listener.url, seconds=0.3)
        assert await _answer(target) == "no response within 0.3 s"
        await target.close()


async def test_an_invalid_url_is_reported_and_raises_nothing() -> None:
    """*Chosen*: delivery runs in the same process as jobs, which a wrong port must not end."""
    target = WebhookTarget("http://127.0.0.1:99999/s3cret")
    assert await _answer(target) == "the port is invalid"
    await target.close()


async def test_a_refused_connection_is_reported_without_the_url() -> None:
    """*Chosen*: the library's error may contain the URL's secrets."""
    target = WebhookTarget("http://me:s3cret@127.0.0.1:9/s3cret")
    assert await _answer(target) == "connection refused: nothing listens there"
    await target.close()


async def test_a_tls_error_is_named() -> None:
    """*Chosen*: an operator must see whether the certificate, the name or the port is wrong."""
    with listening() as listener:
        target = WebhookTarget(listener.url.replace("http://", "https://") + "/s3cret")
        assert await _answer(target) == "TLS error WRONG_VERSION_NUMBER"
        await target.close()
    target = WebhookTarget("http://no-such-host.invalid/s3cret")
    assert await _answer(target) == "the host was not found"
    await target.close()
