"""What the emulator guarantees for every row of the table."""

import io
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import soundfile

from stability_emulator import EMULATOR_KEY
from stability_emulator.accounts import Charge
from stability_emulator.checks import check
from stability_emulator.state import State
from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.wire_schema import defaults
from support.api import operations

from .support_emulated import SENT_SIZE, caller, file_for, glb, opened, send

pytestmark = pytest.mark.anyio

PAID = [name for name, row in OPERATIONS.items() if not issubclass(row, Query)]
ARGUMENTS = [operations.fewest, operations.everything]

each_paid = pytest.mark.parametrize("name", PAID)
each_way = pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda way: way.__name__)

Arguments = Callable[[str], dict[str, Any]]


def built(name: str, arguments: Arguments) -> Operation:
    """Return a request."""
    return OPERATIONS[name].model_validate(arguments(name))


@dataclass(frozen=True)
class Exchange:
    """One paid request of a new account, and what the emulator made of it."""

    operation: Operation
    read: list[Operation]
    """What the emulator parsed."""
    started: httpx2.Response
    result: httpx2.Response
    """Another response than `started` if the operation is deferred."""
    charges: list[Charge]
    spent: float


_exchanges: dict[tuple[str, Arguments], Exchange] = {}


async def exchanged(name: str, arguments: Arguments) -> Exchange:
    """Send a request and get its result; the tests of one request share it.

    Drawing the results of every operation takes ten seconds.
    """
    if (name, arguments) not in _exchanges:
        _exchanges[name, arguments] = await _exchange(built(name, arguments))
    return _exchanges[name, arguments]


async def _exchange(operation: Operation) -> Exchange:
    read = list[Operation]()

    def recorded(*given: Any) -> Any:  # noqa: ANN401 -- same signature as `check`
        checked = check(*given)
        read.append(checked.operation)
        return checked

    with pytest.MonkeyPatch.context() as patch, closing(State()) as state:
        patch.setattr("stability_emulator.app.check", recorded)
        before = state.credits(EMULATOR_KEY)
        async with caller(state) as client:
            started = result = await send(client, operation)
            assert started.is_success, started.text
            if operation.is_deferred():
                generation = started.json()["id"]
                path = next(iter(operation.poll_paths)).format(id=generation)
                result = await client.get(path)
        spent = before - state.credits(EMULATOR_KEY)
        return Exchange(operation, read, started, result, list(state.charges()), spent)


def expected_size(operation: Operation) -> Size:
    """Return the size that the row specifies for the pictures that `send` uploads."""
    sent = [
        mark.limits.sizes[0] if mark.limits.sizes else SENT_SIZE
        for name, mark in operation.file_fields().items()
        if isinstance(mark.limits, ImageLimits) and getattr(operation, name) is not None
    ]
    size: Size = operation.output_size(sent[0] if sent else None)  # type: ignore[attr-defined]
    return size


@each_paid
@each_way
async def test_every_operation_returns_media_with_the_right_properties(
    name: str, arguments: Arguments
) -> None:
    """Documented: size, length and format follow from the request."""
    exchange = await exchanged(name, arguments)

    operation, response = exchange.operation, exchange.result
    kind, form = operation.media, getattr(operation, "output_format", "png")
    if operation.answer == "artifacts":
        artifacts = response.json()["artifacts"]
        assert len(artifacts) == operation.samples  # type: ignore[attr-defined]
        assert [each["finishReason"] for each in artifacts] == ["SUCCESS"] * len(artifacts)
    elif kind == "image":
        picture = opened(response.content)
        assert (picture.size, str(picture.format).lower()) == (expected_size(operation), form)
        assert response.headers["content-type"] == f"image/{form}"
    elif kind == "audio":
        info = soundfile.info(io.BytesIO(response.content))
        assert (info.samplerate, info.channels) == (44_100, 2)
        assert info.frames == round(operation.duration * 44_100)  # type: ignore[attr-defined]
        assert info.format == form.upper()
        assert b"EMULATED" in response.content
    else:
        described, _ = glb(response.content)
        assert described["asset"]["extras"] == {"EMULATED": True}
        assert response.headers["content-type"] == "model/gltf-binary"
        assert "seed" not in response.headers


@each_paid
@each_way
async def test_every_operation_is_charged_its_price(name: str, arguments: Arguments) -> None:
    """Documented: a successful call costs its list price, once."""
    exchange = await exchanged(name, arguments)

    price = exchange.operation.price()
    assert [(each.operation, each.millicredits) for each in exchange.charges] == [(name, price)]
    assert exchange.spent == pytest.approx(price / 1000)
    assert exchange.charges[0].request == exchange.started.headers["x-request-id"]


@each_paid
async def test_every_operation_lists_all_missing_fields(
    name: str, client: httpx2.AsyncClient
) -> None:
    """Captured: the problems of a request come in one list, worded `prompt: required`."""
    row = OPERATIONS[name]
    path = "/".join(
        "stable-diffusion-xl-1024-v1-0" if part.startswith("{") else part
        for part in row.spec.path.split("/")
    )
    is_json = row.answer == "artifacts" and not row.file_fields()

    response = await (
        client.post(path, json={}) if is_json else client.post(path, files={"none": b""})
    )

    needed = [field for field, info in row.model_fields.items() if info.is_required()]
    wanted = [f"{field}: required" for field in needed if field not in defaults(row)]
    body = response.json()
    assert response.status_code == 400
    if row.answer == "artifacts":
        assert (body["message"], list(body)) == (wanted[0], ["id", "message", "name"])
    else:
        assert set(wanted) <= set(body["errors"])


@pytest.mark.parametrize("name", [name for name in PAID if OPERATIONS[name].file_fields()])
async def test_a_truncated_file_is_refused_and_not_charged(
    name: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: a failed call isn't charged."""
    operation = built(name, operations.fewest)
    field = next(iter(operation.file_fields()), "")
    if getattr(operation, field) is None:
        operation = built(name, operations.everything)
    whole = file_for(type(operation), field)

    response = await send(client, operation, files={field: whole[: len(whole) // 2]})

    assert (response.status_code, state.charges()) == (400, [])


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in PAID])
async def test_every_query_has_the_documented_response(
    name: str, client: httpx2.AsyncClient
) -> None:
    """Documented: the body has the shape of the row's example."""
    row = OPERATIONS[name]
    assert issubclass(row, Query)

    response = await client.get(row.spec.path)

    assert response.status_code == 200
    assert type(response.json()) is type(row.example)
    row.read(response.json())


@each_paid
@each_way
async def test_the_emulator_parses_a_request_into_the_same_operation(
    name: str, arguments: Arguments
) -> None:
    """Chosen: sending and parsing gives an equal operation, except for file fields."""
    exchange = await exchanged(name, arguments)

    operation = exchange.operation
    files = set(operation.file_fields())
    assert [each.model_dump(exclude=files) for each in exchange.read] == [
        operation.model_dump(exclude=files)
    ]
    assert len(exchange.charges) == 1
