"""Signs links to the pictures of the page: an `<img>` can't send the token.

A link allows one form of one item until it expires. The expiry is rounded to the hour, so that the
links of an item stay the same for a while and browsers keep its pictures.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Literal, get_args

Form = Literal["thumb", "view", "original"]
FORMS: tuple[Form, ...] = get_args(Form)

HOUR = 3_600
MAC_BYTES = 16
"""128 bits: can't be guessed at any rate that a loopback port answers."""


class PictureLinks:
    """Makes and checks links; they end with the process.

    Args:
        clock: Returns the time in unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def link(self, media: str, form: Form) -> str:
        """Return the path of a picture; it is valid for one to two hours."""
        expiry = (int(self._clock()) // HOUR + 2) * HOUR
        return f"/ui/m/{media}/{form}?e={expiry}&s={self._signature(media, form, str(expiry))}"

    def seconds_left(self, media: str, form: str, expiry: str, signature: str) -> int:
        """Return for how long a link is still valid; 0: it isn't.

        Args:
            media: The id in its path.
            form: The form in its path.
            expiry: Its parameter `e`.
            signature: Its parameter `s`.
        """
        expected = self._signature(media, form, expiry)
        is_signed = hmac.compare_digest(
            expected.encode(), signature.encode("utf-8", "backslashreplace")
        )
        if not is_signed or form not in FORMS:
            return 0
        return max(int(expiry) - int(self._clock()), 0)  # signed, so it is a number

    def _signature(self, media: str, form: str, expiry: str) -> str:
        text = f"{media}\n{form}\n{expiry}".encode("utf-8", "backslashreplace")
        found = hmac.new(self._key, text, hashlib.sha256).digest()[:MAC_BYTES]
        return base64.urlsafe_b64encode(found).rstrip(b"=").decode()
