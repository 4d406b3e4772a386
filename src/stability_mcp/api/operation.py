"""What an operation is: one row of the table that every face is made from.

A row is a pydantic model. Its docstring is what an agent reads, its fields are the request, its
`spec` holds the wire facts, and its base class, the *kind*, says what comes back. An instance is
plain JSON: it can be stored, hashed and sent again. Bytes are never in it; a file field holds the
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
"""What a 2xx body is: the media itself, a generation id, v1's list of pictures, or data."""


@dataclass(frozen=True)
class Spec:
    """The wire facts of one operation.

    Args:
        path: The path of the URL; `{name}` stands for a field of that name.
        credits: List price of one successful call, or lowest and highest where it depends on the
            arguments; 1 credit is 0.01 USD.
        method: The HTTP method.
        seconds: How long the API takes until the result is there, as measured live; 0 where it was
            not measured.
        max_body: Most bytes of a whole request body.
    """

    path: str
    _: KW_ONLY
    credits: float | tuple[float, float] = 0
    method: Literal["GET", "POST"] = "POST"
    seconds: float = 0
    max_body: int = 10 * MIB


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Where the API and a row differ on purpose, by name of the parameter.

    The table is written for callers. These are the facts that the emulator and the comparison with
    the API's own document need in addition.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of the API for fields that have none, or another one, in the row."""
    left_out: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Schemas of parameters that the row does not have."""
    added: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Schemas of parameters that `Operation.added` derives from the other fields."""
    may_be_empty: frozenset[str] = frozenset()
    """Texts that the API accepts empty. The row requires a character: an empty text costs credits
    and gives nothing of use."""
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name of a parameter, or `name=value`: the parameters that it makes mandatory."""
    idle: frozenset[str] = frozenset()
    """Parameters that the API accepts, and the row refuses, where they have no effect."""
    known_drift: Mapping[str, str] = field(default_factory=dict)
    """Differences from the API's own document, as `drift.py` words them, and why the row keeps its
    version."""

    def __or__(self, other: "Wire") -> "Wire":
        """Return the differences of a kind together with those of a row."""
        names = [each.name for each in fields(self)]
        return Wire(**{name: getattr(self, name) | getattr(other, name) for name in names})


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
    """What to say about an argument that does not exist here but that callers try."""
    kind_hints: ClassVar[Mapping[str, str]] = {}
    """The same for all rows of a kind; a field with a similar name is suggested first."""
    title: ClassVar[str] = ""
    """Name for people; default: made of the name."""
    result_label: ClassVar[str] = ""
    """What the label of a result adds to the label of the file it is made from; default: made of
    the name."""
    next_tools: ClassVar[tuple[str, ...]] = ()
    """Tools to suggest once a result is there, the most useful first."""
    wire: ClassVar[Wire] = Wire()
    """Where the API differs. What the kind says applies as well and is not repeated in a row."""
    status: ClassVar[int] = 200
    """HTTP status of a success."""
    depends_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """By name of a field: those of which one has to be chosen before it means anything."""
    needs_marking: ClassVar[bool] = False
    """Whether `image` must have a transparent part unless a `mask` is given."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:  # noqa: ANN401 -- pydantic's hook
        """Complete the facts that a row leaves to its kind or its name."""
        if "wire" in vars(cls):
            kind = next(each for each in cls.__mro__[1:] if issubclass(each, Operation))
            cls.wire = kind.wire | cls.wire
        if "spec" in vars(cls):
            words = cls.name().removeprefix(f"{cls.toolset()}_").split("_")
            cls.title = cls.title or f"{cls.toolset()}: {' '.join(words)}".capitalize()
            cls.result_label = cls.result_label or "-".join(words)

    @model_validator(mode="after")
    def _needs_what_it_depends_on(self) -> Self:
        for name in sorted(self.not_sent()):
            # Hosts fill in the defaults of a schema unasked, so that a default says nothing.
            if self._chosen(name):
                others = " or ".join(self.depends_on[name])
                raise ValueError(f"{name} depends on {others}: set that too or leave {name} out")
        return self

    @classmethod
    def toolset(cls) -> str:
        """Return the family, which is the folder the row lives in: `edit`."""
        return cls.__module__.rpartition(".")[0].rpartition(".")[2]

    @classmethod
    def name(cls) -> str:
        """Return the name that tool, schema, command and job share: `edit_outpaint`."""
        return f"{cls.toolset()}_{cls.__module__.rpartition('.')[2]}"

    @classmethod
    def summary(cls) -> str:
        """Return the first paragraph of the docstring on one line: when to use it."""
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
        """Return whether several variants make sense: there is a seed to vary, and no `samples`."""
        return "seed" in cls.model_fields and "samples" not in cls.model_fields

    @classmethod
    def price_range(cls) -> tuple[int, int]:
        """Return the lowest and highest list price, in millicredits."""
        prices = (
            cls.spec.credits if isinstance(cls.spec.credits, tuple) else (cls.spec.credits,) * 2
        )
        return round(prices[0] * 1000), round(prices[1] * 1000)

    def price(self) -> int:
        """Return the list price of this very request, in millicredits, rounded up."""
        return self.price_range()[1]

    def path(self) -> str:
        """Return the path of the URL with its fields filled in."""
        return self.spec.path.format_map({name: getattr(self, name) for name in self.path_fields()})

    def not_sent(self) -> frozenset[str]:
        """Return fields that mean nothing in this request, and that the API may refuse there."""
        names = self.depends_on.items()
        return frozenset(name for name, others in names if not any(map(self._chosen, others)))

    def _chosen(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    def added(self) -> dict[str, str]:
        """Return request fields that follow from the others and are none of ours."""
        return {}

    def form(self) -> dict[str, str]:
        """Return the text parts of a multipart request; file parts come beside them.

        Every value is sent, also a default: the result must not change when the API's default does.
        """
        left_out = self.file_fields().keys() | self.path_fields() | self.not_sent()
        values = self.model_dump(mode="json", exclude_none=True, exclude=set(left_out))
        return {name: form_text(value) for name, value in values.items()} | self.added()

    def canonical(self) -> str:
        """Return this request as JSON that is the same for the same request.

        Defaults are filled in; what is not sent is left out. It can be read back.
        """
        values = self.model_dump(mode="json", exclude_none=True, exclude=set(self.not_sent()))
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@cache
def _file_fields(operation: type[Operation]) -> dict[str, File]:
    marks = {name: file_mark(field) for name, field in operation.model_fields.items()}
    return {name: mark for name, mark in marks.items() if mark}


def file_mark(field: FieldInfo) -> File | None:
    """Return the mark of a field that names a file; where the field is optional it lies deeper."""
    places = [
        field.metadata,
        *(getattr(each, "__metadata__", ()) for each in get_args(field.annotation)),
    ]
    return next((mark for place in places for mark in place if isinstance(mark, File)), None)


def form_text(value: object) -> str:
    """Return a value as the API reads it in a form: `true`, `0.5`, `7`."""
    return json.dumps(value) if isinstance(value, bool | float | int) else str(value)
