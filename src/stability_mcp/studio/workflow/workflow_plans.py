"""Checks and prices workflows before they run; nothing is spent or stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread

from stability_mcp.api.not_offered import suggest
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import (
    ArgumentsError,
    InputFileError,
    NotFoundError,
    StudioError,
)
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.export_arguments import MediaExport, destination
from stability_mcp.media.importer import no_exports
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio import status
from stability_mcp.studio.defaults import VARIABLE, FilledCall, shown_values
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.plan_files import PlanFiles
from stability_mcp.studio.workflow.plan_report import Means, PlanReport, PlanWish
from stability_mcp.studio.workflow.saved_templates import (
    SavedList,
    SavedTemplate,
    SavedTemplates,
    WrittenTemplate,
)
from stability_mcp.studio.workflow.template_media import StudioMedia
from stability_mcp.studio.workflow.workflow_delivery import delivery_folder
from stability_mcp.text import credits_text, did_you_mean, listed, name_key, quoted
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.plan_chains import chained
from stability_mcp.workflows.plan_check import CheckedPlan, check_plan
from stability_mcp.workflows.plan_entries import without_bad_entries
from stability_mcp.workflows.plan_filling import filled_plan, labelled_plan
from stability_mcp.workflows.plan_inputs import input_values
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.problems import Problem
from stability_mcp.workflows.step_check import OURS_IN_PLANS
from stability_mcp.workflows.template import Template
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.waste import waste

MAX_ROUNDS = 10
"""Checks of a batch that leaves out bad entries: each finds up to five missing files. *Chosen*: a
list with 50 is wrong as a whole."""


class WorkflowPlans:
    """The part of the studio that checks workflows; `Studio.plans`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._saved = SavedTemplates(parts.settings, all_templates())

    async def saved(self) -> SavedList:
        """Return the user's own templates."""
        return await in_file_thread(self._saved.list)

    async def template(self, name: str) -> Template | SavedTemplate:
        """Return a template by name.

        Raises:
            NotFoundError: there is none.
            ArgumentsError: it is one of the user's own, and its file is damaged.
        """
        every = all_templates()
        known = {name_key(each): each for each in every}.get(name_key(name))
        if known is not None:
            return every[known]
        own = await in_file_thread(partial(self._saved.find, name))
        if own is not None:
            return own
        names = [*every, *(each.name for each in (await self.saved()).templates)]
        every_name = f"The templates are {listed(names, most=len(names))}."
        guess = suggest(name, names)
        hint = guess if guess == did_you_mean(name, names) and guess else f"{guess} {every_name}"
        raise NotFoundError(f"There is no template {quoted(name)}.", hint=hint.strip())

    async def save(
        self, name: str, plan: Plan, values: Mapping[str, Any], *, description: str = ""
    ) -> Path:
        """Save a plan as one of the user's own templates; see `SavedTemplates.save`."""
        save = partial(self._saved.save, name, plan, values, description=description)
        return await in_file_thread(save)

    async def write(
        self, name: str, plan: Plan, *, description: str, version: str | None
    ) -> WrittenTemplate:
        """Save a plan in place of the version that was edited; see `SavedTemplates.write`."""
        write = partial(self._saved.write, name, plan, description=description, version=version)
        return await in_file_thread(write)

    async def check(self, wanted: PlanWish) -> PlanReport:
        """Check and price a workflow.

        Args:
            wanted: A plan or a template, with its values.

        Raises:
            ArgumentsError: neither or both are given, or an argument of the template is invalid.
            NotFoundError: there is no such template.
            InputFileError: a file or folder that the template looks at can't be used.
        """
        media = StudioMedia(parts=self._parts)
        draft = await self._draft(wanted, media)
        means = await self._means()
        if draft.plan is None:
            return PlanReport(problems=draft.problems, notes=draft.notes, means=means)
        plan = draft.plan
        report = await self._checked(draft, plan, media, means)
        for _ in range(MAX_ROUNDS if plan.skip_bad else 0):
            rest = without_bad_entries(plan, report.problems)
            if rest is None:
                break
            plan, report = rest, await self._checked(draft, rest, media, means)
        return report

    async def _checked(
        self, draft: "_Draft", plan: Plan, media: StudioMedia, means: Means
    ) -> PlanReport:
        filled, calls = self._with_defaults(plan)
        values = input_values(filled.inputs, draft.inputs)
        files = await PlanFiles.of(filled, values.values, media)
        seconds = await self._medians(filled)
        check = partial(
            check_plan,
            filled,
            draft.inputs,
            media=files.shapes,
            seconds_of=lambda row: seconds[row.name()] or row.spec.seconds,
            blocked=self._parts.permissions.blocked,
        )
        checked = await to_thread.run_sync(check)  # a batch takes up to a second
        problems = [
            *draft.problems,
            *files.problems,
            *(_explained(each, calls) for each in checked.problems),
        ]
        problems += await self._places(filled)
        settings = self._parts.settings
        limit, window = settings.rate
        notes = [f"{step}: {line}" for step, call in calls.items() for line in call.notes]
        return PlanReport(
            template=draft.template,
            checked=checked,
            problems=problems,
            warnings=[*files.warnings, *_budget_warnings(checked), *waste(checked)],
            notes=[*draft.notes, *filled.notes, *notes, *files.notes, *media.left_out],
            means=means,
            seconds=checked.seconds(limit / window, settings.concurrency),
        )

    async def _places(self, plan: Plan) -> list[Problem]:
        """Return the problems of the folders that a plan writes into."""
        if not self._parts.importer.reads_files:
            return _exports(plan)
        wanted = [(None, "deliver.to", plan.deliver.to)] if plan.deliver is not None else []
        folders: list[tuple[str | None, str, str]] = [*wanted, *_export_folders(plan)]
        problems = []
        for step, argument, folder in folders:
            try:
                await delivery_folder(self._parts, folder)
            except StudioError as error:
                problems.append(
                    Problem(step=step, argument=argument, message=error.message, cure=error.hint)
                )
        return problems

    async def _means(self) -> Means:
        found = await status.estimate(self._parts, (), frozenset())
        confirmed = self._parts.settings.confirm_millicredits
        return Means(spent=found.spent, balance=found.balance, confirm_from=confirmed)

    async def _medians(self, plan: Plan | None = None) -> Mapping[str, float]:
        """Return this machine's median seconds of the operations of a plan, or of all paid ones."""
        every = (name for name, row in OPERATIONS.items() if row.is_paid())
        names = every if plan is None else (s.tool for s in plan.steps if s.tool in OPERATIONS)
        return await self._parts.jobs.reader.typical_seconds(self._parts.account, names)

    # Plans and templates --------------------------------------------------------------------------

    async def _draft(self, wanted: PlanWish, media: StudioMedia) -> "_Draft":
        """Return the plan as it was given, or as the template makes it."""
        if (wanted.plan is None) == (wanted.template is None):
            raise ArgumentsError(
                "Pass either plan or template.", hint="workflow_templates lists the templates."
            )
        if wanted.template is not None:
            draft = await self._from_template(wanted, media)
        else:
            if wanted.arguments:
                raise ArgumentsError(
                    "arguments belong to a template, and there is a plan.",
                    hint="Values of the plan's inputs go into inputs.",
                )
            draft = _read(wanted)
        if draft.plan is None:
            return draft
        plan = draft.plan if wanted.label is None else labelled_plan(draft.plan, wanted.label)
        if wanted.budget is not None:
            budget = wanted.budget if plan.budget is None else min(plan.budget, wanted.budget)
            plan = plan.model_copy(update={"budget": budget})
        return replace(draft, plan=plan)

    async def _from_template(self, wanted: PlanWish, media: StudioMedia) -> "_Draft":
        found = await self.template(wanted.template or "")
        if isinstance(found, SavedTemplate):
            inputs = {**wanted.inputs, **wanted.arguments}
            return _Draft(plan=found.plan, inputs=inputs, template=found.name)
        try:
            arguments = parse_model(found.arguments, wanted.arguments, what=found.name)
        except ArgumentsError as error:
            names = [each for each in wanted.inputs if each in found.arguments.model_fields]
            if names:
                error.add_hint(
                    f"{listed(names)}: move from inputs to arguments, which are the template's."
                )
            error.add_hint(f"workflow_templates explains {found.name}.")
            raise
        media.medians = await self._medians()
        try:
            plan = await found.build(arguments, media)
        except (InputFileError, NotFoundError) as error:
            name = _naming(wanted.arguments, error.message)
            if name is None:
                raise
            raise type(error)(f"{name}: {error.message}", hint=error.hint) from None
        return _Draft(plan=plan, inputs=wanted.inputs, template=found.name)

    # Defaults -------------------------------------------------------------------------------------

    def _with_defaults(self, plan: Plan) -> tuple[Plan, dict[str, FilledCall]]:
        """Return a plan with the operator's default arguments, and what was filled in by step."""
        calls: dict[str, FilledCall] = {}
        steps = []
        for step in plan.steps:
            own = OURS_IN_PLANS if step.tool in OPERATIONS else ()
            kept = {name: step.arguments[name] for name in own if name in step.arguments}
            rest = {name: each for name, each in step.arguments.items() if name not in kept}
            filled = self._parts.runtime.defaults.fill(step.tool, rest)
            if filled.values or filled.left_out:
                calls[step.id] = filled
            steps.append(_with_arguments(step, {**filled.arguments, **kept}))
        return plan.model_copy(update={"steps": steps}), calls


@dataclass(frozen=True, kw_only=True)
class _Draft:
    plan: Plan | None
    """None: its form is wrong."""
    inputs: Mapping[str, Any]
    template: str | None = None
    notes: Sequence[str] = ()
    problems: Sequence[Problem] = ()


def _read(wanted: PlanWish) -> _Draft:
    """Return the plan as it was given, with what was given for all of its steps."""
    read = read_plan(wanted.plan, chains=wanted.filling is None)
    plan, problems = read.plan, [*read.problems]
    if plan is not None and wanted.filling is not None:
        filled = filled_plan(plan, wanted.filling)
        steps = chained(filled.plan.steps, read.notes)
        plan, problems = filled.plan.model_copy(update={"steps": steps}), filled.problems
    return _Draft(plan=plan, inputs=wanted.inputs, notes=read.notes, problems=problems)


def _exports(plan: Plan) -> list[Problem]:
    """Return a problem for each part of a plan that writes into folders of this machine.

    A step runs without its client, and a reference may fill in its folder then: so every such step
    is one, whatever its arguments.
    """
    tools = all_local_tools()
    named: list[tuple[str | None, str]] = [
        (step.id, "to")
        for step in plan.steps
        if step.tool in tools and tools[step.tool].writes_files
    ]
    if plan.deliver is not None:
        named.append((None, "deliver.to"))
    error = no_exports()
    return [
        Problem(step=step, argument=argument, message=error.message, cure=error.hint)
        for step, argument in named
    ]


def _export_folders(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield the folder of each export with its step and argument, as far as it is known."""
    for step in plan.steps:
        to = step.arguments.get("to")
        if step.tool != "media_export" or not isinstance(to, str) or [*placeholders.find(to)]:
            continue
        try:
            where = destination(MediaExport(media=["any"], to=to))
        except (ArgumentsError, ValueError):  # a problem of the arguments
            continue
        yield step.id, "to", where.folder


def _naming(arguments: Mapping[str, Any], message: str) -> str | None:
    """Return the argument that names the file which a message is about."""
    for name, value in arguments.items():
        named = value if isinstance(value, list) else [value]
        if any(isinstance(each, str) and quoted(each) in message for each in named):
            return name
    return None


def _with_arguments(step: Step, arguments: Mapping[str, Any]) -> Step:
    same = arguments == step.arguments
    return step if same else step.model_copy(update={"arguments": dict(arguments)})


def _explained(problem: Problem, calls: Mapping[str, FilledCall]) -> Problem:
    """Return a problem; if it is about a default, with where its value comes from."""
    call = calls.get(problem.step or "")
    meant = call.meant_by(ArgumentsError(problem.message)) if call is not None else {}
    if not meant:
        return problem
    source = f"{VARIABLE} sets {shown_values(meant)}; an argument of the step overrides it."
    return replace(problem, cure=f"{problem.cure} {source}".strip())


def _budget_warnings(checked: CheckedPlan) -> list[Problem]:
    """Return a warning for each budget that the highest price exceeds, but not the lowest."""
    limits = [(each.step.id, each.step.budget, each.price) for each in checked.steps]
    found = [(None, checked.plan.budget, checked.price), *limits]
    return [
        Problem(
            step=step,
            argument="budget",
            message=f"The highest price, {credits_text(price[1])}, exceeds the budget of "
            f"{budget:g} credits; the run pauses before it would be exceeded.",
        )
        for step, budget, price in found
        if budget is not None and price[0] <= budget * 1000 < price[1]
    ]
