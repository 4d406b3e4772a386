"""What a prompt is: a model of its arguments, and the function that writes the instructions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_type_hints

from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    EmbeddedResource,
    GetPromptResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)
from pydantic import BaseModel, ConfigDict

from stability_mcp.server.catalog import all_tools
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.text import did_you_mean, listed, plain, quoted

MAX_ARGUMENT_CHARACTERS = 4_000
"""Characters of an argument that are used; a note says so if it is longer. *Chosen*: a brief of
600 words."""

Values = Literal["media", "quality"]


@dataclass(frozen=True)
class Completes:
    """Marks an argument that a client can complete."""

    values: Values


class PromptArguments(BaseModel):
    """Base of the arguments of a prompt: texts, of which only those without a default are required.

    The docstring of a subclass is the description that people read in the menu of their client.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Read the arguments of a request; names that begin with `_` are a host's own.

        Raises:
            MCPError: a required one is missing, or there is none of that name.
        """
        fields = cls.model_fields
        missing = [
            name for name, each in fields.items() if each.is_required() and name not in given
        ]
        if missing:
            described = "; ".join(f"{name}: {fields[name].description}" for name in missing)
            raise MCPError(INVALID_PARAMS, f"Missing arguments. {described}")
        unknown = [each for each in given if each not in fields and not each.startswith("_")]
        if unknown:
            known = did_you_mean(unknown[0], fields) or f"There are {listed(fields)}."
            raise MCPError(INVALID_PARAMS, f"There is no argument {quoted(unknown[0])}. {known}")
        return cls(**{name: _clipped(given[name]) for name in fields.keys() & given.keys()})


def _clipped(text: str) -> str:
    cleaned = plain(text).strip()
    left_out = len(cleaned) - MAX_ARGUMENT_CHARACTERS
    if left_out <= 0:
        return cleaned
    return (
        f"{cleaned[:MAX_ARGUMENT_CHARACTERS]}… [{left_out:,} more characters were left out: ask "
        "the user for a shorter version]"
    )


@dataclass(frozen=True, kw_only=True)
class PromptContext:
    """What a prompt may use."""

    lazy_studio: LazyStudio
    enabled: frozenset[str]
    """Names of the enabled tools; the instructions name no others."""
    client: str = ""
    """Name that the client gave itself, for its spending limit."""

    def is_off(self, tool: str) -> bool:
        """Return whether a tool exists but is disabled."""
        return tool in all_tools().keys() - self.enabled


Written = str | Sequence[TextContent | EmbeddedResource]
"""Instructions: a text that is complete by itself, and resources after it."""
Write = Callable[[Any, PromptContext], Awaitable[Written]]


@dataclass(frozen=True, kw_only=True)
class PromptDefinition:
    """A prompt."""

    name: str
    title: str
    """Display name."""
    arguments: type[PromptArguments]
    write: Write
    needs: frozenset[str]
    """Tools without which the prompt isn't offered."""

    def listed(self) -> Prompt:
        """Return the entry in the list of prompts."""
        fields = self.arguments.model_fields
        return Prompt(
            name=self.name,
            title=self.title,
            description=self.arguments.__doc__,
            arguments=[
                PromptArgument(name=name, description=each.description, required=each.is_required())
                for name, each in fields.items()
            ],
        )

    def completes(self, argument: str) -> Values | None:
        """Return what the values of an argument are completed from; None: they aren't."""
        each = self.arguments.model_fields.get(argument)
        marks = (mark for mark in each.metadata if isinstance(mark, Completes)) if each else ()
        return next((mark.values for mark in marks), None)

    async def get(self, given: Mapping[str, str], context: PromptContext) -> GetPromptResult:
        """Return the messages for the given arguments.

        Raises:
            MCPError: a required argument is missing.
        """
        written = await self.write(self.arguments.of(given), context)
        blocks = [TextContent(text=written)] if isinstance(written, str) else written
        return GetPromptResult(
            description=self.arguments.__doc__,
            messages=[PromptMessage(role="user", content=each) for each in blocks],
        )


def prompt(*, title: str, needs: Sequence[str] = ()) -> Callable[[Write], PromptDefinition]:
    """Turn a function into a prompt; name and arguments come from its signature.

    Args:
        title: Display name.
        needs: Tools without which the prompt isn't offered.
    """

    def make(write: Write) -> PromptDefinition:
        return PromptDefinition(
            name=write.__name__,
            title=title,
            arguments=get_type_hints(write, include_extras=True)["given"],
            write=write,
            needs=frozenset(needs),
        )

    return make
