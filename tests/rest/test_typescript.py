"""Clients in other languages are generated from the OpenAPI document: here, in TypeScript.

openapi-typescript makes the types, openapi-fetch makes calls with them, and the compiler checks the
program `typescript/calls.ts` against both before it runs.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import support.imaging.sample_files as pictures
from protocol.support_node import OPENAPI_FETCH, PACKAGES, TYPESCRIPT, installed, node
from support.rest.rest_server import TOKEN, rest_server

pytestmark = [pytest.mark.processes, pytest.mark.long(8)]

PROGRAM = Path(__file__).parent / "typescript"
SECONDS = 60


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx2.Client]:
    """Serve."""
    with rest_server(tmp_path / "server") as found:
        yield found


def test_a_client_generated_in_typescript_compiles_and_makes_calls(
    client: httpx2.Client, tmp_path: Path
) -> None:
    """Chosen: bytes, a form with a file, 202 with its result, and an error, all typed."""
    compiler = installed(TYPESCRIPT)
    assert installed(OPENAPI_FETCH)
    program = Path(shutil.copytree(PROGRAM, tmp_path / "program"))
    (program / "node_modules").symlink_to(PACKAGES, target_is_directory=True)
    (program / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    document = program / "openapi.json"
    document.write_text(client.get("/openapi.json").text, encoding="utf-8")
    picture = base64.b64encode(pictures.png((64, 64))).decode()
    values = {
        "baseUrl": str(client.base_url).rstrip("/"),
        "token": TOKEN,
        "picture": f"data:image/png;base64,{picture}",
    }
    (program / "server.ts").write_text(
        "".join(f"export const {name} = {json.dumps(each)};\n" for name, each in values.items()),
        encoding="utf-8",
    )

    for script, *arguments in (
        (program / "generate.mjs", str(document), str(program / "schema.ts")),
        (compiler, "--project", str(program)),
    ):
        done = node(script, *arguments, home=tmp_path, seconds=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
    ran = node(program / "calls.ts", home=tmp_path, seconds=SECONDS)

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["made"]["type"] == "image/png"
    assert found["made"]["job"]
    assert found["started"]["status"] == 202
    assert found["result"] == {"id": found["started"]["id"], "status": "done", "type": "image/png"}
    assert found["refused"] == {
        "status": 400,
        "name": "invalid_arguments",
        "charged": "not charged",
    }
