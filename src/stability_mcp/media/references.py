"""Parses references to files without touching the disk or the network.

A reference is a media URI, an id, a label, a path, a `file:`, `https:` or `data:` URL, or a file
as base64. References that are dangerous even to check are rejected here: on Windows, checking
whether a file exists on another computer sends it the user's password hash.
"""

import base64
import binascii
import os
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
)
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.media.labels import RESERVED
from stability_mcp.media.unwrap import INVISIBLE
from stability_mcp.text import quoted
from stability_mcp.uris import MEDIA_SCHEME, parse_uri

WINDOWS = os.name == "nt"

MAX_INLINE = 16 * 1024 * 1024
"""Longest data: URI, in characters: more than the API accepts, less than a host might send."""

MIN_BASE64 = 64
"""Characters of the shortest text that is read as base64: a valid picture isn't shorter."""

ALTERNATIVES = (
    "Ask the user to save it to a folder on their computer, such as Downloads, and pass its path "
    "or file name."
)
UPLOAD_OFFER = ' Or call media_import with source="upload" for a link where they send it.'
"""A hint that is dropped where no upload page can be opened."""
FOR_ATTACHMENTS = ALTERNATIVES + UPLOAD_OFFER

SANDBOX_FOLDERS = ("/mnt/user-data/", "/mnt/data/", "/mnt/skills/", "/home/claude/")
_SANDBOX_SCHEMES = frozenset(
    {"sandbox", "local", "blob", "attachment", "cid", "content", "file-service", "upload"}
)
_ALWAYS_SANDBOX = frozenset({"sandbox", "blob", "cid", "attachment"})
_BARE_NAME = re.compile(r"(?!~)[^/\\:|\x00]{1,200}")
_ENDING = re.compile(r".*\.\w{1,5}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]+=*\s*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//)?")
_DRIVE = re.compile(r"[A-Za-z][:|](?=[\\/]|$)")
_NT_PATH = re.compile(r"[\\/]\?\?[\\/]")
"""Start of a path of the Windows kernel, which may lead to another computer."""
_DRIVE_AS_FOLDER = re.compile(r"/(?:mnt/)?(?P<drive>[A-Za-z])(?:[:|])?/")
"""A Windows drive as WSL (`/mnt/c/`), Git Bash (`/c/`) and file URLs (`/C:/`) write it."""


@dataclass(frozen=True)
class Named:
    """A media URI, an id or a label."""

    name: str
    certain: bool
    """Whether it can't be a file; a bare word may also be a file name without an extension."""


@dataclass(frozen=True)
class OnDisk:
    """A path: absolute, starting with `~`, relative, or just a file name."""

    path: str


@dataclass(frozen=True)
class Inline:
    """The bytes of a data: URI."""

    data: bytes


@dataclass(frozen=True)
class OnWeb:
    """An https address."""

    url: str


def parse(text: str, *, windows: bool = WINDOWS) -> Named | OnDisk | OnWeb | Inline:
    """Parse a reference.

    Args:
        text: What the caller wrote.
        windows: Whether paths are Windows paths.

    Raises:
        ArgumentsError: it is empty.
        InputFileError: this kind of reference is never read.
    """
    given = text.strip().strip(INVISIBLE).strip()
    if not given:
        raise ArgumentsError("The file name is empty.", hint="Pass a label, a URI or a path.")
    if parse_uri(given, MEDIA_SCHEME) is not None:
        return Named(given, certain=True)
    scheme = _SCHEME.match(given)
    if scheme is not None:
        known = _by_scheme(given, scheme[1].casefold(), slashes=scheme[2] is not None)
        if known is not None:
            return _checked(known, windows=windows) if isinstance(known, OnDisk) else known
    inline = _bare_base64(given)
    if inline is not None:
        return Inline(inline)
    if _BARE_NAME.fullmatch(given) and not _ENDING.fullmatch(given):
        return Named(given, certain=False)
    if windows:
        given = _DRIVE_AS_FOLDER.sub(r"\g<drive>:/", given, count=1) if given[0] == "/" else given
    return _checked(OnDisk(given), windows=windows)


def is_sandbox_path(path: str) -> bool:
    """Return whether a path can only exist in the chat program's sandbox."""
    return path.startswith(SANDBOX_FOLDERS)


def sandbox_error(text: str) -> FileMissingError:
    """Return the error for a file that only exists in the chat program's sandbox."""
    return FileMissingError(
        f"{quoted(text)} exists only inside the chat program's own sandbox, which this server on "
        "the user's computer cannot see. The same is true of a picture attached to the chat.",
        hint=FOR_ATTACHMENTS,
    )


def attachment_error(text: str) -> FileMissingError:
    """Return the error for a placeholder that a host writes in place of an attached file."""
    return FileMissingError(
        f"{quoted(text)} stands for a file attached to the chat. Attached files stay in the chat "
        "program; this server cannot read them.",
        hint=FOR_ATTACHMENTS,
    )


def check_path(path: str, *, windows: bool = WINDOWS) -> None:
    """Check that it is safe to access a path.

    Raises:
        FileForbiddenError: it leads to another computer, a device or a hidden stream.
        FileMissingError: it is a path of another operating system.
    """
    if "\0" in path:
        raise FileForbiddenError(
            f"{quoted(path)} contains a NUL character, so it isn't a path.",
            hint="Remove the NUL character.",
        )
    if path.startswith(("//", "\\\\", "/\\", "\\/")) or (windows and _NT_PATH.match(path)):
        raise FileForbiddenError(
            f"{quoted(path)} is a network or device path; those are never opened.",
            hint="Copy the file to this computer and pass its local path.",
        )
    if windows:
        _check_windows(path)
    elif _DRIVE.match(path):
        raise FileMissingError(
            f"{quoted(path)} is a Windows path, but this server does not run on Windows.",
            hint="Pass the file's path on this computer, or just its file name.",
        )


def _check_windows(path: str) -> None:
    rest = path[2:] if _DRIVE.match(path) else path
    if ":" in rest:
        raise FileForbiddenError(
            f"{quoted(path)} names a stream or device; those are never opened.",
            hint="Use a path with a colon only after the drive letter.",
        )
    for part in re.split(r"[\\/]+", rest):
        if part.partition(".")[0].rstrip(" ").casefold() in RESERVED:
            raise FileForbiddenError(
                f"{quoted(path)} names a device; those are never opened.",
                hint="Rename the file.",
            )


def _checked(path: OnDisk, *, windows: bool) -> OnDisk:
    check_path(path.path, windows=windows)
    return path


def _by_scheme(given: str, scheme: str, *, slashes: bool) -> OnDisk | OnWeb | Inline | None:
    if scheme == "file":
        return OnDisk(_path_of_url(given))
    if scheme == "data":
        return Inline(_inline(given))
    if scheme in _SANDBOX_SCHEMES and (slashes or scheme in _ALWAYS_SANDBOX):
        raise sandbox_error(given)
    if scheme in {"http", "https"}:
        return OnWeb(given)
    if slashes:
        raise FileForbiddenError(
            f"{quoted(given)} has an unsupported URL scheme.", hint=ALTERNATIVES
        )
    return None


def _path_of_url(url: str) -> str:
    """Return the path in a file: URL such as `file:///C:/a`, `file:/a`, `file://~/a`, `file://C:/a`."""
    rest = os.fsdecode(unquote_to_bytes(url[len("file:") :].encode("utf-8", "surrogateescape")))
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.casefold() in {"", "localhost", "127.0.0.1"}:
            rest = slash + path
        elif host == "~" or _DRIVE.fullmatch(host[:2]):
            rest = host + slash + path
        else:
            raise FileForbiddenError(
                f"{quoted(url)} names another computer; only local files are read.",
                hint="The URL of a local file has three slashes: file:///folder/name.png.",
            )
    if _DRIVE.match(rest[1:]) and rest[0] in "/\\":
        rest = rest[1:]
    return f"{rest[0]}:{rest[2:]}" if _DRIVE.match(rest) else rest


def _inline(uri: str) -> bytes:
    if len(uri) > MAX_INLINE:
        raise FileUnusableError(
            f"The data: URI has {len(uri):,} characters; the maximum is {MAX_INLINE:,}.",
            hint="Save it as a file and pass its path.",
        )
    head, comma, body = uri.partition(",")
    if not comma:
        raise FileUnusableError(
            f"{quoted(uri)} has no comma, so it contains no data.",
            hint="Use the form data:image/png;base64,iVBORw0…",
        )
    data = unquote_to_bytes(body.encode("utf-8", "replace"))
    if not re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        return data
    try:
        return _decoded(data)
    except binascii.Error:
        raise FileUnusableError(
            f"The data: URI {quoted(head)} is not valid base64.",
            hint="Encode the whole file again, or save it and pass its path.",
        ) from None


def _decoded(packed: bytes) -> bytes:
    """Decode base64 in either alphabet, with or without padding and line breaks."""
    packed = re.sub(rb"\s+", b"", packed).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)


def _bare_base64(text: str) -> bytes | None:
    """Return the bytes of a picture, sound or model given as base64 without `data:`, else None."""
    if not MIN_BASE64 <= len(text) <= MAX_INLINE or not _BASE64.fullmatch(text):
        return None
    packed = re.sub(r"\s+", "", text).encode()
    try:
        return _decoded(packed) if media_type(_decoded(packed[:HEAD_BYTES])) else None
    except binascii.Error:
        return None
