"""A template: a model of its arguments, and the function that turns them into a plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, get_type_hints

from pydantic import ConfigDict

from stability_mcp.api.described import Described
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.plan import Plan


class TemplateArguments(Described):
    """Base of the arguments of a template."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class TemplateMedia(Protocol):
    """What a template may look at before it makes a plan; nothing is spent."""

    async def shape(self, reference: str) -> MediaShape:
        """Return kind, size and length of a file or stored media.

        Raises:
            StudioError: it doesn't exist, isn't allowed or isn't media.
        """
        ...

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """Return the facts that `media_inspect` finds; raises the errors of `shape`."""
        ...

    async def files(self, source: str | Sequence[str]) -> list[str]:
        """Return the media files of a folder, a wildcard or a list, sorted by name.

        Raises:
            StudioError: the folder doesn't exist, isn't allowed or has no such files.
        """
        ...

    def seconds(self, operation: str) -> float:
        """Return the typical seconds of one result: this machine's median, else the API's."""
        ...


Build = Callable[[Any, TemplateMedia], Awaitable[Plan]]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template."""

    name: str
    title: str
    """Display name."""
    arguments: type[TemplateArguments]
    """Its docstring says what the template makes, in one or two sentences."""
    build: Build
    """Raises ArgumentsError if the arguments don't fit together."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that show its use; media in them are labels such as `photo`."""


def template(*, title: str, example: Mapping[str, Any]) -> Callable[[Build], Template]:
    """Turn a function into a template; name and arguments come from its signature.

    Args:
        title: Display name.
        example: Arguments that show its use.
    """

    def make(build: Build) -> Template:
        return Template(
            name=build.__name__,
            title=title,
            arguments=get_type_hints(build, include_extras=True)["arguments"],
            build=build,
            example=example,
        )

    return make
