"""Time of a paid call on a warm server, by stage.

The times come from the store's observer, from the HTTP library (headers received, body read) and
from the calling client. The product is not changed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from statistics import mean
from typing import Any
from unittest.mock import patch

import httpx2
from benchmarks.counters import WARM_UP, call, connected
from benchmarks.processes import now

from stability_mcp.settings import Settings
from stability_mcp.store.database import Moment
from stability_mcp.studio import open_studio

T1, T2, T3, T5, T7 = (
    "submit.call",
    "send.begin",
    "send.headers",
    "finish.store",
    "finish.deliver",
)
"""The write transactions of a call, by name."""

HEADERS, BODY, CALLED, ANSWERED = "response", "body", "called", "answered"
WHOLE = "whole"

STAGES: Mapping[str, tuple[str, str]] = {
    "validation": (CALLED, f"before {T1}"),
    "T1: submit": (f"before {T1}", f"after {T1}"),
    "queue, connect": (f"after {T1}", f"before {T2}"),
    "T2: begin to send": (f"before {T2}", f"after {T2}"),
    "upstream": (f"after {T2}", HEADERS),
    "body": (HEADERS, BODY),
    "T3: headers": (f"before {T3}", f"after {T3}"),
    "T4: make durable, check": (BODY, f"before {T5}"),
    "T5: store": (f"before {T5}", f"after {T5}"),
    "copy, preview": (f"after {T5}", f"before {T7}"),
    "T7: deliver": (f"before {T7}", f"after {T7}"),
    "answer": (f"after {T7}", ANSWERED),
}
"""Stages, each between two moments. The time in which T3 overlaps the body counts for T3 only."""

Moments = dict[str, float]


class Watch:
    """Records the first time of each moment of a call, in milliseconds."""

    def __init__(self) -> None:
        self.moments: Moments = {}

    def __call__(self, moment: Moment, name: str) -> None:
        """Record a moment of a write transaction."""
        self.mark(f"{moment} {name}")

    def mark(self, moment: str) -> None:
        """Record a moment."""
        self.moments.setdefault(moment, now())

    @contextmanager
    def of_http(self) -> Iterator[None]:
        """Record when the headers and the end of a response arrive."""
        send, close = httpx2.AsyncClient.send, httpx2.Response.aclose

        async def send_watched(client: httpx2.AsyncClient, *values: Any, **named: Any) -> Any:  # noqa: ANN401 -- the library's signature
            response = await send(client, *values, **named)
            if response.request.method == "POST":
                self.mark(HEADERS)
            return response

        async def close_watched(response: httpx2.Response) -> None:
            if response.request.method == "POST":
                self.mark(BODY)
            await close(response)

        with (
            patch.object(httpx2.AsyncClient, "send", send_watched),
            patch.object(httpx2.Response, "aclose", close_watched),
        ):
            yield


async def stages(settings: Settings, *, calls: int) -> dict[str, float]:
    """Return the duration of each stage and of the `whole` call, in milliseconds.

    Each is the mean of the calls between the fastest and the slowest quarter. A stage missing from
    a call is left out.
    """
    watch = Watch()
    seen: list[Moments] = []
    with watch.of_http():
        async with connected(settings, partial(open_studio, observer=watch)) as client:
            for number in range(WARM_UP + calls):
                watch.moments = {CALLED: now()}
                await call(client, f"a lighthouse, number {number}")
                watch.mark(ANSWERED)
                if number >= WARM_UP:
                    seen.append(watch.moments)
    spans = sorted((_spans(moments) for moments in seen), key=lambda each: each[WHOLE])
    quarter = len(spans) // 4
    middle = spans[quarter : len(spans) - quarter]
    return {
        name: mean(found)
        for name in (*STAGES, WHOLE)
        if (found := [each[name] for each in middle if name in each])
    }


def _spans(moments: Moments) -> dict[str, float]:
    spans = {
        name: moments[end] - moments[begin]
        for name, (begin, end) in STAGES.items()
        if begin in moments and end in moments
    }
    headers = tuple(moments.get(each, 0.0) for each in STAGES["T3: headers"])
    for name in ("body", "T4: make durable, check"):
        if name in spans:
            begin, end = (moments[each] for each in STAGES[name])
            spans[name] -= max(0.0, min(end, headers[1]) - max(begin, headers[0]))
    return spans | {WHOLE: moments[ANSWERED] - moments[CALLED]}
