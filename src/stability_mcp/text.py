"""Cleans, quotes and bounds text that leaves the program.

File names, metadata and upstream responses are untrusted. A lone surrogate crashes the SDK's stdio
server, control and bidirectional characters change what a person sees, and long text fills a
model's context.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from types import MappingProxyType
from unicodedata import normalize

QUOTED_CHARACTERS = 80
"""Longest untrusted text that is repeated: enough to recognise, too short to steer a model."""

COMPARED_CHARACTERS = 200
"""Longest name that is compared with similar ones: the time grows with the square of the length."""

CHARGES: Mapping[str, str] = MappingProxyType(
    {
        "yes": "charged",
        "no": "not charged",
        "reserved": "reserved",
        "assumed": "may have been charged",
        "unknown": "may have been charged",
        "charged": "charged",
        "free": "not charged",
        "sent": "reserved",
    }
)
"""What every face calls a charge, by its stored value: of a job (yes, no, reserved, assumed), of an
error (yes, no, unknown) or of a request (charged, free, sent, assumed)."""

_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and newline
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"  # zero-width and bidirectional
)

_SEPARATORS = re.compile("[\\s_\u2010-\u2015\u2212-]+")


_ROOT = r"(?:~?/|[A-Za-z]:[\\/]|\\\\)"
_QUOTED_PATH = re.compile(rf'"{_ROOT}[^"\n]*[\\/]([^"\n\\/]+)"')
_PATH = re.compile(rf"""(?<![\w:/.~-]){_ROOT}(?:[^\s"'\\/]+[\\/])+([^\s"'\\/]+)""")
"""An absolute path of a file in a folder, but not a part of a URL."""


def name_key(name: str) -> str:
    """Return a name in the form in which names are compared.

    It ignores case, spaces, hyphens and underscores. One between two digits counts, as `hero v2-1`
    isn't `hero v21`. A name of nothing else is compared as it is. The database stores keys, so a
    change needs a migration.
    """
    folded = normalize("NFC", normalize("NFC", name).casefold())

    def replaced(found: re.Match[str]) -> str:
        before, after = folded[: found.start()][-1:], folded[found.end() :][:1]
        return "-" if before.isdigit() and after.isdigit() else ""

    return _SEPARATORS.sub(replaced, folded) or folded.strip()


def visible(text: str) -> str:
    """Return the text without lone surrogates and invisible characters; lines become spaces."""
    lines = re.sub(r"[\r\n\t\v\f]+", " ", text)
    return _HARMFUL.sub("", lines.encode("utf-8", "ignore").decode("utf-8"))


def plain(text: str) -> str:
    """Return the text without lone surrogates, control, zero-width or bidirectional characters."""
    return _HARMFUL.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8"))


def without_paths(text: str) -> str:
    """Return a text whose absolute paths are cut to their last part: `…/fox.png`.

    For receivers on other machines: the folders may contain the user's name.
    """
    return _PATH.sub(r"…/\1", _QUOTED_PATH.sub(r'"…/\1"', text))


def quoted(text: object, *, limit: int = QUOTED_CHARACTERS) -> str:
    """Return untrusted text on one line, in double quotes, cut to `limit` characters."""
    line = " ".join(plain(str(text)).split())
    return f'"{line[: limit - 1]}…"' if len(line) > limit else f'"{line}"'


def did_you_mean(given: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return `Did you mean "a", "b" or "c"?`, or "" if no other known name is similar."""
    if len(given) > COMPARED_CHARACTERS:
        return ""
    names = {
        name.casefold(): name
        for name in known
        if name != given and len(name) <= COMPARED_CHARACTERS
    }
    close = get_close_matches(given.casefold(), names, most, 0.6)
    shown = listed((quoted(names[each]) for each in close), last="or")
    return f"Did you mean {shown}?" if close else ""


def credits_text(millicredits: int) -> str:
    """Return an amount in credits as text: 6500 is `6.5 credits`, 1000 is `1 credit`."""
    amount = f"{millicredits / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{amount} credit" if amount == "1" else f"{amount} credits"


def still_fits(prices: Sequence[int], left: int) -> str:
    """Return `2 of 4 still fit now. `, or "" if none or an unknown number fits."""
    count, price = len(prices), prices[0]
    alike = len(set(prices)) == 1
    fitting = (max(left, 0) // price if price else count) if alike else 0
    return f"{fitting} of {count} still fit now. " if count > 1 and fitting else ""


def format_name(media_type: str) -> str:
    """Return the name of a type, such as `PNG` or `MP3`."""
    form = media_type.rpartition("/")[2].removeprefix("x-").upper()
    return {"MPEG": "MP3", "GLTF-BINARY": "GLB"}.get(form, form)


def bytes_text(size: int) -> str:
    """Return a size such as `116 bytes`, `480 KB`, `3.1 MB` or `20.0 GB`."""
    if size < 1_000:  # noqa: PLR2004 -- a thousand
        return f"{size} byte{'s' * (size != 1)}"
    if size < 1_000_000:  # noqa: PLR2004 -- a million
        return f"{size / 1e3:.3g} KB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"  # noqa: PLR2004 -- a billion


def age_text(seconds: float) -> str:
    """Return how long ago something was: `just now`, `5 min ago`, `3 h ago`, `2 days ago`."""
    minutes, hours, days = (int(seconds // each) for each in (60, 3_600, 86_400))
    if days > 0:
        return f"{days} day{'s' * (days > 1)} ago"
    if hours > 0:
        return f"{hours} h ago"
    return f"{minutes} min ago" if minutes > 0 else "just now"


def describe_time(then: float, now: float) -> str:
    """Return a local time in short form: `14:02`, `yesterday 14:02`, `2026-11-20 14:02`."""
    at = datetime.fromtimestamp(then).astimezone()
    days = (datetime.fromtimestamp(now).astimezone().date() - at.date()).days
    day = "" if days == 0 else "yesterday " if days == 1 else f"{at.date().isoformat()} "
    return f"{day}{at:%H:%M}"


def local_time(at: float) -> str:
    """Return a unix time as `2026-11-22 14:02`, in this machine's time zone."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def end_text(ends_at: float, now: float) -> str:
    """Return when something ends: `23:40`, or with the date if that isn't today."""
    day, clock = local_time(ends_at).split()
    return clock if local_time(now).startswith(day) else f"{day} {clock}"


def listed(names: Iterable[str], *, most: int = 10, last: str = "and") -> str:
    """Return `a, b and c`, or `a, b, … (7 more)` if there are more than `most`."""
    every = list(names)
    if len(every) > most:
        return f"{', '.join(every[:most])}, … ({len(every) - most} more)"
    return f" {last} ".join(filter(None, (", ".join(every[:-1]), every[-1]))) if every else ""
