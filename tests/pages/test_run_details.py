"""The plan and items of a run, and the plan of a template, as the page asks for them."""

from collections.abc import Iterator

import pytest

from support.pages.ui_client import LONG, UiClient, ui_client

BLIND = {
    "id": "draft",
    "tool": "generate_core",
    "count": 2,
    "review": True,
    "blind": True,
    "arguments": {"prompt": "a paper boat"},
}
CUT = {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$draft"}}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiClient]:
    """Serve the page for all tests of this module."""
    with ui_client(tmp_path_factory.mktemp("runs")) as opened:
        yield opened


def test_a_blind_review_hides_its_media_until_the_pick(page: UiClient) -> None:
    """The order of the items would say which arguments made which result."""
    plan = {"steps": [BLIND, CUT]}
    run = page.call("workflow_run", {"plan": plan}, **LONG).json()["result"]["id"]
    details = page.http.get(f"/api/ui/runs/{run}").json()
    assert details["plan"] == plan
    assert details["unknown"] == {"count": 0, "credits": 0}
    assert [(each["step"], each["state"]) for each in details["items"]] == [("draft", "done")] * 2
    assert not any("media" in each for each in details["items"])

    page.call("workflow_run", {"run": run, "pick": ["2"]}, **LONG)
    after = page.http.get(f"/api/ui/runs/{run}").json()["items"]
    assert all(each["media"] for each in after)
    assert sorted(each["picked"] for each in after if each["step"] == "draft") == [False, True]


def test_a_run_that_does_not_exist_is_not_found(page: UiClient) -> None:
    """The text is the one of the tool."""
    answer = page.http.get("/api/ui/runs/none")
    assert answer.status_code == 404
    assert "none" in answer.json()["text"]


def test_a_template_becomes_a_plan_that_can_be_checked_again(page: UiClient) -> None:
    """Its arguments are the values of the plan's inputs."""
    wanted = {"template": "compare_models", "arguments": {"prompt": "a red kite"}}
    plan = page.http.post("/api/ui/plans", json=wanted).json()["plan"]
    assert "a red kite" in str(plan)
    checked = page.call("workflow_plan", {"plan": plan}).json()["result"]
    assert checked["high"] > 0


@pytest.mark.parametrize(
    ("wanted", "status", "reason"),
    [
        ({}, 400, "template must be a name"),
        ({"template": "compare_models", "arguments": {"colour": 1}}, 400, "colour"),
        ({"template": "no_such_template"}, 404, "no_such_template"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_the_reason(
    page: UiClient, wanted: dict[str, object], status: int, reason: str
) -> None:
    """What is wrong, in the words of the check."""
    answer = page.http.post("/api/ui/plans", json=wanted)
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["text"]


def test_templates_are_listed_with_the_price_of_their_example(page: UiClient) -> None:
    """So that a template is chosen by its price, before its arguments are known."""
    templates = page.http.get("/api/ui/workflows").json()["templates"]
    prices = {each["name"]: each["price"] for each in templates}
    assert all(0 <= low <= high for low, high in prices.values())
    assert prices["ab_test"][1] > 0
