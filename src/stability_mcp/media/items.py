"""A media item: one stored picture, sound or model; and the prompt that it was made from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from stability_mcp.text import bytes_text, format_name
from stability_mcp.uris import media_uri

Origin = Literal["generated", "imported", "fitted"]

KINDS = {"image": "a picture", "audio": "a sound", "model": "a 3D model"}
"""What each kind is called in an answer."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Size and modification time of a file: if both are unchanged, so is the file."""

    bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, facts: os.stat_result) -> "FileStamp":
        """Return the stamp of a file."""
        return cls(facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class CopyFile:
    """A readable copy in the output folder."""

    path: Path
    stamp: FileStamp | None = None
    """As it was written; None: unknown."""


PROMPT_FIELDS = (
    "prompt",
    "background_prompt",
    "foreground_prompt",
    "text_prompts",
    "search_prompt",
    "select_prompt",
)
"""Fields with a prompt; the first one that is given describes the result best."""


@dataclass(frozen=True, kw_only=True)
class MediaItem:
    """A row of `media` with its blob's facts. Times are unix seconds; sizes are pixels or bytes."""

    id: str
    owner: str
    label: str | None
    media_type: str
    sha256: str
    bytes: int
    path: Path
    """The blob itself; read-only."""
    width: int | None
    height: int | None
    seconds: float | None
    seed: str | None
    finish_reason: str | None
    origin: Origin
    operation: str | None
    """Name of the operation that made it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the operation, with files as media ids."""
    job: str | None
    position: int
    unreadable: bool = False
    """Whether it is complete but in a format that can't be read: no size, length or preview."""
    emulated: bool
    upstream: str | None
    copy_path: Path | None
    copy_stamp: FileStamp | None = None
    """The copy as it was written; None: unknown."""
    created_at: float

    @property
    def uri(self) -> str:
        """Return its URI for tools and resources."""
        return media_uri(self.id)

    @property
    def name(self) -> str:
        """Return its name for users: its label, or else its id."""
        return self.label or self.id

    @property
    def kind(self) -> Literal["image", "audio", "model"]:
        """Return which kind of media it is."""
        return kind_of(self.media_type)

    @property
    def dimensions(self) -> str:
        """Return `1536x1536 PNG`, `30 s MP3` or `GLB`."""
        form = format_name(self.media_type)
        if self.width and self.height:
            return f"{self.width}x{self.height} {form}"
        return f"{self.seconds:.3g} s {form}" if self.seconds else form

    @property
    def size_text(self) -> str:
        """Return `1536x1536 PNG, 3.1 MB` or `30 s MP3, 480 KB`."""
        return f"{self.dimensions}, {bytes_text(self.bytes)}"

    @property
    def filtered(self) -> bool:
        """Return whether moderation blurred it."""
        return self.finish_reason not in {None, "SUCCESS"}


def kind_of(media_type: str) -> Literal["image", "audio", "model"]:
    """Return the kind of a media type; an unknown type counts as a model."""
    family = media_type.partition("/")[0]
    return "image" if family == "image" else "audio" if family == "audio" else "model"


def prompt_of(arguments: Mapping[str, Any]) -> str | None:
    """Return the prompt in the arguments of an operation; None: there is none."""
    for name in PROMPT_FIELDS:
        value = arguments.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, list) and value:  # API version 1: texts with weights
            texts = (each.get("text") for each in value if isinstance(each, Mapping))
            return ", ".join(text for text in texts if isinstance(text, str)) or None
    return None
