"""What the emulator guarantees for every row of the table."""

import io
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import soundfile

from stability_emulator.checks import check
from stability_emulator.state import State
from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.wire_schema import defaults
from support.api import operations

from .support_emulated import SENT_SIZE, file_for, glb, opened, send

pytestmark = pytest.mark.anyio

PAID = [name for name, row in OPERATIONS.items() if not issubclass(row, Query)]
ARGUMENTS = [operations.fewest, operations.everything]

each_paid = pytest.mark.parametrize("name", PAID)
each_way = pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda way: way.__name__)

Arguments = Callable[[str], dict[str, Any]]


def built(name: str, arguments: Arguments) -> Operation:
    """Return a request."""
    return OPERATIONS[name].model_validate(arguments(name))


async def outcome(client: httpx2.AsyncClient, operation: Operation) -> httpx2.Response:
    """Send a request and return the response with its result, polling once if deferred."""
    response = await send(client, operation)
    assert response.is_success, response.text
    if not operation.is_deferred():
        return response
    generation = response.json()["id"]
    return await client.get(next(iter(operation.poll_paths)).format(id=generation))


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
    name: str, arguments: Arguments, client: httpx2.AsyncClient
) -> None:
    """Documented: size, length and format follow from the request."""
    operation = built(name, arguments)

    response = await outcome(client, operation)

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


@pytest.mark.usefixtures("small_pictures")
@each_paid
@each_way
async def test_every_operation_is_charged_its_price(
    name: str, arguments: Arguments, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: a successful call costs its list price, once."""
    operation = built(name, arguments)
    before = state.credits("sk-emulator-in-process")

    response = await send(client, operation)

    assert [(each.operation, each.millicredits) for each in state.charges()] == [
        (name, operation.price())
    ]
    spent = before - state.credits("sk-emulator-in-process")
    assert spent == pytest.approx(operation.price() / 1000)
    assert state.charges()[0].request == response.headers["x-request-id"]


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


@pytest.mark.usefixtures("small_pictures")
@each_paid
@each_way
async def test_the_emulator_parses_a_request_into_the_same_operation(
    name: str, arguments: Arguments, client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: sending and parsing gives an equal operation, except for file fields."""
    operation, read = built(name, arguments), list[Operation]()

    def recorded(*given: Any) -> Any:  # noqa: ANN401 -- same signature as `check`
        checked = check(*given)
        read.append(checked.operation)
        return checked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stability_emulator.app.check", recorded)
        await send(client, operation)

    files = set(operation.file_fields())
    assert [each.model_dump(exclude=files) for each in read] == [
        operation.model_dump(exclude=files)
    ]
    assert len(state.charges()) == 1
