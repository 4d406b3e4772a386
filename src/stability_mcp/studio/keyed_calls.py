"""Requests with an idempotency key: the same key never starts, sends or charges anything twice.

A key that is found gives the state of what it started, however that ended. Another process may use
the key between the look-up and the transaction that records it; that transaction is rolled back,
and the request is answered as if the key had been found.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from stability_mcp.errors import ArgumentsError, KeyConflictError, NotFoundError
from stability_mcp.jobs.runner import Check
from stability_mcp.policy import idempotency
from stability_mcp.policy.idempotency import CallKey, KeyUse, KeyUsedError
from stability_mcp.store.queries import Connection
from stability_mcp.studio import calling
from stability_mcp.studio.calling import CallOptions, Wait
from stability_mcp.studio.full_size import add_full_size
from stability_mcp.studio.outcomes import Outcome
from stability_mcp.studio.preparing import prepare_call
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import local_time, quoted

T = TypeVar("T")


class KeyedCalls:
    """The part of the studio for idempotency keys; `Studio.keys`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._owner = parts.account.owner

    async def key(self, key: str, route: str, arguments: Mapping[str, object]) -> CallKey:
        """Return the key of a request, for `CallOptions` or `RunOptions`.

        Args:
            key: The `Idempotency-Key`.
            route: Method, path template and path values: `POST /generate/core`.
            arguments: JSON values; files as media ids, so they are imported first (T0).

        Raises:
            ArgumentsError: the key isn't 1 to 255 visible ASCII characters.
        """
        idempotency.check_key(key)
        account = self._parts.account
        hashed = await self._parts.runtime.database.read(
            lambda c: idempotency.request_hash(c, account, route, arguments)
        )
        return CallKey(key=key, request_hash=hashed)

    async def find(self, key: str) -> KeyUse | None:
        """Return what a key was used for; None: it is unused."""
        owner = self._owner
        return await self._parts.runtime.database.peek(lambda c: idempotency.find(c, owner, key))

    async def once(
        self,
        key: CallKey | None,
        start: Callable[[], Awaitable[T]],
        repeat: Callable[[KeyUse], Awaitable[T]],
    ) -> T:
        """Answer a request that may have been sent before.

        Args:
            key: Its key; None: it is always started.
            start: Starts it; records the key in its transaction, or raises `KeyUsedError` there.
            repeat: Returns the state of what the key started.

        Raises:
            KeyConflictError: the key was used for another request.
        """
        if key is None:
            return await start()
        while True:
            use = await self.find(key.key)
            if use is None:
                try:
                    return await start()
                except KeyUsedError:  # by another request, a moment ago
                    continue
                except (ArgumentsError, NotFoundError):  # what it started may forbid this one
                    if await self.find(key.key) is None:
                        raise
                    continue
            if use.request_hash != key.request_hash:
                raise _conflict(key, use)
            return await repeat(use)

    def recording(self, key: CallKey, started: Mapping[str, object]) -> Check:
        """Return what records a key inside a transaction; see `idempotency.record`."""
        owner, now = self._owner, self._parts.jobs.runner.now

        def record(connection: Connection) -> None:
            idempotency.record(connection, owner, key, started, now)

        return record

    async def run(
        self, name: str, arguments: Mapping[str, object], options: CallOptions
    ) -> Outcome:
        """Implement `Studio.run` for a call with a key."""

        async def start() -> Outcome:
            return await calling.run(self._parts, name, arguments, options)

        async def repeat(use: KeyUse) -> Outcome:
            outcome = await self.outcome_of(use, options)
            if not options.full_size:
                return outcome
            filled = self._parts.runtime.defaults.fill(name, arguments)
            call = await prepare_call(self._parts, name, filled.arguments, options)
            return await add_full_size(self._parts, outcome, call.inputs)

        return await self.once(options.key, start, repeat)

    async def outcome_of(self, use: KeyUse, options: CallOptions) -> Outcome:
        """Wait for the jobs that a key started or resumed, and return their outcome.

        Nothing is sent or charged: failed, cancelled and paused jobs and those of unknown outcome
        stay as they are.

        Raises:
            NotFoundError: retention removed them.
        """
        try:
            return await self._outcome_of(use, options)
        except NotFoundError:
            raise NotFoundError(
                "What this idempotency key started was removed by retention.",
                hint="To start and pay for it again, use a new key.",
            ) from None

    async def _outcome_of(self, use: KeyUse, options: CallOptions) -> Outcome:
        call, jobs = None, use.resumed
        if use.call is not None:
            call = await self._parts.jobs.reader.call(self._parts.account, use.call)
            jobs = call.job_ids if call is not None else ()
        if not jobs:
            raise NotFoundError(f"There are no jobs of {use.call}.")
        wait = Wait(
            seconds=options.longest_wait, progress=options.progress, preview=options.preview
        )
        again = f"Started at {local_time(use.created_at)} with the same key; not charged again."
        notes = [*(call.notes if call is not None else ()), again]
        outcome = await calling.wait_for(self._parts, jobs, wait, notes)
        if call is None:
            return replace(outcome, call=None)
        return replace(outcome, call=call.id, cached=call.cached)


def _conflict(key: CallKey, use: KeyUse) -> KeyConflictError:
    return KeyConflictError(
        f"Idempotency-Key: {quoted(key.key)} was used at {local_time(use.created_at)} for another "
        "request.",
        hint="Send exactly that request again, or this one with a new key.",
    )
