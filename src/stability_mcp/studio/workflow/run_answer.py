"""The outcome of a run: its results, what it cost, what waits, and one sheet of everything."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.budget import Spending
from stability_mcp.media.copies import explain_missing_copies
from stability_mcp.media.items import MediaItem
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.run_sheet import RunCell, run_sheet
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs.run_decisions import open_reviews
from stability_mcp.workflows.runs.run_items import callers_ids_of
from stability_mcp.workflows.runs.run_rows import ItemRow
from stability_mcp.workflows.runs.run_state import RunState, StepProgress

PICTURE_ENDINGS = frozenset({".gif", ".jpg", ".png", ".webp"})
"""Endings of exported files that can be drawn."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A result of a run that the answer shows."""

    output: str
    """Name of the output; of a review, its step."""
    number: int
    """From 1, within the output."""
    row: ItemRow
    item: MediaItem | None
    """None: files in a folder, or the media was deleted."""
    id: str | None = None
    """What the caller calls the entry or element that it was made for."""
    price: int = 0
    """Millicredits charged for it in this run; 0: made on this machine, or reused."""
    seconds: float | None = None
    """From sending to the result; None: not sent."""
    is_blind: bool = False
    """Whether how it was made isn't shown before the pick."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what is stored with the item: lines and files."""
        return self.row.read_facts()

    @property
    def is_reused(self) -> bool:
        """Return whether an earlier run or call made it, so that it cost nothing."""
        return self.row.reused_from is not None or bool(self.facts.get("cached"))

    def cell(self, mark: str, *, is_single: bool) -> RunCell:
        """Return it as a cell of the sheet.

        Args:
            mark: By what it is picked.
            is_single: Whether it is the only result of its output, whose name then describes it.
        """
        label = self.item.name if self.item is not None else ""
        return RunCell(
            mark=mark,
            media=self.item,
            label=self.output if is_single else label,
            credits=None if self.is_reused else self.price,
            seconds=self.seconds,
            blind=self.is_blind,
        )


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """A run as an answer shows it."""

    state: RunState
    steps: Sequence[StepProgress]
    results: Sequence[RunResult]
    """Its outputs; while a review waits, what there is to pick from; if it didn't end well, also
    what nothing was made of."""
    reviews: Sequence[str] = ()
    """Steps that wait for a pick."""
    files: Sequence[str] = ()
    """Files that it wrote into folders of the user."""
    notes: Sequence[str] = ()
    sheet: Preview | None = None
    spent: Spending
    seconds_left: float = 0.0
    """About how long it continues without the user; 0: not known."""
    delivery: Mapping[str, Any] = field(default_factory=dict)
    """What was written into the folder of the run, as `deliver_run` returned it."""

    @property
    def media(self) -> list[MediaItem]:
        """Return the media of the results, each once."""
        found = {each.item.id: each.item for each in self.results if each.item is not None}
        return list(found.values())

    @property
    def linked(self) -> list[MediaItem]:
        """Return the media that an answer links; a name says how a blind result was made."""
        blind = {each.item.id for each in self.results if each.is_blind and each.item is not None}
        return [each for each in self.media if each.id not in blind]

    @property
    def is_running(self) -> bool:
        """Return whether it continues without the user."""
        return self.state.row.state == "running"


async def outcome_of(
    parts: StudioParts, state: RunState, *, preview: bool, notes: Sequence[str] = ()
) -> RunOutcome:
    """Return the outcome of a run; its results count as shown in this order."""
    reviews = open_reviews(state) if state.row.state == "review" else []
    rows = {
        step: [row for row in state.of_step(step) if row.state == "done"] for step in reviews
    } or state.results
    account, stopped = parts.account, state.row.state != "running"
    if stopped:  # their readable copies may still be written
        jobs = [
            state.newest_jobs[r.key].id
            for each in rows.values()
            for r in each
            if r.key in state.newest_jobs
        ]
        await parts.jobs.wait(account, jobs, 0)
    results = await _results(parts, state, rows)
    media = [each.item for each in results if each.item is not None]
    sheet = None
    if preview and stopped:
        parts.importer.phrases.note_shown(media)
        sheet = await run_sheet(parts, _cells(results, reviews) if media else _file_cells(results))
    delivery = state.row.read_delivery() or {}
    rows_in_order = [row for step in state.plan.steps for row in state.of_step(step.id)]
    files = [file for row in rows_in_order for file in row.read_facts().get("files", ())]
    client = parts.limited_client()
    return RunOutcome(
        state=state,
        steps=state.steps(),
        results=results,
        reviews=reviews,
        # Each member of an archive names the archive.
        files=list(dict.fromkeys((*files, *delivery.get("files", ())))),
        notes=[
            *(notes or state.plan.notes),
            *(
                f"{row.step}: {each}"
                for row in rows_in_order
                for each in row.read_facts().get("lines", ())
            ),
            *(await explain_missing_copies(media, parts.settings.copies_dir) if stopped else ()),
        ],
        sheet=sheet,
        spent=await parts.jobs.reader.spending(account, client),
        seconds_left=0.0 if stopped else state.seconds_left(await usual_seconds(parts, state.plan)),
        delivery=delivery,
    )


async def usual_seconds(parts: StudioParts, plan: Plan) -> Mapping[str, float]:
    """Return how long one result of each operation of a plan usually takes."""
    names = [step.tool for step in plan.steps if step.tool in OPERATIONS]
    found = await parts.jobs.reader.typical_seconds(parts.account, names)
    return {name: found[name] or OPERATIONS[name].spec.seconds for name in names}


def _cells(results: Sequence[RunResult], reviews: Sequence[str]) -> list[RunCell]:
    """Return the results that are media, marked by what they are picked with."""
    counts = Counter(each.output for each in results)
    shown = [each for each in results if each.item is not None]
    marks = [str(each.number) for each in shown]
    if len(reviews) > 1:
        marks = [f"{each.output}.{each.number}" for each in shown]
    elif not reviews:
        marks = [str(number) for number in range(1, len(shown) + 1)]
    return [
        each.cell(mark, is_single=counts[each.output] == 1)
        for each, mark in zip(shown, marks, strict=True)
    ]


def _file_cells(results: Sequence[RunResult]) -> list[RunCell]:
    """Return the pictures in the user's folders, for a run whose outputs are only files."""
    files = dict.fromkeys(Path(file) for each in results for file in each.facts.get("files", ()))
    pictures = [each for each in files if each.suffix.casefold() in PICTURE_ENDINGS]
    return [
        RunCell(mark=str(number), media=None, file=each, label=each.stem)
        for number, each in enumerate(pictures, 1)
    ]


async def _results(
    parts: StudioParts, state: RunState, rows: Mapping[str, Sequence[ItemRow]]
) -> list[RunResult]:
    ids = [row.media for each in rows.values() for row in each if row.media is not None]
    found = {item.id: item for item in await parts.media.many(ids)}
    callers_ids, results = callers_ids_of(state), []
    for output, each in rows.items():
        for number, row in enumerate(each, 1):
            job = state.newest_jobs.get(row.key)
            is_paid = job is not None and row.reused_from is None
            step = state.plan.step(row.step)
            results.append(
                RunResult(
                    output=output,
                    number=number,
                    row=row,
                    item=found.get(row.media or ""),
                    id=callers_ids.get(row.key),
                    price=job.price if job is not None and is_paid and job.counts else 0,
                    seconds=job.finished_at - job.sent_at
                    if job is not None and is_paid and job.sent_at and job.finished_at
                    else None,
                    is_blind=step.blind and row.picked is None and not state.row.finished_at,
                )
            )
    return results
