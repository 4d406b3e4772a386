"""What every route that starts a run of a workflow takes, and how it starts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import ArgumentsError, InputFileError, NotFoundError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.workflows.problems import PlanError
from stability_mcp.workflows.quality import without_none

SAME: Mapping[str, str] = MappingProxyType({})


class RunArguments(Arguments):
    """Base of the arguments of a route that starts a run."""

    label: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Name of the result, or of the run if it has several."""
    confirm_spend: Annotated[float, Field(ge=0)] | None = None
    """Credits the user agreed to; asked for with 409."""


async def start(call: RestCall, arguments: RunArguments, wish: PlanWish) -> RunOutcome:
    """Start a run.

    Raises:
        StudioError: it can't run, or the user has to agree to its price first.
    """
    options = call.run_options(arguments.confirm_spend)
    return await call.studio.runs.start(replace(wish, label=arguments.label), options)


def template_wish(name: str, **arguments: object) -> PlanWish:
    """Return the run of a template; arguments that are None are left to their defaults."""
    return PlanWish(template=name, arguments=without_none(arguments))


async def start_template(
    call: RestCall,
    arguments: RunArguments,
    wish: PlanWish,
    names: Mapping[str, str] = SAME,
    cures: Mapping[str, str] = SAME,
) -> RunOutcome:
    """Start a run of a template whose arguments have other names in the route.

    Args:
        call: The request.
        arguments: Its arguments.
        wish: The template with its own arguments.
        names: Names in the route by the name in the template, for the texts of errors.
        cures: Parts of hints in words of the route, by their words in the template.

    Raises:
        StudioError: as for `start`.
    """
    try:
        return await start(call, arguments, wish)
    except PlanError:  # names steps, not arguments of the template
        raise
    except (ArgumentsError, InputFileError, NotFoundError) as error:
        message = _renamed(error.message, names)
        hint = error.hint.removesuffix(f"workflow_templates explains {wish.template}.").rstrip()
        for own, ours in cures.items():
            hint = hint.replace(own, ours)
        raise type(error)(message, hint=hint) from None


def _renamed(message: str, names: Mapping[str, str]) -> str:
    """Return a message with the route's names where it begins a sentence with the template's."""
    if not names:
        return message
    known = "|".join(map(re.escape, names))
    pattern = rf'(^|: |\. |argument ")({known})(?=:|\[|"| must | is missing)'
    return re.sub(pattern, lambda found: f"{found[1]}{names[found[2]]}", message)
