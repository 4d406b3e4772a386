"""Jobs with the real client and the built-in emulator: every outcome an agent can see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_emulator import EMULATOR_KEY
from stability_emulator.faults import Fault
from stability_emulator.generations import Pace
from stability_emulator.state import State
from stability_emulator.transport import in_process
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.jobs.models import JobRecord
from stability_mcp.media.names import request_of
from stability_mcp.media.records import Blobs, NewMedia, Provenance, file_info, insert_media
from stability_mcp.store.tenancy import EMULATOR
from support.jobs.jobs import AT_ONCE, OWNER, AccountJobs, core, picture, running_jobs
from support.store.rows import ledger, money, rows, spool

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]


@asynccontextmanager
async def emulated(home: Path) -> AsyncIterator[tuple[AccountJobs, State]]:
    """Run jobs on a separate emulator."""
    transport = in_process()
    async with (
        Client(
            base_url=EMULATOR.base_url, api_key=SecretStr(EMULATOR_KEY), transport=transport
        ) as client,
        running_jobs(home, client, upstream=EMULATOR, timing=AT_ONCE) as jobs,
    ):
        yield jobs, transport.state


async def _run(
    jobs: AccountJobs, operation: Operation, inputs: dict[str, str] | None = None
) -> JobRecord:
    submitted = await jobs.submit(operation, tool=operation.name(), inputs=inputs or {})
    [view] = await jobs.wait(submitted.job_ids, 30)
    return view


async def _import(home: Path, jobs: AccountJobs) -> str:
    file = home / "spool" / "import"
    await anyio.Path(file).write_bytes(picture())
    info = file_info(file)
    item = await jobs.context.database.write(
        lambda c: insert_media(
            c,
            Blobs(home=home),
            NewMedia(
                owner=OWNER,
                name=request_of("source"),
                file=file,
                info=info,
                provenance=Provenance(origin="imported"),
            ),
            now=1.0,
        ),
        name="test.write",
    )
    return item.id


@pytest.mark.full_size
async def test_a_picture_is_generated_and_charged(tmp_path: Path) -> None:
    """*Documented*: 200 with the picture, its seed in a header, 3 credits."""
    async with emulated(tmp_path) as (jobs, state):
        view = await _run(jobs, core(seed=5))

        assert [charge.millicredits for charge in state.charges()] == [3_000]
    assert view.state == "done"
    assert rows(tmp_path, "SELECT seed, finish_reason, width, emulated FROM media") == [
        ("5", "SUCCESS", 1536, 1)
    ]
    assert (money(tmp_path), ledger(tmp_path), spool(tmp_path)) == ((0, 3_000), ["charged"], [])


async def test_an_input_is_sent_and_is_the_parent_of_the_result(tmp_path: Path) -> None:
    """*Chosen*: lineage records the field it was sent in."""
    async with emulated(tmp_path) as (jobs, _):
        source = await _import(tmp_path, jobs)
        operation = OPERATIONS["edit_remove_background"].model_validate({"image": source})
        view = await _run(jobs, operation, {"image": source})

    assert view.state == "done", view.error
    assert rows(tmp_path, "SELECT child, parent, role FROM media_parents") == [
        (view.media[0], source, "image")
    ]


async def test_an_input_whose_bytes_are_gone_is_not_sent(tmp_path: Path) -> None:
    """*Chosen*: the error comes before any charge."""
    async with emulated(tmp_path) as (jobs, state):
        source = await _import(tmp_path, jobs)
        [(blob,)] = rows(tmp_path, "SELECT blob FROM media")
        await anyio.Path(tmp_path / "blobs" / blob[:2] / blob).unlink()
        operation = OPERATIONS["edit_remove_background"].model_validate({"image": source})
        view = await _run(jobs, operation, {"image": source})

        assert state.requests() == []
    assert (view.state, view.charged) == ("failed", "no")
    assert "Nothing was charged." in (view.error or "")
    assert money(tmp_path) == (0, 0)


async def test_an_input_that_was_deleted_is_named_in_the_error(tmp_path: Path) -> None:
    """*Chosen*: the job fails without a charge and names the file."""
    async with emulated(tmp_path) as (jobs, state):
        operation = OPERATIONS["edit_remove_background"].model_validate({"image": "k7f3q2m9xa"})
        view = await _run(jobs, operation, {"image": "k7f3q2m9xa"})

        assert state.requests() == []
    assert (view.state, view.charged) == ("failed", "no")
    assert "media://k7f3q2m9xa, used as image, has been deleted." in (view.error or "")


@pytest.mark.parametrize("name", ["upscale_creative", "audio3_text_to_audio"])
async def test_a_deferred_generation_is_fetched_when_it_is_finished(
    tmp_path: Path, name: str
) -> None:
    """*Documented*: started with 200 or 202, 202 while it is running, then 200."""
    async with emulated(tmp_path) as (jobs, state):
        state.pace = Pace(polls=2)
        if name == "upscale_creative":
            source = await _import(tmp_path, jobs)
            arguments = {"image": source, "prompt": "a lighthouse"}
            view = await _run(jobs, OPERATIONS[name].model_validate(arguments), {"image": source})
        else:
            arguments = {"prompt": "rain", "duration": "6"}
            view = await _run(jobs, OPERATIONS[name].model_validate(arguments))

        methods = [request.method for request in state.requests()]
    assert view.state == "done", view.error
    assert methods == ["POST", "GET", "GET", "GET"]


OUTCOMES: list[tuple[str, Fault | None, tuple[str, str, str]]] = [
    ("emulate moderation", None, ("failed", "no", "Nothing was charged.")),
    ("emulate language", None, ("failed", "no", "Nothing was charged.")),
    ("emulate filter", None, ("done", "yes", "")),
    ("a cat", Fault(status=500), ("done", "yes", "")),
    ("a cat", Fault(status=429, name="rate_limit_exceeded"), ("queued", "reserved", "")),
    ("a cat", Fault(html=True), ("unknown", "assumed", "It may have been charged")),
    ("a cat", Fault(html=True, status=504), ("unknown", "assumed", "It may have been charged")),
    ("a cat", Fault(reset="before"), ("unknown", "assumed", "It may have been charged")),
    ("a cat", Fault(reset="after"), ("unknown", "assumed", "It may have been charged")),
    ("a cat", Fault(cut=1_000), ("failed", "yes", "It was charged.")),
    ("a cat", Fault(status=200, body="{}"), ("failed", "yes", "It was charged.")),
    (
        "a cat",
        Fault(status=413, name="payload_too_large"),
        ("failed", "no", "Nothing was charged."),
    ),
]


@pytest.mark.parametrize(("prompt", "fault", "expected"), OUTCOMES)
async def test_every_outcome_is_reported_correctly(
    tmp_path: Path, prompt: str, fault: Fault | None, expected: tuple[str, str, str]
) -> None:
    """*Documented*: statuses and bodies; *Chosen*: the outcome of each."""
    state, charged, text = expected
    async with emulated(tmp_path) as (jobs, emulator):
        if fault is not None:
            emulator.faults.inject(fault)
        submitted = await jobs.submit(core(prompt), tool="generate_core")
        [view] = await jobs.wait(submitted.job_ids, 2 if state == "queued" else 30)

    assert (view.state, view.charged) == (state, charged), view.error
    assert text in (view.error or "")
    assert money(tmp_path) == (
        3_000 if charged == "reserved" else 0,
        3_000 if charged in {"yes", "assumed"} else 0,
    )
    assert len(list((tmp_path / "quarantine").iterdir())) == (
        state == "failed" and charged == "yes"
    )
    assert spool(tmp_path) == []


async def test_a_filtered_result_is_stored_charged_and_marked(tmp_path: Path) -> None:
    """*Documented*: 200, blurred, finish reason CONTENT_FILTERED, charged."""
    async with emulated(tmp_path) as (jobs, _):
        view = await _run(jobs, core("emulate filter"))

    assert rows(tmp_path, "SELECT id, finish_reason FROM media") == [
        (view.media[0], "CONTENT_FILTERED")
    ]


async def test_an_account_without_credits_fails_a_job_and_is_checked_before_the_next(
    tmp_path: Path,
) -> None:
    """*Documented*: 402; *Chosen*: nothing more is sent until the balance is above 0."""
    async with emulated(tmp_path) as (jobs, state):
        state.set_credits(EMULATOR_KEY, 1)
        view = await _run(jobs, core())
        state.set_credits(EMULATOR_KEY, 100)
        after = await _run(jobs, core())

        paths = [request.path for request in state.requests()]
    assert (view.state, view.charged) == ("failed", "no")
    assert after.state == "done"
    assert sum("balance" in path for path in paths) == 1


async def test_each_of_many_concurrent_calls_gets_its_own_result(tmp_path: Path) -> None:
    """*Chosen*: identical concurrent calls are separate variants."""
    async with emulated(tmp_path) as (jobs, state):
        calls = [await jobs.submit(core(), tool="generate_core", count=4) for _ in range(3)]
        views = await jobs.wait([job for call in calls for job in call.job_ids], 60)

        assert len(state.charges()) == 12
    assert {view.state for view in views} == {"done"}
    assert len({media for view in views for media in view.media}) == 12
