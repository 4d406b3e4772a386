"""State and settings of the emulated API: accounts, generations, request log, pace, faults.

All methods block and are thread-safe; the app calls them from worker threads.
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
from stability_emulator.generations import Artifact, GenerationQuery, Pace, Started
from stability_emulator.request_log import Request
from stability_emulator.storage import Storage
from stability_mcp.api.operation import Operation

AMPLE_CREDITS = 1_000_000
NEW_ACCOUNT_CREDITS = 25
"""Free credits of a new account of the real API."""

UNMEASURED_SECONDS = 13.0
"""Duration of operations without a measurement: the median of the measured ones."""
MAX_LATENCY_SECONDS = 86_400
"""Maximum latency that can be set; a longer one is probably a typo."""

Latency = float | Literal["real"]


class State:
    """One emulated API.

    Args:
        folder: Folder that keeps the state across restarts; None: in memory.
        credits: Opening balance of a new account; 1 credit is 0.01 USD.
        pace: When deferred generations are ready.
        latency: Seconds until a paid call is answered, or until a deferred generation is ready;
            `real`: the operation's measured time, or `UNMEASURED_SECONDS`.
        clock: Source of the time in seconds, for the rate limit and the 24 hours of retention;
            `set_time` adds an offset.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        credits: float = AMPLE_CREDITS,  # noqa: A002 -- shadows a builtin that only prints text
        pace: Pace = Pace(),  # noqa: B008 -- frozen
        latency: Latency = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pace = pace
        self.latency = latency
        self.clock = clock
        self.faults = Faults()
        self._clock_offset = 0.0
        self._refused_until = 0.0
        self._initial = (credits, pace, latency)
        self._opening_balance = round(credits * 1000)
        self._storage = Storage(folder)

    def now(self) -> float:
        """Return the time of the emulated API, in seconds."""
        return self.clock() + self._clock_offset

    def set_time(self, now: float) -> None:
        """Set the time; the clock keeps running from there."""
        self._clock_offset = now - self.clock()

    def refuse_connections(self, seconds: float) -> None:
        """Refuse new connections for a number of seconds."""
        self._refused_until = self.clock() + seconds

    def refuses_connections(self) -> bool:
        """Return whether in-process connections are refused; the server closes its sockets."""
        return self.clock() < self._refused_until

    def log_request(self, owner: str, method: str, path: str) -> tuple[Request, bool]:
        """Log a request; return it and whether the rate limit allows it."""
        now = self.now()
        request = Request(id=secrets.token_hex(16), at=now, owner=owner, method=method, path=path)

        def change(connection: Connection) -> bool:
            request_log.log_request(connection, request)
            return not owner or request_log.admit(
                connection, owner, now, opening=self._opening_balance
            )

        return request, self._storage.write(change)

    def log_response(self, request: Request, status: int) -> None:
        """Log the response to a request."""
        now = self.now()
        self._storage.write(lambda c: request_log.log_response(c, request.id, status, now))

    def charge(self, request: Request, operation: Operation) -> bool:
        """Charge a call; return False if the account has too few credits."""
        charged = self._charge(request, operation)
        return self._storage.write(
            lambda c: accounts.charge(c, charged, opening=self._opening_balance)
        )

    def start(self, request: Request, operation: Operation, made: Artifact) -> str | None:
        """Charge a call and store its result for polling; return the id, or None if unpaid."""
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
            if not accounts.charge(connection, charged, opening=self._opening_balance):
                return False
            generations.store(connection, started, made)
            return True

        return generation if self._storage.write(change) else None

    def poll(self, generation: str, *, owner: str) -> Artifact | bool:
        """Return the result, True while the generation runs, or False if it is unknown."""
        query = GenerationQuery(id=generation, at=self.now(), owner=owner)
        return self._storage.write(lambda c: generations.poll(c, query, self.pace))

    def seconds(self, row: type[Operation]) -> float:
        """Return how long an operation takes, in seconds."""
        if self.latency != "real":
            return self.latency
        return row.spec.seconds or UNMEASURED_SECONDS

    def balance(self, owner: str) -> int:
        """Return the millicredits that an account has left."""
        return self._storage.read(
            lambda c: accounts.balance(c, owner, opening=self._opening_balance)
        )

    def set_credits(self, key: str, amount: float) -> None:
        """Set the balance of a key's account, in credits."""
        owner = accounts.owner_of(key)
        self._storage.write(lambda c: accounts.set_balance(c, owner, round(amount * 1000)))

    def set_opening_credits(self, amount: float) -> None:
        """Set the opening balance of new accounts, in credits."""
        self._opening_balance = round(amount * 1000)

    def accounts(self) -> list[Account]:
        """Return the accounts that were charged, changed or locked out."""
        return self._storage.read(accounts.accounts)

    def credits(self, key: str) -> float:
        """Return the credits left in a key's account."""
        return self.balance(accounts.owner_of(key)) / 1000

    def requests(self) -> list[Request]:
        """Return the received requests, oldest first."""
        return self._storage.read(request_log.requests)

    def charges(self) -> list[Charge]:
        """Return the charges, oldest first."""
        return self._storage.read(accounts.charges)

    def reset(self) -> None:
        """Delete all data and restore the initial settings and the current time."""
        opening, self.pace, self.latency = self._initial
        self._opening_balance = round(opening * 1000)
        self._clock_offset = self._refused_until = 0.0
        self.faults.clear()
        self._storage.write(_delete_all)

    def close(self) -> None:
        """Close the database file; it is reopened when needed. In-memory state is kept."""
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


def _delete_all(connection: Connection) -> None:
    for table in ("accounts", "requests", "charges", "generations"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- constant names
