"""What `send`, `poll` and `query` repeat: never what may have been charged."""

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


async def _at_once(seconds: float) -> None:
    """Repeat at once, so that no test waits; how often is still what the client says."""
    assert 0 <= seconds <= LOCKOUT_SECONDS


def _client_of(server: RawServer, *, max_retries: int = 3) -> Client:
    return Client(
        base_url=server.url,
        api_key=SecretStr("sk-0123456789"),
        max_retries=max_retries,
        timeout=30,
        sleep=_at_once,
    )


def _core() -> Operation:
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})


def _requests_of(server: RawServer) -> int:
    return server.received.count(b"HTTP/1.1\r\n")


async def test_a_picture_is_saved_under_its_kind(tmp_path: Path) -> None:
    """Chosen: a person gets files whose names say what made them and what they are."""
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
async def test_what_was_surely_not_charged_is_repeated(tmp_path: Path, first: bytes) -> None:
    """Chosen: the API's own 429 and 5xx cost nothing."""
    async with raw_server(answering(first, OK)) as server, _client_of(server) as client:
        results = await client.send(_core(), folder=tmp_path)

    assert isinstance(results, list)
    assert _requests_of(server) == 2


async def test_repeats_are_bounded(tmp_path: Path) -> None:
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
async def test_what_may_have_been_charged_or_fails_again_is_not_repeated(
    tmp_path: Path, answer: bytes, kind: type[RequestError]
) -> None:
    """Chosen: a second request might be a second charge."""
    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(kind):
            await client.send(_core(), folder=tmp_path)

    assert _requests_of(server) == 1


async def test_a_deferred_generation_is_started_and_polled(tmp_path: Path) -> None:
    """Documented: 200 with an id, 202 while it is made, then the picture."""
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


async def test_a_result_that_came_cut_is_fetched_again(tmp_path: Path) -> None:
    """Documented: the API keeps a generation for 24 hours, so a poll may be repeated."""
    cut = OK.replace(PNG, PNG[:-30]) + b""
    deferred = Deferred(operation=OPERATIONS["upscale_creative"], id=ID)
    left = [cut, OK]

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.say(left.pop(0))

    async with raw_server(behave) as server, _client_of(server) as client:
        finished = await client.poll(deferred, folder=tmp_path)

    assert finished is not None
    assert finished[0].path.read_bytes() == PNG


async def test_a_query_is_repeated_and_read(tmp_path: Path) -> None:
    """Documented: `credits` is a number with decimals; chosen: a query is free, so it repeats."""
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
    """Chosen: repeating does not help, or only after a minute that nobody waits here."""
    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(kind):
            await client.query(Balance())

    assert _requests_of(server) == 1


@pytest.mark.parametrize("body", [b"[]", b'{"credits":"many"}', b"", b"<html>", b"[" * 100_000])
async def test_an_odd_answer_to_a_query_is_an_error_and_free(body: bytes) -> None:
    """Chosen: what is not documented is not guessed at."""
    async with (
        raw_server(answering(http(200, body))) as server,
        _client_of(server, max_retries=0) as client,
    ):
        with pytest.raises(RequestError, match=r"account_balance.*Nothing was charged\."):
            await client.query(Balance())


async def test_files_are_given_by_value_or_by_name(tmp_path: Path) -> None:
    """Chosen: a person writes a path, either in the field or beside it."""
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
        ({"image": "words.png"}, FileUnusableError, "is no image"),
        ({"image": "."}, FileUnusableError, "cannot be read"),
        ({"image": "in.png", "mask": "in.png"}, ArgumentsError, "takes no file called"),
    ],
)
async def test_a_file_that_cannot_be_sent_is_told_before_anything_is(
    tmp_path: Path, files: dict[str, str], kind: type[Exception], words: str
) -> None:
    """Chosen: nothing goes out, and the text names field and file."""
    sample_files.save(tmp_path / "in.png", PNG)
    sample_files.save(tmp_path / "words.png", b"only words")
    given = {field: tmp_path / name for field, name in files.items()}
    request = OPERATIONS["upscale_fast"].model_validate({"image": "a"})

    async with raw_server(answering(OK)) as server, _client_of(server) as client:
        with pytest.raises(kind, match=words):
            await client.send(request, given, folder=tmp_path)

    assert server.connections == 0


@pytest.mark.parametrize("key", ["sk-two words", "sk-\n1", "sk-\u2026", " "])
def test_a_key_that_is_none_is_named_without_being_repeated(key: str) -> None:
    """Chosen: an HTTP library would put it into its own error."""
    with pytest.raises(ConfigurationError, match="STABILITY_API_KEY") as raised:
        Client(api_key=SecretStr(key))

    assert key.strip() == "" or key not in str(raised.value)


def test_the_wait_after_429_is_the_apis() -> None:
    """Documented: a lock-out of 60 s."""
    busy = RateLimitedError("busy.", status=429, name="rate_limit_exceeded", retry_after=60)

    assert retry_send(busy) == 60
    assert retry_query(busy) is False
    assert retry_send(NotSentError("no line.")) is True
    assert retry_send(UnknownOutcomeError("silence.")) is False
    assert retry_send(ValueError()) is False


def test_every_query_of_the_table_can_be_asked() -> None:
    """Chosen: a query is a GET without fields, or the client would have to learn more."""
    queries = [row for row in OPERATIONS.values() if issubclass(row, Query)]

    assert queries
    assert [row.name() for row in queries if row.model_fields or row.spec.method != "GET"] == []
