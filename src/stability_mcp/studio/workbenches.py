"""Gives local tools the media of an account, and what its jobs and runs know of them."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from stability_mcp.jobs.models import JobRecord
from stability_mcp.local_tools.workbench import RunMedia, Workbench
from stability_mcp.media.items import MediaItem
from stability_mcp.studio import origins
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import credits_text


def workbench_of(parts: StudioParts) -> Workbench:
    """Return what a local tool works with."""
    return Workbench(
        parts.media,
        parts.importer,
        parts.settings,
        parts.permissions.terms,
        _Origins(parts),
    )


class _Origins:
    """Reads jobs and runs."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def run(self, run: str) -> RunMedia:
        """Return the results of a run; raises NotFoundError."""
        # Workflows import local tools, so they can only be imported late.
        from stability_mcp.studio.workflow.run_answer import outcome_of
        from stability_mcp.workflows.runs.run_state import read_state

        parts = self._parts
        state = await parts.runtime.database.read(lambda c: read_state(c, parts.account, run))
        outcome = await outcome_of(parts, state, preview=False)
        groups = []
        for output, results in groupby(outcome.results, key=lambda each: each.output):
            items = [each.item for each in results if each.item is not None]
            groups.append((output, items))
        return RunMedia(
            title=state.row.title or state.row.template or run,
            groups=[each for each in groups if each[1]],
            blind=frozenset(
                each.item.id for each in outcome.results if each.item and each.is_blind
            ),
        )

    async def prices(self, items: Sequence[MediaItem]) -> Mapping[str, str]:
        """Return what paid items cost, as text, by id."""
        parts = self._parts
        found = await origins.of_media(parts.media, parts.jobs.reader, parts.account, items)
        return {each.item.id: _price_text(each.item, each.job) for each in found if each.job}


def _price_text(item: MediaItem, job: JobRecord) -> str:
    if item.emulated:
        return f"{credits_text(job.price)} from the real API"
    return origins.charge_text(job)
