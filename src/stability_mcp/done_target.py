"""Reads the value of STABILITY_ON_DONE: a webhook's address or a command."""

import os
import re
import shlex

from stability_mcp.text import plain, quoted


def read_target(text: str) -> str | tuple[str, ...]:
    """Return the target in STABILITY_ON_DONE: a URL, or the words of a command, split like a shell.

    Raises:
        ValueError: it is neither; the message doesn't repeat it.
    """
    if re.match(r"https?://", text, re.IGNORECASE):
        if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", text, re.IGNORECASE):
            raise ValueError("must be an http:// or https:// address, or a command")
        return text
    try:
        # Windows paths contain backslashes, which a POSIX shell takes for escapes.
        words = tuple(each.strip('"') for each in shlex.split(text, posix=os.name != "nt"))
    except ValueError:
        raise ValueError("is a command with an unclosed quote") from None
    if not words or "://" in words[0]:
        raise ValueError("must be an http:// or https:// address, or a command")
    return words


def shown_target(text: str) -> str:
    """Return the target in STABILITY_ON_DONE without anything secret: `https://hooks.test`.

    A URL is cut to its host, since user, path and query may be the secret; a command to its
    program.
    """
    target = read_target(text)
    if not isinstance(target, str):
        return quoted(f"{target[0]} …" if target[1:] else target[0])
    scheme, _, rest = target.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return plain(f"{scheme.lower()}://{host}")
