"""The results of jobs, calls and runs, by any of their ids.

Length: one route; `named_work` finds what an id means, for others too.
"""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.named_work import find_work, wait_for
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.studio import Outcome
from stability_mcp.studio.workflow.run_answer import RunOutcome


class Result(Arguments):
    """Which result."""

    generation_id: Annotated[str, Field(min_length=1, max_length=128)]
    """Id of a job, call or run, or the API's generation id."""
    accept_type: Annotated[str, Field(pattern=r"^[\w.+*-]+/[\w.+*-]+$")] = "*/*"
    """Overrides the Accept header: image/*, audio/*, model/gltf-binary, application/json, */*."""


@route("GET", "/results/{generation_id}", tag="results", answer="result")
async def get_result(call: RestCall, arguments: Result) -> Outcome | RunOutcome:
    """Get a result by the id of its job, call, run or generation; 202 while it is made."""
    return await wait_for(call, await find_work(call.studio, arguments.generation_id))
