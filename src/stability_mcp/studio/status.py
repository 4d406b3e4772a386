"""How a studio stands: the account's balance, today's spending, and what calls would cost."""

from collections.abc import Sequence

import anyio

from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.errors import StudioError
from stability_mcp.studio.outcomes import Estimate, Price, Status
from stability_mcp.studio.runtime import Runtime

BALANCE_SECONDS = 10
"""Longest wait for the balance: a status must not hang on a dead line."""


async def estimate(runtime: Runtime, prices: Sequence[Price]) -> Estimate:
    """Do what `Studio.estimate` says."""
    balance, _ = await _balance(runtime)
    spent = await runtime.jobs.spending()
    return Estimate(prices=tuple(prices), spent=spent, balance=balance)


async def status(runtime: Runtime) -> Status:
    """Do what `Studio.status` says."""
    balance, note = await _balance(runtime)
    settings, upstream = runtime.settings, runtime.upstream
    return Status(
        upstream=upstream.base_url,
        emulated=upstream.emulated,
        balance=balance,
        balance_note=note,
        spent=await runtime.jobs.spending(),
        unfinished=len(await runtime.jobs.unfinished_and_uncollected()),
        home=str(settings.home_dir),
        copies=str(settings.copies_dir) if settings.copies_dir else None,
        roots=[str(root) for root in runtime.roots.folders],
    )


async def _balance(runtime: Runtime) -> tuple[float | None, str]:
    known = await runtime.jobs.balance()
    if known is not None:
        return known.credits / 1000, "It was asked for a moment ago, and lags some minutes."
    try:
        with anyio.fail_after(BALANCE_SECONDS):
            found = await runtime.jobs.query(Balance())
    except TimeoutError:
        return None, f"The balance was not answered within {BALANCE_SECONDS} s."
    except StudioError as error:
        return None, str(error)
    credits_left = float(found.model_dump()["credits"])
    await runtime.jobs.remember_balance(credits_left)
    return credits_left, "It lags some minutes behind."
