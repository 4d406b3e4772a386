"""The token of the web page, and the one-time codes that a browser gets it for.

A code stands in the fragment of the link that the program prints, so no server or log sees it. It
is exchanged once for a token that ends with the process. Both are looked up by hash: comparing
takes the same time whether a guess is close or not.
"""

import hashlib
import secrets

from stability_mcp.pages.ui_answers import UiProblemError

TOKEN_BYTES = 32
"""256 bits, for codes too: neither can be guessed."""
MAX_TOKENS = 64
"""Tokens that are valid at once, the oldest ends first: each needs a code of its own."""

PATH = "/ui"


class PageTokens:
    """The codes and tokens of one process."""

    def __init__(self) -> None:
        self._codes: dict[bytes, bool] = {}
        """By hash: whether the code was used."""
        self._tokens: dict[bytes, None] = {}

    def new_link(self, base: str) -> str:
        """Return an address of the page with a new code, which opens it once.

        Args:
            base: The address of the server, without a slash at the end.
        """
        code = secrets.token_urlsafe(TOKEN_BYTES)
        self._codes[_hash(code)] = False
        return f"{base}{PATH}/#code={code}"

    def exchange(self, code: str) -> str:
        """Return a token for a code.

        Raises:
            UiProblemError: 410, the code was used; 401, it isn't one of this process.
        """
        key = _hash(code)
        is_used = self._codes.get(key)
        if is_used is None:
            raise UiProblemError(
                401,
                "unknown_code",
                "This link belongs to a server that was stopped. Open the new link that "
                "`stability-mcp ui` printed.",
            )
        if is_used:
            raise UiProblemError(
                410,
                "code_used",
                "This link was used already, and it opens the page only once. Run `stability-mcp "
                "ui` for a new one. If it wasn't you who used it, stop the server first.",
            )
        self._codes[key] = True
        token = secrets.token_urlsafe(TOKEN_BYTES)
        while len(self._tokens) >= MAX_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[_hash(token)] = None
        return token

    def is_valid(self, token: str) -> bool:
        """Return whether a token is one of this process."""
        return bool(token) and _hash(token) in self._tokens


def bearer(authorization: str) -> str:
    """Return the token in the value of an `Authorization` header; "": there is none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.casefold() == "bearer" else ""


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
