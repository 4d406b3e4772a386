"""What the emulated API tells about an account: the documented example, with the true balance."""

from collections.abc import Iterable
from typing import Any

from stability_mcp.api.operation import Operation, Query


def answer(row: type[Query], *, millicredits: int) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return the body for a query; where it tells the credits left, they are those of the account.

    A whole number is written as one (`{"credits":0}`), as it was captured.
    """
    body = row.example
    if isinstance(body, dict) and "credits" in body:
        whole = millicredits % 1000 == 0
        return body | {"credits": millicredits // 1000 if whole else millicredits / 1000}
    return body


def engines(rows: Iterable[type[Operation]]) -> frozenset[str]:
    """Return the ids of the engines that the emulated account lists."""
    return frozenset(
        engine["id"]
        for row in rows
        if issubclass(row, Query) and isinstance(row.example, list)
        for engine in row.example
    )
