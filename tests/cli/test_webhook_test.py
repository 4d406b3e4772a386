"""`stability-mcp doctor --test-webhook`: sends one message and says what happened."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from cli.conftest import Cli
from support.docs.pages import Page
from support.notify.receivers import SECRET, listening

TEST = ("doctor", "--test-webhook")


def test_a_webhook_gets_a_signed_message_of_type_test(cli: Cli) -> None:
    """*Documented* (docs/webhooks.md): the message, and what is printed."""
    with listening() as listener:
        target = listener.url.replace("//", "//me:s3cret@") + "/s3cret"
        code, out, err = cli(*TEST, STABILITY_ON_DONE=target, STABILITY_ON_DONE_SECRET=SECRET)

    assert (code, err) == (0, "")
    assert f"test message to {listener.url}: delivered" in out
    assert re.search(r"answer: status 204, after \d+\.\d\d s", out)
    assert "signed: yes" in out
    assert "s3cret" not in out
    assert SECRET not in out
    [message] = listener.received
    assert message == Webhook(SECRET).verify(listener.bodies[0], listener.headers[0])
    assert (message["event"], message["type"]) == ("test", "test")
    [documented] = map(json.loads, Page("docs/webhooks.md").blocks("text"))
    assert message.keys() == documented.keys()
    assert message["data"].keys() == documented["data"].keys()


def test_each_test_is_another_message(cli: Cli) -> None:
    """*Chosen*: a receiver that remembers ids would refuse the second one."""
    with listening() as listener:
        for _ in range(2):
            cli(*TEST, STABILITY_ON_DONE=listener.url)

    first, second = (each["webhook-id"] for each in listener.headers)
    assert first != second


@pytest.mark.parametrize(("status", "delivered"), [(200, True), (404, False), (500, False)])
def test_the_exit_code_says_whether_it_was_delivered(
    cli: Cli, status: int, *, delivered: bool
) -> None:
    """*Documented* (docs/webhooks.md): any 2xx; it isn't sent again."""
    with listening(status) as listener:
        code, out, _ = cli(*TEST, "--json", STABILITY_ON_DONE=listener.url)

    found = json.loads(out)
    assert code == (0 if delivered else 1)
    assert found.pop("seconds") >= 0
    assert found == {
        "target": listener.url,
        "signed": False,
        "delivered": delivered,
        "answer": f"status {status}",
        "status": status,
    }
    assert len(listener.received) == 1


def test_an_address_without_a_server_is_reported_without_its_secrets(cli: Cli) -> None:
    """*Chosen*: as in logs."""
    code, out, err = cli(*TEST, STABILITY_ON_DONE="http://me:s3cret@127.0.0.1:9/s3cret")

    assert code == 1
    assert "NOT delivered" in out
    assert "answer: connection refused: nothing listens there" in out
    assert "STABILITY_ON_DONE_SECRET is not set" in out
    assert "s3cret" not in out + err


def test_a_command_gets_it_on_stdin_and_is_not_signed(cli: Cli, tmp_path: Path) -> None:
    """*Documented* (docs/webhooks.md): a warning says that the secret is ignored."""
    script = tmp_path / "listener.py"
    script.write_text(
        "import pathlib, sys\npathlib.Path('got.json').write_text(sys.stdin.read())\n", "utf-8"
    )
    command = shlex.join([sys.executable, str(script), "s3cret"])

    code, out, err = cli(*TEST, STABILITY_ON_DONE=command, STABILITY_ON_DONE_SECRET=SECRET)

    assert code == 0
    assert "delivered" in out
    assert "answer: exit code 0" in out
    assert "signed: no, only messages to an address are" in out
    assert "STABILITY_ON_DONE_SECRET is ignored" in err
    assert "s3cret" not in out + err
    assert json.loads((tmp_path / "got.json").read_text("utf-8"))["type"] == "test"


def test_a_failed_command_exits_with_1(cli: Cli) -> None:
    """*Chosen*: with its own exit code in the text."""
    code, out, _ = cli(*TEST, STABILITY_ON_DONE=f"{shlex.quote(sys.executable)} -c 'exit(3)'")

    assert code == 1
    assert "answer: exit code 3" in out


def test_without_a_webhook_there_is_nothing_to_test(cli: Cli) -> None:
    """*Documented* (docs/troubleshooting.md): the variables of the host don't count here."""
    code, out, err = cli(*TEST)

    assert (code, out) == (3, "")
    assert "STABILITY_ON_DONE is not set in this terminal" in err


@pytest.mark.parametrize("other", ["--repair", "--drift"])
def test_it_is_not_combined_with_another_action(cli: Cli, other: str) -> None:
    """*Chosen*: refused, not ignored."""
    code, out, err = cli(*TEST, other)

    assert (code, out) == (2, "")
    assert "only one of" in err


def test_doctor_says_whether_messages_are_signed(cli: Cli) -> None:
    """*Chosen*: in the checks, without sending anything."""
    target = {"STABILITY_ON_DONE": "https://hooks.test"}

    unsigned = cli("doctor", **target)[1]
    signed = cli("doctor", **target, STABILITY_ON_DONE_SECRET=SECRET)[1]

    assert "https://hooks.test is notified when a job ends, by unsigned messages" in unsigned
    assert "https://hooks.test is notified when a job ends, by signed messages" in signed
