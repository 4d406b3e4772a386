"""Fault injection: makes requests to the emulated API fail, by path and count."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DROP = "stability_emulator.drop"
"""ASGI scope extension: a function that closes the connection; ASGI has no message for that."""

REFUSE = "stability_emulator.refuse"
"""ASGI scope extension: a function that refuses new connections for a number of seconds."""

Moderation = Literal[
    "content_moderation",
    "invalid_language",
    "public_figure",
    "copyrighted_content",
    "content_filtered",
]


class Fault(BaseModel):
    """A fault that affects `count` requests to a path.

    The parts combine: `hang` delays whatever follows, and without any other part the request is
    answered normally after the delay. `refuse` ignores the other parts: a connection that isn't
    accepted has no path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str = "*"
    """Path of the request; `*` and `?` are wildcards: `/v2beta/results/*`."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Number of requests to affect."""
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """Affect every request for this many seconds of the emulated clock and ignore `count`. With
    status 404 and a results path it imitates a generation that isn't available yet."""
    hang: Annotated[float, Field(ge=0, le=3_600)] = 0
    """Seconds without a byte after the request was read."""
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    """Respond with this status without doing any work; not charged."""
    name: Annotated[str, Field(max_length=100)] | None = None
    """Error name in the body of that response; default: the API's own for the status."""
    message: Annotated[str, Field(max_length=10_000)] | None = None
    """Text in the body of that response; default: the API's own."""
    body: str | None = None
    """Whole body of that response, instead of the API's usual shape."""
    content_type: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,200}$")] | None = None
    """Content type of the response; default: its own, or application/json with `body`."""
    html: bool = False
    """Respond with a gateway's HTML page; status 502 unless `status` is set."""
    reset: Literal["before", "after"] | None = None
    """Drop the connection without a response, before or after charging."""
    cut: Annotated[int, Field(ge=0)] | None = None
    """Send the headers and this many bytes of the body, then drop the connection."""
    unreadable: bool = False
    """Respond normally and charge, but with a body of the right length in no known format."""
    slow: Annotated[float, Field(gt=0, le=3_600)] | None = None
    """Seconds over which to spread the body of the response."""
    moderation: Moderation | None = None
    """Have moderation refuse a paid request as the API does; content_filtered: blur and charge."""
    refuse: Annotated[float, Field(gt=0, le=3_600)] | None = None
    """Refuse new connections for this many seconds, starting now."""

    @property
    def answers(self) -> bool:
        """Return whether the fault replaces the response."""
        return self.status is not None or self.body is not None or self.html


@dataclass(eq=False)
class _Injected:
    fault: Fault
    left: int
    """Number of requests still to affect."""
    until: float | None
    """When the fault ends, by the emulated clock; None: after `left` requests."""


class Faults:
    """The injected faults; a request gets the first that matches its path."""

    def __init__(self) -> None:
        self._injected: list[_Injected] = []

    def inject(self, fault: Fault, now: float = 0.0) -> None:
        """Add a fault; `now` is the time of the emulated clock."""
        until = None if fault.seconds is None else now + fault.seconds
        self._injected.append(_Injected(fault, fault.count, until))

    def clear(self) -> None:
        """Remove all faults."""
        self._injected.clear()

    def remaining(self) -> list[Fault]:
        """Return the faults that are still active, each with its remaining count."""
        return [each.fault.model_copy(update={"count": each.left}) for each in self._injected]

    def take(self, path: str, now: float) -> Fault | None:
        """Return the fault that affects a request, if any, and count it."""
        self._injected = [each for each in self._injected if each.until is None or now < each.until]
        for injected in self._injected:
            if fnmatchcase(path, injected.fault.path):
                if injected.until is None:
                    injected.left -= 1
                if not injected.left:
                    self._injected.remove(injected)
                return injected.fault
        return None
