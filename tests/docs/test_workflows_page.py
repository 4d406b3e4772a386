"""Every plan on the page about workflows can run."""

import re

from stability_mcp.local_tools import all_local_tools
from stability_mcp.workflows.plan import Delivery, Plan, PlanInput, Step
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.plan_notation import local_steps, read_plan
from stability_mcp.workflows.waste import waste
from support.docs.pages import Page

WORKFLOWS = Page("docs/workflows.md")


def test_every_plan_on_the_page_is_valid_and_wastes_nothing() -> None:
    """*Chosen*: readers and models copy them."""
    plans = re.findall(r"```json\n(.*?)```", WORKFLOWS.text, re.DOTALL)

    assert len(plans) == 2
    for each in plans:
        read = read_plan(each)
        assert read.plan is not None, read.problems
        checked = check_plan(read.plan, {})
        assert not checked.problems
        assert not checked.inputs.missing
        assert not waste(checked)


def test_the_page_names_every_field_and_every_local_step() -> None:
    """*Chosen*: a field that isn't on the page isn't found."""
    named = set(re.findall(r"[`\"](\w+)[`\"]", WORKFLOWS.text))
    fields = {*Plan.model_fields, *Step.model_fields, *PlanInput.model_fields}
    fields |= Delivery.model_fields.keys()

    assert fields - {"notes"} <= named
    assert set(local_steps()) <= named
    assert not named & (all_local_tools().keys() - set(local_steps()))
