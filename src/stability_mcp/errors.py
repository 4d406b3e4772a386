"""Every error this package raises on purpose, in one tree, by what a caller would do differently.

* StudioError
  + ConfigurationError        a setting is wrong: the person who runs the server mends it
  + ArgumentsError            the arguments of a call: the caller mends them and calls again
  + NotFoundError             no media, job, tool or topic of that name
  + InputFileError            a file that a call names
    - FileMissingError        it is not there
    - FileForbiddenError      it may not be read: outside the roots, a link out of them, a device
    - FileUnusableError       it is not media, cut short, a bomb, too large, of the wrong kind
  + StorageError              our own disk: full, read-only, a store of a newer program
    - UnwrittenError          a paid answer came whole, and the disk did not take all of it
  + BudgetError               the ceiling on spending would be passed
  + ConfirmationError         so much is spent only when the user agreed
  + JobError                  a job ended without a result; tells which job and why
  + RequestError              what became of one request to the API
    - NotSentError            it never went out whole: safe to repeat
    - UnknownOutcomeError     it went out and nobody knows what came of it: never repeated unasked
    - UnusableAnswerError     the API said yes and the body cannot be used: counts as charged
    - RefusedError            the API said no in its own words: nothing charged
      . InvalidRequestError   400, 413, 422 and v1's invalid_...: the same call fails again
      . UnauthorizedError     401, the key is missing or wrong
      . OutOfCreditsError     402, or v1's 429 insufficient_balance
      . ModerationError       403 content_moderation, 422 public_figure, copyrighted_content
      . AccessDeniedError     403 of any other name
      . GenerationGoneError   404, the generation does not exist for this key or has expired
      . RateLimitedError      429, too many requests in the window
      . UnavailableError      5xx in the API's own shape: the same call may work later

An agent reads the text of an error and decides what to do next. So each text says what happened,
to what, whether anything was charged, and what helps; `str(error)` puts the three together.
"""

from collections.abc import Callable
from typing import ClassVar, Literal

Charged = Literal["no", "yes", "unknown"]

CHARGED_SENTENCES: dict[Charged, str] = {
    "no": "Nothing was charged.",
    "yes": "It was charged.",
    "unknown": "It may have been charged, and counts as spent.",
}


class StudioError(Exception):
    """Catch this to catch everything below.

    Args:
        message: What happened and to what, as one or more sentences that end in a full stop.
        hint: What to do about it; "" where nothing helps.
    """

    charged: ClassVar[Charged] = "no"
    """Whether credits went with it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(" ".join(filter(None, (message, CHARGED_SENTENCES[self.charged], hint))))


class ConfigurationError(StudioError):
    """A setting is wrong; the text names the variable."""


class ArgumentsError(StudioError):
    """The arguments of a call break a rule; nothing was sent."""


class NotFoundError(StudioError):
    """Nothing of that name exists here."""


class InputFileError(StudioError):
    """A file that a call names cannot be used; nothing was sent."""


class FileMissingError(InputFileError):
    """The file is not there."""


class FileForbiddenError(InputFileError):
    """The file may not be read."""


class FileUnusableError(InputFileError):
    """The file is no media, is cut short, is too large or is of the wrong kind."""


class StorageError(StudioError):
    """Our own disk or database cannot take or give what was asked."""


class UnwrittenError(StorageError):
    """A paid answer came whole, and the disk did not take all of it; the rest is in memory.

    Args:
        message: What happened.
        finish: Writes the rest, blocking; raises OSError as long as the disk does not take it, and
            UnusableAnswerError where the body turns out to be of no use.
        hint: What to do about it.
    """

    charged = "yes"

    def __init__(self, message: str, *, finish: Callable[[], None], hint: str = "") -> None:
        self.finish = finish
        super().__init__(message, hint=hint)


class BudgetError(StudioError):
    """The ceiling on spending would be passed; nothing was sent."""


class ConfirmationError(StudioError):
    """So much is spent only when the user agreed; nothing was sent."""


class JobError(StudioError):
    """A job ended without a result.

    Args:
        message: What happened.
        job: The id of the job.
        charged: Whether the job was charged; differs from job to job.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, job: str, charged: Charged, hint: str = "") -> None:
        self.job = job
        self.charged = charged  # type: ignore[misc]  # one job was charged and another was not
        super().__init__(message, hint=hint)


class RequestError(StudioError):
    """A request to the API did not give a result."""


class NotSentError(RequestError):
    """The request never went out whole, so nothing can have been done: safe to repeat."""


class UnknownOutcomeError(RequestError):
    """The request went out and no answer of the API came back: never repeated unasked."""

    charged = "unknown"


class UnusableAnswerError(RequestError):
    """The API answered 2xx and the body is cut short or is not what was promised."""

    charged = "yes"


class RefusedError(RequestError):
    """The API refused in its own error shape, which is never charged.

    Args:
        message: What was refused and why.
        status: The HTTP status.
        name: The API's short name of the problem, such as `bad_request`.
        reasons: The API's own sentences, cleaned and bounded.
        request_id: The id by which the API's support finds the request.
        retry_after: Seconds the API asked to wait; None where it did not say.
        hint: What to do about it.
    """

    def __init__(  # noqa: PLR0913 -- the parts of one HTTP answer
        self,
        message: str,
        *,
        status: int,
        name: str,
        reasons: tuple[str, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        self.status = status
        self.name = name
        self.reasons = reasons
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(message, hint=hint)


class InvalidRequestError(RefusedError):
    """The request breaks a rule of the API; the very same one fails again."""


class UnauthorizedError(RefusedError):
    """The API key is missing or wrong."""


class OutOfCreditsError(RefusedError):
    """The balance does not cover the operation."""


class ModerationError(RefusedError):
    """The API's moderation refused the request; the very same one is refused again."""


class AccessDeniedError(RefusedError):
    """The key is not allowed to do this."""


class GenerationGoneError(RefusedError):
    """The generation does not exist for this key, or its 24 hours are over."""


class RateLimitedError(RefusedError):
    """More requests than allowed were made in the window; the key is locked out for a while."""


class UnavailableError(RefusedError):
    """The API is failing and says so itself; the same call may work later."""
