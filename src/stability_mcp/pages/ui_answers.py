"""Writes the answers of the page's API: JSON, and every error as a text and a name."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from stability_mcp.errors import (
    ArgumentsError,
    BudgetError,
    ConfirmationError,
    NotFoundError,
    StorageError,
    StudioError,
)
from stability_mcp.text import plain

STATUSES: tuple[tuple[type[StudioError], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (ArgumentsError, 400, "invalid_arguments"),
    (StorageError, 503, "storage"),
    (BudgetError, 402, "budget"),
    (ConfirmationError, 409, "confirmation_required"),
)
"""Status and name of each error; the first class that fits counts."""

BUG = (
    "The request failed because of a bug in stability-mcp; the log has details. If a job was "
    "started, it continues, and the page Jobs shows it."
)

log = logging.getLogger(__name__)


class UiProblemError(Exception):
    """A request that the page's API refuses.

    Args:
        status: The HTTP status.
        name: A name for programs.
        text: What is wrong and what to do.
        facts: Further values of the answer.
    """

    def __init__(
        self, status: int, name: str, text: str, facts: Mapping[str, Any] | None = None
    ) -> None:
        self.status, self.name, self.text, self.facts = status, name, text, dict(facts or {})
        super().__init__(text)


def json_answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON; half surrogate pairs, which old rows may contain, are escaped."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        body = data.encode()
    except UnicodeEncodeError:
        body = json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, headers, media_type="application/json")


def failure(error: Exception) -> Response:
    """Return an error as an answer."""
    if isinstance(error, UiProblemError):
        facts = {"name": error.name, "text": plain(error.text), **error.facts}
        headers = {"www-authenticate": "Bearer"} if error.status == 401 else None  # noqa: PLR2004
        return json_answer(facts, error.status, headers)
    if isinstance(error, StudioError):
        status, name = next(
            ((status, name) for kind, status, name in STATUSES if isinstance(error, kind)),
            (409, "refused"),
        )
        return json_answer({"name": name, "text": plain(str(error))}, status)
    log.error("bug in the page's API", exc_info=error)
    return json_answer({"name": "bug", "text": BUG}, 500)
