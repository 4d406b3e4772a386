"""Every error says whether anything was charged, and the docstring shows the class tree."""

import inspect

import pytest

from stability_mcp import errors
from stability_mcp.errors import (
    CHARGED_SENTENCES,
    JobError,
    RefusedError,
    RunBudgetError,
    StudioError,
    TooManyUploadsError,
    UnwrittenError,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, StudioError)
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
def test_an_error_says_what_happened_whether_it_was_charged_and_what_to_do(
    error: type[StudioError],
) -> None:
    """Chosen: users pay, so every failure says whether they did."""
    more: dict[str, object] = {}
    if issubclass(error, RefusedError):
        more = {"status": 400, "name": "bad_request"}
    if issubclass(error, JobError):
        more = {"job": "k7f3q2m9xa", "charged": "yes"}

    if issubclass(error, UnwrittenError):
        more = {"finish": list}

    if issubclass(error, RunBudgetError):
        more = {"run": "k7f3q2m9xa", "left": 0}

    if issubclass(error, TooManyUploadsError):
        more = {"retry_after": 60}

    raised = error("It broke.", hint="Repair it.", **more)

    assert str(raised) == f"It broke. {CHARGED_SENTENCES[raised.charged]} Repair it."


def test_the_tree_in_the_docstring_names_every_class() -> None:
    """Chosen: developers look there for the right place of a new error."""
    drawn = errors.__doc__ or ""

    assert [each.__name__ for each in CLASSES if each.__name__ not in drawn] == []
