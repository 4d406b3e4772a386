"""Texts of errors name routes to call instead of tools."""

from pathlib import Path

import pytest

from stability_mcp.rest.rest_words import PHRASES, ROUTES, in_rest_words
from stability_mcp.rest.routes import all_routes

SOURCE = Path(__file__).parents[2] / "src" / "stability_mcp"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("job_list lists runs and jobs.", "GET /api/stability/jobs lists runs and jobs."),
        (
            'Get its result with job_wait and jobs ["k7f3q2m9xa"].',
            "Get its result with GET /api/stability/results/k7f3q2m9xa.",
        ),
        (
            "image is missing: label, URI or path.",
            "image is missing: a file, or the id, label, URI or https:// address of media.",
        ),
        ('There is no argument "job_list".', 'There is no argument "job_list".'),
        ("workflow_plan: plan is missing.", "workflow_plan: plan is missing."),
        ("The templates are ab_test and batch_generate.",) * 2,
        ("generate_sd3 takes a picture.", "generate_sd3 takes a picture."),
    ],
)
def test_a_text_names_what_a_rest_client_can_call(text: str, ours: str) -> None:
    """Chosen: a client over HTTP has no tools; what it sent itself is quoted and stays."""
    assert in_rest_words(text) == ours


def test_every_route_that_replaces_a_tool_exists() -> None:
    """Chosen: a hint must not lead to 404."""
    known = {f"{each.method} {each.path}" for each in all_routes()}

    assert set(ROUTES.values()) - known == set()


def test_every_phrase_is_one_that_the_source_has() -> None:
    """Chosen: a phrase that changed below would reach clients unnoticed."""
    source = "".join(
        each.read_text() for each in SOURCE.rglob("*.py") if each.parent.name != "rest"
    )

    assert [each for each in PHRASES if each not in source] == []
