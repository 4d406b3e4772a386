"""Tool that runs workflows, and shows, continues, pauses, changes and cancels their runs."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.notation import NULL_WORDS, PROSE, unwrap
from stability_mcp.errors import ArgumentsError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import SPENDS
from stability_mcp.server.tool import tool
from stability_mcp.server.tools.workflows import HINTS, WorkflowArguments
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.studio.workflow.workflow_runs import RedoWish
from stability_mcp.text import listed
from stability_mcp.workflows.runs.run_decisions import NONE


def _pick(value: object) -> object:
    """Return a pick for `read_pick`, which takes numbers, lists, words and objects."""
    word = unwrap(value).strip().casefold() if isinstance(value, str) else ""
    return None if word in NULL_WORDS - {NONE} else value


def _by_step(value: object) -> object:
    """Raise ValueError for arguments that don't name their step."""
    given = value.items() if isinstance(value, Mapping) else ()
    loose = {name: each for name, each in given if not isinstance(each, Mapping)}
    if loose:
        example = json.dumps({"<step>": loose}, ensure_ascii=False, default=str)
        raise ValueError(f"name the step whose arguments these are: {example}")
    return value


class WorkflowRun(WorkflowArguments):
    """Run a workflow: one price, one yes; steps run side by side and survive restarts.

    Check it with `workflow_plan` first. With run: show, continue or change an earlier run.
    """

    confirm_spend: Annotated[float, Field(ge=0)] | None = None
    """Credits the user approved, for all steps."""
    run: str | None = None
    """Id of an earlier run."""
    pick: Annotated[
        Any,
        BeforeValidator(_pick, json_schema_input_type=list[str]),
        Field(json_schema_extra={PROSE: True}),  # none is a pick, not an absent value
    ] = None
    """The user's pick on the sheet: ["2"], or ["tie"], ["none"]; if several wait ["draft.2"]."""
    unknown: Literal["pay_again", "skip"] | None = None
    """For results that may have been charged but never came: the user decides."""
    resume: bool = False
    """Continue after a pause, perhaps with a higher budget."""
    redo_from: str | None = None
    """Step to make again; what doesn't depend on it is reused free."""
    changes: Annotated[dict[str, dict[str, Any]], BeforeValidator(_by_step)] = Field(
        default_factory=dict
    )
    """Of a redo, by step: {draft: {prompt: …}}."""
    pause: bool = False
    """Send nothing more until resume."""
    cancel: bool = False
    """Send nothing more."""
    save_as: str | None = None
    """Save its plan as a template of this name."""

    @property
    def is_redo(self) -> bool:
        """Return whether an earlier run is made again."""
        return self.redo_from is not None or bool(self.changes)


_ACTIONS = ("unknown", "resume", "pause", "cancel", "save_as")


@tool(
    title="Run workflow",
    effects=SPENDS,
    hints={
        **HINTS,
        "run_id": "use run",
        "job": "use run",
        "from_step": "use redo_from",
        "stop": "use pause or cancel",
    },
)
async def workflow_run(studio: Studio, arguments: WorkflowRun, context: CallContext) -> RunOutcome:
    """Start a run, or act on an earlier one, and wait for it."""
    options = RunOptions(
        wait=context.wait if context.soon is None else min(context.wait, context.soon),
        progress=context.progress,
        confirm=context.confirm(arguments.confirm_spend) if context.confirm else None,
        key=context.key,
    )
    outcome = await run_workflow(studio, arguments, options)
    if context.ticket is not None and outcome.is_running:
        context.ticket.call = outcome.state.row.id
    return outcome


async def run_workflow(studio: Studio, arguments: WorkflowRun, options: RunOptions) -> RunOutcome:
    """Start a run, or act on an earlier one, and wait for it.

    Raises:
        ArgumentsError: the arguments don't say which run is meant, or what to do with it.
        StudioError: see `WorkflowRuns`.
    """
    given = _actions(arguments)
    if arguments.run is None:
        if given:
            raise ArgumentsError(
                f"{listed(given)}: which run is meant?",
                hint="Pass run, the id of an earlier run. job_list shows them.",
            )
        if arguments.plan is None and arguments.template is None:
            raise ArgumentsError(
                "Pass plan or template to start a run, or the id of an earlier one as run.",
                hint="workflow_templates lists the templates, job_list the runs.",
            )
        return await studio.runs.start(arguments.wish, options)
    _check_one_action(arguments, given)
    run = arguments.run
    acts: dict[str, Callable[[], Awaitable[RunOutcome]]] = {
        "pick": lambda: studio.runs.pick(run, arguments.pick, options),
        "unknown": lambda: studio.runs.answer_unknown(run, arguments.unknown or "skip", options),
        "resume": lambda: studio.runs.resume(run, arguments.budget, options),
        "pause": lambda: studio.runs.pause(run, options),
        "cancel": lambda: studio.runs.cancel(run, options),
        "save_as": lambda: studio.runs.save(run, arguments.save_as or "", options),
        "redo_from": lambda: studio.runs.redo(run, _redo_wish(arguments), options),
    }
    if arguments.is_redo:
        return await acts["redo_from"]()
    if given:
        return await acts[given[0]]()
    return await studio.runs.show(run, options)


def _redo_wish(arguments: WorkflowRun) -> RedoWish:
    return RedoWish(
        redo_from=arguments.redo_from,
        changes=arguments.changes,
        pick=arguments.pick,
        budget=arguments.budget,
    )


def _actions(arguments: WorkflowRun) -> list[str]:
    """Return the names of the arguments that say what to do with an earlier run."""
    names = ["pick"] if arguments.pick is not None else []
    names += ["redo_from"] if arguments.is_redo else []
    return names + [name for name in _ACTIONS if getattr(arguments, name)]


def _check_one_action(arguments: WorkflowRun, given: list[str]) -> None:
    """Raise ArgumentsError if a run is named together with a plan, or with several actions."""
    if arguments.plan is not None or arguments.template is not None:
        raise ArgumentsError(
            "run means an earlier run, which has its plan already.",
            hint="Leave out plan and template, or leave out run to start a new one; changes "
            "changes the arguments of its steps.",
        )
    several = [name for name in given if not (name == "pick" and arguments.is_redo)]
    if len(several) > 1:
        raise ArgumentsError(f"Pass only one of {listed(several)}.")
