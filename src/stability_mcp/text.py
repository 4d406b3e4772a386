"""Text that leaves the program: cleaned, quoted and bounded, so that no name can do harm.

File names, metadata and server answers come from strangers. A lone surrogate ends the SDK's stdio
server, a control or bidirectional character rewrites what a person sees, and a long one fills a
model's context.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

QUOTED_CHARACTERS = 80
"""Longest stretch of foreign text that is repeated: enough to recognise, too little to steer."""

_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"  # zero-width and bidirectional
)


def plain(text: str) -> str:
    """Return the text without lone surrogates, control, zero-width or bidirectional characters."""
    return _HARMFUL.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8"))


def quoted(text: object, *, limit: int = QUOTED_CHARACTERS) -> str:
    """Return foreign text on one line, in double quotes, cut to `limit` characters."""
    line = " ".join(plain(str(text)).split())
    return f'"{line[: limit - 1]}…"' if len(line) > limit else f'"{line}"'


def did_you_mean(given: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return `Did you mean "a" or "b"?`, or "" when nothing known is close to what was given."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(given.casefold(), names, most, 0.6)
    return f"Did you mean {' or '.join(quoted(names[k]) for k in close)}?" if close else ""


def credits_text(millicredits: int) -> str:
    """Return an amount of money as people read it: 6500 is `6.5 credits`, 1000 `1 credit`."""
    amount = f"{millicredits / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{amount} credit" if amount == "1" else f"{amount} credits"


def local_time(at: float) -> str:
    """Return a moment in unix seconds as people read it, by this machine's clock."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def listed(names: Iterable[str], *, most: int = 10) -> str:
    """Return `a, b and c`, or `a, b, … (7 more)` when there are many."""
    every = list(names)
    if len(every) > most:
        return f"{', '.join(every[:most])}, … ({len(every) - most} more)"
    return " and ".join(filter(None, (", ".join(every[:-1]), every[-1]))) if every else ""
