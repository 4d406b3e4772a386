"""Messages, and how they are posted to a URL.

With a secret, they are signed by Standard Webhooks (https://www.standardwebhooks.com): `webhook-id`
is the same for each delivery of a message, `webhook-timestamp` and `webhook-signature` are new each
time.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import SecretStr

from stability_mcp import __version__
from stability_mcp.errors import FileForbiddenError

if TYPE_CHECKING:
    import httpx2
    from standardwebhooks import Webhook as Signer

USER_AGENT = f"stability-mcp/{__version__}"

_REASONS: Mapping[type[BaseException], str] = {
    FileForbiddenError: "the address is not allowed",
    ConnectionRefusedError: "connection refused: nothing listens there",
    socket.gaierror: "the host was not found",
    OverflowError: "the port is invalid",
}
"""Reasons in words, by the error below an HTTP library's own; else the name of the error."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message, in the exact bytes that are sent and signed."""

    id: str
    """The same for each delivery of the message."""
    body: bytes
    """JSON, in ASCII: a lone surrogate in a file name must not stop the delivery."""

    @classmethod
    def of(cls, message_id: str, content: Mapping[str, Any]) -> "Message":
        """Return a message with JSON content."""
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        return cls(id=message_id, body=body)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The result of one attempt to deliver a message."""

    delivered: bool
    answer: str
    """What happened: `status 204`, `exit code 1`, `no response within 10 s`."""
    seconds: float
    """How long it took."""
    status: int | None = None
    """The HTTP status; None: a command, or no response."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One message on its way to a URL."""

    url: str
    message: Message
    signers: "Sequence[Signer]"
    """Each adds a signature; empty: the message is not signed."""
    now: float
    """Unix seconds, which are signed too."""

    def headers(self) -> dict[str, str]:
        """Return the headers, with one signature for each secret."""
        message = self.message
        headers = {"content-type": "application/json", "webhook-id": message.id}
        if self.signers:
            at = datetime.fromtimestamp(int(self.now), UTC)
            text = message.body.decode("ascii")
            headers["webhook-timestamp"] = f"{at.timestamp():.0f}"
            headers["webhook-signature"] = " ".join(
                signer.sign(message.id, at, text) for signer in self.signers
            )
        return headers


async def post(client: "httpx2.AsyncClient", sent: Post, *, seconds: float) -> Attempt:
    """Post a message, without redirects; any 2xx status counts as delivered.

    Args:
        client: Sends it.
        sent: The message and its URL.
        seconds: Timeout of everything together. The body of the response is not read.
    """
    started = time.perf_counter()
    status, answer = None, f"no response within {seconds:g} s"
    try:
        with anyio.fail_after(seconds):
            request = client.build_request(
                "POST", sent.url, content=sent.message.body, headers=sent.headers()
            )
            response = await client.send(request, stream=True, follow_redirects=False)
            status = response.status_code
            await response.aclose()
    except TimeoutError:
        pass
    except Exception as error:  # noqa: BLE001 -- port 99999 raises an ExceptionGroup
        answer = _reason(error)
    if status is not None:
        answer = f"status {status}"
        if response.is_redirect:
            answer += "; redirects are not followed"
    return Attempt(
        delivered=status is not None and response.is_success,
        answer=answer,
        seconds=time.perf_counter() - started,
        status=status,
    )


def utc_text(at: float) -> str:
    """Return a time in ISO 8601: `2026-11-22T14:02:11Z`."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def signer_of(secret: SecretStr) -> "Signer":
    """Return what signs with a secret; the first call imports the library, so use a thread."""
    from standardwebhooks import Webhook as Signer

    return Signer(secret.get_secret_value())


def _reason(error: BaseException) -> str:
    """Return why a request failed, without the text of the error: it may contain the address."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLError):
            return f"TLS error {each.reason or type(each).__name__}"
        for kind, text in _REASONS.items():
            if isinstance(each, kind):
                return text
    return type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it, as deep as it goes."""
    if error is not None:
        yield error
        yield from _causes(error.__cause__ or error.__context__)
        for each in getattr(error, "exceptions", ()):
            yield from _causes(each)
