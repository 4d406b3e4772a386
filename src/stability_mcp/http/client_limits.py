"""Counts the requests of each client, in memory; a restart forgets them."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from stability_mcp.rest.client_limit import ClientLimit
from stability_mcp.settings import Settings

MAX_CLIENTS = 10_000
"""Clients that are remembered: about 15 MB at the default limit; the idlest is forgotten first."""


@dataclass
class _Client:
    times: deque[float] = field(default_factory=deque)
    locked_until: float = 0.0


class ClientLimits:
    """Counts requests within a sliding window; one too many locks the client for a while.

    Args:
        limit: Requests in a window.
        window: Its length in seconds.
        lockout: Seconds for which a client is locked.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        limit: int,
        window: float,
        lockout: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window = window
        self._lockout = lockout
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    @classmethod
    def of(cls, settings: Settings) -> "ClientLimits":
        """Return the limits in the settings."""
        return cls(*settings.client_rate, settings.client_lockout)

    def count(self, client: str, *, counts: bool = True) -> ClientLimit:
        """Count a request and return what is left.

        Args:
            client: What the client is counted by.
            counts: Whether the request counts; a locked client is refused in any case.
        """
        now = self._clock()
        found = self._clients.setdefault(client, _Client())
        self._clients.move_to_end(client)
        if len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        times = found.times
        while times and times[0] <= now - self._window:
            times.popleft()
        if not counts:
            return self._state(found, now)
        if now >= found.locked_until and len(times) >= self._limit:
            found.locked_until = now + self._lockout
        if now < found.locked_until:
            return self._state(found, now, is_locked=True)
        times.append(now)
        return self._state(found, now)

    def _state(self, client: _Client, now: float, *, is_locked: bool = False) -> ClientLimit:
        oldest = client.times[0] + self._window - now if client.times else 0.0
        return ClientLimit(
            limit=self._limit,
            window=self._window,
            left=0 if is_locked else self._limit - len(client.times),
            reset=client.locked_until - now if is_locked else oldest,
            is_locked=is_locked,
        )
