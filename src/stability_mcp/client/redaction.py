"""Keeping the API key out of everything that is said: v1's 401 repeats it in its answer."""

import re

HIDDEN = "<API key hidden>"

_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[\w*.…-]{4,}|(?<=key provided: )\S+(?=\. )|(?<=Bearer )\S+")
_TOO_SHORT = 4
"""Below this a key is a piece of ordinary words; no key is that short."""


def redact(text: str, key: str | None) -> str:
    """Return the text without the key, and without anything that looks like one.

    The API shows a wrong key either whole or as its first 7 and last 4 characters with asterisks
    between (seen live in both forms).
    """
    if key and len(key) >= _TOO_SHORT:
        shown = rf"{re.escape(key[:7])}\*+{re.escape(key[-4:])}"
        text = re.sub(rf"{re.escape(key)}|{shown}", HIDDEN, text, flags=re.IGNORECASE)
    return _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)
