"""The operator's routes about money, and about workflows: usage, prices, choices, templates."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import NotSentError
from stability_mcp.server.guide.use_cases import RECOMMENDATIONS, STEPS, Quality, Speed
from stability_mcp.studio import Studio, price_of
from stability_mcp.workflows.templates import all_templates
from support.rest.rest_server import admin, refused, rest_server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module, with two jobs in the store."""
    with rest_server(tmp_path_factory.mktemp("money")) as found:
        for operation in ("core", "ultra"):
            assert found.post(f"/generate/{operation}", data={"prompt": "x"}).status_code == 200
        yield found


def _get(client: httpx2.Client, path: str, **query: str) -> dict[str, Any]:
    answer = client.get(f"/admin/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _estimate(client: httpx2.Client, operations: object, **models: str) -> dict[str, Any]:
    more = {"model_preferences": json.dumps(models)} if models else {}
    return _get(client, "costs/estimate", operations=json.dumps(operations), **more)


def test_usage_is_summed_up_by_operation(client: httpx2.Client) -> None:
    """Documented (routes.yaml): failures and median seconds included."""
    found = _get(client, "usage/summary")

    assert found["total"]["credits"] == 11
    by_name = {each["operation"]: each for each in found["lines"]}
    assert by_name.keys() == {"generate_core", "generate_ultra"}
    assert by_name["generate_ultra"]["credits"] == 8
    assert by_name["generate_ultra"]["failed"] == 0
    assert "seconds" in by_name["generate_ultra"]


@pytest.mark.parametrize("days", ["0", "3651", "week"])
def test_days_have_a_range(client: httpx2.Client, days: str) -> None:
    """Documented (routes.yaml): 1 to 3650."""
    answer = client.get("/admin/usage/summary", params={"days": days})

    assert "1 to 3650" in refused(answer, 400, "invalid_arguments")


def test_the_usage_report_is_a_download(client: httpx2.Client) -> None:
    """Documented (routes.yaml): JSON or CSV as a download, by day and operation."""
    facts = client.get("/admin/export/usage-report")
    sheet = client.get("/admin/export/usage-report", params={"format_type": "csv", "days": 2})

    assert facts.headers["content-disposition"].endswith('.json"')
    assert facts.json()["by"] == "day_operation"
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.headers["content-disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert {row["operation"]: float(row["credits"]) for row in rows} == {
        "generate_core": 3,
        "generate_ultra": 8,
    }


def test_names_without_a_family_are_priced(client: httpx2.Client) -> None:
    """Documented (routes.yaml): names, or objects; a name may leave out its family."""
    entry = {"operation": "sd3", "parameters": {"prompt": "x", "model": "sd3.5-flash"}, "count": 2}
    found = _estimate(client, ["ultra", "generate-core", entry])

    assert [(each["tool"], each["total"]) for each in found["calls"]] == [
        ("generate_ultra", 8),
        ("generate_core", 3),
        ("generate_sd3", 5),
    ]
    assert (found["total"], found["usd"]) == (16, 0.16)
    assert found["spent_today"] == 11
    assert found["balance"] > 0


def test_a_preferred_model_is_the_model_of_its_operation(client: httpx2.Client) -> None:
    """Documented (routes.yaml): an entry's own model wins."""
    own = {"operation": "sd3", "parameters": {"model": "sd3.5-large"}}
    found = _estimate(client, ["sd3", own, "core"], generate_sd3="sd3.5-flash")

    assert [each["each"] for each in found["calls"]] == [2.5, 6.5, 3]


def test_every_paid_operation_is_priced_by_its_name(client: httpx2.Client) -> None:
    """Chosen: what a caller doesn't know yet, a prompt or a file, never changes a price."""
    paid = [name for name, row in OPERATIONS.items() if row.is_paid()]
    found = _estimate(client, paid)

    for each in found["calls"]:
        low, high = OPERATIONS[each["tool"]].price_range()
        assert low <= each["each"] * 1000 <= high
    assert len(found["calls"]) == len(paid)


def test_nothing_costs_nothing(client: httpx2.Client) -> None:
    """Documented (routes.yaml): 0 to 100 names."""
    assert _estimate(client, [])["total"] == 0


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ({}, 400, "operations is missing"),
        ({"operations": '["inpaint"]'}, 404, "edit_inpaint, audio2_inpaint or audio3_inpaint"),
        ({"operations": '["ultr"]'}, 404, "There is no operation"),
        ({"operations": '["core"]', "model_preferences": '{"sd3": "x"}'}, 400, '"generate_sd3"'),
        ({"operations": '["sd3"]', "model_preferences": '{"sd3": "x"}'}, 400, "sd3.5-large"),
        ({"operations": json.dumps(["core"] * 101)}, 400, "0 to 100"),
    ],
)
def test_wrong_operations_are_explained(
    client: httpx2.Client, query: dict[str, str], status: int, text: str
) -> None:
    """Chosen: a price for something else than was meant is worse than none."""
    answer = client.get("/admin/costs/estimate", params=query)

    name = {400: "invalid_arguments", 404: "not_found"}[status]
    assert text in refused(answer, status, name)


@pytest.mark.parametrize("use_case", RECOMMENDATIONS)
def test_a_recommendation_has_a_price_and_reasons(client: httpx2.Client, use_case: str) -> None:
    """Documented (routes.yaml): primary, cheaper and better with price, seconds and one reason."""
    found = _get(client, "models/recommendations", use_case=use_case)

    price = found["primary"]["credits"]
    assert all(each["credits"] < price for each in found["cheaper"])
    assert found["cheaper"]
    for each in (found["primary"], *found["cheaper"], *found["better"]):
        assert each["reason"].endswith(".")
        assert each["seconds"] > 0
        arguments = {"prompt": "x", **each["arguments"]}
        assert price_of(each["operation"], arguments, 1).each == each["credits"] * 1000


def test_quality_and_speed_move_the_choice(client: httpx2.Client) -> None:
    """Chosen: from draft to premium prices rise, and speed moves by one."""
    for found in RECOMMENDATIONS.values():
        prices = [
            price_of(each.operation, {"prompt": "x", **each.arguments}, 1).each
            for each in found.choices.values()
        ]
        assert prices == sorted(set(prices))

    def chosen(quality: Quality, speed: Speed) -> str:
        query = {"quality_preference": quality, "speed_preference": speed}
        found = _get(client, "models/recommendations", use_case="portrait", **query)
        operation: str = found["primary"]["operation"]
        return operation

    assert [chosen("standard", speed) for speed in STEPS] == [
        "generate_core",
        "generate_sd3",
        "generate_ultra",
    ]
    assert chosen("draft", "fast") == "generate_core"
    assert chosen("premium", "quality") == "generate_ultra"


def test_the_account_is_described_with_the_price_list(client: httpx2.Client) -> None:
    """Documented (routes.yaml): account, balance, engines, prices."""
    found = _get(client, "account/detailed")

    assert found["details"]["email"]
    assert found["balance"]["credits"] > 0
    assert found["engines"]
    assert found["failed"] == []
    prices = {each["operation"]: each for each in found["prices"]}
    assert prices.keys() == {name for name, row in OPERATIONS.items() if row.is_paid()}
    sd3 = prices["generate_sd3"]
    assert (sd3["from_credits"], sd3["to_credits"]) == (2.5, 6.5)


def test_a_part_of_the_account_that_fails_is_named(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (routes.yaml): the others still answer."""
    query = Studio.query

    async def failing(self: Studio, name: str, arguments: Mapping[str, object]) -> BaseModel:
        if name == "account_engines":
            raise NotSentError("The API is down.")
        return await query(self, name, arguments)

    monkeypatch.setattr(Studio, "query", failing)
    found = _get(client, "account/detailed")

    [failed] = found["failed"]
    assert failed["operation"] == "account_engines"
    assert "The API is down." in failed["error"]
    assert "engines" not in found
    assert found["balance"]["credits"] > 0


def test_templates_have_inputs_categories_and_a_price(client: httpx2.Client) -> None:
    """Documented (routes.yaml): templates with inputs, price range, categories."""
    found = {each["name"]: each for each in _get(client, "workflows/templates")["templates"]}

    assert list(found) == list(all_templates())
    for name, each in found.items():
        assert each["inputs"]["properties"]
        assert each["categories"]
        assert 0 <= each["price"]["low"] <= each["price"]["high"]
        assert each["price"]["high"] > 0
        assert each["example"]["template"] == name
    assert found["compare_models"]["price"] == {"low": 17.5, "high": 17.5}
    assert found["spot_with_music"]["categories"] == ["generate", "audio2", "audio"]


def _validate(client: httpx2.Client, steps: object) -> dict[str, Any]:
    answer = client.post("/admin/workflows/validate", json={"steps": steps}, headers=admin())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_workflow_is_checked_and_priced(client: httpx2.Client) -> None:
    """Documented (routes.yaml): price low and high, seconds; short or full form."""
    full = {"id": "draft", "tool": "generate_core", "arguments": {"prompt": "x"}}
    found = _validate(client, [full, {"operation": "fast"}])

    assert (found["is_valid"], found["problems"]) == (True, [])
    assert (found["low"], found["high"]) == (5, 5)
    assert found["seconds"] > 0


def test_problems_of_a_workflow_are_data(client: httpx2.Client) -> None:
    """Documented (routes.yaml): problems with step, argument and hint."""
    step = {"id": "big", "tool": "upscale_fast", "arguments": {"image": "$drat"}}
    found = _validate(client, [{"id": "draft", "tool": "core", "prompt": "x"}, step])

    assert not found["is_valid"]
    [problem] = found["problems"]
    assert (problem["step"], problem["argument"]) == ("big", "image")
    assert '"drat"' in problem["message"]
    assert problem["hint"]
    assert not _validate(client, [5])["is_valid"]


def test_steps_are_a_list_of_limited_length(client: httpx2.Client) -> None:
    """Documented (routes.yaml): 1 to 500 steps."""
    answer = client.post("/admin/workflows/validate", json={"steps": []}, headers=admin())

    assert "a list of 1 to 500" in refused(answer, 400, "invalid_arguments")
