"""Error texts: sentences of the API that were captured or are documented examples.

All names are documented or captured. In version 1, only the sentences of 401, 404 and 429 were
captured. Sentences of our own are marked as chosen.
"""

from collections.abc import Mapping

TOO_FAST = (
    "You have exceeded the rate limit of 150 requests within a 10 second period, and have been"
    " timed out for 60 seconds."
)
NO_CREDITS = (
    "You lack sufficient credits to make this request. Please purchase more credits at"
    " https://platform.stability.ai/account/credits and try again."
)
NO_KEY = "authorization: invalid or missing header value"
GONE = "id: the generation either does not exist or has expired."
BROKEN = "An unexpected server error has occurred, please try again later."
TOO_LARGE = "body: payloads cannot be larger than {limit} in size"
DENIED = (
    "Your request was flagged by our content moderation system, as a result your request was"
    " denied and you were not charged."
)
ENGLISH = "English is the only supported language for this service."
PUBLIC_FIGURE = (
    "Our system detected the likeness of a public figure in your image. To comply with our"
    " guidelines, this request cannot be processed. Please upload a different image."
)
COPYRIGHTED = (
    "Our system has detected the presence of copyrighted content in your audio. To comply with our"
    " guidelines, we cannot process this request. Please upload a different audio file."
)
NOT_FOUND = "The requested path was not found."
"""Chosen."""

_SECOND: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "some-field: is required"),
    401: ("unauthorized", NO_KEY),
    402: ("payment_required", NO_CREDITS),
    403: ("content_moderation", DENIED),
    404: ("generation_not_found", GONE),
    413: ("payload_too_large", TOO_LARGE.format(limit="10MiB")),
    422: ("invalid_language", ENGLISH),
    429: ("rate_limit_exceeded", TOO_FAST),
}
_FIRST: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request is not valid."),
    401: ("unauthorized", "missing authorization header"),
    403: ("permission_denied", "You lack the necessary permissions to perform this action."),
    404: ("not_found", NOT_FOUND),
    429: ("rate_limit_exceeded", TOO_FAST),
}
"""The sentences of 400 and 403 are chosen."""


def usual(status: int, *, first_version: bool) -> tuple[str, str]:
    """Return the API's usual name and sentence for a status."""
    known = (_FIRST if first_version else _SECOND).get(status)
    return known or ("server_error" if first_version else "internal_error", BROKEN)
