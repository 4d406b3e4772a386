"""Writes `tool_schemas/`: one file for each tool, so that a change to a tool is a readable diff."""

import json
from pathlib import Path

from stability_mcp.server.catalog import from_code
from stability_mcp.server.definition import Definition


def schema_text(definition: Definition) -> str:
    """Return the file of a tool."""
    return json.dumps(definition.to_json(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, str]:
    """Return every file by name, as the code has it."""
    return {f"{name}.json": schema_text(each) for name, each in from_code().items()}


def write_schemas(folder: Path) -> None:
    """Write the files that differ, and delete those of tools that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    files = schema_files()
    for stale in folder.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
