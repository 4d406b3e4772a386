"""The status of a studio: balance, today's spending, and the price of planned calls."""

from collections.abc import Sequence

import anyio

from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.errors import StudioError, UnauthorizedError
from stability_mcp.jobs.budget import Spending
from stability_mcp.policy.spend_limits import SpendScope
from stability_mcp.studio.outcomes import Estimate, Price, Status
from stability_mcp.studio.runtime import StudioParts

BALANCE_SECONDS = 10
"""Longest wait for the balance, in seconds: a status must not hang on a dead connection."""

CHECKED_NOTE = "Checked just now; the figure can lag by a few minutes."
KNOWN_NOTE = "Checked within the last few minutes; spending since then may be missing."
REJECTED_NOTE = "The API rejected this key."


async def estimate(parts: StudioParts, prices: Sequence[Price]) -> Estimate:
    """Implement `Studio.estimate`."""
    balance, _, _ = await _balance(parts)
    spent = await spending(parts)
    return Estimate(prices=tuple(prices), spent=spent, balance=balance)


async def status(parts: StudioParts) -> Status:
    """Implement `Studio.status`."""
    balance, note, key_rejected = await _balance(parts)
    settings, upstream = parts.settings, parts.runtime.upstream
    return Status(
        upstream=upstream.base_url,
        emulated=upstream.emulated,
        balance=balance,
        balance_note=note,
        key_rejected=key_rejected,
        spent=await spending(parts),
        unfinished=len(await parts.jobs.reader.unfinished_and_uncollected(parts.account)),
        home=str(settings.home_dir),
        copies=str(settings.copies_dir) if settings.copies_dir else None,
        roots=[str(root) for root in parts.runtime.roots.folders],
    )


async def spending(parts: StudioParts, scope: SpendScope | None = None) -> Spending:
    """Implement `Studio.spending`."""
    return await parts.jobs.reader.spending(parts.account, parts.limited_client(scope))


async def _balance(parts: StudioParts) -> tuple[float | None, str, bool]:
    """Return the balance in credits, a note on it and whether the API rejected the key."""
    known = await parts.jobs.reader.balance()
    if known is not None:
        return known.credits / 1000, KNOWN_NOTE, False
    try:
        with anyio.fail_after(BALANCE_SECONDS):
            found = await parts.jobs.query(Balance())
    except TimeoutError:
        return None, f"The API did not return the balance within {BALANCE_SECONDS} s.", False
    except UnauthorizedError:
        return None, REJECTED_NOTE, True
    except StudioError as error:
        return None, str(error), False
    credits_left = float(found.model_dump()["credits"])
    await parts.jobs.remember_balance(credits_left)
    return credits_left, CHECKED_NOTE, False
