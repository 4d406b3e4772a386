"""Batches: many calls in one run, each with an id of the caller, and how far they are."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.errors import FileForbiddenError
from stability_mcp.rest.file_fields import FileList
from stability_mcp.rest.job_form import JobLinks
from stability_mcp.rest.media_form import MediaForm
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.run_arguments import RunArguments, start_template, template_wish
from stability_mcp.rest.run_form import RunForm, RunStatus
from stability_mcp.server.tool import Data
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.workflows.plan import MAX_JOBS
from stability_mcp.workflows.runs.run_items import ListedState, RunItem, listed_items


class Batch(RunArguments):
    """Calls of any paid operations."""

    requests: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_JOBS)]
    """List of {id, operation, parameters}; a bad one doesn't stop the others."""


@route("POST", "/batch/generate", tag="batch", answer="run")
async def generate_batch(call: RestCall, arguments: Batch) -> RunOutcome:
    """Run a list of calls; the results carry their ids."""
    wish = template_wish("batch_generate", operations=arguments.requests, skip_bad=True)
    return await start_template(call, arguments, wish, {"operations": "requests"})


class FolderBatch(RunArguments):
    """Pictures, and what to do with each."""

    images: Annotated[
        FileList, BeforeValidator(as_list), Field(min_length=1, max_length=MAX_JOBS)
    ] = Field(default_factory=list)
    """Up to 20 files, or up to 500 media ids or labels."""
    operation: str
    """Any operation with a picture as input, such as remove_background."""
    operation_params: dict[str, Any] = Field(default_factory=dict)
    """Its other arguments."""
    folder: str | None = None
    """Always refused: a folder of the server is never read."""


@route("POST", "/advanced/batch/process-folder", tag="advanced", answer="run")
async def process_pictures(call: RestCall, arguments: FolderBatch) -> RunOutcome:
    """Run one operation on many pictures."""
    if arguments.folder is not None:
        raise _server_folder("A folder of the server is never read.")
    wish = template_wish(
        "batch_process",
        source=arguments.images,
        operation=arguments.operation,
        parameters=arguments.operation_params,
        only_store=True,  # a folder would be one of the server
    )
    names = {
        "source": "images",
        "parameters": "operation_params",
        "steps[0].operation": "operation",
        "steps[0].parameters": "operation_params",
    }
    cures = {
        "another folder, wildcard or list of files": "other pictures by id or label",
        "Use batch_generate": "Use POST /api/stability/batch/generate",
    }
    try:
        return await start_template(call, arguments, wish, names, cures)
    except FileForbiddenError as error:
        raise _server_folder(error.message) from None


def _server_folder(text: str) -> RequestProblemError:
    return RequestProblemError(
        400,
        "server_folder",
        f"{text} Nothing was charged. Upload the files, or name stored media by id or label.",
    )


class BatchId(Arguments):
    """Which batch."""

    batch_id: Annotated[str, Field(min_length=1)]
    """Id of the run."""


class BatchItemForm(Data):
    """One result of a batch."""

    id: str | None = None
    """The id that the caller gave it."""
    state: ListedState
    media: MediaForm | None = None
    error: str | None = None
    """Why it has no result."""


class BatchForm(Data):
    """How far a batch is."""

    id: str
    state: RunStatus
    why: str | None = None
    """Why it waits or failed."""
    done: int
    failed: int
    total: int | None = None
    seconds_left: float | None = None
    """Estimated seconds until the end; absent: unknown."""
    credits: float
    """Charged so far."""
    items: list[BatchItemForm]
    """In the order in which they were listed."""
    links: JobLinks


@route("GET", "/advanced/batch/{batch_id}/status", tag="advanced")
async def get_batch(call: RestCall, arguments: BatchId) -> BatchForm:
    """Get the state of a batch and of each of its items."""
    outcome = await call.studio.runs.show(arguments.batch_id, call.run_options())
    form = RunForm.of(outcome)
    media = {each.item.id: each.item for each in outcome.results if each.item is not None}

    def item_form(item: RunItem) -> BatchItemForm:
        made = media.get(item.media or "")
        return BatchItemForm(
            id=item.id,
            state=item.state,
            media=None if made is None else MediaForm.of(made),
            error=item.error,
        )

    return BatchForm(
        id=form.id,
        state=form.status,
        why=form.why,
        done=form.done,
        failed=form.failed,
        total=form.total,
        seconds_left=form.seconds_left,
        credits=form.credits,
        items=[item_form(each) for each in listed_items(outcome.state)],
        links=form.links,
    )


class Notification(Arguments):
    """A message about a generation."""

    payload: dict[str, Any] | None = None
    """Ignored."""


@route(
    "POST",
    "/webhook/generation-complete",
    tag="webhook",
    answer="refusal",
    body="none",
    statuses=(410,),
)
async def receive_notification(call: RestCall, arguments: Notification) -> None:  # noqa: ARG001 -- every route takes both
    """Refuse a message about a generation: the API sends none."""
    raise RequestProblemError(
        410,
        "no_inbound_webhooks",
        "The Stability AI API sends no webhooks, so nothing is received here. Nothing was charged. "
        "Register a webhook of your own at /api/stability/webhooks instead.",
    )
