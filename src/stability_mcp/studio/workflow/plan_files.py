"""Looks at the files that a plan names before it runs: their kind and size, or what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stability_mcp.errors import FileUnusableError, NotFoundError, StudioError
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.media.items import KINDS
from stability_mcp.studio.workflow.template_media import StudioMedia
from stability_mcp.text import quoted
from stability_mcp.workflows.named_files import NamedFile, named_files
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.problems import Problem

MAX_NAMED = 10_000
"""Files that a plan may name: two for each result."""
MAX_MISSING = 5
"""Missing files that are searched for; each search reads folders for up to a second."""

_Place = tuple[str | None, str]


@dataclass(kw_only=True)
class PlanFiles:
    """The files that a plan names."""

    shapes: dict[str, MediaShape] = field(default_factory=dict)
    """By reference."""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    unusable: dict[_Place, list[Problem]] = field(default_factory=dict)
    """Files that can't be used, by the list that they are in."""
    notes: list[str] = field(default_factory=list)
    """Files that aren't looked at yet."""
    usable: set[_Place] = field(default_factory=set)
    """Lists that have other files."""

    @classmethod
    async def of(cls, plan: Plan, values: Mapping[str, Any], media: StudioMedia) -> "PlanFiles":
        """Look at the header of each file, until several are missing."""
        found, missing = cls(), 0
        for number, named in enumerate(named_files(plan, values)):
            if number == MAX_NAMED:
                message = f"The plan names more than {MAX_NAMED:,} files."
                found.problems.append(Problem(message=message, cure="Split it into several plans."))
                break
            if missing == MAX_MISSING and plan.skip_bad:
                break  # it is checked again without them
            if missing == MAX_MISSING:
                found.problems.append(
                    Problem(
                        step=named.step,
                        argument=named.argument,
                        message="It and the files after it weren't looked at.",
                        cure="Correct the names of the others first.",
                    )
                )
                break
            try:
                shape = await media.known_shape(named.reference)
            except StudioError as error:
                missing += not isinstance(error, FileUnusableError)
                found._add_error(plan, named, error)
            else:
                found._add(named, shape)
        found._judge_unusable()
        return found

    def _add(self, named: NamedFile, shape: MediaShape | None) -> None:
        self.usable.add(_place(named))
        if shape is None:
            where = ": ".join(filter(None, (named.step, named.argument)))
            self.notes.append(f"{where} is on the web; the run downloads and checks it first")
            return
        self.shapes[named.reference] = shape
        if named.kind is not None and shape.kind != named.kind:
            self.problems.append(
                Problem(
                    step=named.step,
                    argument=named.argument,
                    message=f"It takes {KINDS[named.kind]}, but {quoted(named.reference)} is "
                    f"{KINDS[shape.kind]}.",
                    cure=f"Name {KINDS[named.kind]}.",
                )
            )

    def _add_error(self, plan: Plan, named: NamedFile, error: StudioError) -> None:
        step = _step_meant(plan, named) if isinstance(error, NotFoundError) else None
        cure = error.hint if step is None else f'For what that step makes write "${step}".'
        problem = Problem(
            step=named.step, argument=named.argument, message=error.message, cure=cure
        )
        if isinstance(error, FileUnusableError):
            self.unusable.setdefault(_place(named), []).append(problem)
        else:
            self.problems.append(problem)

    def _judge_unusable(self) -> None:
        """Report unusable files: as warnings where the list has others, and else as problems."""
        for place, problems in self.unusable.items():
            if place in self.usable:
                self.warnings += [
                    replace(each, message=f"{each.message} It will be left out.")
                    for each in problems
                ]
            else:
                self.problems += problems


def _place(named: NamedFile) -> _Place:
    """Return the step and the argument or list in which a file is named."""
    return named.step, named.argument.partition("[")[0]


def _step_meant(plan: Plan, named: NamedFile) -> str | None:
    """Return the other step whose id or label a text is."""
    others = (each for each in plan.steps if each.id != named.step)
    meant = (s.id for s in others if named.reference in (s.id, s.arguments.get("label")))
    return next(meant, None)
