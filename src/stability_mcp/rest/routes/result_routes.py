"""The results of jobs, calls and runs, by any of their ids."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import NotFoundError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.studio import Outcome
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.text import quoted
from stability_mcp.uris import is_run, job_id_of


class Result(Arguments):
    """Which result."""

    generation_id: Annotated[str, Field(min_length=1)]
    """Id of a job, call or run, or the API's generation id."""
    accept_type: str = "*/*"
    """Overrides the Accept header: image/*, audio/*, model/gltf-binary, application/json, */*."""


@route("GET", "/results/{generation_id}", tag="results", answer="result")
async def get_result(call: RestCall, arguments: Result) -> Outcome | RunOutcome:
    """Get a result by the id of its job, call, run or generation; 202 while it is made."""
    name, studio = job_id_of(arguments.generation_id), call.studio
    if is_run(name):
        return await studio.runs.show(name, RunOptions(wait=call.patience, preview=False))
    return await outcome_of(call, name)


async def outcome_of(call: RestCall, name: str) -> Outcome:
    """Return the outcome of a job or call, after waiting as long as the client prefers.

    Args:
        call: The request.
        name: Id of a job, of a call, or of a generation at the API.

    Raises:
        NotFoundError: there is none with that id.
    """
    studio = call.studio
    found = await studio.find_call(name)
    if found is None:
        return await studio.wait_for([name], seconds=call.patience)
    waited = await studio.wait_for(found.job_ids, seconds=call.patience)
    if not waited.finished:
        return waited
    finished = await studio.find_call(name)
    if finished is None:
        raise NotFoundError(f"There is no call {quoted(name)}.")
    return await studio.called(finished)
