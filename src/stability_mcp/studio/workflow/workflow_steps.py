"""Makes the steps of a workflow with the functions of ordinary calls."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError
from stability_mcp.jobs.models import JobRecord
from stability_mcp.jobs.transactions.call_keys import StepPlace, spread_seeds
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import LocalTool, ShowingArguments
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource, with_variant
from stability_mcp.media.workspace import NamedFolders, check_workspace
from stability_mcp.policy.spend_limits import SpendScope
from stability_mcp.store.queries import Connection
from stability_mcp.studio.full_size import cut_out_original
from stability_mcp.studio.media_actions import MediaActions
from stability_mcp.studio.outcomes import earlier_lines
from stability_mcp.studio.preparing import PreparedCall, prepare_call
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.transparency import restore_transparency
from stability_mcp.workflows.runs.progression import ReadyItem
from stability_mcp.workflows.runs.run_fence import check_drives
from stability_mcp.workflows.runs.run_jobs import RunJob
from stability_mcp.workflows.runs.run_port import PreparedStep, StepResult
from stability_mcp.workflows.runs.run_state import RunState, read_state
from stability_mcp.workflows.runs.stored_files import with_files

MAX_LINES = 3
"""Lines of a local tool that are kept with an item."""


@dataclass(frozen=True, kw_only=True)
class _Options:
    """The options of a step, as a call takes them."""

    label: str | None
    allow_smaller: bool
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class _LocalCall:
    tool: LocalTool
    arguments: Mapping[str, Any]


class StudioSteps:
    """Makes the items of one run; implements `StepRunner`.

    Args:
        parts: The parts of the studio, for the client that started the run.
        state: The run as it was when this process began to drive it.
    """

    def __init__(self, parts: StudioParts, state: RunState) -> None:
        self._parts = parts
        self._state = state
        self._files = state.row.read_files()
        self._library = MediaActions(parts)

    async def prepare(self, item: ReadyItem) -> PreparedStep:
        """Implement `StepRunner.prepare`."""
        if item.tool in OPERATIONS:
            return await self._prepare_paid(item)
        return await self._prepare_local(item)

    async def _prepare_paid(self, item: ReadyItem) -> PreparedStep:
        arguments = self._with_files(item)
        label = arguments.pop("label", None)
        smaller, full_size = (arguments.pop(n, False) for n in ("allow_smaller", "full_size"))
        filled = self._parts.runtime.defaults.fill(item.tool, arguments)
        options = _Options(label=_numbered(label, item.number), allow_smaller=bool(smaller))
        with filled.explained():
            call = await prepare_call(self._parts, item.tool, filled.arguments, options)
        if call.source == NameSource.CONTENT:
            call = replace(call, label=with_variant(call.label, item.number))
        operation = spread_seeds(call.inputs.operation, item.variant + 1)[-1]
        call = replace(call, inputs=replace(call.inputs, operation=operation))
        files = {name: each.sha256 for name, each in call.inputs.files.items()}
        named = {**json.loads(operation.canonical()), **files, "full_size": bool(full_size)}
        return PreparedStep(
            item=item,
            reuse_key=_reuse_key(item.tool, named),
            price=operation.price(),
            is_paid=True,
            call=call,
        )

    async def _prepare_local(self, item: ReadyItem) -> PreparedStep:
        tool = all_local_tools()[item.tool]
        arguments = self._with_files(item)
        if label := arguments.get("label"):
            arguments["label"] = _numbered(label, item.number)
        if issubclass(tool.arguments, ShowingArguments):
            arguments["preview"] = "none"  # the answer shows the whole run once
        filled = self._parts.runtime.defaults.fill(item.tool, arguments)
        with filled.explained():
            parse_model(tool.arguments, filled.arguments, what=tool.name, hints=tool.hints)
        named = {name: value for name, value in arguments.items() if name != "label"}
        key = None if tool.writes_files else _reuse_key(item.tool, named)
        return PreparedStep(
            item=item,
            reuse_key=key,
            price=0,
            is_paid=False,
            call=_LocalCall(tool=tool, arguments=arguments),
        )

    def _with_files(self, item: ReadyItem) -> dict[str, Any]:
        """Return the arguments with the media that were imported when the run started."""
        return with_files(item.tool, item.arguments, self._files)

    async def submit(
        self, prepared: PreparedStep, place: StepPlace, *, retry_of: str | None
    ) -> StepResult | None:
        """Implement `StepRunner.submit`."""
        call: PreparedCall = prepared.call
        async with self._parts.permissions.check(call.inputs, count=1, confirm=None) as permission:
            request = replace(call.request(self._parts), place=place, retry_of=retry_of)
            process = self._parts.jobs.runner.process

            def check(connection: Connection) -> None:
                check_drives(connection, place.run, process)
                permission.check(connection)

            submitted = await self._parts.jobs.submit(request, check=check)
        if not submitted.cached:
            return None
        found = await self._result(submitted.cached[0], place.step)
        lines = await earlier_lines(self._parts, submitted)
        if call.source == NameSource.CALLER and found.media is not None:
            [item] = await self._parts.media.many([found.media])
            await self._parts.media.set_label(item, call.label)
        return replace(found, lines=[*lines, *found.lines], is_cached=True)

    async def result(self, job: RunJob) -> StepResult:
        """Implement `StepRunner.result`."""
        return await self._result(job.id, job.step)

    async def _result(self, job: str, step: str) -> StepResult:
        """Return what a job made: the picture with its transparency, at full size if wanted."""
        [record] = await self._parts.jobs.reader.records(self._parts.account, [job])
        found = await self._parts.media.many(record.media)
        restored = await restore_transparency(self._parts, [record], found, {})
        if not restored.shown:
            return StepResult()
        item = restored.shown[0]
        lines = [*restored.notes]
        if self._state.plan.step(step).arguments.get("full_size"):
            item, note = await self._at_full_size(record, item)
            lines += filter(None, [note])
        return StepResult(media=item.id, lines=lines)

    async def _at_full_size(self, job: JobRecord, cut_out: MediaItem) -> tuple[MediaItem, str]:
        """Return the cut-out of the original picture, or of the picture that was sent."""
        sent = await self._parts.media.many([job.arguments.get("image") or ""])
        if not sent or sent[0].origin != "fitted" or cut_out.filtered:
            return cut_out, ""
        original = await self._parts.media.before_fitting(sent[0])
        whole, note = await cut_out_original(self._parts, original, cut_out)
        return whole or cut_out, note

    async def run_local(self, prepared: PreparedStep) -> StepResult:
        """Implement `StepRunner.run_local`."""
        call: _LocalCall = prepared.call
        found = await self._library.run_local(call.tool, call.arguments)
        if not found.items and not call.tool.writes_files:
            raise ArgumentsError(f"{call.tool.name} made nothing.", hint="Check its arguments.")
        made: MediaItem | None = found.items[0] if found.items else None
        files = [str(each["path"]) for each in found.facts.get("files", ()) if "path" in each]
        # Not which media the ids mean, nor a part of the files, all of which the answer lists.
        own = [each for each in found.lines if not each.startswith(("media: ", "- ", " "))]
        lines = () if made is not None else tuple(own[:MAX_LINES])
        return StepResult(media=made.id if made else None, lines=lines, files=files)

    async def deliver(self, state: RunState) -> Mapping[str, Any]:
        """Implement `StepRunner.deliver`."""
        from stability_mcp.studio.workflow.run_delivery import deliver_run

        return await deliver_run(self._parts, state)


def _numbered(label: Any, number: int) -> str | None:  # noqa: ANN401 -- the plan's value
    return with_variant(str(label), number) if label is not None else None


def _reuse_key(tool: str, named: Mapping[str, Any]) -> str:
    canonical = json.dumps([tool, named], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def steps_of(parts: StudioParts, run: str) -> StudioSteps:
    """Return what makes the items of a run, for the client that started it.

    The client may be gone: its workspace folders and its spending limits are in the row, and
    whether it may name files of this machine. Which file a step names may be known only now: it can
    be the name of a result.
    """
    state = await parts.runtime.database.read(lambda c: read_state(c, parts.account, run))
    row = state.row
    scope = SpendScope(name=row.scope, client=row.scope_client or "") if row.scope else None
    named: list[str] | None = json.loads(row.workspace or "[]")
    folders = [Path(each).as_uri() for each in named or ()]
    source = partial(check_workspace, NamedFolders(uris=tuple(folders))) if folders else None
    own = parts.for_client(source, None, scope, reads_files=named is not None)
    return StudioSteps(own, state)
