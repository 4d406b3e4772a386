"""What `send`, `poll` and `query` retry: never a request that may have been charged."""

import json
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.account.balance import Balance, CreditBalance
from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.client.client import Client
from stability_mcp.client.models import Deferred, Generation
from stability_mcp.client.retry import retry_query, retry_send
from stability_mcp.errors import (
    ArgumentsError,
    ConfigurationError,
    FileMissingError,
    FileUnusableError,
    NotSentError,
    RateLimitedError,
    RequestError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from support.client.raw_server import Connection, RawServer, answering, http, raw_server
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

PNG = sample_files.png((64, 64))
ID = "a" * 64
OK = http(200, PNG, [("seed", "17"), ("finish-reason", "SUCCESS")], media_type="image/png")
BUSY = http(429, b'{"errors":["busy"],"id":"rate_limit_exceeded","name":"rate_limit_exceeded"}')
BROKEN = http(500, b'{"errors":["oh"],"id":"1","name":"internal_error"}')
NO_KEY = http(401, b'{"errors":["no"],"id":"1","name":"unauthorized"}')
GATEWAY = http(502, b"<html>", media_type="text/html")
GONE = http(404, b'{"errors":["gone"],"id":"1","name":"generation_not_found"}')


async def _no_delay(seconds: float) -> None:
    """Retry at once; the client still decides how often."""
    assert 0 <= seconds <= LOCKOUT_SECONDS


def _client_of(server: RawServer, *, max_retries: int = 3) -> Client:
    return Client(
        base_url=server.url,
        api_key=SecretStr("sk-0123456789"),
        max_retries=max_retries,
        timeout=30,
        sleep=_no_delay,
    )


def _core() -> Operation:
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})


def _requests_of(server: RawServer) -> int:
    return server.received.count(b"HTTP/1.1\r\n")


async def test_a_picture_is_saved_under_a_meaningful_name(tmp_path: Path) -> None:
    """Chosen: the file name contains the operation and the format."""
    async with raw_server(answering(OK)) as server, _client_of(server) as client:
        results = await client.send(_core(), folder=tmp_path)

    assert isinstance(results, list)
    (picture,) = results
    assert isinstance(picture, Generation)
    assert picture.path.read_bytes() == PNG
    assert picture.path.name.startswith("generate_core-")
    assert picture.path.suffix == ".png"
    assert picture.seed == "17"
    assert [path async for path in anyio.Path(tmp_path).iterdir()] == [picture.path]


@pytest.mark.parametrize("first", [BUSY, BROKEN], ids=["429", "500"])
async def test_requests_known_not_to_be_charged_are_retried(tmp_path: Path, first: bytes) -> None:
    """Chosen: the API's own 429 and 5xx are not charged."""
    async with raw_server(answering(first, OK)) as server, _client_of(server) as client:
        results = await client.send(_core(), folder=tmp_path)

    assert isinstance(results, list)
    assert _requests_of(server) == 2


async def test_retries_are_limited(tmp_path: Path) -> None:
    """Chosen: STABILITY_MAX_RETRIES."""
    async with raw_server(answering(BROKEN)) as server, _client_of(server, max_retries=2) as client:
        with pytest.raises(UnavailableError):
            await client.send(_core(), folder=tmp_path)

    assert _requests_of(server) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (GATEWAY, UnknownOutcomeError),
        (http(200, b"<html>", media_type="text/html"), UnusableAnswerError),
        (NO_KEY, UnauthorizedError),
    ],
    ids=["gateway", "unusable", "401"],
)
async def test_possible_charges_and_permanent_errors_are_not_retried(
    tmp_path: Path, answer: bytes, kind: type[RequestError]
) -> None:
    """Chosen: a second request might be charged again."""
    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(kind):
            await client.send(_core(), folder=tmp_path)

    assert _requests_of(server) == 1


async def test_a_deferred_generation_is_started_and_polled(tmp_path: Path) -> None:
    """Documented: 200 with an id, 202 while it is running, then the picture."""
    picture = sample_files.save(tmp_path / "in.png", PNG)
    out = tmp_path / "out"
    out.mkdir()
    request = OPERATIONS["upscale_creative"].model_validate(
        {"prompt": "a red fox", "image": str(picture)}
    )
    start = http(200, json.dumps({"id": ID}).encode(), [("connection", "close")])
    busy = http(202, json.dumps({"id": ID, "status": "in-progress"}).encode())

    async with (
        raw_server(answering(start, busy, GATEWAY, BROKEN, OK)) as server,
        _client_of(server) as client,
    ):
        deferred = await client.send(request, folder=out)
        assert isinstance(deferred, Deferred)
        unfinished = await client.poll(deferred, folder=out)
        finished = await client.poll(deferred, folder=out)

    assert deferred.id == ID
    assert unfinished is None
    assert finished is not None
    assert finished[0].path.read_bytes() == PNG
    assert f"GET /v2beta/results/{ID} ".encode() in server.received
    assert _requests_of(server) == 5


async def test_a_truncated_poll_result_is_fetched_again(tmp_path: Path) -> None:
    """Documented: the API keeps a generation for 24 hours, so a poll may be retried."""
    truncated = OK.replace(PNG, PNG[:-30]) + b""
    deferred = Deferred(operation=OPERATIONS["upscale_creative"], id=ID)
    left = [truncated, OK]

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(left.pop(0))

    async with raw_server(behave) as server, _client_of(server) as client:
        finished = await client.poll(deferred, folder=tmp_path)

    assert finished is not None
    assert finished[0].path.read_bytes() == PNG


async def test_a_query_is_retried_and_parsed(tmp_path: Path) -> None:
    """Documented: `credits` is a decimal number. Chosen: queries are free, so they are retried."""
    balance = http(200, b'{"credits": 0.6336833840314097}')
    answers = answering(GATEWAY, BROKEN, balance)

    async with raw_server(answers) as server, _client_of(server) as client:
        found = await client.query(Balance())
        again = await client.send(Balance(), folder=tmp_path)

    assert isinstance(found, CreditBalance)
    assert found.credits == 0.6336833840314097
    assert again == found
    assert b"accept: application/json" in server.received


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(NO_KEY, UnauthorizedError), (BUSY, RateLimitedError), (GONE, RequestError)],
)
async def test_a_4xx_to_a_query_is_final(answer: bytes, kind: type[RequestError]) -> None:
    """Chosen: a retry would not help, or only after a minute, which is too long here."""
    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(kind):
            await client.query(Balance())

    assert _requests_of(server) == 1


@pytest.mark.parametrize("body", [b"[]", b'{"credits":"many"}', b"", b"<html>", b"[" * 100_000])
async def test_an_undocumented_response_to_a_query_is_an_error(body: bytes) -> None:
    """Chosen: undocumented formats are not guessed."""
    async with (
        raw_server(answering(http(200, body))) as server,
        _client_of(server, max_retries=0) as client,
    ):
        with pytest.raises(RequestError, match=r"account_balance.*Nothing was charged\."):
            await client.query(Balance())


async def test_files_are_given_in_the_field_or_separately(tmp_path: Path) -> None:
    """Chosen: a path is either the field's value or passed in `files`."""
    picture = sample_files.save(tmp_path / "in.png", PNG)
    row = OPERATIONS["upscale_fast"]

    async with raw_server(answering(OK)) as server, _client_of(server) as client:
        await client.send(row.model_validate({"image": str(picture)}), folder=tmp_path)
        await client.send(
            row.model_validate({"image": "mine"}), {"image": picture}, folder=tmp_path
        )

    assert server.received.count(PNG) == 2
    assert b"in.png" not in server.received


@pytest.mark.parametrize(
    ("files", "kind", "words"),
    [
        ({"image": "missing.png"}, FileMissingError, "missing.png"),
        ({"image": "words.png"}, FileUnusableError, "isn't image data"),
        ({"image": "."}, FileUnusableError, "cannot be read"),
        ({"image": "in.png", "mask": "in.png"}, ArgumentsError, "has no file field"),
    ],
)
async def test_an_unusable_file_is_reported_before_anything_is_sent(
    tmp_path: Path, files: dict[str, str], kind: type[Exception], words: str
) -> None:
    """Chosen: the text names the field and the file."""
    sample_files.save(tmp_path / "in.png", PNG)
    sample_files.save(tmp_path / "words.png", b"only words")
    given = {field: tmp_path / name for field, name in files.items()}
    request = OPERATIONS["upscale_fast"].model_validate({"image": "a"})

    async with raw_server(answering(OK)) as server, _client_of(server) as client:
        with pytest.raises(kind, match=words):
            await client.send(request, given, folder=tmp_path)

    assert server.connections == 0


@pytest.mark.parametrize("key", ["sk-two words", "sk-\n1", "sk-\u2026", " "])
def test_an_invalid_key_is_reported_without_quoting_it(key: str) -> None:
    """Chosen: the HTTP library's own error would contain it."""
    with pytest.raises(ConfigurationError, match="STABILITY_API_KEY") as raised:
        Client(api_key=SecretStr(key))

    assert key.strip() == "" or key not in str(raised.value)


def test_the_wait_after_429_is_set_by_the_api() -> None:
    """Documented: a lockout of 60 s."""
    busy = RateLimitedError("busy.", status=429, name="rate_limit_exceeded", retry_after=60)

    assert retry_send(busy) == 60
    assert retry_query(busy) is False
    assert retry_send(NotSentError("no connection.")) is True
    assert retry_send(UnknownOutcomeError("no response.")) is False
    assert retry_send(ValueError()) is False


def test_every_query_is_a_get_without_fields() -> None:
    """Chosen: the client supports no other kind of query."""
    queries = [row for row in OPERATIONS.values() if issubclass(row, Query)]

    assert queries
    assert [row.name() for row in queries if row.model_fields or row.spec.method != "GET"] == []
