"""Faults on order: what can go wrong between a client and the API, per path and count."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DROP = "stability_emulator.drop"
"""Where the ASGI scope holds a function that closes the connection: ASGI has no word for it."""

REFUSE = "stability_emulator.refuse"
"""Where it holds one that refuses new connections for so many seconds."""

Moderation = Literal[
    "content_moderation",
    "invalid_language",
    "public_figure",
    "copyrighted_content",
    "content_filtered",
]


class Fault(BaseModel):
    """One thing that goes wrong, `count` times, for requests to a path.

    The parts combine: `hang` delays whatever follows. Without any other part the request is
    answered as usual after the delay. `refuse` alone stands for itself: what is not connected has
    no path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str = "*"
    """Path of the request; `*` and `?` stand for any characters: `/v2beta/results/*`."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many requests it meets."""
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """Meet every request for so many seconds of the emulated clock, whatever `count`: with status
    404 and a results path, a generation that is not there yet."""
    hang: Annotated[float, Field(ge=0, le=3_600)] = 0
    """Seconds without a byte, after the request was read."""
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    """Answer with this status in place of any work; nothing is charged."""
    name: Annotated[str, Field(max_length=100)] | None = None
    """Machine name in the body of that answer; unless told, the API's own for the status."""
    message: Annotated[str, Field(max_length=10_000)] | None = None
    """Text in the body of that answer; unless told, the API's own."""
    body: str | None = None
    """That answer's whole body, in place of the API's own shape."""
    content_type: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,200}$")] | None = None
    """Content type of the answer in place of its own; with `body` application/json unless told."""
    html: bool = False
    """That answer is a gateway's HTML page; status 502 unless `status` says otherwise."""
    reset: Literal["before", "after"] | None = None
    """Drop the connection without an answer: before anything is charged, or after."""
    cut: Annotated[int, Field(ge=0)] | None = None
    """Send the headers and so many bytes of the body, then drop the connection."""
    unreadable: bool = False
    """Answer as usual, whole and charged, with bytes that are of no format."""
    slow: Annotated[float, Field(gt=0, le=3_600)] | None = None
    """Seconds over which the body of the answer is spread."""
    moderation: Moderation | None = None
    """Have moderation refuse a paid request, as the API does; content_filtered: blur and charge."""
    refuse: Annotated[float, Field(gt=0, le=3_600)] | None = None
    """Take no new connection for so many seconds, from now on."""

    @property
    def answers(self) -> bool:
        """Return whether the fault is an answer of its own."""
        return self.status is not None or self.body is not None or self.html


@dataclass(eq=False)
class _Ordered:
    fault: Fault
    left: int
    """How many more requests it meets."""
    until: float | None
    """When it ends, by the emulated clock; None: after so many requests."""


class Faults:
    """The faults on order; the first that fits a request is taken."""

    def __init__(self) -> None:
        self._ordered: list[_Ordered] = []

    def order(self, fault: Fault, now: float = 0.0) -> None:
        """Have a fault happen, from now on by the emulated clock."""
        until = None if fault.seconds is None else now + fault.seconds
        self._ordered.append(_Ordered(fault, fault.count, until))

    def clear(self) -> None:
        """Forget every fault on order."""
        self._ordered.clear()

    def left(self) -> list[Fault]:
        """Return what has not happened yet, each with how often it still will."""
        return [each.fault.model_copy(update={"count": each.left}) for each in self._ordered]

    def take(self, path: str, now: float) -> Fault | None:
        """Return the fault that meets this request, and count it."""
        self._ordered = [each for each in self._ordered if each.until is None or now < each.until]
        for ordered in self._ordered:
            if fnmatchcase(path, ordered.fault.path):
                if ordered.until is None:
                    ordered.left -= 1
                if not ordered.left:
                    self._ordered.remove(ordered)
                return ordered.fault
        return None
