"""Error bodies: words the problems of a request the way the API does.

Captured: `prompt: required`, the two sentences about the content type, that all problems come in
one list, and that an enum error lists the accepted values like a zod validator. Other sentences
follow zod's wording.
"""

from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stability_emulator.responses import RefusalError

ECHOED_CHARACTERS = 80


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One problem with one field."""

    field: str
    """Name of the field; "" if the problem already names it."""
    problem: str
    name: str = "bad_request"
    """Error name in version 1 of the API; version 2 uses one name for all."""
    between: bool = False
    """Whether a cross-field rule is broken rather than the rule of a single field."""

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" if self.field else self.problem


FIRST_VERSION_NAMES = {
    "samples": "invalid_samples",
    "height": "invalid_height_or_width",
    "width": "invalid_height_or_width",
    "text_prompts": "invalid_prompts",
}
"""Error names in version 1, by field."""

SENTENCES = {
    "missing": "required",
    "extra_forbidden": "unrecognized key",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than_equal": "must be less than or equal to {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must be at least {min_length} long",
    "string_too_long": "must be at most {max_length} long",
    "too_short": "must be at least {min_length} long",
    "too_long": "must be at most {max_length} long",
    "value_error": "{error}",
    "int": "expected integer",
    "float": "expected number",
    "finite": "expected number",
    "string": "expected string",
    "list": "expected array",
}
"""Sentences by pydantic error type, or by its part before the first `_`."""


def refusal_of(complaints: list[Complaint], *, first_version: bool) -> RefusalError:
    """Return the refusal: version 2 lists every problem, version 1 only the first."""
    name = complaints[0].name if first_version else "bad_request"
    return RefusalError(400, name, *map(str, complaints))


def complaints_of(error: ValidationError, model: type[BaseModel]) -> list[Complaint]:
    """Return the problems that a model found in the values of a request."""
    return [
        Complaint(
            field=_field(detail, model),
            problem=problem,
            name=FIRST_VERSION_NAMES.get(str(next(iter(detail["loc"]), "")), "bad_request"),
            between=not detail["loc"],
        )
        for detail in error.errors(include_url=False)
        if (problem := _problem(detail)) is not None
    ]


def _field(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """Return a path such as `text_prompts[0].text`; for a cross-field rule, its first field."""
    location = detail["loc"]
    if not location:
        words = detail["msg"].replace(",", " ").replace(":", " ").split()
        return next((word for word in words if word in model.model_fields), "body")
    return str(location[0]) + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in location[1:]
    )


def _problem(detail: ErrorDetails) -> str | None:
    """Return the sentence; None if the problem only follows from another one."""
    kind, limits = detail["type"], detail.get("ctx", {})
    if kind == "default_factory_not_called":
        return None
    if kind == "literal_error":
        return invalid_enum(_choices(limits["expected"]), detail["input"])
    if kind.startswith("bool_"):
        return invalid_enum("'true' | 'false'", detail["input"])
    sentence = SENTENCES.get(kind) or SENTENCES.get(kind.split("_")[0])
    return sentence.format_map(limits) if sentence else detail["msg"]


def invalid_enum(choices: str, received: object) -> str:
    """Return the sentence about a value that isn't one of the accepted ones."""
    echoed = str(received)[:ECHOED_CHARACTERS]
    return f"invalid enum value. Expected {choices}, received '{echoed}'"


def _choices(expected: str) -> str:
    """Turn pydantic's `'a', 'b' or 'c'` into zod's `'a' | 'b' | 'c'`."""
    return expected.replace(" or ", " | ").replace(", ", " | ")
