"""Delivers a run: what its state says becomes the rows of a manifest and the files of a folder."""

import json
from collections.abc import Mapping
from typing import Any

from stability_mcp.media.items import MediaItem
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.delivery_manifest import DeliveryRow
from stability_mcp.studio.workflow.workflow_delivery import DeliveryWish, deliver
from stability_mcp.workflows.plan_check import outputs_of
from stability_mcp.workflows.runs.progression import element_texts
from stability_mcp.workflows.runs.run_rows import ItemRow
from stability_mcp.workflows.runs.run_state import RunState


async def deliver_run(parts: StudioParts, state: RunState) -> Mapping[str, Any]:
    """Write the outputs of a run into a new folder; return what is stored of it as JSON.

    Raises:
        StudioError: the folder can't be written.
    """
    plan, row = state.plan, state.row
    if plan.deliver is None:
        return {}
    rows = [each for step in dict.fromkeys(outputs_of(plan).values()) for each in _of(state, step)]
    found = {item.id: item for item in await parts.media.many([r.media for r in rows if r.media])}
    items = {key: each.as_item() for key, each in state.items.items()}
    texts = {
        step.id: element_texts(plan, state.inputs, items, step)
        for step in plan.steps
        if step.id in outputs_of(plan).values()
    }
    wish = DeliveryWish(
        folder=plan.deliver.to,
        run=row.id,
        title=plan.title,
        template=row.template or "",
        manifest=plan.deliver.manifest,
        started_at=row.created_at,
        rows=[_row(state, each, found, texts[each.step]) for each in rows],
    )
    done = await deliver(parts, wish)
    return {
        "folder": str(done.folder) if done.folder else None,
        "files": [str(each) for each in (*done.files.values(), *done.manifests)],
        "lines": [done.line],
    }


def _of(state: RunState, step: str) -> list[ItemRow]:
    """Return the items of a step that were meant to be delivered; of a review, those picked."""
    rows = state.of_step(step)
    decided = state.plan.step(step).review and any(row.picked is not None for row in rows)
    return [row for row in rows if row.picked or row.state != "done"] if decided else rows


def _row(
    state: RunState, row: ItemRow, found: Mapping[str, MediaItem], texts: list[str]
) -> DeliveryRow:
    job = state.newest_jobs.get(row.key)
    was_paid = job is not None and row.reused_from is None
    facts = json.loads(row.facts) if row.facts else {}
    item = found.get(row.media or "")
    count = state.plan.step(row.step).count
    position = row.item // count
    label = json.loads(row.arguments).get("label")
    return DeliveryRow(
        step=row.step,
        item=row.item + 1,
        input=texts[position] if position < len(texts) else "",
        media=item,
        # Not the label that it got: "photo v2" if its input is stored as "photo".
        name=label if isinstance(label, str) and count == 1 else "",
        files=tuple(facts.get("files", ())),
        state=row.state,
        error=row.error,
        operation=row.tool,
        job=job.id if job is not None and was_paid else None,
        credits=job.price if job is not None and was_paid and job.counts else 0,
        seconds=job.finished_at - job.sent_at
        if job is not None and was_paid and job.sent_at and job.finished_at
        else None,
        reused=row.reused_from is not None,
    )
