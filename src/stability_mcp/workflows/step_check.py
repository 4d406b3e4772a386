"""Checks one step of a plan, with what is known of the steps before it."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse, parse_model
from stability_mcp.errors import ArgumentsError
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
    counts_of,
)
from stability_mcp.workflows.placeholders import (
    MAX_REFERENCES,
    Place,
    Ref,
    TooLongError,
    Unresolved,
)
from stability_mcp.workflows.plan import ITEM, MAX_ITEMS, Plan, Step
from stability_mcp.workflows.plan_inputs import InputValues, stand_in
from stability_mcp.workflows.predictions import (
    made_kind,
    predict,
    shrunk,
    takes_files,
)
from stability_mcp.workflows.problems import Problem, takes_sentence
from stability_mcp.workflows.reference_check import (
    A_KIND,
    file_argument,
    fitting,
    is_file,
    is_number,
    lost_results,
    media_problem,
    misplaced,
    too_much,
    unknown_item,
    values_in,
)

OURS_IN_PLANS = ("label", "allow_smaller", "full_size")
"""Arguments that paid tools add to the API's and that have a meaning in a plan."""

MAX_VALUES = 300_000
"""Values in the arguments of all items: 60 for each of 5,000. They take about a second to check."""
MAX_GUESSES = 100
"""Unknown names that are compared with the known ones: each takes up to a millisecond."""


class StepChecker:
    """Checks the steps of a plan one after the other.

    Args:
        plan: The plan.
        inputs: The values of its inputs.
        media: What is known of the stored media that it names.
        blocked: Returns why a request isn't sent, as a sentence; "": it is.
    """

    def __init__(
        self,
        plan: Plan,
        inputs: InputValues,
        media: Mapping[str, MediaShape],
        blocked: Callable[[Operation], str] = lambda _request: "",
    ) -> None:
        self._plan = plan
        self._inputs = inputs
        self._media = media
        self._blocked = blocked
        self._ids = {step.id for step in plan.steps}
        self._done: dict[str, tuple[Step, StepFindings]] = {}
        self._items_left = MAX_ITEMS
        """Items whose arguments are still checked; a plan with more is refused as a whole."""
        self._values_left = MAX_VALUES
        self._guesses: dict[str, str] = {}

    def check(self, step: Step) -> StepFindings:
        """Check a step; those that it uses were checked before."""
        found = StepFindings()
        elements = Elements.of(step, self.meaning, found)
        found.counts = counts_of(step, elements, found)
        found.origins = elements.origins
        self._items_left -= found.counts.high
        self._check_list(step, found)
        self._check_places(step, elements, found)
        self._values_left -= values_in(step.arguments) * elements.high
        if self._values_left < 0:
            found.problems.append(too_much(step, elements.high))
        if not found.problems and self._items_left >= 0:
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
            kind: Any = declared.type
            names = value if isinstance(value, list) else [value or ""]
            return MediaMeaning.of_files(kind, names, self._media)
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

    def _check_list(self, step: Step, found: StepFindings) -> None:
        """Check the references in a list of elements."""
        for place in placeholders.find(step.foreach if isinstance(step.foreach, list) else ()):
            at = place._replace(path=("foreach", *place.path))
            meaning = self.meaning(place.ref)
            problem = misplaced(step, at, meaning, is_step=place.ref.name in self._ids)
            if problem is None and meaning is None and place.is_whole:
                problem = self._unknown(step, at, Elements())
            if problem is not None:
                found.problems.append(problem)

    def _check_places(self, step: Step, elements: Elements, found: StepFindings) -> None:
        places = list(islice(placeholders.find(step.arguments), MAX_REFERENCES + 1))
        if len(places) > MAX_REFERENCES:
            found.problems.append(
                Problem(
                    step=step.id,
                    message=f"Its arguments have more than {MAX_REFERENCES:,} references.",
                    cure="Write $id once for all results of a step, or split the step.",
                )
            )
            return
        meanings = {ref: self.meaning(ref, elements) for ref in {place.ref for place in places}}
        for place in places:
            self._check_place(step, place, meanings[place.ref], elements, found)

    def _check_place(
        self, step: Step, place: Place, meaning: Meaning, elements: Elements, found: StepFindings
    ) -> None:
        problem = self._reference_problem(step, place, meaning, elements)
        if problem is None and isinstance(meaning, MediaMeaning):
            problem = media_problem(step, place, meaning)
        elif problem is None and self._is_text_for_file(step, place):
            kind = takes_files(step.tool)[file_argument(place)]
            problem = Problem(
                step=step.id,
                argument=place.argument,
                message=f"It takes {A_KIND[kind]}, but the input {place.ref.name} is text.",
                cure=f"Give the input {quoted(place.ref.name)} the type {quoted(kind or 'image')}.",
            )
        if problem is not None:
            found.problems.append(problem)

    def _is_text_for_file(self, step: Step, place: Place) -> bool:
        """Return whether a whole value that is an input of text is in the place of a file."""
        is_input = place.is_whole and place.ref.name in self._plan.inputs
        return is_input and is_file(step.tool, place)

    def _reference_problem(
        self, step: Step, place: Place, meaning: Meaning, elements: Elements
    ) -> Problem | None:
        """Return what is wrong with the name or part of a reference."""
        ref = place.ref
        if meaning is None:
            return self._unknown(step, place, elements)
        if ref.name in self._done and ref.part is not None:
            most = self._done[ref.name][1].counts.chosen[1]
            if not is_number(ref.part, most):
                results = f"{most} result{'s' * (most != 1)}"
                return Problem(
                    step=step.id,
                    argument=place.argument,
                    message=f"{ref} doesn't exist: {ref.name} makes {results}.",
                    cure=f"Number them from ${ref.name}.1, or write ${ref.name} for all of them.",
                )
        if ref.part is not None and ref.name in self._plan.inputs:
            return Problem(
                step=step.id,
                argument=place.argument,
                message=f"{ref} doesn't exist: an input has no parts.",
                cure=f"Write ${ref.name}; for one of several values use foreach and $item.",
            )
        return None

    def _unknown(self, step: Step, place: Place, elements: Elements) -> Problem | None:
        ref = place.ref
        if ref.name == ITEM:
            return unknown_item(step, place, elements)
        names = [*self._ids, *self._plan.inputs]
        guess = self._guess(ref.name, names)
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
            cure=self._labelled(ref.name)
            or guess
            or f"Known are {listed(names) or 'none'}; write ${ref} for the text {quoted(ref)}.",
        )

    def _labelled(self, label: str) -> str:
        """Return what to write for the result that has a label; "" if no step gives it."""
        steps = (each for each in self._plan.steps if each.arguments.get("label") == label)
        return next((f"Write ${each.id}, the step that makes it." for each in steps), "")

    def _guess(self, name: str, names: list[str]) -> str:
        if name not in self._guesses and len(self._guesses) < MAX_GUESSES:
            self._guesses[name] = did_you_mean(name, names)
        return self._guesses.get(name, "")

    # Arguments ------------------------------------------------------------------------------------

    def _check_arguments(self, step: Step, elements: Elements, found: StepFindings) -> None:
        prices: list[int] = []
        seen: set[tuple[str, str]] = set()
        for number, element in elements.samples():
            where = f"element {number}: " if elements.is_used and number else ""
            request, problems = self._parsed(step, element)
            if request is None:
                for each in problems:
                    if each not in seen:
                        seen.add(each)
                        message, cure = each
                        problem = Problem(step=step.id, message=f"{where}{message}", cure=cure)
                        found.problems.append(problem)
                continue
            if isinstance(request, Operation):
                prices.append(request.price())
                self._check_request(step, request, where, found)
            known = len(found.problems)
            self._check_sizes(step, request, element, found)
            found.set_aside(known, where)
        found.judge_misfits()
        found.each = (min(prices, default=0), max(prices, default=0))

    def _check_request(
        self, step: Step, request: Operation, where: str, found: StepFindings
    ) -> None:
        """Report a request whose results would be lost, or that this server doesn't send."""
        problem = lost_results(step, request)
        if problem is None and (blocked := self._blocked(request)):
            problem = Problem(step=step.id, message=f"{where}{blocked}", cure="Reword it.")
        if problem is not None and problem not in found.problems:
            found.problems.append(problem)

    def _parsed(
        self, step: Step, element: Element
    ) -> tuple[BaseModel | None, list[tuple[str, str]]]:
        """Return the request, or None with what is wrong and the cure."""
        row = OPERATIONS.get(step.tool)
        try:
            arguments = self._filled_in(step, element)
            if row is not None:
                given = {n: v for n, v in arguments.items() if n not in OURS_IN_PLANS}
                return parse(row, given), []
            tool = all_local_tools()[step.tool]
            return parse_model(tool.arguments, arguments, what=step.tool, hints=tool.hints), []
        except ArgumentsError as error:
            return None, [(error.message.removeprefix(f"{step.tool}: "), takes_sentence(error))]
        except TooLongError as error:
            return None, [(str(error), "Use shorter values, or fewer references.")]

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
        files = dict(self._shapes(step, element, request))
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
                each for each in fitting(step, request, files, found) if each not in found.notes
            ]

    def _shapes(
        self, step: Step, element: Element, request: BaseModel
    ) -> Iterator[tuple[str, MediaShape]]:
        """Yield what is known of each file, by argument; those of a list as `sounds[0]`."""
        for name in takes_files(step.tool):
            value, final = step.arguments.get(name), getattr(request, name, None)
            if isinstance(value, list):
                named = {f"{name}[{number}]": (each, each) for number, each in enumerate(value)}
            else:
                named = {name: (value, final)}
            for at, (written, text) in named.items():
                shape = self._shape_of(written, text, element)
                if shape is not None:
                    yield at, shape

    def _shape_of(self, written: object, text: object, element: Element) -> MediaShape | None:
        """Return what is known of a file, by the reference or the text that names it."""
        ref = placeholders.read_ref(written)
        meaning = self._meaning_for(ref, element) if ref is not None else None
        if isinstance(meaning, MediaMeaning) and meaning.shape is not None:
            return meaning.shape
        return self._media.get(text) if isinstance(text, str) else None
