"""The README's table of tools, made from the operations and kept between two markers."""

from pathlib import Path

from stability_mcp.operation import Operation
from stability_mcp.operations import OPERATIONS
from stability_mcp.wording import credits_text

BEGIN = "<!-- tools: made by `make schemas`, do not edit -->"
END = "<!-- end of tools -->"


def table() -> str:
    """Return the table: tool, when to use it, price, measured seconds."""
    rows = [
        f"| `{name}` | {row.summary()} | {price(row)} | {seconds(row)} |"
        for name, row in OPERATIONS.items()
    ]
    head = "| tool | when to use it | credits | about |\n|---|---|---|---|"
    return "\n".join((head, *rows))


def price(row: type[Operation]) -> str:
    """Return the price of an operation in credits: `3`, `2.5 to 6.5` or `free`."""
    low, high = (credits_text(each).split()[0] for each in row.price_range())
    if not row.is_paid():
        return "free"
    return low if low == high else f"{low} to {high}"


def seconds(row: type[Operation]) -> str:
    """Return how long the API was measured to take; a dash where it was not."""
    return f"{row.spec.seconds:g} s" if row.spec.seconds else "-"


def with_table(readme: str) -> str:
    """Return the text with the table between the markers replaced.

    Raises:
        ValueError: a marker is missing.
    """
    before, found, rest = readme.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"README.md needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def write_table(path: Path) -> None:
    """Rewrite the table in a README."""
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
