"""Labels: names for media, used by people and agents and for the readable copies.

A label is 1 to 40 letters, digits, spaces, `_` or `-`, so it is never a path, a URL or a file name
with an extension. It never has the form of an id. Labels are unique per owner: `free_label` adds a
number to a label that is taken.
"""

import re
import unicodedata
from collections.abc import Mapping

from stability_mcp.api.operation import Operation
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.media.items import MediaItem
from stability_mcp.store.ids import looks_like_id
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import quoted

MAX_CHARACTERS = 40
SLUG_CHARACTERS = 32
"""Maximum length of a slug, which leaves room for a number and the suffix of an edit."""

LABEL = re.compile(rf"[\w][\w -]{{0,{MAX_CHARACTERS - 1}}}")

RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Windows device names, which are reserved with any extension."""

_ARTICLES = frozenset({"a", "an", "the"})
_ADDRESS = re.compile(r"\S*(?:://|[/\\])\S*")
_WORD = re.compile(r"\w+")

_ENDING = re.compile(
    rf"\.(?:{'|'.join([*EXTENSIONS.values(), 'jpeg', 'tif', 'wave'])})$", re.IGNORECASE
)
"""The file name endings of media, which callers add to a label; the copy gets the right one."""

_SQL = load(__file__)
_label_exists = _SQL.value("label_exists", bool)


def check_label(text: str) -> str:
    """Return a label in its stored form.

    Raises:
        ArgumentsError: it is empty, too long, contains other characters, or looks like an id or a
            device name.
    """
    label = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()).strip()
    label = _ENDING.sub("", label).rstrip()
    if not LABEL.fullmatch(label):
        raise ArgumentsError(
            f"{quoted(text)} cannot be a label.",
            hint=f"Use 1 to {MAX_CHARACTERS} letters, digits, spaces, _ or -, starting with a "
            "letter, digit or _.",
        )
    if _is_ambiguous(label):
        raise ArgumentsError(
            f"{quoted(text)} cannot be a label: it looks like an id or a device name.",
            hint=f"Use {quoted(f'{label}-1')} instead.",
        )
    return label


def slug(text: str, *, default: str = "picture") -> str:
    """Return a label made from the words of a prompt or a file name.

    URLs, paths and ids are dropped, so that the label can't be mistaken for one.
    """
    words = [
        word
        for word in _WORD.findall(_ADDRESS.sub(" ", unicodedata.normalize("NFKC", text)).lower())
        if not (looks_like_id(word) and any(map(str.isdigit, word)))
    ]
    while len(words) > 1 and words[0] in _ARTICLES:
        del words[0]
    label = ""
    for word in words:
        longer = f"{label}-{word}" if label else word[:SLUG_CHARACTERS]
        if len(longer) > SLUG_CHARACTERS:
            break
        label = longer
    return safe(label or default)


def edit_label(operation: type[Operation], parent: str | None) -> str:
    """Return the label of an edit, such as `hero-no-background`; never the parent's own label."""
    return join(parent or operation.media or "media", operation.result_label)


def default_label(operation: Operation, parents: Mapping[str, MediaItem]) -> str:
    """Return the label of a result for which the caller gave none.

    Args:
        operation: The request.
        parents: The media that the caller named, by field, before any fitting.
    """
    marks = operation.file_fields()
    edited = [name for name, mark in marks.items() if name in parents and mark.mask_for is None]
    if edited:
        return edit_label(type(operation), parents[edited[0]].label)
    return slug(_prompt(operation.model_dump()), default=operation.media or "media")


def labels_for(
    operation: Operation, parents: Mapping[str, MediaItem], *, label: str | None, count: int
) -> list[str]:
    """Return the labels of the results of one call.

    Raises:
        ArgumentsError: the requested label is invalid.
    """
    return variants(check_label(label) if label else default_label(operation, parents), count)


def variants(label: str, count: int) -> list[str]:
    """Return the labels of `count` results of one call: `logo-1` to `logo-4`, or just `logo`."""
    return [join(label, str(n + 1)) for n in range(count)] if count > 1 else [label]


def join(label: str, suffix: str) -> str:
    """Return `label-suffix`; the label is shortened if both together are too long."""
    return safe(f"{label[: MAX_CHARACTERS - 1 - len(suffix)].rstrip(' -')}-{suffix}")


def safe(label: str) -> str:
    """Return a label that doesn't look like an id or a Windows device name."""
    return f"{label}-1" if _is_ambiguous(label) else label


def _is_ambiguous(label: str) -> bool:
    return looks_like_id(label) or label.casefold() in RESERVED


def _prompt(values: Mapping[str, object]) -> str:
    prompt = values.get("prompt") or values.get("text_prompts") or ""
    while isinstance(prompt, list | tuple) and prompt:
        prompt = prompt[0]
    if isinstance(prompt, Mapping):
        prompt = prompt.get("text", "")
    return str(prompt) if isinstance(prompt, str) else ""


def usable_label(label: str) -> str:
    """Return the label itself, or a similar valid one."""
    return label if LABEL.fullmatch(label) and safe(label) == label else slug(label)


def free_label(connection: Connection, owner: str, label: str) -> str:
    """Return the label, with a free number if it is taken: `hero-2`.

    Doubling steps and then a binary search find the number, so that the ten-thousandth `cat` takes
    about 20 lookups instead of ten thousand.
    """
    wanted = usable_label(label)

    def taken(candidate: str) -> bool:
        return bool(_label_exists(connection, owner=owner, label=candidate))

    if not taken(wanted):
        return wanted
    low, high = 1, 2
    while taken(join(wanted, str(high))):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(join(wanted, str(middle))) else (low, middle)
    return join(wanted, str(high))
