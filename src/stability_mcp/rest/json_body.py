"""Reads JSON from a client: bounded in depth, without repeated keys, NaN or broken text."""

import json
from typing import Any

from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.text import quoted

MAX_JSON_BYTES = 16 * 1024 * 1024
"""Fits a picture of 10 MiB as a data: URI, which base64 makes a third longer."""
MAX_COMMAS = 250_000
"""Commas of a body, also those in texts, as each separates two values: 16 MiB of empty lists would
take 500 MB and stop the server for 4 seconds. A batch of 500 calls has about 10,000."""
MAX_DEPTH = 64
"""Levels of lists and objects: the deepest plan has eight."""
MAX_DIGITS = 400
"""Digits of a number: the largest float has 309; Python refuses to read more than 4,300."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Return a JSON value.

    Raises:
        RequestProblemError: 400, it isn't valid.
    """
    if body.count(b",") > MAX_COMMAS:
        raise broken(f"The JSON has more than {MAX_COMMAS:,} commas.")
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise broken("The body isn't valid UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise broken(f"The body isn't valid JSON: {error.msg} ({where}).") from None
    except RecursionError:
        raise broken(_TOO_DEEP) from None
    check_text(value)
    return value


_TOO_DEEP = f"The JSON has more than {MAX_DEPTH} levels."


def check_text(value: object, depth: int = 0) -> None:
    """Check the texts in a value.

    Raises:
        RequestProblemError: 400, one has a NUL or isn't valid Unicode, or the value is too deep.
    """
    if depth > MAX_DEPTH:
        raise broken(_TOO_DEEP)
    if isinstance(value, str):
        _check(value)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check(name)
            check_text(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            check_text(each, depth + 1)


def _check(text: str) -> None:
    if "\0" in text:
        raise broken(f"{quoted(text)} contains a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise broken(
            "A text contains half of a surrogate pair, which isn't valid Unicode."
        ) from None


def broken(text: str) -> RequestProblemError:
    """Return the problem of a body that can't be read."""
    return RequestProblemError(
        400, "invalid_body", f"{text} Nothing was charged. Correct the request and send it again."
    )


def sent_twice(name: str) -> RequestProblemError:
    """Return the problem of a field that was sent more than once."""
    return RequestProblemError(
        400,
        "invalid_body",
        f"{quoted(name)} was sent more than once. Nothing was charged. Send it once.",
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise sent_twice(name)
        found[name] = value
    return found


def _constant(text: str) -> float:
    raise broken(f"{text} isn't JSON.")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise broken(f"A number has more than {MAX_DIGITS} digits.")
    return int(text)
