"""Reads STABILITY_ON_DONE, a webhook's address or a command, and the secret that signs webhooks."""

import base64
import binascii
import os
import re
import shlex

from stability_mcp.text import plain, quoted

SECRET_PREFIX = "whsec_"  # noqa: S105 -- marks a secret
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
"""Length of a signing secret. *Documented* (Standard Webhooks, "Signature scheme")."""


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
        return shown_command(target)
    scheme, _, rest = target.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return plain(f"{scheme.lower()}://{host}")


def shown_command(words: tuple[str, ...]) -> str:
    """Return a command without its arguments, which may be secrets: `"notify …"`."""
    return quoted(f"{words[0]} …" if words[1:] else words[0])


def check_secret(text: str) -> None:
    """Check a secret that signs webhooks, in the notation of Standard Webhooks: `whsec_<base64>`.

    Raises:
        ValueError: it has another form; the message doesn't repeat it.
    """
    try:
        found = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # ValueError: a character outside ASCII
        found = b""
    if not text.startswith(SECRET_PREFIX) or not (
        MIN_SECRET_BYTES <= len(found) <= MAX_SECRET_BYTES
    ):
        raise ValueError(
            f"must be {SECRET_PREFIX} followed by {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random "
            f'bytes in base64, such as the output of: echo "{SECRET_PREFIX}$(openssl rand -base64 '
            '32)"'
        )
