"""The comparison of the API's published document with the table finds every kind of change."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.drift import compared, differences
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.cli.drift import MAX_BYTES, run_drift
from stability_mcp.errors import FileMissingError, FileUnusableError, RequestError
from stability_mcp.settings import read_settings
from support.api.facts import facts
from support.api.openapi import Document, published
from support.programs import forked

UNCHANGED = published()


def test_the_document_made_from_the_facts_does_not_differ() -> None:
    """*Documented*: the table matches what the facts record of the published document."""
    assert differences(UNCHANGED, OPERATIONS) == []


def test_version_1_is_not_in_the_document_and_not_reported() -> None:
    """*Documented*: the document has v2beta and a part of v2alpha."""
    names = compared(UNCHANGED, OPERATIONS)

    assert set(names) == {
        name for name, row in OPERATIONS.items() if row.spec.path.startswith("/v2beta")
    }


def test_a_known_difference_has_a_reason_and_still_exists() -> None:
    """*Documented*: a known difference that no longer exists must be removed."""
    reasons = {
        f"{name} {line}": reason
        for name, row in OPERATIONS.items()
        for line, reason in row.wire.known_drift.items()
    }

    assert reasons
    assert differences(UNCHANGED, OPERATIONS, known=True) == list(reasons)
    assert all(len(reason) > 20 for reason in reasons.values())


async def _emulator_document(url: str) -> Document:
    async with httpx2.AsyncClient(base_url=url) as client:
        found: Document = (await client.get("/v2alpha/openapi")).json()
        return found


@pytest.mark.anyio
async def test_the_emulators_own_document_does_not_differ(emulator_url: str) -> None:
    """*Chosen*: it is generated from the table, with all versions, and compared like any other."""
    own = await _emulator_document(emulator_url)

    assert differences(own, OPERATIONS) == []
    assert compared(own, OPERATIONS) == list(OPERATIONS)


def _path(end: str) -> str:
    return f"/v2beta/stable-image/{end}"


def _schema(document: Document, end: str) -> Document:
    body = document["paths"][_path(end)]["post"]["requestBody"]["content"]
    schema: Document = body["multipart/form-data"]["schema"]
    return schema


def _change(end: str, name: str, **changed: Any) -> Callable[[Document], Any]:  # noqa: ANN401 -- JSON
    return lambda document: _schema(document, end)["properties"].update(
        {name: _schema(document, end)["properties"].get(name, {}) | changed}
    )


PLANTED: dict[str, tuple[Callable[[Document], Any], str]] = {
    "new path": (
        lambda document: document["paths"].update({_path("edit/dream"): {"post": {}}}),
        'new path: POST "/v2beta/stable-image/edit/dream"',
    ),
    "removed path": (
        lambda document: document["paths"].pop(_path("upscale/fast")),
        'removed path: POST "/v2beta/stable-image/upscale/fast"',
    ),
    "removed results path": (
        lambda document: document["paths"].pop("/v2beta/results/{id}"),
        'removed path: GET "/v2beta/results/{id}"',
    ),
    "new parameter": (
        _change("edit/inpaint", "feather", type="integer"),
        'edit_inpaint new parameter: "feather"',
    ),
    "removed parameter": (
        lambda document: _schema(document, "generate/core")["properties"].pop("style_preset"),
        'generate_core removed parameter: "style_preset"',
    ),
    "parameter that became required": (
        lambda document: _schema(document, "generate/core")["required"].append("aspect_ratio"),
        "generate_core aspect_ratio: now required",
    ),
    "text that became a file": (
        _change("edit/inpaint", "prompt", format="binary"),
        "edit_inpaint prompt: now a file",
    ),
    "file that became a text": (
        _change("edit/inpaint", "mask", format="uri"),
        "edit_inpaint mask: no longer a file",
    ),
    "new choice": (
        _change("generate/sd3", "model", enum=["sd3.5-large", "sd4"]),
        'generate_sd3 model: new choice "sd4"',
    ),
    "removed choice": (
        _change("generate/sd3", "model", enum=["sd3.5-large", "sd4"]),
        'generate_sd3 model: removed choice "sd3.5-medium"',
    ),
    "upper bound": (
        _change("edit/erase", "grow_mask", maximum=30),
        "edit_erase grow_mask: maximum 30, was 20",
    ),
    "lower bound": (
        _change("upscale/conservative", "creativity", allOf=[{"minimum": 0.1, "maximum": 0.5}]),
        "upscale_conservative creativity: minimum 0.1, was 0.2",
    ),
    "bound of a shared schema": (
        lambda document: document["components"]["schemas"]["Seed"].update(maximum=99),
        "generate_core seed: maximum 99, was 4294967294",
    ),
    "length": (
        _change("generate/core", "prompt", maxLength=500),
        "generate_core prompt: maximum characters 500, was 10000",
    ),
    "status": (
        lambda document: document["paths"][_path("upscale/creative")]["post"].update(
            responses={"202": {}}
        ),
        "upscale_creative answers 202, was 200",
    ),
    "content type of the body": (
        lambda document: document["paths"][_path("generate/core")]["post"].update(
            requestBody={"content": {"application/json": {}}}
        ),
        'generate_core takes "application/json", was multipart/form-data',
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_change_planted_in_the_document_is_found(what: str) -> None:
    """*Chosen*: a change of a shared schema is reported for every operation that uses it."""
    plant, line = PLANTED[what]
    changed = copy.deepcopy(UNCHANGED)
    plant(changed)

    found = differences(changed, OPERATIONS)

    assert line in found
    assert all(found.count(each) == 1 for each in found)


def test_older_twins_of_endpoints_are_not_reported_as_new() -> None:
    """*Documented*: the document contains them; the table omits them on purpose."""
    paths = {each["path"] for each in facts()["endpoints"]}

    assert {"/v2alpha/generation/stable-image/upscale"} <= paths & UNCHANGED["paths"].keys()


NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$ref", "allOf", "oneOf", "properties", "enum", "minimum", "x"]),
            inside | st.sampled_from(["#/components/schemas/Seed", "#/paths", "#"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/components/schemas/Circle"}] * 10},
        {"properties": {"prompt": {"minLength": "long", "maximum": []}}},
    ],
    ids=["branching cycle", "invalid bounds"],
)
def test_an_invalid_schema_neither_hangs_nor_fails(schema: Any) -> None:  # noqa: ANN401 -- JSON
    """*Chosen*: a branching cycle has exponentially many parts."""
    body = {"content": {"multipart/form-data": {"schema": schema}}}
    document = {
        "paths": {_path("generate/core"): {"post": {"requestBody": body}}},
        "components": {"schemas": {"Circle": schema}},
    }

    assert "generate_core removed parameter: 'seed'" in "\n".join(
        differences(document, OPERATIONS)
    ).replace('"', "'")


@given(NODES, NODES, NODES)
def test_no_document_makes_the_comparison_fail(schema: Any, shared: Any, operation: Any) -> None:  # noqa: ANN401 -- JSON
    """*Chosen*: it is untrusted: it may have any shape and refer to itself."""
    body = {"content": {"multipart/form-data": {"schema": schema}}}
    paths = {
        _path("generate/core"): {"post": {"requestBody": body}},
        _path("generate/sd3"): {"post": operation},
        _path("generate/ultra"): operation,
    }

    for document in (
        {"paths": paths, "components": {"schemas": {"Seed": shared}}},
        {"paths": schema},
    ):
        assert all(isinstance(line, str) for line in differences(document, OPERATIONS))


class TestCommand:
    """`stability-mcp doctor --drift`, as a process."""

    def run(self, *arguments: str, base: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        flags = ["--base-url", base] if base else []
        return subprocess.run(
            forked("stability_mcp", *flags, "doctor", "--drift", *arguments),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @pytest.mark.processes
    def test_a_document_on_disk_is_compared(self, tmp_path: Path) -> None:
        """*Chosen*: one line per difference, and exit code 1."""
        changed = copy.deepcopy(UNCHANGED)
        PLANTED["upper bound"][0](changed)
        file = tmp_path / "document.json"
        file.write_text(json.dumps(changed))

        done = self.run(str(file))

        assert done.returncode == 1
        assert PLANTED["upper bound"][1] in done.stdout
        assert "1 difference\n" in done.stdout

    def test_the_document_of_the_configured_api_is_fetched(self, emulator_url: str) -> None:
        """*Chosen*: from STABILITY_BASE_URL, without a key."""
        done = self.run(base=emulator_url)

        assert (done.returncode, done.stderr) == (0, "")
        assert f"{len(OPERATIONS)} operations compared" in done.stdout
        assert "nothing differs" in done.stdout

    @pytest.mark.processes
    def test_offline_is_reported(self) -> None:
        """*Chosen*: one line with an alternative, and no traceback."""
        done = self.run("http://127.0.0.1:9/none")

        assert done.returncode == 7
        assert "Could not fetch the API's document" in done.stderr
        assert "doctor --drift FILE" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.anyio
@pytest.mark.parametrize("content", ["[]", "nonsense", "{}", '{"paths": 1}', " " * (MAX_BYTES + 1)])
async def test_a_file_that_is_not_a_document_is_reported(content: str, tmp_path: Path) -> None:
    """*Chosen*: regardless of its content and size."""
    file = tmp_path / "document.json"
    file.write_text(content)

    with pytest.raises(FileUnusableError, match="isn't an OpenAPI document"):
        await run_drift(read_settings(), str(file))


@pytest.mark.anyio
async def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """*Chosen*: with its name."""
    with pytest.raises(FileMissingError, match=r"Could not read the document .*: No such file"):
        await run_drift(read_settings(), str(tmp_path / "none.json"))


@pytest.mark.anyio
async def test_an_address_without_a_document_is_reported(emulator_url: str) -> None:
    """*Chosen*: with the status, or that it isn't an OpenAPI document."""
    with pytest.raises(RequestError, match="HTTP 404"):
        await run_drift(read_settings(), f"{emulator_url}/v2beta/none")
    with pytest.raises(FileUnusableError):
        await run_drift(read_settings(), f"{emulator_url}/")
