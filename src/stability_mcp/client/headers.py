"""Request headers, and the headers of a 2xx response as an `Answer`.

The result has been charged by the time its headers are read, so reading them never fails: a value
that isn't exactly as documented becomes None.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp import __version__
from stability_mcp.api.fields import MAX_V1_SEED
from stability_mcp.client.models import Answer

CLIENT_HEADERS: Mapping[str, str] = {
    "stability-client-id": "stability-mcp",
    "stability-client-version": __version__,
    "user-agent": f"stability-mcp/{__version__}",
    # Media does not compress further, and Content-Length is then the size of the file.
    "accept-encoding": "identity",
}
"""Sent with every request. The first two are documented and help the API's support."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """For whom requests are sent, in addition to the API key."""

    organization: str | None = None
    """Id of the organization that pays; None: the key's default one."""
    user_id: str | None = None
    """Id by which the API may tell users of this client apart; None: not sent."""

    def headers(self, path: str) -> dict[str, str]:
        """Return the headers for a request to a path, such as `/v1/user/balance`.

        *Documented*: v1 takes `Organization`, and only v2beta the user id.
        """
        if path.startswith("/v1/"):
            return {} if self.organization is None else {"organization": self.organization}
        return {} if self.user_id is None else {"stability-client-user-id": self.user_id}


NO_IDENTITY = Identity()


def read_answer(status: int, headers: Mapping[str, str]) -> Answer:
    """Parse the headers of a 2xx response; `headers` must be case-insensitive."""
    return Answer(
        status=status,
        media_type=clean(headers.get("content-type", "").partition(";")[0], r"[\w.+-]+/[\w.+-]+"),
        length=_number(headers.get("content-length", "")),
        seed=seed(headers.get("seed", "")),
        finish_reason=finish_reason(headers.get("finish-reason", "")),
        request_id=request_id(headers),
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that identifies the request to the API's support."""
    return clean(headers.get("x-request-id", ""), r"[\w.:-]{1,128}", lower=False)


def seed(value: object) -> str | None:
    """Return a seed as text, or None if it could not be sent in a request."""
    number = _number(str(value))
    return None if number is None or number > MAX_V1_SEED else str(number)


def finish_reason(value: object) -> str | None:
    """Return the finish reason in upper case, or None if it isn't a single word."""
    word = clean(str(value), r"\w{1,40}")
    return word and word.upper()


def clean(text: str, pattern: str, *, lower: bool = True) -> str | None:
    """Return the stripped text if it fully matches the pattern, else None."""
    text = text.strip().lower() if lower else text.strip()
    return text if re.fullmatch(pattern, text, re.ASCII) else None


def _number(text: str) -> int | None:
    digits = clean(text, r"\d{1,18}")
    return None if digits is None else int(digits)
