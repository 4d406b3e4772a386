"""The base class of operations: one row of the table that every interface is made from.

A row is a pydantic model. Its docstring is what an agent reads, its fields are the request, its
`spec` holds the wire facts, and its base class, the *kind*, defines the response. An instance is
plain JSON: it can be stored, hashed and sent again. It never contains bytes; a file field holds the
name of a file. The kinds are in `kinds.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cache
from inspect import cleandoc
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, model_validator
from pydantic.fields import FieldInfo

from stability_mcp.api.described import Described
from stability_mcp.api.fields import File

MIB = 1_048_576

MediaKind = Literal["image", "audio", "model"]

Answer = Literal["media", "start", "artifacts", "json"]
"""Content of a 2xx body: the media itself, a generation id, v1's list of pictures, or data."""


@dataclass(frozen=True)
class Spec:
    """The wire facts of one operation.

    Args:
        path: The path of the URL; `{name}` stands for a field of that name.
        credits: List price of one successful call, or lowest and highest price if it depends on the
            arguments; 1 credit is 0.01 USD.
        method: The HTTP method.
        seconds: Seconds until the result is ready, as measured live; 0 if not measured.
        max_body: Maximum bytes of the whole request body.
    """

    path: str
    _: KW_ONLY
    credits: float | tuple[float, float] = 0
    method: Literal["GET", "POST"] = "POST"
    seconds: float = 0
    max_body: int = 10 * MIB


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Intended differences between the API and a row, by parameter name.

    The table is written for callers. The emulator and the comparison with the API's own document
    need these facts as well.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The API's defaults of fields that have no default, or a different one, in the row."""
    left_out: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Schemas of the API's parameters that the row doesn't have."""
    added: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Schemas of parameters that `Operation.added` derives from the other fields."""
    may_be_empty: frozenset[str] = frozenset()
    """Texts that the API accepts empty. The row requires a character: an empty text costs credits
    without a useful result."""
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By parameter name or `name=value`: the parameters that it makes mandatory."""
    idle: frozenset[str] = frozenset()
    """Parameters that the API ignores, and the row rejects, where they have no effect."""
    known_drift: Mapping[str, str] = field(default_factory=dict)
    """Differences from the API's own document as `drift.py` prints them, each with the reason why
    the row keeps its version."""

    def __or__(self, other: "Wire") -> "Wire":
        """Merge the differences of a kind with those of a row."""
        names = [each.name for each in fields(self)]
        return Wire(**{name: getattr(self, name) | getattr(other, name) for name in names})


@dataclass(frozen=True)
class Grade:
    """A quality that a row offers, ranked within its family.

    Args:
        quality: The rank: more is better.
        arguments: Arguments that select it, if the row offers several.
        resets: Arguments whose range or default depends on it; they aren't carried over.
    """

    quality: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    resets: tuple[str, ...] = ()


def ranked(name: str, ranks: Mapping[str, int], *resets: str) -> tuple[Grade, ...]:
    """Return a grade for each choice of an argument, given the rank of each."""
    return tuple(Grade(rank, {name: choice}, resets) for choice, rank in ranks.items())


class Operation(Described):
    """Base of all rows; subclass one of the kinds in `kinds.py` instead."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
    )

    spec: ClassVar[Spec]
    answer: ClassVar[Answer]
    accept: ClassVar[str] = "*/*"
    media: ClassVar[MediaKind | None] = None
    poll_paths: ClassVar[Mapping[str, str]] = {}  # accept header by results path, best path first
    hints: ClassVar[Mapping[str, str]] = {}
    """What to do instead, by name of an argument that callers try but the row doesn't have."""
    kind_hints: ClassVar[Mapping[str, str]] = {}
    """Hints for all rows of a kind; a field with a similar name is suggested first."""
    title: ClassVar[str] = ""
    """Display name, as the model or feature is commonly called; default: derived from the name."""
    next_tools: ClassVar[tuple[str, ...]] = ()
    """Tools that fit what this operation makes, most useful first."""
    family: ClassVar[str] = ""
    """Rows of one family make the same kind of result from the same input, at different prices and
    qualities; default: the end of the name, which versions of an endpoint share."""
    grades: ClassVar[tuple[Grade, ...]] = (Grade(1),)
    """The qualities that the row offers."""
    wire: ClassVar[Wire] = Wire()
    """Differences from the API, in addition to those of the kind."""
    status: ClassVar[int] = 200
    """HTTP status of a success."""
    depends_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """By field name: the field has no effect unless one of these fields is set."""
    enlarges: ClassVar[bool] = False
    """Whether the result is meant to have more pixels than the picture."""
    cuts_out: ClassVar[bool] = False
    """Whether the result is the picture with a transparent background."""
    rest_defaults: ClassVar[Mapping[str, Any]] = {}
    """Defaults of fields that the REST route has, as the API does, and the tool doesn't."""
    style_field: ClassVar[str | None] = None
    """The field that takes a picture of the style; None: no field does."""
    needs_marking: ClassVar[bool] = False
    """Whether `image` must have a transparent part unless a `mask` is given."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:  # noqa: ANN401 -- pydantic's hook
        """Fill in the facts that a row derives from its kind or name."""
        if "wire" in vars(cls):
            kind = next(each for each in cls.__mro__[1:] if issubclass(each, Operation))
            cls.wire = kind.wire | cls.wire
        if "spec" in vars(cls):
            endpoint = cls.name().removeprefix(f"{cls.toolset()}_")
            words = endpoint.split("_")
            cls.family = cls.family or endpoint
            cls.title = cls.title or f"{cls.toolset()}: {' '.join(words)}".capitalize()

    @model_validator(mode="after")
    def _needs_what_it_depends_on(self) -> Self:
        for name in sorted(self.not_sent()):
            # Some hosts send every default of the schema, so a default value isn't a choice.
            if self._chosen(name):
                others = " or ".join(self.depends_on[name])
                raise ValueError(
                    f"{name} has no effect without {others}: set that too or leave out {name}"
                )
        return self

    @classmethod
    def toolset(cls) -> str:
        """Return the family, which is the row's folder: `edit`."""
        return cls.__module__.rpartition(".")[0].rpartition(".")[2]

    @classmethod
    def name(cls) -> str:
        """Return the name of the tool, schema, command and job: `edit_outpaint`."""
        return f"{cls.toolset()}_{cls.__module__.rpartition('.')[2]}"

    @classmethod
    def summary(cls) -> str:
        """Return the first paragraph of the docstring on one line: when to use the operation."""
        return " ".join(cleandoc(cls.__doc__ or "").split("\n\n")[0].split())

    @classmethod
    def guidance(cls) -> str:
        """Return the rest of the docstring on one line: how, and what to use instead."""
        return " ".join(" ".join(cleandoc(cls.__doc__ or "").split("\n\n")[1:]).split())

    @classmethod
    def file_fields(cls) -> dict[str, File]:
        """Return the marks of the fields that are sent as file parts, by field name."""
        return dict(_file_fields(cls))

    @classmethod
    def path_fields(cls) -> frozenset[str]:
        """Return the names of the fields that are part of the URL's path."""
        return frozenset(name for name in cls.model_fields if f"{{{name}}}" in cls.spec.path)

    @classmethod
    def is_paid(cls) -> bool:
        """Return whether a successful call costs credits."""
        return cls.spec.credits != 0

    @classmethod
    def is_deferred(cls) -> bool:
        """Return whether the answer is a generation id to poll for."""
        return cls.answer == "start"

    @classmethod
    def takes_count(cls) -> bool:
        """Return whether the tool takes `count`: the row has a seed to vary and no `samples`."""
        return "seed" in cls.model_fields and "samples" not in cls.model_fields

    @classmethod
    def price_range(cls) -> tuple[int, int]:
        """Return the lowest and highest list price, in millicredits."""
        prices = (
            cls.spec.credits if isinstance(cls.spec.credits, tuple) else (cls.spec.credits,) * 2
        )
        return round(prices[0] * 1000), round(prices[1] * 1000)

    def price(self) -> int:
        """Return the list price of this request in millicredits, rounded up."""
        return self.price_range()[1]

    def path(self) -> str:
        """Return the path of the URL with its fields filled in."""
        return self.spec.path.format_map({name: getattr(self, name) for name in self.path_fields()})

    def not_sent(self) -> frozenset[str]:
        """Return the fields that have no effect in this request and that the API may reject."""
        names = self.depends_on.items()
        return frozenset(name for name, others in names if not any(map(self._chosen, others)))

    def _chosen(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    def added(self) -> dict[str, str]:
        """Return parameters that follow from the fields and aren't fields themselves."""
        return {}

    def form(self) -> dict[str, str]:
        """Return the text parts of a multipart request, without the file parts.

        Defaults are sent too, so that a change of the API's defaults doesn't change results.
        """
        left_out = self.file_fields().keys() | self.path_fields() | self.not_sent()
        values = self.model_dump(mode="json", exclude_none=True, exclude=set(left_out))
        return {name: form_text(value) for name, value in values.items()} | self.added()

    def canonical(self) -> str:
        """Return this request as canonical JSON: equal requests give equal text.

        It contains defaults but not the fields that are not sent, and can be parsed again.
        """
        values = self.model_dump(mode="json", exclude_none=True, exclude=set(self.not_sent()))
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@cache
def _file_fields(operation: type[Operation]) -> dict[str, File]:
    marks = {name: file_mark(field) for name, field in operation.model_fields.items()}
    return {name: mark for name, mark in marks.items() if mark}


def file_mark(field: FieldInfo) -> File | None:
    """Return the `File` mark of a field, which is nested deeper if the field is optional."""
    places = [
        field.metadata,
        *(getattr(each, "__metadata__", ()) for each in get_args(field.annotation)),
    ]
    return next((mark for place in places for mark in place if isinstance(mark, File)), None)


def form_text(value: object) -> str:
    """Return a value in the notation of the API's forms: `true`, `0.5`, `7`."""
    return json.dumps(value) if isinstance(value, bool | float | int) else str(value)
