"""Writes what a route returns: bytes of media, JSON, or that the work is still running."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from stability_mcp.rest.accepting import accepts
from stability_mcp.rest.error_answers import Problem, status_of_end
from stability_mcp.rest.job_form import call_form, job_links
from stability_mcp.rest.media_bytes import media_response, result_headers
from stability_mcp.rest.media_form import finish_reason
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.run_form import RunForm
from stability_mcp.rest.server_folders import without_folders
from stability_mcp.server.tool import Data
from stability_mcp.studio import JobRecord, MediaItem, Outcome
from stability_mcp.studio.workflow.run_answer import RunOutcome

MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 1, 30
"""Bounds of `Retry-After`: a poll costs one query, and nothing should be half a minute late."""

OK, CREATED = 200, 201

Answer = Outcome | RunOutcome | BaseModel | Mapping[str, Any] | Response
"""What the function of a route may return."""


async def respond(call: RestCall, answer: Answer, request_id: str) -> Response:
    """Return the answer of a route as a response."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Outcome):
        return await outcome_response(call, answer, request_id)
    if isinstance(answer, RunOutcome):
        return run_response(call, answer)
    status = CREATED if CREATED in call.route.statuses else OK
    if isinstance(answer, Data):
        return JSONResponse(answer.dumped(), status)
    if isinstance(answer, BaseModel):
        return JSONResponse(answer.model_dump(mode="json", exclude_none=True), status)
    return JSONResponse(dict(answer))


async def outcome_response(call: RestCall, outcome: Outcome, request_id: str) -> Response:
    """Return the outcome of a call: its bytes, its JSON form, 202, or the error it ended with."""
    jobs = outcome.jobs
    if not outcome.finished:
        return _running(outcome)
    failed = [job for job in jobs if job.state != "done"]
    if failed and len(failed) == len(jobs):
        return _job_problem(failed[0], call, outcome).answer(request_id)
    if call.route.answer == "artifacts":
        return await _artifacts(call, outcome)
    if len(jobs) != 1 or not outcome.media or call.prefers_json:
        return JSONResponse(call_form(outcome, call.notes).dumped())
    item = outcome.media[0]
    if accepts(call.accept, item.media_type):
        return await _bytes(call, outcome, item)
    note = (
        f"The result is {item.media_type}, which the accepted types don't include; its link "
        "content has the bytes."
    )
    return JSONResponse(call_form(outcome, [*call.notes, note]).dumped())


async def _bytes(call: RestCall, outcome: Outcome, item: MediaItem) -> Response:
    job = outcome.jobs[0]
    cached = job.id in outcome.cached
    price = 0 if cached else job.price / 1000
    headers = result_headers(item, job=job.id, credits=price)
    return await media_response(item, call.request, headers=headers)


async def _artifacts(call: RestCall, outcome: Outcome) -> Response:
    """Return v1's answer, or the picture itself if the client takes only pictures."""
    media = outcome.media
    if len(media) == 1 and not accepts(call.accept, "application/json"):
        return await _bytes(call, outcome, media[0])
    artifacts = [
        {
            "base64": await _base64(item),
            "seed": int(item.seed or 0),
            "finishReason": finish_reason(item),
        }
        for item in media
    ]
    job = outcome.jobs[0]
    price = 0 if job.id in outcome.cached else job.price / 1000
    headers = result_headers(media[0], job=job.id, credits=price)
    return JSONResponse({"artifacts": artifacts}, headers=headers)


async def _base64(item: MediaItem) -> str:
    def read() -> str:
        return base64.b64encode(item.path.read_bytes()).decode()

    return await to_thread.run_sync(read)


def _running(outcome: Outcome) -> Response:
    """Return that a call is still running, or paused, with links to its result."""
    jobs = outcome.jobs
    name = jobs[0].id if len(jobs) == 1 else outcome.call or jobs[0].id
    awaited = [job for job in jobs if job.awaited]
    status = "in-progress" if awaited else "paused"
    seconds = max((job.usual_seconds * (1 - job.share) for job in awaited), default=0)
    errors = [job.error for job in jobs if job.state == "paused" and job.error]
    return accepted(name, status, seconds, {"errors": errors} if errors else {})


def accepted(
    name: str, status: str, seconds: float, facts: Mapping[str, Any] | None = None
) -> Response:
    """Return 202: the work continues, and the links lead to its result.

    Args:
        name: Id of the job, call or run.
        status: Its state.
        seconds: How long it will probably take.
        facts: Further values of the body.
    """
    links = job_links(name)
    pause = min(max(round(seconds), MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
    return JSONResponse(
        {"id": name, "status": status, **(facts or {}), "links": links.dumped()},
        202,
        headers={"location": links.results, "retry-after": f"{pause}", "x-job-id": name},
    )


def run_response(call: RestCall, outcome: RunOutcome) -> Response:
    """Return a run: 202 while it works, else its JSON form."""
    form = run_form(call, outcome)
    if not outcome.is_running:
        return JSONResponse(form.dumped())
    facts = {
        name: value
        for name, value in form.dumped().items()
        if name not in {"id", "status", "links"}
    }
    return accepted(form.id, form.status, form.seconds_left or 0, facts)


def run_form(call: RestCall, outcome: RunOutcome) -> RunForm:
    """Return a run as JSON, whatever its state."""
    form = RunForm.of(outcome, call.notes)
    notes = [without_folders(each, call.settings) for each in form.notes]
    why = None if form.why is None else without_folders(form.why, call.settings)
    return form.model_copy(update={"notes": notes, "why": why})


def _job_problem(job: JobRecord, call: RestCall, outcome: Outcome) -> Problem:
    """Return the error that a job ended with."""
    status, name = status_of_end(job.state, job.charged, job.error_type)
    facts: dict[str, Any] = {"job": job.id, "credits": _paid(outcome.jobs)}
    if len(outcome.jobs) > 1:
        facts["jobs"] = [each.id for each in outcome.jobs]
    if call.notes:
        facts["notes"] = call.notes
    text = (
        without_folders(job.error or "", call.settings)
        or f"The job {job.id} was cancelled before it was sent."
    )
    return Problem(status, name, text, charged=job.charged, facts=facts)


def _paid(jobs: Sequence[JobRecord]) -> float:
    return sum(job.price for job in jobs if job.charged in {"yes", "assumed"}) / 1000
