"""`StabilityStudio`: a studio for Python services, with one method per operation."""

import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from scripts.method_stubs import STUBS, stub_text

from stability_mcp import Outcome, StabilityStudio
from stability_mcp.api.kinds import Query
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, ConfigurationError
from support.store.rows import rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]

ROOT = Path(__file__).parent.parent.parent
LOOP = ROOT / "tests/rest/examples/service_loop.py"
IMPORT = "from services.stability_service import StabilityAIService"

Generate = Callable[[list[str]], Coroutine[Any, Any, list[Outcome]]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the settings at a new data folder."""
    monkeypatch.setenv("STABILITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STABILITY_OUTPUT_DIR", "none")
    return tmp_path / "home" / "emulator"


async def test_a_service_loop_written_for_another_class_runs_after_one_import_has_changed(
    home: Path,
) -> None:
    """Documented: five results, five pictures and five charges."""
    source = LOOP.read_text(encoding="utf-8")
    assert source.count(IMPORT) == 1
    ours = source.replace(IMPORT, "from stability_mcp import StabilityStudio")
    program: dict[str, Any] = {"__name__": "service_loop"}
    exec(ours.replace("StabilityAIService()", "StabilityStudio()"), program)  # noqa: S102 -- the example itself
    generate = cast("Generate", program["generate_content_images"])

    results = await generate(program["PROMPTS"])

    media = [item for outcome in results for item in outcome.media]
    assert len(results) == 5
    assert len({item.id for item in media}) == 5
    assert {item.kind for item in media} == {"image"}
    assert rows(home, "SELECT count(*), count(DISTINCT job) FROM charges") == [(5, 5)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_a_method_with_the_fields_as_typed_keywords(name: str) -> None:
    """Chosen: IDEs and help() show what a call takes."""
    row = OPERATIONS[name]
    method = getattr(StabilityStudio, name)
    _, *parameters = inspect.signature(method).parameters.values()
    options = {"label", "wait"} if row.is_paid() else set()

    assert inspect.iscoroutinefunction(method)
    assert {each.name for each in parameters} == row.model_fields.keys() | options | (
        {"count"} if row.takes_count() else set()
    )
    assert {each.kind for each in parameters} <= {inspect.Parameter.KEYWORD_ONLY}
    required = {each.name for each in parameters if each.default is each.empty}
    assert required == {key for key, each in row.model_fields.items() if each.is_required()}
    assert row.summary() in (method.__doc__ or "")


def test_the_stub_for_type_checkers_is_up_to_date() -> None:
    """Chosen: mypy sees the signatures that inspect shows."""
    assert (ROOT / STUBS).read_text(encoding="utf-8") == stub_text(), "run `make schemas`"


async def test_methods_return_and_raise_what_the_studio_does(home: Path) -> None:
    """Documented: options of Studio.call, data of Studio.query, and its errors."""
    async with StabilityStudio() as studio:
        made = await studio.generate_core(prompt="a fox", label="fox", count=2)
        balance = await studio.account_balance()
        with pytest.raises(ArgumentsError, match="generate_sd3 and generate_ultra do"):
            await studio.generate_core(prompt="a fox", image="fox")  # type: ignore[call-arg]
        with pytest.raises(ArgumentsError, match="prompt"):
            await studio.generate_core()  # type: ignore[call-arg]
        below = await studio.studio.get_media("fox-2")

    query = cast("type[Query]", OPERATIONS["account_balance"])
    assert isinstance(balance, query.result)
    assert [item.label for item in made.media] == ["fox-1", "fox-2"]
    assert below.id == made.media[1].id
    assert rows(home, "SELECT count(*) FROM charges") == [(2,)]


async def test_an_error_that_ends_the_block_is_the_error_itself(home: Path) -> None:
    """Chosen: `except StudioError` around the block works, without exception groups."""
    with pytest.raises(ArgumentsError, match="prompt"):
        async with StabilityStudio() as studio:
            await studio.generate_core(prompt=" ")

    assert rows(home, "SELECT count(*) FROM charges") == [(0,)]


@pytest.mark.usefixtures("home")
async def test_it_reads_the_settings_when_entered_and_can_be_entered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chosen: creating it at import time of a service neither fails nor fixes the settings."""
    service = StabilityStudio()
    monkeypatch.setenv("STABILITY_CONCURRENCY", "none of your business")
    with pytest.raises(ConfigurationError):
        await service.__aenter__()
    monkeypatch.delenv("STABILITY_CONCURRENCY")

    with pytest.raises(RuntimeError, match="isn't open"):
        await service.generate_core(prompt="a fox")
    for _ in range(2):
        async with service:
            await service.account_balance()
            with pytest.raises(RuntimeError, match="already open"):
                await service.__aenter__()
