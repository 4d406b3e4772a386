"""What a call would cost by the price list, its files not needed and nothing asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp.arguments import parse
from stability_mcp.studio.naming import check_count, known_operation


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one call; money in millicredits."""

    operation: str
    each: int
    count: int
    seconds: float
    """How long one usually takes; 0: nobody measured it."""

    @property
    def total(self) -> int:
        """Return the price of all variants."""
        return self.each * self.count


def price_of(name: str, arguments: Mapping[str, object], count: int) -> Price:
    """Price a call.

    Raises:
        NotFoundError: there is no operation of that name.
        ArgumentsError: the arguments break a rule.
    """
    row = known_operation(name)
    check_count(row, count)
    each = parse(row, arguments).price()
    return Price(operation=name, each=each, count=count, seconds=row.spec.seconds)
