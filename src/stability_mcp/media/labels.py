"""Labels: names for media, used by people and agents and for the readable copies.

A label is a root and a version: `hero`, `hero v2`. Variants of one call add a number: `hero-1`,
`hero v2-1`. Any text is a root; `file_form` turns a label into a file name. The functions here only
work on texts; `names` has the rule's other half, which needs the store.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from stability_mcp.api.operation import Operation
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.media.items import MediaItem
from stability_mcp.store.ids import looks_like_id
from stability_mcp.text import name_key, quoted, visible

MAX_LABEL_CHARACTERS = 200
"""Longest root; the end of a longer text is cut. *Chosen*: a title, not a description."""
MAX_FILE_CHARACTERS = 40
"""Longest root in a file name: a folder stays readable, and a path below the limit of Windows."""
SLUG_CHARACTERS = 32
"""Longest label made from a prompt."""

RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{n}" for port in ("com", "lpt") for n in "0123456789\u00b9\u00b2\u00b3"}
)
"""Windows device names, which are reserved with any extension; also with superscript digits
(Microsoft, Naming Files, Paths, and Namespaces)."""

_ARTICLES = frozenset({"a", "an", "the"})
_ADDRESS = re.compile(r"\S*(?:://|[/\\])\S*")
_WORD = re.compile(r"\w+")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_UNSAFE = re.compile(r"[^\w -]+")

_ENDING = re.compile(
    rf"\.(?:{'|'.join([*EXTENSIONS.values(), 'jpeg', 'tif', 'wave'])})$", re.IGNORECASE
)
"""The file name endings of media, which callers add to a label; the copy gets the right one."""

_VERSIONED = re.compile(r"(?P<root>.*\S)[\s_-]+v(?P<version>[1-9]\d{0,5})", re.IGNORECASE)
_VERSIONED_KEY = re.compile(r"(?P<root>.+?)v(?P<version>[1-9]\d{0,5})(?:-(?P<variant>[1-9]))?")
_SUFFIX = re.compile(r"(?P<root>.*?)(?P<suffix>(?: v\d{1,6})?(?:-\d)?)", re.DOTALL)


class NameSource(IntEnum):
    """Where a name comes from; a root means the newest item with the highest source.

    The database stores the values.
    """

    PARENT = 0
    """From the item that it was made from: an edit never changes what a root means."""
    CONTENT = 1
    """From the words of its prompt, or its file name."""
    CALLER = 2
    """The caller asked for it."""


@dataclass(frozen=True, slots=True)
class Label:
    """A parsed label."""

    text: str
    root: str
    version: int | None
    """The version in the text; None: the next free one."""


@dataclass(frozen=True, slots=True)
class VersionKey:
    """A reference such as `hero v2` or `hero v2-1`, as keys."""

    root: str
    version: int
    variant: int
    """0 if the reference names none."""


_SCHEME = re.compile(r"(?:media://\s*)+", re.IGNORECASE)


def parse_label(text: str) -> Label:
    """Parse a label: `hero v2` is version 2 of `hero`.

    Raises:
        ArgumentsError: it has no visible character.
    """
    label = clean_label(text)
    if not label:
        raise ArgumentsError(
            f"The label {quoted(text)} is blank.", hint="Use a short name, or omit the label."
        )
    found = _VERSIONED.fullmatch(label)
    if found is None or not name_key(found["root"]):
        return Label(label, label, None)
    return Label(label, found["root"].rstrip(" _-"), int(found["version"]))


def clean_label(text: str) -> str:
    """Return a label without invisible characters, repeated spaces and a media file's ending.

    `media://` is removed too: as a reference, the label would mean another item.
    """
    label = " ".join(visible(unicodedata.normalize("NFC", text)).split())
    found = _SCHEME.match(label)
    label = label[found.end() :] or label if found else label
    label = _ENDING.sub("", label).rstrip() or label
    return label[:MAX_LABEL_CHARACTERS].rstrip()


def has_ending(text: str) -> bool:
    """Return whether a text is the file name of media, such as `hero.png`."""
    return _ENDING.search(text.strip()) is not None


def parse_version_key(key: str) -> VersionKey | None:
    """Parse the key of a reference that ends on a version; None: it doesn't."""
    found = _VERSIONED_KEY.fullmatch(key)
    if found is None:
        return None
    return VersionKey(found["root"], int(found["version"]), int(found["variant"] or 0))


def full_name(root: str, version: int, variant: int = 0) -> str:
    """Return `hero`, `hero v2`, `hero-1` or `hero v2-1`; version 0 and 1 aren't written."""
    return with_variant(f"{root} v{version}" if version > 1 else root, variant)


def with_variant(label: str, variant: int) -> str:
    """Return `hero-1`; variant 0 adds nothing."""
    return f"{label}-{variant}" if variant else label


def is_name_of(label: str, requested: str) -> bool:
    """Return whether a label is what a request for another one leads to: `hero v2-1` for `hero`."""
    rest = label.removeprefix(requested) if label.startswith(requested) else None
    return rest is not None and re.fullmatch(r"(?: v\d+)?(?:-\d+)?", rest) is not None


def file_form(label: str, *, most: int = MAX_FILE_CHARACTERS) -> str:
    """Return a label as a file name without ending that every file system accepts; maybe empty.

    Args:
        label: The label.
        most: Longest root, in characters.
    """
    parts = _SUFFIX.fullmatch(label)
    root, suffix = (parts["root"], parts["suffix"]) if parts else (label, "")
    plain = _UNSAFE.sub(" ", _DASHES.sub("-", unicodedata.normalize("NFC", root)))
    name = " ".join(plain.split()).lstrip("- ")
    if len(name) > most:
        whole, _, _ = name[: most + 1].rpartition(" ")
        name = whole or name[:most]
    name = name.rstrip("- ")
    if name.casefold() in RESERVED:
        name = f"{name}_"
    return f"{name}{suffix}" if name else ""


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
    return label if name_key(label) else default


def edited_item(operation: Operation, parents: Mapping[str, MediaItem]) -> MediaItem | None:
    """Return the item that an operation edits, or None if it makes something new.

    Args:
        operation: The request.
        parents: The media that the caller named, by field, before any fitting.
    """
    marks = operation.file_fields()
    edited = [name for name, mark in marks.items() if name in parents and mark.mask_for is None]
    return parents[edited[0]] if edited else None


def default_label(operation: Operation) -> str:
    """Return the label of a result that isn't an edit and for which the caller gave none."""
    return slug(_prompt(operation.model_dump()), default=operation.media or "media")


def _prompt(values: Mapping[str, object]) -> str:
    prompt = values.get("prompt") or values.get("text_prompts") or ""
    while isinstance(prompt, list | tuple) and prompt:
        prompt = prompt[0]
    if isinstance(prompt, Mapping):
        prompt = prompt.get("text", "")
    return str(prompt) if isinstance(prompt, str) else ""
