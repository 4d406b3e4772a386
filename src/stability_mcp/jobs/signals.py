"""Reasons not to send now, raised inside the transport's hook: connected, and no byte has left.

They are no errors of a call and leave `jobs/` never: the job stays as it was and is tried later.
"""


class NotNowError(Exception):
    """Nothing was sent, and nothing was written."""


class NoPlaceError(NotNowError):
    """The API's rate limit is used up, or it asked for a pause of all requests.

    Args:
        seconds: Until it is worth trying again.
        why: What to tell people who wait.
    """

    def __init__(self, seconds: float, why: str) -> None:
        self.seconds = seconds
        self.why = why
        super().__init__(f"{why}: {seconds:.2f} s")


class LeaseLostError(NotNowError):
    """The job is not ours to send any more: adopted, cancelled, or this process is ending."""


class UpstreamPausedError(NotNowError):
    """The key is refused or its credits are used up: nothing is sent until a balance says else.

    Args:
        why: The text of the refusal.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class DearerError(Exception):
    """What was to answer for a call is gone, so it costs more than was agreed to.

    Args:
        credits: Millicredits that it costs now.
    """

    def __init__(self, credits: int) -> None:  # noqa: A002 -- the name of the column
        super().__init__(f"{credits} millicredits")
