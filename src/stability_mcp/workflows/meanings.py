"""What references mean while a plan is checked, and the elements of `foreach`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import MediaKind
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.text import listed, quoted
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.placeholders import Ref, TooLongError, Unresolved
from stability_mcp.workflows.plan import MAX_ELEMENTS, Step
from stability_mcp.workflows.problems import Problem


@dataclass(frozen=True, kw_only=True)
class StepCounts:
    """How often a step runs, and how many results later steps get."""

    elements: int = 1
    """Elements of `foreach`, at most."""
    low: int = 1
    """Results, at least: a review before it may leave only one."""
    high: int = 1
    """Results, at most."""
    chosen: tuple[int, int] = (1, 1)
    """Results that other steps get, at least and at most: a review leaves one of a step's, or some
    of those of a `foreach`."""


@dataclass(kw_only=True)
class StepFindings:
    """What was found out about a step."""

    counts: StepCounts = field(default_factory=StepCounts)
    each: tuple[int, int] = (0, 0)
    """Lowest and highest price of one result, in millicredits."""
    shape: MediaShape | None = None
    """What each result is, as far as all are alike."""
    shapes: tuple[MediaShape, ...] = ()
    """The different shapes of the results, if they aren't alike."""
    shrunk: tuple[Size, Size] | None = None
    """The size of a picture and of what an upscaler makes of it, if that isn't larger."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    misfits: list[Problem] = field(default_factory=list)
    """Of elements whose files have sizes that the tool refuses."""
    fitting: int = 0
    """Elements without such a problem."""
    origins: Sequence[Mapping[str, Any]] = ()
    """The elements that its results are made for, if they have fields."""

    def set_aside(self, first: int, where: str) -> None:
        """Take the problems from one number on as those of one element; `where` names it."""
        new = self.problems[first:]
        del self.problems[first:]
        self.misfits += [replace(each, message=f"{where}{each.message}") for each in new]
        self.fitting += not new

    def judge_misfits(self) -> None:
        """Report elements that don't fit: as problems, or as notes if others can be done."""
        if not self.fitting:
            self.problems += self.misfits
            return
        self.notes += [f"{each.message} It will be left out. {each.cure}" for each in self.misfits]

    def add_shape(self, shape: MediaShape | None) -> None:
        """Add what one element makes."""
        if shape is None or shape in self.shapes or shape == self.shape:
            return
        if self.shape is None:
            self.shape = shape
            return
        self.shapes = (*(self.shapes or (self.shape,)), shape)
        self.shape = common_shape(self.shapes)


@dataclass(frozen=True, kw_only=True)
class MediaMeaning:
    """A reference that means one or several media."""

    kind: MediaKind
    counts: tuple[int, int]
    shape: MediaShape | None = None
    """What each is, as far as all are alike."""
    shapes: tuple[MediaShape, ...] = ()
    """The different shapes, if they aren't alike."""
    origins: Sequence[Mapping[str, Any]] = field(default=(), compare=False)
    """The elements that they are made for, if they have fields."""

    @classmethod
    def of_files(
        cls, kind: MediaKind, names: Sequence[str], known: Mapping[str, MediaShape]
    ) -> "MediaMeaning":
        """Return what the files of an input mean.

        Args:
            kind: The kind that the input takes.
            names: The files.
            known: The shapes of those that were looked at.
        """
        shapes = list(dict.fromkeys(known.get(each) for each in names))
        return cls(
            kind=kind,
            counts=(len(names), len(names)),
            shape=common_shape(shapes),
            shapes=tuple(each or MediaShape(kind=kind) for each in shapes) if shapes[1:] else (),
            origins=[placeholders.fields_of_file(each) for each in names],
        )

    def singles(self) -> "list[MediaMeaning]":
        """Return one of them for each shape that it may have."""
        shapes = self.shapes or (self.shape,)
        return [replace(self, counts=(1, 1), shape=each, shapes=()) for each in shapes]


def common_shape(shapes: Sequence[MediaShape | None]) -> MediaShape | None:
    """Return what all shapes have in common; None if one of them is unknown."""
    first, *others = shapes
    if first is None or None in others:
        return None

    def common(name: str) -> Any:  # noqa: ANN401 -- the type of a field
        values = {getattr(each, name) for each in shapes}
        return values.pop() if len(values) == 1 else None

    return replace(
        first, **{name: common(name) for name in ("size", "seconds", "has_alpha", "is_mp3")}
    )


@dataclass(frozen=True)
class ValueMeaning:
    """A reference that means a value; `is_known` False: it isn't given yet."""

    value: Any
    is_known: bool = True


Meaning = MediaMeaning | ValueMeaning | None


@dataclass(frozen=True)
class Element:
    """An element of `foreach`, or the only run of a step without one."""

    value: Meaning = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def meaning(self, ref: Ref) -> Meaning:
        """Return what `$item` or `$item.field` means for this element."""
        if ref.part is None:
            return self.value
        return ValueMeaning(self.fields[ref.part]) if ref.part in self.fields else None


@dataclass(kw_only=True)
class Elements:
    """The elements of a step's `foreach`."""

    is_used: bool = False
    low: int = 1
    high: int = 1
    values: Sequence[Any] = ()
    """The elements, if they are values that are known."""
    media: Sequence[MediaMeaning] = ()
    """If they are media: one of them for each shape."""
    made_for: Sequence[Mapping[str, Any]] = ()
    """If they are media: the elements that they are made for, if they have fields."""
    stand_in: ValueMeaning | None = None
    """A stand-in for a list that isn't known yet."""

    @classmethod
    def of(
        cls, step: Step, meaning_of: Callable[[Ref], Meaning], found: StepFindings
    ) -> "Elements":
        """Return the elements of a step; mistakes are added to `found`."""
        given = step.foreach
        if given is None:
            return cls()
        if isinstance(given, list):
            return cls._of_list(step, meaning_of, given, found)
        ref = placeholders.read_ref(given)
        meaning = meaning_of(ref) if ref is not None else None
        if isinstance(meaning, MediaMeaning):
            low, high = meaning.counts
            return cls(
                is_used=True, low=low, high=high, media=meaning.singles(), made_for=meaning.origins
            )
        if isinstance(meaning, ValueMeaning) and isinstance(meaning.value, list | tuple):
            return cls._of_values(list(meaning.value), step, found)
        if isinstance(meaning, ValueMeaning) and not meaning.is_known:
            found.notes.append(f"counted for one element of {ref}")
            return cls(is_used=True, stand_in=meaning)
        found.problems.append(
            Problem(
                step=step.id,
                argument="foreach",
                message=f"{quoted(given)} is neither a list nor a step or input with several "
                "values.",
                cure='Pass a list, or "$id" of an earlier step or of an input with many: true. For '
                "the files of a folder use the template batch_process.",
            )
        )
        return cls(is_used=True)

    @classmethod
    def _of_list(
        cls, step: Step, meaning_of: Callable[[Ref], Meaning], given: list[Any], found: StepFindings
    ) -> "Elements":
        if not 1 <= len(given) <= MAX_ELEMENTS:
            return cls._refused(len(given), step, found)
        meanings = [meaning_of(ref) for each in given if (ref := placeholders.read_ref(each))]
        media = [each for each in meanings if isinstance(each, MediaMeaning)]
        if media and not _are_alike(media, given):
            found.problems.append(
                Problem(
                    step=step.id,
                    argument="foreach",
                    message="The list mixes files with something else.",
                    cure='Declare a file as an input of type image and write "$id" for it; use '
                    "another step for other kinds.",
                )
            )
            return cls(is_used=True)
        if media:
            low = sum(each.counts[0] for each in media)
            high = sum(each.counts[1] for each in media)
            if high > MAX_ELEMENTS:
                return cls._refused(high, step, found)
            singles = list(dict.fromkeys(one for each in media for one in each.singles()))
            origins = [origin for each in media for origin in each.origins]
            if not all(each.origins for each in media):
                origins = []
            return cls(is_used=True, low=low, high=high, media=singles, made_for=origins)

        def resolve(ref: Ref) -> Any:  # noqa: ANN401 -- any JSON
            meaning = meaning_of(ref)
            if not isinstance(meaning, ValueMeaning):
                raise Unresolved
            return meaning.value

        try:
            return cls._of_values(placeholders.replace(given, resolve), step, found)
        except TooLongError as error:
            found.problems.append(
                Problem(
                    step=step.id,
                    argument="foreach",
                    message=str(error),
                    cure="Use shorter values, or fewer references.",
                )
            )
            return cls(is_used=True)

    @classmethod
    def _of_values(cls, values: list[Any], step: Step, found: StepFindings) -> "Elements":
        if not 1 <= len(values) <= MAX_ELEMENTS:
            return cls._refused(len(values), step, found)
        return cls(is_used=True, low=len(values), high=len(values), values=values)

    @classmethod
    def _refused(cls, number: int, step: Step, found: StepFindings) -> "Elements":
        """Report a list with too many or no elements."""
        found.problems.append(
            Problem(
                step=step.id,
                argument="foreach",
                message=f"The list has {number:,} elements; from 1 to {MAX_ELEMENTS} are allowed.",
                cure="Split it over several runs." if number else "Put at least one into it.",
            )
        )
        return cls(is_used=True)

    @property
    def origins(self) -> Sequence[Mapping[str, Any]]:
        """Return the fields of each element; none if some have no fields."""
        if self.media:
            return self.made_for
        found = [_fields(each) for each in self.values]
        return found if all(found) else ()

    def samples(self) -> Iterator[tuple[int, Element]]:
        """Yield what to check, with the number of the element; 0 if one stands for all."""
        if self.values:
            for number, value in enumerate(self.values, 1):
                yield number, Element(ValueMeaning(value), _fields(value))
        elif self.media:
            for number, fields in enumerate(self.made_for, 1):
                yield number, Element(self.media[0], fields)
            fields = self.made_for[0] if self.made_for else {}
            others = self.media[1:] if self.made_for else self.media
            yield from ((0, Element(each, fields)) for each in others)
        else:
            yield 0, Element(self.stand_in)

    def meaning(self, ref: Ref) -> Meaning:
        """Return what `$item` means; None if an element lacks the field."""
        if not self.is_used:
            return None
        first: Meaning = None
        for _, element in self.samples():
            meaning = element.meaning(ref)
            if meaning is None:
                return None
            first = first or meaning
        return first

    def fields_text(self) -> str:
        """Return a sentence that names the fields that elements have."""
        names = {name for each in self.origins for name in each}
        return f"They have {listed(sorted(map(str, names)))}." if names else "Write $item."


def _are_alike(media: Sequence[MediaMeaning], given: Sequence[Any]) -> bool:
    """Return whether a list consists of media of one kind."""
    return len(media) == len(given) and len({each.kind for each in media}) == 1


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def counts_of(step: Step, elements: Elements, found: StepFindings) -> StepCounts:
    """Return how often a step runs; a count that its tool can't have is added to `found`."""
    row = OPERATIONS.get(step.tool)
    if step.count > 1 and (row is None or not row.takes_count()):
        found.problems.append(
            Problem(
                step=step.id,
                argument="count",
                message=f"{step.tool} always makes the same of the same input, so count must be 1.",
                cure="Leave count out, or use foreach with different arguments.",
            )
        )
    low, high = elements.low * step.count, elements.high * step.count
    chosen = (low, high)
    if step.review:
        chosen = (1, high) if elements.is_used else (1, 1)
    return StepCounts(elements=elements.high, low=low, high=high, chosen=chosen)
