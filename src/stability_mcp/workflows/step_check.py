"""Checks one step of a plan, with what is known of the steps before it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from stability_mcp.api.operation import MediaKind, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse, parse_model
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.local_tools.transform_plan import StepError
from stability_mcp.text import did_you_mean, listed, quoted
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.meanings import (
    Element,
    Elements,
    Meaning,
    MediaMeaning,
    StepFindings,
    ValueMeaning,
    common_shape,
    counts_of,
)
from stability_mcp.workflows.placeholders import Place, Ref, Unresolved
from stability_mcp.workflows.plan import ITEM, Plan, Step
from stability_mcp.workflows.plan_inputs import InputValues, stand_in
from stability_mcp.workflows.predictions import (
    made_kind,
    predict,
    sent_size,
    shrunk,
    takes_files,
)
from stability_mcp.workflows.problems import Problem

OURS_IN_PLANS = ("label", "allow_smaller", "full_size")
"""Arguments that paid tools add to the API's and that have a meaning in a plan."""

_A: Mapping[MediaKind | None, str] = {
    "image": "a picture",
    "audio": "a sound",
    "model": "a 3D model",
    None: "a file",
}


class StepChecker:
    """Checks the steps of a plan one after the other.

    Args:
        plan: The plan.
        inputs: The values of its inputs.
        media: What is known of the stored media that it names.
    """

    def __init__(self, plan: Plan, inputs: InputValues, media: Mapping[str, MediaShape]) -> None:
        self._plan = plan
        self._inputs = inputs
        self._media = media
        self._ids = {step.id for step in plan.steps}
        self._done: dict[str, tuple[Step, StepFindings]] = {}

    def check(self, step: Step) -> StepFindings:
        """Check a step; those that it uses were checked before."""
        found = StepFindings()
        elements = Elements.of(step, self.meaning, found)
        found.counts = counts_of(step, elements, found)
        found.origins = elements.origins
        for place in placeholders.find(step.arguments):
            self._check_place(step, place, elements, found)
        if not found.problems:
            self._check_arguments(step, elements, found)
        if found.shape is None and (kind := made_kind(step.tool)) is not None:
            found.shape = MediaShape(kind=kind)
        self._done[step.id] = (step, found)
        return found

    # References -----------------------------------------------------------------------------------

    def meaning(self, ref: Ref, element: Elements | None = None) -> Meaning:
        """Return what a reference means; None if nothing has that name."""
        if ref.name == ITEM:
            return element.meaning(ref) if element is not None else None
        if ref.name in self._done:
            return self._result_of(ref)
        declared = self._plan.inputs.get(ref.name)
        if declared is None:
            return None
        is_known = ref.name in self._inputs.values
        value = self._inputs.values.get(ref.name)
        if declared.is_media:
            count = len(value) if isinstance(value, list) else 1
            kind: Any = declared.type
            names = value if isinstance(value, list) else [value or ""]
            shapes = list(dict.fromkeys(self._media.get(each) for each in names))
            several = tuple(each or MediaShape(kind=kind) for each in shapes) if shapes[1:] else ()
            return MediaMeaning(
                kind=kind, counts=(count, count), shape=common_shape(shapes), shapes=several
            )
        if not is_known:
            return ValueMeaning(stand_in(declared), is_known=False)
        return ValueMeaning(value)

    def _result_of(self, ref: Ref) -> Meaning:
        step, found = self._done[ref.name]
        kind = made_kind(step.tool)
        if kind is None:
            return None
        counts = (1, 1) if ref.part else found.counts.chosen
        return MediaMeaning(
            kind=kind,
            counts=counts,
            shape=found.shape,
            shapes=found.shapes,
            origins=found.origins,
        )

    def _check_place(
        self, step: Step, place: Place, elements: Elements, found: StepFindings
    ) -> None:
        meaning = self.meaning(place.ref, elements)
        problem = self._reference_problem(step, place, meaning, elements)
        if problem is None and isinstance(meaning, MediaMeaning):
            problem = _media_problem(step, place, meaning)
        elif problem is None and _is_file(step.tool, place) and place.ref.name in self._plan.inputs:
            kind = takes_files(step.tool)[_file_argument(place)]
            problem = Problem(
                step=step.id,
                argument=place.argument,
                message=f"It takes {_A[kind]}, but the input {place.ref.name} is text.",
                cure=f"Give the input {quoted(place.ref.name)} the type {quoted(kind or 'image')}.",
            )
        if problem is not None:
            found.problems.append(problem)

    def _reference_problem(
        self, step: Step, place: Place, meaning: Meaning, elements: Elements
    ) -> Problem | None:
        """Return what is wrong with the name or part of a reference."""
        ref = place.ref
        if meaning is None:
            return self._unknown(step, place, elements)
        if ref.name in self._done and ref.part is not None:
            most = self._done[ref.name][1].counts.chosen[1]
            if not ref.part.isdecimal() or not 1 <= int(ref.part) <= most:
                results = f"{most} result{'s' * (most != 1)}"
                return Problem(
                    step=step.id,
                    argument=place.argument,
                    message=f"{ref} doesn't exist: {ref.name} makes {results}.",
                    cure=f"Number them from ${ref.name}.1, or write ${ref.name} for all of them.",
                )
        return None

    def _unknown(self, step: Step, place: Place, elements: Elements) -> Problem | None:
        ref = place.ref
        if ref.name == ITEM:
            return _unknown_item(step, place, elements)
        names = [*self._ids, *self._plan.inputs]
        guess = did_you_mean(ref.name, names)
        if ref.name in self._done:  # it makes nothing
            return Problem(
                step=step.id,
                argument=place.argument,
                message=f"{ref.name} writes files and makes nothing that a step can use.",
                cure="Refer to the step before it.",
            )
        if not place.is_whole:
            if not guess:
                return None  # braces may be part of the text
            return Problem(
                step=step.id,
                argument=place.argument,
                message=f"The text would be sent with {{{ref.name}}} in it: no input has that "
                "name.",
                cure=guess,
            )
        return Problem(
            step=step.id,
            argument=place.argument,
            message=f"There is no step or input {quoted(ref.name)}.",
            cure=guess
            or f"Known are {listed(names) or 'none'}; write ${ref} for the text {quoted(ref)}.",
        )

    # Arguments ------------------------------------------------------------------------------------

    def _check_arguments(self, step: Step, elements: Elements, found: StepFindings) -> None:
        prices: list[int] = []
        seen: set[str] = set()
        for number, element in elements.samples():
            where = f"element {number}: " if elements.is_used and number else ""
            request, problems = self._parsed(step, element)
            if request is None:
                for each in problems:
                    if each not in seen:
                        seen.add(each)
                        found.problems.append(Problem(step=step.id, message=f"{where}{each}"))
                continue
            if isinstance(request, Operation):
                prices.append(request.price())
            known = len(found.problems)
            self._check_sizes(step, request, element, found)
            found.set_aside(known, where)
        found.judge_misfits()
        found.each = (min(prices, default=0), max(prices, default=0))

    def _parsed(self, step: Step, element: Element) -> tuple[BaseModel | None, list[str]]:
        arguments = self._filled_in(step, element)
        row = OPERATIONS.get(step.tool)
        try:
            if row is not None:
                given = {n: v for n, v in arguments.items() if n not in OURS_IN_PLANS}
                return parse(row, given), []
            tool = all_local_tools()[step.tool]
            return parse_model(tool.arguments, arguments, what=step.tool, hints=tool.hints), []
        except ArgumentsError as error:
            return None, [error.message.removeprefix(f"{step.tool}: ")]

    def _filled_in(self, step: Step, element: Element) -> dict[str, Any]:
        """Return the arguments with values, and a name for each media item, in place."""
        unknown = {
            place.path[0]
            for place in placeholders.find(step.arguments)
            if isinstance(meaning := self._meaning_for(place.ref, element), ValueMeaning)
            and not meaning.is_known
        }
        row = OPERATIONS.get(step.tool)
        fields = (row or all_local_tools()[step.tool].arguments).model_fields
        # An optional argument whose value isn't known yet is checked when the workflow runs.
        known = {
            name: value
            for name, value in step.arguments.items()
            if not (name in unknown and name in fields and not fields[name].is_required())
        }

        def resolve(ref: Ref) -> Any:  # noqa: ANN401 -- any JSON
            meaning = self._meaning_for(ref, element)
            if isinstance(meaning, MediaMeaning):
                most = meaning.counts[1]
                return str(ref) if most == 1 else [f"{ref}.{n}" for n in range(1, most + 1)]
            if meaning is None:
                raise Unresolved
            return meaning.value

        return {name: placeholders.replace(value, resolve) for name, value in known.items()}

    def _meaning_for(self, ref: Ref, element: Element) -> Meaning:
        return element.meaning(ref) if ref.name == ITEM else self.meaning(ref)

    def _check_sizes(
        self, step: Step, request: BaseModel, element: Element, found: StepFindings
    ) -> None:
        files = dict(self._shapes(step, element))
        try:
            made = predict(step.tool, request, files)
        except (StepError, TransformError, ArgumentsError) as error:
            message = error.message if isinstance(error, ArgumentsError) else f"{error}."
            found.problems.append(Problem(step=step.id, message=message, cure=error.hint or ""))
            return
        found.add_shape(made)
        if isinstance(request, Operation):
            found.shrunk = found.shrunk or shrunk(type(request), files, made)
            found.notes += [
                each
                for each in self._fitting(step, request, files, found)
                if each not in found.notes
            ]

    def _shapes(self, step: Step, element: Element) -> Iterator[tuple[str, MediaShape]]:
        for name in takes_files(step.tool):
            value = step.arguments.get(name)
            ref = placeholders.read_ref(value)
            meaning = self._meaning_for(ref, element) if ref is not None else None
            if isinstance(meaning, MediaMeaning) and meaning.shape is not None:
                yield name, meaning.shape
                continue
            named = meaning.value if isinstance(meaning, ValueMeaning) else value
            if isinstance(named, str) and named in self._media:
                yield name, self._media[named]

    def _fitting(
        self,
        step: Step,
        request: Operation,
        files: Mapping[str, MediaShape],
        found: StepFindings,
    ) -> Iterator[str]:
        """Yield how pictures would be changed to fit; report those that can't."""
        row = type(request)
        for name, shape in files.items():
            if shape.size is None or shape.kind != "image":
                continue
            try:
                sent = sent_size(row, name, shape.size)
            except FileUnusableError as error:
                found.problems.append(
                    Problem(
                        step=step.id,
                        argument=name,
                        message=error.message,
                        cure=f"Add an image_transform step before it. {error.hint or ''}".strip(),
                    )
                )
                continue
            if sent != shape.size:
                verb = "shrunk" if sent.width < shape.size.width else "enlarged"
                yield (
                    f"{name}: {verb} from {shape.size.width}x{shape.size.height} to "
                    f"{sent.width}x{sent.height}"
                )
            _check_marking(step, row, name, shape, found)


def _unknown_item(step: Step, place: Place, elements: Elements) -> Problem | None:
    """Return what is wrong with `$item` or one of its fields."""
    if elements.is_used and place.ref.part is None:
        return None  # foreach is wrong, which is a problem of its own
    if elements.is_used:
        return Problem(
            step=step.id,
            argument=place.argument,
            message=f"The elements of foreach have no field {quoted(place.ref.part)}.",
            cure=elements.fields_text(),
        )
    if not place.is_whole:
        return None
    return Problem(
        step=step.id,
        argument=place.argument,
        message="$item is only known in a step with foreach.",
        cure='Add foreach, a list or "$id" of a step or input.',
    )


def _check_marking(
    step: Step, row: type[Operation], name: str, shape: MediaShape, found: StepFindings
) -> None:
    """Report a picture without a transparent area where one has to be marked."""
    mask = next((n for n, mark in row.file_fields().items() if mark.mask_for == name), None)
    if not row.needs_marking or mask is None or shape.has_alpha is not False:
        return
    if not step.arguments.get(mask):
        found.problems.append(
            Problem(
                step=step.id,
                argument=mask,
                message="Nothing says what to change: there is no mask, and the picture has no "
                "transparent area.",
                cure=f'Add a step with image_mask before it and pass {mask}: "$id" of that step.',
            )
        )


# Files --------------------------------------------------------------------------------------------


def _file_argument(place: Place) -> str:
    """Return the name that decides whether an argument is a file: the last one in its path."""
    return next((str(each) for each in reversed(place.path) if isinstance(each, str)), "")


def _is_file(tool: str, place: Place) -> bool:
    if tool in OPERATIONS and len(place.path) != 1:
        return False
    return _file_argument(place) in takes_files(tool)


def _media_problem(step: Step, place: Place, meaning: MediaMeaning) -> Problem | None:
    """Return what is wrong with media in the place of an argument."""
    where = {"step": step.id, "argument": place.argument}
    ref = place.ref
    is_file, takes = _is_file(step.tool, place), takes_files(step.tool)
    if not place.is_whole or not is_file:
        message = f"{ref} is {_A[meaning.kind]}, which can't be part of "
        message += "a text." if is_file else "this argument."
        cure = f"Files go into {listed(takes)}." if takes else f"{step.tool} takes no files."
        cure = f'Write "{ref}" and nothing around it.' if is_file else cure
        return Problem(**where, message=message, cure=cure)
    name = _file_argument(place)
    wanted = takes[name]
    if wanted not in {None, meaning.kind}:
        return Problem(
            **where,
            message=f"It takes {_A[wanted]}, but {ref} is {_A[meaning.kind]}.",
            cure="Refer to a step that makes that, or use another tool.",
        )
    takes_many = isinstance(place.path[-1], int) or name in {"images", "media", "sounds"}
    if meaning.counts[1] > 1 and not takes_many:
        return Problem(
            **where,
            message=f"It takes one file, but {ref} is up to {meaning.counts[1]}.",
            cure=f"Write {ref}.1 for the first, add review: true to {ref.name} to let the user "
            f'pick one, or run this step for each: foreach: "{ref}" and {name}: "$item".',
        )
    return None
