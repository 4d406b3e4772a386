"""Requests about runs with an idempotency key: each starts or decides something at most once."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Protocol, TypeVarTuple

from stability_mcp.errors import NotFoundError
from stability_mcp.policy.idempotency import KeyUse
from stability_mcp.studio.keyed_calls import KeyedCalls
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions

Arguments = TypeVarTuple("Arguments")


class _Runs(Protocol):
    """What has the decorated methods."""

    keys: KeyedCalls

    async def show(self, run: str, options: RunOptions) -> RunOutcome:
        """Return the state of a run."""
        ...


def keyed(
    act: Callable[[*Arguments], Coroutine[Any, Any, RunOutcome]],
) -> Callable[[*Arguments], Coroutine[Any, Any, RunOutcome]]:
    """Decorate a method that takes `RunOptions` last, and records their key in its transaction.

    If the key was used, the method isn't called and the run of the first request is shown.
    """

    @wraps(act)
    async def once(*arguments: *Arguments) -> RunOutcome:
        runs, options = _of(*arguments)

        async def repeat(use: KeyUse) -> RunOutcome:
            if use.run is None:
                raise NotFoundError("This idempotency key started no run.")
            return await runs.show(use.run, options)

        return await runs.keys.once(options.key, lambda: act(*arguments), repeat)

    return once


def _of(*arguments: Any) -> tuple[_Runs, RunOptions]:  # noqa: ANN401 -- of any method
    return arguments[0], arguments[-1]
