"""A disk that fills up while a call is under way: what its caller is told."""

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


@pytest.mark.parametrize("comes_back", [False, True])
async def test_a_call_that_is_handed_back_is_no_error(tmp_path: Path, *, comes_back: bool) -> None:
    """*Chosen*: an error would say that nothing was charged, and the call be made once more."""
    full = FailingWrites("finish.abandon", "finish.save_notes")
    with anyio.fail_after(60):
        async with paced(settings_in(tmp_path), latency=0.5, observer=full) as studio:
            options = CallOptions(wait=0, soon=0 if comes_back else None, notes=["note: something"])
            told = await studio.run("generate_core", {"prompt": "a lighthouse"}, options)
            [job] = told.jobs
            assert not job.finished
            [done] = (await studio.wait_for([job.id], seconds=30)).jobs

    assert full.failed == ["finish.save_notes" if comes_back else "finish.abandon"]
    assert done.state == "done"


async def test_a_call_of_which_nothing_can_be_read_is_not_called_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: it was written and may have been paid; who calls again would pay once more."""
    with anyio.fail_after(60):
        async with paced(settings_in(tmp_path), latency=0.2) as studio:
            with monkeypatch.context() as patched:
                # An observer sees no reads.
                patched.setattr(lookup, "jobs_by_id", _full)
                with pytest.raises(JobError, match="Do not call the tool again") as told:
                    await studio.call("generate_core", {"prompt": "a lighthouse"}, wait=5)
            assert told.value.job is not None
            [done] = (await studio.wait_for([told.value.job], seconds=30)).jobs

    assert "goes on" in str(told.value)
    assert "Nothing was charged" not in str(told.value)
    assert done.state == "done"
