"""A local tool: a model of its arguments, and the function that runs it on stored media."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import Field

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import MediaKind
from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.imaging.preview import Preview
from stability_mcp.media.items import MediaItem

if TYPE_CHECKING:
    from stability_mcp.local_tools.workbench import Workbench


class ShowingArguments(Arguments):
    """Base of the arguments of a tool whose answer has a preview."""

    preview: Literal["none"] | None = None
    """No picture in the answer."""


class MakingArguments(ShowingArguments):
    """Base of the arguments of a tool that stores a new media item."""

    label: Annotated[str, Field(min_length=1)] | None = None
    """Name for the result."""


@dataclass(frozen=True, kw_only=True)
class LocalResult:
    """What a local tool found or made."""

    lines: Sequence[str] = ()
    """The answer as text; it is enough without the facts and the preview."""
    items: Sequence[MediaItem] = ()
    """The items that the tool stored."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs, as JSON."""
    preview: Preview | None = None
    paint: "Paint | None" = None
    """What the user is to paint on; None: the tool has finished."""


@dataclass(frozen=True, kw_only=True)
class Paint:
    """A picture on which the user paints a mask."""

    image: MediaItem
    mask: MediaItem | None = None
    """The mask to continue."""
    shapes: Sequence[Mapping[str, Any]] = ()
    """The shapes of that mask."""


@dataclass(frozen=True, kw_only=True)
class MediaShape:
    """What is known of a media item before it exists."""

    kind: MediaKind
    size: Size | None = None
    """Of a picture; None: unknown."""
    seconds: float | None = None
    """Of a sound; None: unknown."""
    has_alpha: bool | None = None
    """Whether a picture has transparent pixels; None: unknown."""
    is_mp3: bool | None = None
    """Whether a sound is an MP3; None: unknown."""


Function = Callable[["Workbench", Any], Awaitable[LocalResult]]
ValueCheck = Callable[[str, str], bool]
Prediction = Callable[[Any, Mapping[str, MediaShape]], MediaShape | None]
"""Takes the arguments and what goes in, by argument; returns what is made, or None."""


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """What a workflow has to know of a tool that can be one of its steps."""

    files: Mapping[str, MediaKind | None]
    """Kinds of media by the name of the argument, at any depth; None: any kind."""
    predict: Prediction
    """Predicts the result.

    Raises StepError, TransformError or ArgumentsError if it can't be made."""
    is_value: ValueCheck = lambda _argument, _text: False
    """Returns whether a text for one of the files is a value instead, such as a level."""


@dataclass(frozen=True, kw_only=True)
class LocalTool:
    """A local tool."""

    name: str
    title: str
    """Display name."""
    arguments: type[Arguments]
    function: Function
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do instead, by name of an unknown argument that callers try."""
    writes_files: bool = False
    """Whether it writes into the user's folders, and may replace files there."""
    step: StepFacts | None = None
    """None: it can't be a step of a workflow, as it makes nothing."""


def local_tool(
    *,
    title: str,
    hints: Mapping[str, str] | None = None,
    writes_files: bool = False,
    step: StepFacts | None = None,
) -> Callable[[Function], LocalTool]:
    """Turn a function into a local tool; name and arguments come from its signature.

    Args:
        title: Display name.
        hints: What to do instead, by name of an unknown argument that callers try.
        writes_files: Whether it writes into the user's folders, and may replace files there.
        step: What a workflow has to know of it; None: it can't be a step.
    """

    def make(function: Function) -> LocalTool:
        return LocalTool(
            name=function.__name__,
            title=title,
            arguments=get_type_hints(function, include_extras=True)["arguments"],
            function=function,
            hints=hints or {},
            writes_files=writes_files,
            step=step,
        )

    return make
