"""What the emulated API remembers and how it is set: accounts, generations, journal, pace, faults.

Every method is blocking and safe to call from any thread; the app calls them from its own.
"""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from typing import Literal

from stability_emulator import accounts, generations, request_log
from stability_emulator.accounts import Account, Charge
from stability_emulator.faults import Faults
from stability_emulator.generations import Artifact, Pace, Started, Wanted
from stability_emulator.request_log import Request
from stability_emulator.storage import Storage
from stability_mcp.api.operation import Operation

AMPLE_CREDITS = 1_000_000
NEW_ACCOUNT_CREDITS = 25
"""What a new account of the real API is given."""

UNMEASURED_SECONDS = 13.0
"""How long an operation takes that was never measured: the median of those that were."""
MAX_LATENCY_SECONDS = 86_400
"""The longest that anything can be made to take: a longer time is a typing error."""

Latency = float | Literal["real"]


class State:
    """One emulated API.

    Args:
        folder: Where it is remembered across restarts; None: in memory.
        credits: What an account has when it is first seen; 1 credit is 0.01 USD.
        pace: When deferred generations are ready.
        latency: Seconds until a paid call is answered, or until a deferred generation is ready;
            `real`: what was measured of the operation, or `UNMEASURED_SECONDS`.
        clock: The time in seconds, for the rate limit and the 24 hours; it can be moved on.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        credits: float = AMPLE_CREDITS,  # noqa: A002 -- the word for it; the builtin is a pager
        pace: Pace = Pace(),  # noqa: B008 -- frozen
        latency: Latency = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pace = pace
        self.latency = latency
        self.clock = clock
        self.faults = Faults()
        self._ahead = 0.0
        self._refused_until = 0.0
        self._at_first = (credits, pace, latency)
        self._opening = round(credits * 1000)
        self._storage = Storage(folder)

    def now(self) -> float:
        """Return the time of the emulated API, in seconds."""
        return self.clock() + self._ahead

    def set_time(self, now: float) -> None:
        """Have it be another time; it goes on from there."""
        self._ahead = now - self.clock()

    def refuse(self, seconds: float) -> None:
        """Take no connection for so many seconds."""
        self._refused_until = self.clock() + seconds

    def refuses(self) -> bool:
        """Return whether no connection is taken; who has a socket asks nobody."""
        return self.clock() < self._refused_until

    def arrived(self, owner: str, method: str, path: str) -> tuple[Request, bool]:
        """Write down a request; return it and whether the rate limit lets it through."""
        now = self.now()
        request = Request(id=secrets.token_hex(16), at=now, owner=owner, method=method, path=path)

        def change(connection: Connection) -> bool:
            request_log.arrived(connection, request)
            return not owner or request_log.admit(connection, owner, now, opening=self._opening)

        return request, self._storage.write(change)

    def answered(self, request: Request, status: int) -> None:
        """Write down how a request was answered."""
        now = self.now()
        self._storage.write(lambda to: request_log.answered(to, request.id, status, now))

    def charge(self, request: Request, operation: Operation) -> bool:
        """Take the price of a call; False if the account has not enough."""
        charged = self._charge(request, operation)
        return self._storage.write(lambda to: accounts.charge(to, charged, opening=self._opening))

    def start(self, request: Request, operation: Operation, made: Artifact) -> str | None:
        """Take the price and keep what was made for polling; None if the account has not enough."""
        generation = secrets.token_hex(generations.ID_CHARACTERS // 2)
        charged = self._charge(request, operation, generation)
        started = Started(
            id=generation,
            at=charged.at,
            owner=request.owner,
            poll_path=next(iter(operation.poll_paths)),
            seconds=self.seconds(type(operation)),
        )

        def change(connection: Connection) -> bool:
            if not accounts.charge(connection, charged, opening=self._opening):
                return False
            generations.keep(connection, started, made)
            return True

        return generation if self._storage.write(change) else None

    def poll(self, generation: str, *, owner: str) -> Artifact | bool:
        """Return what was made, True while it is under way, False if there is no such thing."""
        wanted = Wanted(id=generation, at=self.now(), owner=owner)
        return self._storage.write(lambda to: generations.poll(to, wanted, self.pace))

    def seconds(self, row: type[Operation]) -> float:
        """Return how long an operation takes."""
        if self.latency != "real":
            return self.latency
        return row.spec.seconds or UNMEASURED_SECONDS

    def balance(self, owner: str) -> int:
        """Return the millicredits that an account has left."""
        return self._storage.read(lambda of: accounts.balance(of, owner, opening=self._opening))

    def set_credits(self, key: str, amount: float) -> None:
        """Give the account of a key exactly so many credits."""
        owner = accounts.owner_of(key)
        self._storage.write(lambda to: accounts.set_balance(to, owner, round(amount * 1000)))

    def set_opening(self, amount: float) -> None:
        """Give every account that was never seen so many credits."""
        self._opening = round(amount * 1000)

    def accounts(self) -> list[Account]:
        """Return the accounts that were charged, set or locked out."""
        return self._storage.read(accounts.accounts)

    def credits(self, key: str) -> float:
        """Return the credits that the account of a key has left."""
        return self.balance(accounts.owner_of(key)) / 1000

    def requests(self) -> list[Request]:
        """Return the requests that arrived, oldest first."""
        return self._storage.read(request_log.requests)

    def charges(self) -> list[Charge]:
        """Return what was charged, oldest first."""
        return self._storage.read(accounts.charges)

    def reset(self) -> None:
        """Forget everything that happened and that was set; it is as at first, and now."""
        opening, self.pace, self.latency = self._at_first
        self._opening = round(opening * 1000)
        self._ahead = self._refused_until = 0.0
        self.faults.clear()
        self._storage.write(_forget)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed again. Memory is not forgotten."""
        self._storage.close()

    def _charge(
        self, request: Request, operation: Operation, generation: str | None = None
    ) -> Charge:
        return Charge(
            at=self.now(),
            owner=request.owner,
            request=request.id,
            operation=operation.name(),
            millicredits=operation.price(),
            generation=generation,
        )


def _forget(connection: Connection) -> None:
    for table in ("accounts", "requests", "charges", "generations"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- names of our own
