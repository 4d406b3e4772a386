"""The routes of the operations: one for each row of the table, at the path of its endpoint."""

from collections.abc import Mapping
from typing import Any

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from stability_mcp.rest.operation_paths import operation_path
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import AnswerKind, RestRoute
from stability_mcp.server.extra_arguments import Split, split
from stability_mcp.studio import CallOptions
from stability_mcp.text import quoted


def operation_routes() -> list[RestRoute]:
    """Return a route for each operation."""
    return [_route(name, row) for name, row in OPERATIONS.items()]


def _route(name: str, row: type[Operation]) -> RestRoute:
    path = operation_path(row)
    return RestRoute(
        method=row.spec.method,
        path=path,
        name=name,
        summary=row.title,
        tag=path.split("/")[1],
        answer=_answer(row),
        arguments=row,
        function=_run if row.is_paid() else _query,
        body="form" if row.spec.method == "POST" else "none",
        operation=row,
    )


def _answer(row: type[Operation]) -> AnswerKind:
    if not row.is_paid():
        return "json"
    if row.answer == "artifacts":
        return "artifacts"
    return "deferred" if row.answer == "start" else "media"


async def _query(call: RestCall, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- one model per query
    """Run a free query about the account."""
    return await call.studio.query(call.route.name, arguments)


async def _run(call: RestCall, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- an outcome
    """Run a paid operation."""
    row = OPERATIONS[call.route.name]
    given = split(row, {**row.rest_defaults, **arguments})
    options = call_options(call, given, call.patience if row.answer == "start" else call.wait)
    rest = _without_derived(row, given.rest)
    return await call.studio.run(row.name(), rest, options)


def call_options(call: RestCall, given: Split, wait: float) -> CallOptions:
    """Return the options of a paid call.

    Args:
        call: The request.
        given: The arguments that aren't sent to the API.
        wait: Seconds after which the answer is 202.
    """
    return CallOptions(
        label=given.label,
        count=given.count,
        preview=False,
        allow_smaller=bool(given.allow_smaller),
        full_size=bool(given.full_size),
        wait=wait,
        soon=wait,  # its result is fetched later: an identical call must not join it
        confirm=call.confirmer(given.confirm_spend),
        key=call.key,
    )


def _without_derived(row: type[Operation], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without those that follow from the others, such as `mode` of sd3.

    Raises:
        ArgumentsError: one contradicts the others.
    """
    derived = {name: arguments[name] for name in row.wire.added if name in arguments}
    rest = {name: value for name, value in arguments.items() if name not in derived}
    if derived:
        expected = parse(row, rest).added()
        for name, value in derived.items():
            if str(value).strip() not in {"", expected[name]}:
                raise ArgumentsError(
                    f"{row.name()}: {name} must be {quoted(expected[name])} with these arguments; "
                    f"got {quoted(value)}.",
                    hint=f"Leave {name} out.",
                )
    return rest
