"""The example receivers accept what this server sends, once, and nothing else."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from protocol.support_node import NODE, PACKAGES, STANDARD_WEBHOOKS, installed
from stability_mcp.notify.posting import Message
from stability_mcp.notify.targets import send_test, target_of
from support.docs.pages import ROOT
from support.notify.receivers import OTHER_SECRET, SECRET

EXAMPLES = ROOT / "docs/examples"
pytestmark = pytest.mark.processes


class Receiver:
    """A running example."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self._process = process
        self.url = url

    def post(self, body: bytes, headers: Mapping[str, str] | list[tuple[str, str]]) -> int:
        """Send a request; return the status, or 0 if the connection is closed meanwhile."""
        host = self.url.removeprefix("http://")
        connection = HTTPConnection(host, timeout=30)
        connection.putrequest("POST", "/")
        given = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in (*given, ("content-length", str(len(body)))):
            connection.putheader(name, value)
        with closing(connection):
            try:
                connection.endheaders(body)
                return connection.getresponse().status
            except ConnectionError:
                return 0

    def hang_up(self) -> None:
        """Send a part of a request, and close the connection."""
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")

    def handled(self) -> str:
        """Wait for the next line about a message that was handled, and return it."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def running(language: str, folder: Path, secrets: str = SECRET) -> Iterator[Receiver]:
    """Run an example in a folder, as its reader would, until the block ends."""
    if language == "python":
        command = [sys.executable, str(EXAMPLES / "webhook_receiver.py"), "0", "inbox.db"]
    else:
        installed(STANDARD_WEBHOOKS)
        shutil.copy(EXAMPLES / "webhook_receiver.mjs", folder)
        if not (folder / "node_modules").exists():
            (folder / "node_modules").symlink_to(PACKAGES, target_is_directory=True)
        command = [str(NODE), "webhook_receiver.mjs", "0"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": secrets},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = re.search(r"http://\S+", process.stdout.readline())
            assert url
            yield Receiver(process, url[0])
        finally:
            with suppress(ProcessLookupError):  # the command `node` starts Node as its child
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(params=["python", "node"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    """Run each example."""
    with running(request.param, tmp_path) as found:
        yield found


def message(job: str, state: str = "done") -> Message:
    """Return a message about a job."""
    content = {"event": "job_ended", "job": job, "operation": "generate_core", "state": state}
    return Message.of(f"job_{job}_1", content)


def signed(sent: Message, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    """Return the headers of a message that was sent some seconds ago."""
    at = datetime.fromtimestamp(int(time.time()) - age, UTC)
    return {
        "webhook-id": sent.id,
        "webhook-timestamp": f"{at.timestamp():.0f}",
        "webhook-signature": Webhook(secret).sign(sent.id, at, sent.body.decode()),
    }


def test_a_message_is_accepted_and_handled_once(receiver: Receiver) -> None:
    """*Documented* (docs/webhooks.md): a replay is refused, a retry is accepted and not handled."""
    first, second = message("first"), message("second")
    sent = signed(first, age=60)

    assert receiver.post(first.body, sent) == 204
    assert receiver.handled() == "first generate_core done"
    assert receiver.post(first.body, sent) == 409
    assert receiver.post(first.body, signed(first, age=30)) == 204
    assert receiver.post(first.body, sent) == 409
    assert receiver.post(first.body, signed(first, age=30)) == 409
    assert receiver.post(second.body, signed(second)) == 204
    assert receiver.handled() == "second generate_core done"


def test_what_is_not_signed_with_the_secret_is_refused(receiver: Receiver) -> None:
    """*Documented* (docs/webhooks.md): by signature, bytes, id and age."""
    sent = message("first")
    headers = signed(sent)
    other = {**headers, "webhook-id": "job_other_1"}
    no_base64 = {**headers, "webhook-signature": "v1,???"}

    assert receiver.post(sent.body, signed(sent, secret=OTHER_SECRET)) == 401
    assert receiver.post(sent.body.replace(b"done", b"gone"), headers) == 401
    assert receiver.post(sent.body + b" ", headers) == 401
    assert receiver.post(sent.body, other) == 401
    assert receiver.post(sent.body, signed(sent, age=600)) == 401
    assert receiver.post(sent.body, signed(sent, age=-600)) == 401
    assert receiver.post(sent.body, {}) == 401
    assert receiver.post(sent.body, no_base64) == 401
    assert receiver.post(b"\xff\xfe", headers) == 401
    assert receiver.post(b"[" * 1_000_001, headers) in {413, 0}
    receiver.hang_up()
    assert receiver.post(sent.body, headers) == 204  # none of these was stored
    assert receiver.handled() == "first generate_core done"


def test_a_replay_with_other_notation_is_refused(receiver: Receiver) -> None:
    """*Chosen*: the signature covers whole seconds, and a header may come twice."""
    sent = message("first")
    headers = signed(sent)
    assert receiver.post(sent.body, headers) == 204
    assert receiver.handled() == "first generate_core done"

    fraction = {**headers, "webhook-timestamp": f"{headers['webhook-timestamp']}.9"}
    twice = [("webhook-id", "job_new_1"), *headers.items()]
    late = [("webhook-timestamp", str(int(time.time()) + 60)), *headers.items()]

    assert receiver.post(sent.body, fraction) == 409
    assert receiver.post(sent.body, twice) in {401, 409}
    assert receiver.post(sent.body, late) in {401, 409}


@pytest.mark.parametrize("language", ["python", "node"])
def test_during_a_change_of_the_secret_both_are_accepted(language: str, tmp_path: Path) -> None:
    """*Documented* (docs/webhooks.md): running servers sign with the old one."""
    with running(language, tmp_path, f"{OTHER_SECRET} {SECRET}") as receiver:
        for secret in (SECRET, OTHER_SECRET):
            sent = message(secret[-4:])
            assert receiver.post(sent.body, signed(sent, secret=secret)) == 204
            assert receiver.handled() == f"{secret[-4:]} generate_core done"


@pytest.mark.anyio
async def test_a_test_message_of_this_server_is_accepted(receiver: Receiver) -> None:
    """*Documented* (docs/webhooks.md): `doctor --test-webhook`."""
    right = await send_test(target_of(receiver.url, SecretStr(SECRET)))
    wrong = await send_test(target_of(receiver.url, SecretStr(OTHER_SECRET)))
    unsigned = await send_test(target_of(receiver.url))

    assert (right.delivered, right.answer) == (True, "status 204")
    assert (wrong.delivered, wrong.answer) == (False, "status 401")
    assert (unsigned.delivered, unsigned.answer) == (False, "status 401")
    assert receiver.handled() == "test"


def test_the_python_example_remembers_messages_over_a_restart(tmp_path: Path) -> None:
    """*Documented* (docs/examples/webhook_receiver.py): in its inbox."""
    sent = message("first")
    headers = signed(sent, age=60)
    with running("python", tmp_path) as receiver:
        assert receiver.post(sent.body, headers) == 204
        assert receiver.handled() == "first generate_core done"
        later = message("later")
        assert receiver.post(later.body, signed(later)) == 204
        assert receiver.handled() == "later generate_core done"

    with running("python", tmp_path) as receiver:
        assert receiver.post(sent.body, headers) == 409
        assert receiver.post(sent.body, signed(sent)) == 204
        third = message("third")
        assert receiver.post(third.body, signed(third)) == 204
        while (line := receiver.handled()) == "later generate_core done":
            pass  # it may be handled again if the process was killed before it recorded that
        assert line == "third generate_core done"
