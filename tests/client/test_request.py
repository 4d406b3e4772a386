"""Every request of the table, checked by a server that knows the facts but not our code."""

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.models import Deferred
from support.api.facts_checks import Request, faults
from support.api.operations import everything, fewest
from support.client.facts_server import ID, KEY, SEED, FactsServer, facts_server
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

SDXL = (1024, 1024)
PICTURE = sample_files.png(SDXL, "RGBA")
KINDS = {"image": "image/", "audio": "audio/", "model": "model/"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write files that suit every operation."""
    folder = tmp_path_factory.mktemp("inputs")
    return {
        "image": str(sample_files.save(folder / "a.png", PICTURE)),
        "mask": str(sample_files.save(folder / "m.png", sample_files.mask(SDXL))),
        "audio": str(sample_files.save(folder / "s.mp3", sample_files.mp3(7))),
    }


def _client_of(server: FactsServer) -> Client:
    return Client(base_url=server.url, api_key=SecretStr(KEY), max_retries=0, timeout=30)


@pytest.mark.parametrize("amount", [fewest, everything], ids=["fewest", "everything"])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_requests_conform_to_the_facts(
    tmp_path: Path, files: dict[str, str], name: str, amount: object
) -> None:
    """Documented: method, path, headers, content type, parts, values and files of each endpoint."""
    arguments = fewest(name, files) if amount is fewest else everything(name, files)
    request = OPERATIONS[name].model_validate(arguments)

    with facts_server() as server:
        async with _client_of(server) as client:
            results = await client.send(request, folder=tmp_path)
            if isinstance(results, Deferred):
                assert results.id == ID
                assert await client.poll(results, folder=tmp_path) is None
                results = await client.poll(results, folder=tmp_path) or []

    assert server.faults == []
    if isinstance(request, Query):
        assert isinstance(results, BaseModel)
        return
    assert isinstance(results, list)
    assert len(results) == getattr(request, "samples", 1)
    for generation in results:
        assert generation.media_type.startswith(KINDS[str(request.media)])
        assert generation.path.stat().st_size == generation.bytes
    if request.answer != "artifacts" and request.media != "model":
        assert results[0].seed == SEED
        assert results[0].finish_reason == "SUCCESS"


async def test_every_given_argument_is_sent(tmp_path: Path, files: dict[str, str]) -> None:
    """Chosen: defaults too, so that a result does not change when the API's default does."""
    request = OPERATIONS["edit_outpaint"].model_validate(everything("edit_outpaint", files))

    with facts_server() as server:
        async with _client_of(server) as client:
            await client.send(request, folder=tmp_path)

    (sent,) = server.requests
    texts = {n: part.data.decode() for n, part in sent.parts.items() if part.file_name is None}
    assert texts == request.form()
    assert sent.parts["image"].data == PICTURE
    assert sent.parts["image"].file_name == "image.png"
    assert int(sent.headers["content-length"]) == len(sent.body)


async def test_text_is_sent_unchanged(tmp_path: Path) -> None:
    """Chosen: quotes, line breaks and any script reach the API unchanged."""
    prompt = 'a "fox"\r\n--boundary\r\nin 雪 🦊 ; filename="x"'
    request = OPERATIONS["generate_core"].model_validate({"prompt": prompt})

    with facts_server() as server:
        async with _client_of(server) as client:
            await client.send(request, folder=tmp_path)

    assert server.faults == []
    assert server.requests[0].parts["prompt"].data.decode() == prompt


def test_the_facts_server_detects_wrong_requests() -> None:
    """Chosen: a server that accepts everything would prove nothing."""
    headers = {"content-type": "multipart/form-data; boundary=b", "accept": "image/jpeg"}
    parts = {"seed": "-1", "style": "x", "output_format": "gif", "image": "words"}
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    request = Request(
        "POST", "/v2beta/stable-image/generate/ultra", headers, f"{body}--b--\r\n".encode()
    )

    found = list(faults(request, KEY))

    fields = {fault.partition(":")[0] for fault in found}
    assert fields == {
        "authorization",
        "stability-client-id",
        "stability-client-version",
        "accept",
        "prompt",
        "seed",
        "style",
        "output_format",
        "image",
    }
