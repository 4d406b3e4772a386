"""All errors this package raises on purpose, in one tree, by what the caller should do.

* StudioError
  + ConfigurationError        a setting is wrong: the person who runs the server corrects it
  + ArgumentsError            the arguments of a call: the caller corrects them and calls again
    - BlockedTermError        a prompt contains one of the operator's blocked terms
    - WebhookRefusedError     its URL isn't allowed, or the account has too many
    - KeyConflictError        the idempotency key belongs to another request
    - UploadStateError        the file of a signed upload was sent already, or not yet
  + NotFoundError             no media, job, tool or topic of that name
  + InputFileError            a file named in a call
    - FileMissingError        it doesn't exist
    - FileForbiddenError      not allowed: outside the roots, a link out of them, a device
    - FileUnusableError       not media, truncated, a bomb, of the wrong kind
      . FileTooLargeError     larger than a file, or all files together, may be
  + TooManyUploadsError       too many signed uploads are open: try again later
  + StorageError              local disk: full, read-only, a store of a newer version
    - UnwrittenError          a paid response arrived complete, but was not fully written to disk
  + BudgetError               the daily budget or a spending limit would be exceeded
    - RunBudgetError          a run of a workflow would cost more than the user agreed to
  + ConfirmationError         the price needs the user's approval
  + JobError                  a job ended without a result; names the job and the reason
    - DoubleChargeError       repeating it may charge twice: the user has to agree first
  + RequestError              the outcome of one request to the API
    - NotSentError            it was never sent completely: safe to repeat
    - UnknownOutcomeError     it was sent and the outcome is unknown: never repeated automatically
    - UnusableAnswerError     the API answered 2xx with an unusable body: counts as charged
    - RefusedError            the API refused in its own error shape: not charged
      . InvalidRequestError   400, 413, 422 and v1's invalid_...: the same call fails again
      . UnauthorizedError     401, the key is missing or wrong
      . OutOfCreditsError     402, or v1's 429 insufficient_balance
      . ModerationError       403 content_moderation, 422 public_figure, copyrighted_content
      . AccessDeniedError     403 of any other name
      . GenerationGoneError   404, the generation does not exist for this key or has expired
      . RateLimitedError      429, too many requests in the window
      . UnavailableError      5xx in the API's own shape: the same call may work later

An agent reads the text of an error to decide what to do next. Each text says what happened, to
what, whether it was charged, and what to do; `str(error)` joins these parts.
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
    """Base of all errors; catch it to catch every error of this package.

    Args:
        message: What happened and to what, in full sentences.
        hint: What to do about it; "" if nothing helps.
    """

    charged: ClassVar[Charged] = "no"
    """Whether it was charged."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(" ".join(filter(None, (message, CHARGED_SENTENCES[self.charged], hint))))

    def add_hint(self, hint: str) -> None:
        """Append a sentence to the hint, and so to the text."""
        StudioError.__init__(self, self.message, hint=f"{self.hint} {hint}".strip())


class ConfigurationError(StudioError):
    """A setting is wrong; the text names the variable."""

    @property
    def startup_text(self) -> str:
        """Return the text for startup, which doesn't mention charges."""
        return " ".join(filter(None, (self.message, self.hint)))


class ArgumentsError(StudioError):
    """The arguments of a call are invalid; nothing was sent."""


class BlockedTermError(ArgumentsError):
    """A prompt contains one of the operator's blocked terms; nothing was sent."""


class WebhookRefusedError(ArgumentsError):
    """A webhook isn't accepted: its URL isn't allowed, or the account has too many."""


class KeyConflictError(ArgumentsError):
    """The idempotency key was used for another request; nothing was sent."""


class UploadStateError(ArgumentsError):
    """The file of a signed upload was sent already, is being sent, or wasn't sent yet."""


class NotFoundError(StudioError):
    """Nothing of that name exists."""


class InputFileError(StudioError):
    """A file named in a call cannot be used; nothing was sent."""


class FileMissingError(InputFileError):
    """The file doesn't exist."""


class FileForbiddenError(InputFileError):
    """Reading the file is not allowed."""


class FileUnusableError(InputFileError):
    """The file isn't media, is truncated, too large or of the wrong kind."""


class FileTooLargeError(FileUnusableError):
    """The file, or all files together, are too large; the rest wasn't read."""


class TooManyUploadsError(StudioError):
    """Too many signed uploads are open, or they take too much together.

    Args:
        message: How many are open.
        retry_after: Seconds until the first of them expires.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        self.retry_after = retry_after
        super().__init__(message, hint=hint)


class StorageError(StudioError):
    """The local disk or database cannot be read or written."""


class UnwrittenError(StorageError):
    """A paid response arrived complete, but was not fully written; the rest is in memory.

    Args:
        message: What happened.
        finish: Writes the rest, blocking; raises OSError while the disk refuses it, and
            UnusableAnswerError if the body turns out to be unusable.
        hint: What to do about it.
    """

    charged = "yes"

    def __init__(self, message: str, *, finish: Callable[[], None], hint: str = "") -> None:
        self.finish = finish
        super().__init__(message, hint=hint)


class BudgetError(StudioError):
    """The daily budget or a spending limit would be exceeded; nothing was sent."""


class RunBudgetError(BudgetError):
    """A run of a workflow would cost more than the user agreed to; nothing was sent.

    Args:
        message: What would exceed it.
        run: The id of the run.
        left: Millicredits that the run may still spend.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, run: str, left: int, hint: str = "") -> None:
        self.run = run
        self.left = left
        super().__init__(message, hint=hint)


class ConfirmationError(StudioError):
    """The price needs the user's approval; nothing was sent.

    Args:
        message: What costs how much.
        credits: The price that the user must agree to; None: it isn't about a price.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        credits: float | None = None,  # noqa: A002 -- the name in answers
        hint: str = "",
    ) -> None:
        self.credits = credits
        super().__init__(message, hint=hint)


class JobError(StudioError):
    """A job ended without a result.

    Args:
        message: What happened.
        job: The id of the job.
        charged: Whether the job was charged.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, job: str, charged: Charged, hint: str = "") -> None:
        self.job = job
        self.charged = charged  # type: ignore[misc]  # one job was charged and another was not
        super().__init__(message, hint=hint)


class DoubleChargeError(JobError):
    """A job isn't repeated, as that may charge for it twice: the user has to agree first."""


class RequestError(StudioError):
    """A request to the API gave no result."""


class NotSentError(RequestError):
    """The request was never sent completely, so it had no effect: safe to repeat."""


class UnknownOutcomeError(RequestError):
    """The request was sent, but no response arrived: never repeated automatically."""

    charged = "unknown"


class UnusableAnswerError(RequestError):
    """The API answered 2xx, but the body is truncated or not of the expected type."""

    charged = "yes"


class RefusedError(RequestError):
    """The API refused in its own error shape, which is never charged.

    Args:
        message: What was refused and why.
        status: The HTTP status.
        name: The API's short name for the problem, such as `bad_request`.
        reasons: The API's own sentences, cleaned and bounded.
        request_id: The id of the request, for the API's support.
        retry_after: Seconds the API asked to wait; None if it didn't say.
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
    """The request breaks a rule of the API; an identical one fails again."""


class UnauthorizedError(RefusedError):
    """The API key is missing or wrong."""


class OutOfCreditsError(RefusedError):
    """The balance does not cover the operation."""


class ModerationError(RefusedError):
    """The API's moderation refused the request; an identical one is refused again."""


class AccessDeniedError(RefusedError):
    """The API key isn't allowed to do this."""


class GenerationGoneError(RefusedError):
    """The generation doesn't exist for this key, or its 24 hours are over."""


class RateLimitedError(RefusedError):
    """The rate limit was exceeded; the key is locked out for a while."""


class UnavailableError(RefusedError):
    """The API reported a failure of its own; the same call may work later."""
