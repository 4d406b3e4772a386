"""Operations by name, and how many variants of one make sense."""

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.fields import MAX_VARIANTS
from stability_mcp.operation import Operation
from stability_mcp.operations import OPERATIONS
from stability_mcp.wording import did_you_mean, quoted


def known_operation(name: str) -> type[Operation]:
    """Return an operation by name.

    Raises:
        NotFoundError: there is none of that name.
    """
    try:
        return OPERATIONS[name]
    except KeyError:
        raise NotFoundError(
            f"There is no operation {quoted(name)}.", cure=did_you_mean(name, OPERATIONS)
        ) from None


def paid_operation(name: str) -> type[Operation]:
    """Return an operation that costs credits.

    Raises:
        NotFoundError: there is none of that name, or it is a query.
    """
    row = known_operation(name)
    if not row.is_paid():
        raise NotFoundError(f"{name} is a query and runs no job.", cure="Use query().")
    return row


def check_count(row: type[Operation], count: int) -> None:
    """See that so many variants are possible.

    Raises:
        ArgumentsError: they are not.
    """
    most = MAX_VARIANTS if row.takes_count() else 1
    if not 1 <= count <= most:
        raise ArgumentsError(
            f"count: {count} is not possible for {row.name()}, which takes 1 to {most}.",
            cure="Make further variants with further calls."
            if most > 1
            else "It has no seed, so every result would be the same: leave count out.",
        )
