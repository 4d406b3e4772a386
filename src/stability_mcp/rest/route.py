"""A route of the REST face: where it is, what it takes, and the function that answers it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_type_hints

from pydantic import BaseModel

from stability_mcp.api.fields import AudioLimits
from stability_mcp.api.operation import Operation
from stability_mcp.rest.file_fields import file_fields

if TYPE_CHECKING:
    from stability_mcp.rest.rest_call import RestCall

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

AnswerKind = Literal[
    "media",
    "deferred",
    "artifacts",
    "run",
    "result",
    "json",
    "content",
    "csv",
    "events",
    "page",
    "refusal",
]
"""What a success is: bytes of media; a job that is still running; v1's list of pictures; a run of a
workflow; one of these, depending on a job; JSON; stored bytes; JSON or CSV; a stream of events;
a file of a page; nothing, as the route always refuses."""

Access = Literal["open", "usual", "token"]
"""Who may call a route: everybody; with the token, or without it on the emulator; only with it."""

BodyKind = Literal["form", "file", "form_or_file", "none"]
"""What the body of a request is: fields, in any of three formats; one file, which the function
reads; fields, or one file if its Content-Type is none of the three; or nothing."""

Function = Callable[["RestCall", Any], Awaitable[Any]]
"""Takes the call and its parsed arguments; returns an answer, see `answers.py`."""

PREFIX = "/api/stability"
"""Path of the face; paths of routes are below it."""


@dataclass(frozen=True, kw_only=True)
class RestRoute:
    """A route."""

    method: Method
    path: str
    """Below `PREFIX`; `{name}` stands for the argument of that name."""
    name: str
    """Unique; names the function in clients that are generated from the OpenAPI document."""
    summary: str
    """One line about what it does."""
    tag: str
    """The group it belongs to."""
    answer: AnswerKind
    arguments: type[BaseModel] | None
    """Model of its parameters in path, query and body; None: it has none."""
    function: Function
    access: Access = "usual"
    body: BodyKind = "form"
    aliases: tuple[str, ...] = ()
    """Further paths."""
    statuses: tuple[int, ...] = ()
    """Statuses of its answers that don't follow from the other facts."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do instead, by name of an unknown argument that callers try."""
    operation: type[Operation] | None = None
    """The operation that it runs; None: another."""

    @property
    def files(self) -> Mapping[str, bool]:
        """Return the arguments that take files, and whether each takes several."""
        model = self.operation or self.arguments
        return {} if model is None else file_fields(model)

    @property
    def path_arguments(self) -> frozenset[str]:
        """Return the names of the arguments in the path."""
        parts = self.path.split("/")
        return frozenset(each[1:-1] for each in parts if each.startswith("{"))

    def max_file_bytes(self, name: str, most: int) -> int:
        """Return the largest file that a field takes: a sound is never fitted to its operation."""
        marks = self.operation.file_fields() if self.operation is not None else {}
        limits = marks[name].limits if name in marks else None
        if self.operation is None or not isinstance(limits, AudioLimits):
            return most
        return min(most, self.operation.spec.max_body)


class RouteFacts(TypedDict, total=False):
    """Facts of a route that have a default, see `RestRoute`."""

    answer: AnswerKind
    access: Access
    body: BodyKind
    aliases: tuple[str, ...]
    statuses: tuple[int, ...]
    hints: Mapping[str, str]


def route(
    method: Method, path: str, *, tag: str, **facts: Unpack[RouteFacts]
) -> Callable[[Function], RestRoute]:
    """Turn a function into a route; name, summary and arguments come from it.

    The function takes the call and, if the route has any, its arguments as a pydantic model. The
    first line of its docstring is the summary.

    Args:
        method: The method; a GET route also answers HEAD.
        path: See `RestRoute`, like the rest.
        tag: See there.
        **facts: See there.
    """

    def make(function: Function) -> RestRoute:
        arguments = get_type_hints(function, include_extras=True)["arguments"]
        given: RouteFacts = {"answer": "json", **facts}
        if method in {"GET", "DELETE"}:
            given["body"] = "none"
        return RestRoute(
            method=method,
            path=path,
            name=function.__name__,
            summary=(inspect.getdoc(function) or "").partition("\n")[0].rstrip("."),
            tag=tag,
            arguments=None if arguments is type(None) else arguments,
            function=function,
            **given,
        )

    return make
