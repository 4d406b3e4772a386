"""Helpers that call the emulated API with a plain HTTP client, not the project's own."""

import io
import json
import math
import struct
import wave
from collections.abc import Mapping
from typing import Any

import httpx2
from PIL import Image

import support.imaging.sample_files as pictures
from stability_emulator import EMULATOR_KEY
from stability_emulator.state import State
from stability_emulator.transport import EmulatorTransport
from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS

HOST = "http://127.0.0.1"
EMPTY_PART = {"none": b""}
SENT_SIZE = Size(320, 256)
SENT_SECONDS = 7
BEARER = {"authorization": f"Bearer {EMULATOR_KEY}"}


def caller(state: State, *, key: str | None = EMULATOR_KEY) -> httpx2.AsyncClient:
    """Return an HTTP client of an emulated API."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    transport = EmulatorTransport(state)
    return httpx2.AsyncClient(transport=transport, base_url=HOST, headers=headers, timeout=60)


def sound(seconds: float = SENT_SECONDS) -> bytes:
    """Return a WAV file with a tone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        wave_of_200_hertz = struct.pack(
            "<40h", *(round(9e3 * math.sin(i / 6.4)) for i in range(40))
        )
        file.writeframes(wave_of_200_hertz * round(seconds * 200))
    return out.getvalue()


def file_for(row: type[Operation], field: str) -> bytes:
    """Return a valid file for a field."""
    limits = row.file_fields()[field].limits
    if not isinstance(limits, ImageLimits):
        return sound()
    return pictures.png(limits.sizes[0] if limits.sizes else SENT_SIZE)


async def send(
    client: httpx2.AsyncClient,
    operation: Operation,
    *,
    files: Mapping[str, bytes] = {},
    accept: str | None = None,
) -> httpx2.Response:
    """Send an operation with its files; files that aren't given are valid defaults."""
    row = type(operation)
    headers = {"accept": accept or row.accept}
    if not row.file_fields() and row.answer == "artifacts":
        body = operation.body()  # type: ignore[attr-defined]  # v1's kind has it
        return await client.post(operation.path(), json=body, headers=headers)
    parts = {
        name: files.get(name) or file_for(row, name)
        for name in row.file_fields()
        if getattr(operation, name) is not None
    }
    return await client.post(
        operation.path(), data=operation.form(), files=parts or EMPTY_PART, headers=headers
    )


async def core(client: httpx2.AsyncClient, **values: str) -> httpx2.Response:
    """Send a small paid request: generate_core, 3 credits."""
    path = OPERATIONS["generate_core"].spec.path
    data = {"prompt": "a lighthouse", "output_format": "jpeg"} | values
    return await client.post(path, data=data, files=EMPTY_PART)


def refused(response: httpx2.Response) -> tuple[int, str, list[str]]:
    """Check the shape of a version 2 error, and return its status, name and messages."""
    body = response.json()
    assert list(body) == ["errors", "id", "name"]
    assert response.headers["content-type"] == "application/json"
    assert len(response.headers["x-request-id"]) == 32
    return response.status_code, body["name"], body["errors"]


def opened(content: bytes) -> Image.Image:
    """Return a fully decoded picture."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def glb(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Check the structure of a GLB file, and return its JSON and its binary chunk."""
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON"
    described = json.loads(content[20 : 20 + size])
    binary, kind = struct.unpack_from("<I4s", content, 20 + size)
    assert kind == b"BIN\0"
    return described, content[28 + size : 28 + size + binary]
