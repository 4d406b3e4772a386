"""Every documented or observed error body of the API, and the error it becomes."""

import json

from stability_mcp.errors import (
    AccessDeniedError,
    InvalidRequestError,
    ModerationError,
    OutOfCreditsError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
)

KEY = "sk-nota9876543210abcdzzzz"
MASKED = "sk-nota***********zzzz"
"""How v1 quotes a long key: the first 7 and last 4 characters."""

FLAGGED = "Your request was flagged by our content moderation system, denied and not charged."


def v2(name: str, *errors: str, number: str = "ea8877d647fd34d56e00e688823294ab") -> bytes:
    """Return an error body of v2beta."""
    return json.dumps({"errors": list(errors), "id": number, "name": name}).encode()


def v1(name: str, message: str) -> bytes:
    """Return an error body of v1."""
    number = "41978b143f73024a3785715f72140696"
    return json.dumps({"id": number, "message": message, "name": name}).encode()


CASES: dict[str, tuple[int, bytes, type[RefusedError], str]] = {
    "unauthorized": (
        401,
        v2("unauthorized", "authorization: invalid or missing header value"),
        UnauthorizedError,
        "STABILITY_API_KEY",
    ),
    "doubled field name": (
        401,
        v2("unauthorized", "authorization: authorization: invalid or missing header value"),
        UnauthorizedError,
        "STABILITY_API_KEY",
    ),
    "payment required": (
        402,
        v2(
            "payment_required",
            "You lack sufficient credits to make this request. Please purchase more credits at "
            "https://platform.stability.ai/account/credits and try again.",
        ),
        OutOfCreditsError,
        "buy credits",
    ),
    "not multipart": (
        400,
        v2("bad_request", "content-type: must be multipart/form-data"),
        InvalidRequestError,
        "must be multipart/form-data",
    ),
    "no body": (400, v2("bad_request", "content-type: required"), InvalidRequestError, "required"),
    "all problems": (
        400,
        v2("bad_request", "prompt: required", "seed: too large"),
        InvalidRequestError,
        '"prompt: required"; "seed: too large"',
    ),
    "moderation": (403, v2("content_moderation", FLAGGED), ModerationError, "Change prompt"),
    "denied": (403, v2("forbidden", "no access"), AccessDeniedError, "another key"),
    "too large": (
        413,
        v2("payload_too_large", "body: payloads cannot be larger than 10MiB in size"),
        InvalidRequestError,
        "10 MiB",
    ),
    "language": (
        422,
        v2("invalid_language", "prompt: English only"),
        InvalidRequestError,
        "in English",
    ),
    "public figure": (
        422,
        v2("public_figure", "a known person"),
        ModerationError,
        "Change prompt",
    ),
    "rate": (
        429,
        v2(
            "rate_limit_exceeded",
            "You have exceeded the rate limit of 150 requests within a 10 second period, and have "
            "been timed out for 60 seconds.",
            number="rate_limit_exceeded",
        ),
        RateLimitedError,
        "locked this key out for about 60 s",
    ),
    "internal": (
        500,
        v2("internal_error", "unexpected"),
        UnavailableError,
        "Try again in a minute",
    ),
    "unavailable": (
        503,
        v2("service_unavailable", "later"),
        UnavailableError,
        "Try again in a minute",
    ),
    "no reasons": (400, v2("bad_request"), InvalidRequestError, "(400 bad_request)."),
    "v1 key": (
        401,
        v1(
            "unauthorized",
            f"Incorrect API key provided: {KEY}. You can find your API key at https://stability.ai.",
        ),
        UnauthorizedError,
        "Incorrect API key provided",
    ),
    "v1 masked key": (
        401,
        v1(
            "unauthorized",
            f"Incorrect API key provided: {MASKED}. You can find your API key at "
            "https://stability.ai.",
        ),
        UnauthorizedError,
        "Incorrect API key provided",
    ),
    "v1 no key": (
        401,
        v1("unauthorized", "missing authorization header"),
        UnauthorizedError,
        "missing authorization header",
    ),
    "v1 credits": (
        429,
        v1(
            "insufficient_balance",
            "Your organization does not have enough balance to request this action (need $0.009, "
            "have $0 in active grants, $0 in balance).",
        ),
        OutOfCreditsError,
        "need $0.009",
    ),
    "v1 rate": (
        429,
        v1("rate_limit_exceeded", "too many"),
        RateLimitedError,
        "locked this key out",
    ),
    "v1 size": (
        400,
        v1(
            "invalid_sdxl_v1_dimensions",
            "for stable-diffusion-xl-1024-v0-9 and stable-diffusion-xl-1024-v1-0 the allowed "
            "dimensions are 1024x1024, 1152x896, 1216x832, 1344x768, 1536x640, 640x1536, 768x1344, "
            "832x1216, 896x1152, but we received 512x512",
        ),
        InvalidRequestError,
        "but we received 512x512",
    ),
    "v1 words": (
        400,
        v1("invalid_prompts", "One or more prompts contains filtered words."),
        InvalidRequestError,
        "Reword the prompt",
    ),
    "v1 denied": (403, v1("permission_denied", "not yours"), AccessDeniedError, "another key"),
    "v1 engine": (
        404,
        v1("not_found", "The specified engine (ID x) was not found."),
        InvalidRequestError,
        "engine",
    ),
    "v1 failure": (500, v1("server_error", "sorry"), UnavailableError, "Try again in a minute"),
    "v1beta failure": (
        500,
        json.dumps(
            {
                "name": "fault",
                "id": "LyMu4toe",
                "message": "image: unknown format",
                "temporary": False,
                "timeout": False,
                "fault": True,
            }
        ).encode(),
        UnavailableError,
        "image: unknown format",
    ),
}
"""Status, body, error class, and part of the error's text."""
