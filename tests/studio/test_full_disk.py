"""What the caller gets if the disk fills up during a call."""

from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import JobError, StorageError
from stability_mcp.jobs.transactions import lookup
from stability_mcp.studio import CallOptions
from support.server.in_memory import paced, settings_in
from support.store.observed import FailingWrites

pytestmark = pytest.mark.anyio


def _full(*_: object, **__: object) -> None:
    raise StorageError("The database cannot be written: database or disk is full.")


@pytest.mark.parametrize("returns_early", [False, True])
async def test_a_call_that_returns_a_job_id_is_not_an_error(
    tmp_path: Path, *, returns_early: bool
) -> None:
    """*Chosen*: an error would say that nothing was charged, and the call would be repeated."""
    full = FailingWrites("finish.abandon", "finish.save_notes")
    with anyio.fail_after(60):
        async with paced(settings_in(tmp_path), latency=0.5, observer=full) as studio:
            options = CallOptions(
                wait=0, soon=0 if returns_early else None, notes=["note: something"]
            )
            outcome = await studio.run("generate_core", {"prompt": "a lighthouse"}, options)
            [job] = outcome.jobs
            assert not job.finished
            [done] = (await studio.wait_for([job.id], seconds=30)).jobs

    assert full.failed == ["finish.save_notes" if returns_early else "finish.abandon"]
    assert done.state == "done"


async def test_an_error_while_reading_a_submitted_call_does_not_say_it_was_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: the call was submitted and may be charged; repeating it would be charged again."""
    with anyio.fail_after(60):
        async with paced(settings_in(tmp_path), latency=0.2) as studio:
            with monkeypatch.context() as patched:
                # An observer sees no reads.
                patched.setattr(lookup, "jobs_by_id", _full)
                with pytest.raises(
                    JobError, match="Don't repeat the call; job_wait gets the result"
                ) as raised:
                    await studio.call("generate_core", {"prompt": "a lighthouse"}, wait=5)
            assert raised.value.job is not None
            [done] = (await studio.wait_for([raised.value.job], seconds=30)).jobs

    assert "continues, but the state cannot be read" in str(raised.value)
    assert "Nothing was charged" not in str(raised.value)
    assert done.state == "done"
