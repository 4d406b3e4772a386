"""Writes errors: one table gives each class of the error tree a status and a name.

The texts are those of the tools, with routes instead of tools to call. A bug answers 500 with the
id of the request only.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from starlette.responses import JSONResponse

from stability_mcp.errors import (
    AccessDeniedError,
    ArgumentsError,
    BlockedTermError,
    BudgetError,
    ConfigurationError,
    ConfirmationError,
    DoubleChargeError,
    FileForbiddenError,
    FileTooLargeError,
    GenerationGoneError,
    InputFileError,
    InvalidRequestError,
    JobError,
    KeyConflictError,
    ModerationError,
    NotFoundError,
    NotSentError,
    OutOfCreditsError,
    RateLimitedError,
    RefusedError,
    StorageError,
    StudioError,
    TooManyUploadsError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
    UploadStateError,
    WebhookRefusedError,
)
from stability_mcp.rest.problem_form import ProblemFacts
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_words import in_rest_words
from stability_mcp.rest.server_folders import without_folders
from stability_mcp.settings import Settings
from stability_mcp.text import CHARGES, plain
from stability_mcp.workflows.problems import PlanError
from stability_mcp.workflows.problems import Problem as PlanProblem

RETRY_SECONDS = 5
"""When to try again after the disk or the store failed, or while the server stops: a restart takes
about one second."""

UNAVAILABLE = 503

Row = tuple[type[StudioError], int, str]

STATUSES: tuple[Row, ...] = (
    (KeyConflictError, 422, "idempotency_key_used"),
    (WebhookRefusedError, 422, "webhook_refused"),
    (UploadStateError, 409, "upload_state"),
    (TooManyUploadsError, 429, "too_many_uploads"),
    (BlockedTermError, 403, "blocked_term"),
    (ArgumentsError, 400, "invalid_arguments"),
    (NotFoundError, 404, "not_found"),
    (FileForbiddenError, 400, "file_not_allowed"),
    (FileTooLargeError, 413, "too_large"),
    (InputFileError, 400, "unusable_file"),
    (StorageError, 503, "storage"),
    (BudgetError, 402, "budget"),
    (ConfirmationError, 409, "confirmation_required"),
    (DoubleChargeError, 409, "double_charge"),
    (NotSentError, 503, "request_not_sent"),
    (UnknownOutcomeError, 502, "unknown"),
    (UnusableAnswerError, 502, "unusable_answer"),
    (InvalidRequestError, 422, "refused_by_api"),
    (UnauthorizedError, 502, "api_key_rejected"),
    (OutOfCreditsError, 402, "out_of_credits"),
    (ModerationError, 403, "moderation"),
    (AccessDeniedError, 403, "access_denied"),
    (GenerationGoneError, 404, "not_found"),
    (RateLimitedError, 503, "api_unavailable"),
    (UnavailableError, 502, "api_unavailable"),
    (RefusedError, 422, "refused_by_api"),
    (ConfigurationError, 500, "configuration"),
)
"""Status and name of each error; the first class that fits counts."""

log = logging.getLogger(__name__)


def failure(error: Exception, request_id: str, settings: Settings | None = None) -> JSONResponse:
    """Return an error as an answer.

    Args:
        error: The exception.
        request_id: The id of the request.
        settings: The operator's settings, which have the folders to leave out; None: the error is
            from before anything was opened.
    """
    if isinstance(error, RequestProblemError):
        problem = Problem(error.status, error.name, error.text, headers=error.headers)
    elif isinstance(error, StudioError):
        problem = _problem_of(error)
        if isinstance(error, StorageError) and settings is not None:
            problem = replace(problem, text=without_folders(problem.text, settings))
    else:
        log.error("bug in request %s", request_id, exc_info=error)
        problem = Problem(500, "bug", BUG.format(request_id), charged="unknown")
    return problem.answer(request_id)


BUG = (
    "The request failed because of a bug in stability-mcp; the log has details under {}. If a job "
    "was started, it continues, and GET /api/stability/jobs lists it."
)


@dataclass(frozen=True)
class Problem:
    """An error as an answer shows it."""

    status: int
    name: str
    text: str
    _: KW_ONLY
    charged: str = "no"
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further values of the body, such as the job."""
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self, request_id: str) -> JSONResponse:
        """Return the answer."""
        body: dict[str, Any] = {
            "id": request_id,
            "name": self.name,
            "errors": [plain(in_rest_words(self.text))],
            "charged": CHARGES[self.charged],
            **self.facts,
        }
        headers = dict(self.headers)
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
            headers["retry-after"] = f"{max(self.retry_after, 1):.0f}"
        return JSONResponse(body, self.status, headers=headers)


def _problem_of(error: StudioError) -> Problem:
    status, name = _status(error)
    seconds = getattr(error, "retry_after", None)
    return Problem(
        status,
        name,
        str(error),
        charged=error.charged,
        facts=_facts(error),
        retry_after=RETRY_SECONDS if seconds is None and status == UNAVAILABLE else seconds,
    )


def _status(error: StudioError) -> tuple[int, str]:
    if isinstance(error, JobError) and not isinstance(error, DoubleChargeError):
        return _STATUSES_OF_JOBS[error.charged]
    return next(
        (status, name) for kind, status, name in (*STATUSES, _ANY) if isinstance(error, kind)
    )


def status_of_end(state: str, charged: str, error_type: str | None) -> tuple[int, str]:
    """Return status and name of the error that a job ended with.

    Args:
        state: Its state: failed, cancelled or unknown.
        charged: Whether it was charged: no, assumed or yes.
        error_type: Class of its error, if it failed uncharged.
    """
    if state == "cancelled":
        return 409, "cancelled"
    if state == "unknown" or charged == "assumed":
        return 502, "unknown"
    return (502, "unusable_answer") if charged == "yes" else status_of_type(error_type)


def status_of_type(name: str | None) -> tuple[int, str]:
    """Return status and name of the error that a job ended with uncharged, by its class."""
    kinds = {kind.__name__: kind for kind in _subclasses(StudioError)}
    kind = kinds.get(name or "", NotSentError)
    return next(
        (status, short) for each, status, short in (*STATUSES, _ANY) if issubclass(kind, each)
    )


_ANY: Row = (StudioError, 409, "refused")

_STATUSES_OF_JOBS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {"unknown": (502, "unknown"), "yes": (502, "unusable_answer"), "no": (409, "refused")}
)
"""Status and name of a job's end by whether it was charged, as in `status_of_end`."""


def _subclasses(kind: type[StudioError]) -> Iterator[type[StudioError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _subclasses(each)


def _facts(error: StudioError) -> dict[str, Any]:
    names = ("job", "credits")
    found = {name: getattr(error, name, None) for name in names}
    shown = {name: value for name, value in found.items() if value is not None}
    return {**shown, **plan_facts(error.problems)} if isinstance(error, PlanError) else shown


def plan_facts(problems: Sequence[PlanProblem]) -> dict[str, Any]:
    """Return the problems of a plan, as texts and as data."""
    count = f"{len(problems)} problem{'s' * (len(problems) != 1)}"
    return {
        "errors": [
            f"The plan can't run: {count}. Nothing was charged.",
            *(plain(in_rest_words(str(each))) for each in problems),
        ],
        "problems": [
            {name: plain(text) for name, text in ProblemFacts.of(each).dumped().items()}
            for each in problems
        ],
    }
