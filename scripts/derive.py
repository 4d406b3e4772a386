"""Generates `tool_schemas/` and the README's table of tools from the code (`make schemas`).

Tests compare both with the code, so reviewers see a change to a tool as a diff.
"""

import json
from pathlib import Path

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import from_code
from stability_mcp.server.definition import Definition
from stability_mcp.text import credits_text

ROOT = Path(__file__).resolve().parent.parent

BEGIN = "<!-- tools: made by `make schemas`, do not edit -->"
END = "<!-- end of tools -->"


def schema_text(definition: Definition) -> str:
    """Return the content of a tool's file."""
    return json.dumps(definition.to_json(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, str]:
    """Return the content of every file in `tool_schemas/`, by file name."""
    return {f"{name}.json": schema_text(each) for name, each in from_code().items()}


def write_schemas(folder: Path) -> None:
    """Write changed files, and delete those of removed tools."""
    folder.mkdir(parents=True, exist_ok=True)
    files = schema_files()
    for stale in folder.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def table() -> str:
    """Return the README's table: tool, when to use it, price, measured seconds."""
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
    """Return the measured duration, or a dash if it wasn't measured."""
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


def main() -> None:
    """Rewrite all generated files."""
    write_schemas(ROOT / "tool_schemas")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
