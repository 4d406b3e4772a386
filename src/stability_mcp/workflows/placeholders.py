"""References in the arguments of a plan: to the media of a step, an input, or the element.

`"$draft"`, `"$draft.2"`, `"$item"` and `"$item.prompt"` are whole values. `{colour}` and
`{item.prompt}` are parts of a text; a name in braces that the plan doesn't define stays as it is,
and so does `$$`, which stands for a text that begins with a dollar sign.

An element that is a result has the fields of the element it was made for: in a chain of steps with
`foreach`, `{item.name}` of the first list is known in all of them. A file of an input has a `name`:
its own, without folder and ending.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from stability_mcp.media.labels import clean_label

ESCAPE = "$$"
MAX_REFERENCES = 1_000
"""References in the arguments of a step. *Chosen*: an animation of 500 frames, each named."""
MAX_TEXT_CHARACTERS = 100_000
"""Length of a text with everything filled in: ten times the longest prompt of the API."""
MAX_FILLED_CHARACTERS = 2_000_000
"""What is filled into all texts of a list together: 4,000 characters for each of 500 elements."""
MAX_LIST = 1_000
"""Entries of a list with everything filled in."""

_NAME = r"[^\W\d][\w-]{0,99}"
_FIELD = r"[\w-]{1,100}"
_WHOLE = re.compile(rf"\$({_NAME})(?:\.({_FIELD}))?")
_PART = re.compile(rf"\{{({_NAME})(?:\.({_FIELD}))?\}}")


class Ref(NamedTuple):
    """A reference."""

    name: str
    """The step, the input or `item`."""
    part: str | None = None
    """What follows the dot: the number of a result, or a field of the element."""

    def __str__(self) -> str:
        """Return the reference as it is written."""
        return f"${self.name}" + (f".{self.part}" if self.part else "")


class Place(NamedTuple):
    """A reference and where it is."""

    path: tuple[str | int, ...]
    """The argument, such as `("steps", 0, "image")`."""
    ref: Ref
    is_whole: bool
    """Whether it is the whole value, not part of a text."""

    @property
    def argument(self) -> str:
        """Return the path as text: `steps[0].image`."""
        return path_text(self.path)


def literal(text: str) -> str:
    """Return a text so that it isn't read as a reference to a step or an input."""
    bare = text.strip()
    return f"${bare}" if bare.startswith("$") else text


def short_path(reference: str) -> str:
    """Return the last part of a path or URI."""
    return PurePath(reference.replace("\\", "/")).name or reference


def file_name(reference: str) -> str:
    """Return the name of what is made of a file: its own without folder and ending."""
    return clean_label(short_path(reference)) or "file"


def fields_of_file(reference: str) -> Mapping[str, str]:
    """Return the fields of an element that is the file of an input."""
    return {"name": file_name(reference)}


def path_text(path: tuple[str | int, ...]) -> str:
    """Return the path to an argument as text: `steps[0].image`."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(parts).removeprefix(".")


def read_ref(value: object) -> Ref | None:
    """Return the reference that a whole value is; None if it isn't one."""
    if not isinstance(value, str) or "$" not in value or value.startswith(ESCAPE):
        return None
    match = _WHOLE.fullmatch(value.strip())
    return Ref(match[1], match[2]) if match else None


def find(value: object, *, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Yield every reference in a JSON value."""
    if isinstance(value, str):
        if value.startswith(ESCAPE):
            return
        ref = read_ref(value)
        if ref is not None:
            yield Place(path, ref, is_whole=True)
            return
        for match in _PART.finditer(value) if "{" in value else ():
            yield Place(path, Ref(match[1], match[2]), is_whole=False)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from find(each, path=(*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from find(each, path=(*path, index))


class Unresolved(Exception):  # noqa: N818 -- the caller keeps the text as it is
    """Nothing is known under the name of a reference."""


class TooLongError(Exception):
    """A text or list would be too long with everything filled in."""


def replace(value: Any, resolve: Callable[[Ref], Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return a JSON value with every reference replaced.

    A whole reference becomes the value itself; in a list, a list of values takes its place. In a
    text it becomes text. What `resolve` doesn't know stays as it is.

    Args:
        value: The value.
        resolve: Returns the value of a reference. Raises Unresolved if it has none.

    Raises:
        TooLongError: a text or list would be too long.
    """
    return _replaced(value, resolve, [MAX_FILLED_CHARACTERS])


def _replaced(value: Any, resolve: Callable[[Ref], Any], room: list[int]) -> Any:  # noqa: ANN401 -- any JSON
    """Return a JSON value with every reference replaced; `room` has the characters left for it."""
    if isinstance(value, str):
        return _replaced_text(value, resolve, room)
    if isinstance(value, Mapping):
        return {name: _replaced(each, resolve, room) for name, each in value.items()}
    if isinstance(value, list | tuple):
        replaced: list[Any] = []
        for each in value:
            new = _replaced(each, resolve, room)
            is_spread = isinstance(new, list) and read_ref(each) is not None
            replaced += new if is_spread else [new]
            if is_spread and len(replaced) > MAX_LIST:
                raise TooLongError(f"The list would have more than {MAX_LIST:,} entries.")
        return replaced
    return value


def _replaced_text(text: str, resolve: Callable[[Ref], Any], room: list[int]) -> Any:  # noqa: ANN401 -- any JSON
    if text.startswith(ESCAPE):
        return text[1:]
    ref = read_ref(text)
    if ref is not None:
        try:
            return resolve(ref)
        except Unresolved:
            return text

    left = MAX_TEXT_CHARACTERS

    def part(match: re.Match[str]) -> str:
        nonlocal left
        try:
            filled = as_text(resolve(Ref(match[1], match[2])))
        except Unresolved:
            return match[0]
        left -= len(filled)
        room[0] -= len(filled)
        if left < 0 or room[0] < 0:
            most = MAX_TEXT_CHARACTERS if left < 0 else MAX_FILLED_CHARACTERS
            raise TooLongError(f"The text would have more than {most:,} characters.")
        return filled

    return _PART.sub(part, text)


def as_text(value: object) -> str:
    """Return a value as part of a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value))
    return str(value)
