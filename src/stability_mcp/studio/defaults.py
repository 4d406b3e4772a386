"""Fills in the operator's default arguments (`STABILITY_DEFAULTS`) before a call is validated.

Every face passes its calls through here, so that a default holds for all of them. A default never
replaces an argument of the call. If it doesn't fit the others (an aspect ratio with a picture that
sets the shape), it is left out: a preference must not make a call fail. The answer says what was
filled in and what was left out, so that a model can choose differently.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from stability_mcp.api.parsing import find_problems, given_names
from stability_mcp.errors import ArgumentsError, InputFileError, StudioError
from stability_mcp.text import quoted

VARIABLE = "STABILITY_DEFAULTS"
_SHOWN_CHARACTERS = 60
"""Characters of a value in a line; a negative prompt can have 10,000."""

_PLAIN = re.compile(r"[\w.:/+-]+")
_WORD = re.compile(r"\w+:?")
_TO = "to"
"""An argument whose name most sentences contain: only `to:` means it."""

Values = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class FilledCall:
    """The arguments of a call with the defaults that apply to it."""

    arguments: Mapping[str, object]
    values: Values = field(default_factory=dict)
    """The defaults that were filled in, by name."""
    left_out: Mapping[str, tuple[object, str]] = field(default_factory=dict)
    """The defaults that don't fit the other arguments, with the reason."""

    @property
    def notes(self) -> list[str]:
        """Return the line for the answer; empty: no default applies."""
        parts = [f"{shown_values(self.values)} ({VARIABLE})"] if self.values else []
        source = "" if self.values else f" of {VARIABLE}"
        for name, (value, why) in self.left_out.items():
            reason = (why[:1].lower() + why[1:]).removeprefix(f"leave out {name}: ").rstrip(".")
            left = shown_values({name: value})
            parts.append(f"{left}{source} was left out, as it doesn't fit ({reason})")
        return [f"defaults: {'; '.join(parts)}"] if parts else []

    def meant_by(self, error: StudioError) -> Values:
        """Return the defaults that an error names, or whose text it quotes."""
        text = f"{error.message} {error.hint}"
        words = set(_WORD.findall(text))
        return {
            name: value
            for name, value in self.values.items()
            if f"{name}:" in words
            or (name in words and name != _TO)
            or (isinstance(value, str) and quoted(value) in text)
        }

    def without(self, name: str, why: str) -> "FilledCall":
        """Return the call without a default that doesn't fit."""
        return FilledCall(
            arguments={each: value for each, value in self.arguments.items() if each != name},
            values={each: value for each, value in self.values.items() if each != name},
            left_out={**self.left_out, name: (self.values[name], why)},
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Add to an error about a default where its value comes from."""
        try:
            yield
        except (ArgumentsError, InputFileError) as error:
            if meant := shown_values(self.meant_by(error)):
                error.add_hint(f"{VARIABLE} sets {meant}; an argument of the call overrides it.")
            raise


class Defaults:
    """The default arguments of every tool.

    Args:
        by_tool: Model and defaults by tool; the values are valid.
        entries: The same as the operator wrote it, for `lines`.
    """

    def __init__(
        self,
        by_tool: Mapping[str, tuple[type[BaseModel], Values]] = MappingProxyType({}),
        entries: Mapping[str, Values] = MappingProxyType({}),
    ) -> None:
        self._by_tool = by_tool
        self._entries = entries

    @property
    def lines(self) -> list[str]:
        """Return a line for each entry of the file: `generate_sd3: aspect_ratio=16:9`."""
        return [f"{name}: {shown_values(values)}" for name, values in self._entries.items()]

    def fill(self, tool: str, arguments: Mapping[str, object]) -> FilledCall:
        """Return the arguments of a call with the defaults that fit them."""
        model, defaults = self._by_tool.get(tool, (None, {}))
        if model is None:
            return FilledCall(arguments=arguments)
        given = given_names(model, arguments)
        kept = {name: value for name, value in defaults.items() if name not in given}
        left_out: dict[str, tuple[object, str]] = {}
        problems = find_problems(model, {**arguments, **kept}) if kept else []
        while problems and (found := _at_fault(model, arguments, kept, problems)):
            name, why, problems = found
            left_out[name] = (kept.pop(name), why)
        return FilledCall(arguments={**arguments, **kept}, values=kept, left_out=left_out)


def _at_fault(
    model: type[BaseModel], arguments: Mapping[str, object], kept: Values, problems: list[str]
) -> tuple[str, str, list[str]] | None:
    """Return a default without which a problem disappears, that problem and the remaining ones.

    Rules are checked one by one, so that a missing value can hide the real problem: the default
    that leaves the fewest problems is chosen, then one that the problem names.
    """
    found = []
    for name in kept:
        if model.model_fields[name].is_required():
            continue  # without it, the call is incomplete
        others = {other: value for other, value in kept.items() if other != name}
        rest = find_problems(model, {**arguments, **others})
        gone = next((each for each in problems if each not in rest), None)
        if gone is not None:
            found.append((name, gone, rest))
    return min(found, key=lambda each: (len(each[2]), each[0] not in each[1]), default=None)


def shown_values(values: Values) -> str:
    """Return `aspect_ratio=16:9, negative_prompt="blurry, dark"`."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:  # noqa: ANN401 -- any JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "+".join(map(_shown, value))
    text = quoted(value, limit=_SHOWN_CHARACTERS)
    return text[1:-1] if _PLAIN.fullmatch(text[1:-1]) else text


NO_DEFAULTS = Defaults()
