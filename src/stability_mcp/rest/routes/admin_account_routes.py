"""The account at the API: who it is, what it has, what things cost, and whether the API answers."""

from typing import Any

import anyio

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import StudioError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data
from stability_mcp.studio import ResponseTime
from stability_mcp.text import plain


class ListPrice(Data):
    """The list price of an operation in credits; from and to differ if it depends on arguments."""

    operation: str
    title: str
    from_credits: float
    to_credits: float
    seconds: float | None = None
    """How long the API usually takes; absent: not known."""


class FailedQuery(Data):
    """An operation that failed; the other parts of the answer are complete."""

    operation: str
    error: str


class AccountFacts(Data):
    """The account that the API key belongs to."""

    details: Any = None
    """Answer of account_details; absent if it failed, like the next two."""
    balance: Any = None
    """Answer of account_balance."""
    engines: Any = None
    """Answer of account_engines."""
    failed: list[FailedQuery]
    prices: list[ListPrice]
    emulated: bool


@route("GET", "/admin/account/detailed", tag="admin")
async def admin_account(call: RestCall, arguments: None) -> AccountFacts:  # noqa: ARG001 -- every route takes both
    """Get the account, its balance and engines, and the price list."""
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}

    async def ask(row: type[Query]) -> None:
        try:
            answer = await call.studio.query(row.name(), {})
        except StudioError as error:
            failed[row.name()] = plain(str(error))
        else:
            found[row.family] = answer.model_dump(mode="json")

    rows = [row for row in OPERATIONS.values() if issubclass(row, Query)]
    async with anyio.create_task_group() as group:
        for row in rows:
            group.start_soon(ask, row)
    return AccountFacts(
        **found,
        failed=[
            FailedQuery(operation=row.name(), error=failed[row.name()])
            for row in rows
            if row.name() in failed
        ],
        prices=_prices(),
        emulated=call.settings.emulated,
    )


def _prices() -> list[ListPrice]:
    prices = []
    for name, row in OPERATIONS.items():
        if not issubclass(row, Query):
            low, high = row.price_range()
            prices.append(
                ListPrice(
                    operation=name,
                    title=row.title,
                    from_credits=low / 1000,
                    to_credits=high / 1000,
                    seconds=row.spec.seconds or None,
                )
            )
    return prices


class TestedEndpoint(Data):
    """One endpoint of the API."""

    operation: str
    endpoint: str
    status: str
    """ok, failed, or rate_limited: it was not timed, as the rate limit is used up."""
    ms: float | None = None
    """Median of the requests, from the first byte sent to the whole response."""
    requests: int
    error: str | None = None

    @classmethod
    def of(cls, found: ResponseTime) -> "TestedEndpoint":
        """Return a measurement as JSON."""
        failed = "rate_limited" if found.rate_limited else "failed"
        return cls(
            operation=_operation_at(found.endpoint),
            endpoint=found.endpoint,
            status=failed if found.seconds is None else "ok",
            ms=None if found.seconds is None else round(found.seconds * 1000, 1),
            requests=found.requests,
            error=None if found.error is None else plain(found.error),
        )


def _operation_at(endpoint: str) -> str:
    """Return the operation of a method and path."""
    return next(
        name for name, row in OPERATIONS.items() if f"{row.spec.method} {row.spec.path}" == endpoint
    )


class ConnectionTest(Data):
    """Whether the API answers, and how fast."""

    endpoints: list[TestedEndpoint]


@route("POST", "/admin/debug/test-connection", tag="admin", access="token")
async def admin_test_connection(call: RestCall, arguments: None) -> ConnectionTest:  # noqa: ARG001 -- every route takes both
    """Time free requests for the balance and the engines."""
    found = await call.studio.response_times()
    return ConnectionTest(endpoints=[TestedEndpoint.of(each) for each in found])
