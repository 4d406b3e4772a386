"""Writes the manifest of a delivered run: every result with its input, files, state and price.

As CSV for spreadsheets and as JSON for programs. The JSON is exact; the CSV is safe to open.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from stability_mcp.media.items import MediaItem
from stability_mcp.workflows.runs.progression import ItemState

CSV_NAME, JSON_NAME = "manifest.csv", "manifest.json"
FORMAT = 1
"""Version of the JSON; fields are only added to a version."""
MAX_CELL_CHARACTERS = 32_000
"""Longest text of a cell: Excel takes 32,767 characters (*Documented*, Excel specifications)."""
_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads a CSV in the code page of the country, and `Müller` as `MÃ¼ller`. Programs
read it with the encoding `utf-8-sig`."""
_FORMULA = re.compile("\\s*[=+@\uff0b\uff1d\uff20\uff0d-]")
"""The start of a text that a spreadsheet runs as a formula (*Documented*, OWASP CSV injection)."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """An item of a run as it is delivered."""

    step: str
    item: int
    """Its number in the step, from 1."""
    state: ItemState
    operation: str
    """The operation or local tool."""
    input: str = ""
    """What it was made from, as text: a file name, a prompt, a setting."""
    media: MediaItem | None = None
    """The result; None: none, or `files`."""
    files: Sequence[str] = ()
    """Paths of files that the step itself wrote, as media_export does; they stay where they are."""
    name: str = ""
    """Name of the delivered file without ending; "": the label of the result."""
    error: str | None = None
    job: str | None = None
    credits: int = 0
    """Millicredits that it cost."""
    seconds: float | None = None
    seed: str | None = None
    """None: that of the result."""
    reused: bool = False
    """Whether an earlier run made it, so that this one paid nothing."""


@dataclass(frozen=True, kw_only=True)
class DeliveredFile:
    """A file in the folder of a run."""

    name: str
    bytes: int
    sha256: str
    """Of the file, which has its provenance in it; so it isn't that of the stored media."""


@dataclass(frozen=True, kw_only=True)
class ManifestHead:
    """What a manifest says about the whole run."""

    run: str
    title: str
    template: str
    started_at: float


def credits_of(millicredits: int) -> float:
    """Return an amount in credits; whole amounts as integers."""
    return millicredits // 1_000 if millicredits % 1_000 == 0 else millicredits / 1_000


def _files(row: DeliveryRow, file: DeliveredFile | None) -> list[str]:
    return [*([file.name] if file else []), *row.files]


Value = str | int | float | bool | None
_COLUMNS: Mapping[str, Callable[[DeliveryRow, DeliveredFile | None], Value]] = MappingProxyType(
    {
        "file": lambda row, file: "; ".join(_files(row, file)),
        "input": lambda row, _: row.input,
        "state": lambda row, _: row.state,
        "error": lambda row, _: row.error,
        "step": lambda row, _: row.step,
        "item": lambda row, _: row.item,
        "operation": lambda row, _: row.operation,
        "label": lambda row, _: row.media.label if row.media else None,
        "width": lambda row, _: row.media.width if row.media else None,
        "height": lambda row, _: row.media.height if row.media else None,
        "length_seconds": lambda row, _: row.media.seconds if row.media else None,
        "bytes": lambda _, file: file.bytes if file else None,
        "credits": lambda row, _: credits_of(row.credits),
        "seconds": lambda row, _: None if row.seconds is None else round(row.seconds, 1),
        "seed": lambda row, _: row.seed or (row.media.seed if row.media else None),
        "reused": lambda row, _: "yes" if row.reused else "no",
        "media": lambda row, _: row.media.uri if row.media else None,
        "job": lambda row, _: row.job,
    }
)
"""The columns of the CSV: what a person looks for first, first."""


def manifest_csv(rows: Sequence[tuple[DeliveryRow, DeliveredFile | None]]) -> bytes:
    """Return the rows as CSV (RFC 4180) in UTF-8 with a byte order mark.

    A text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row, file in rows:
        writer.writerow([_cell(value(row, file)) for value in _COLUMNS.values()])
    return (_BYTE_ORDER_MARK + text.getvalue()).encode("utf-8", "replace")


def _cell(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("\ufffd", value)
    if len(text) > MAX_CELL_CHARACTERS:
        text = f"{text[: MAX_CELL_CHARACTERS - 1]}…"
    return f"'{text}" if _FORMULA.match(text) else text


def fingerprint(head: ManifestHead, rows: Sequence[DeliveryRow]) -> str:
    """Return a hash of what is delivered: equal for the same results of the same run."""
    facts = [
        _json_row(row, None) | {"name": row.name, "stored": row.media and row.media.sha256}
        for row in rows
    ]
    return hashlib.sha256(_dumped([head.run, facts])).hexdigest()


def manifest_json(
    head: ManifestHead, rows: Sequence[tuple[DeliveryRow, DeliveredFile | None]]
) -> bytes:
    """Return the manifest as JSON; docs/files-and-folders.md describes it."""
    every = [row for row, _ in rows]
    whole = {
        "format": FORMAT,
        "generator": "stability-mcp",
        "run": head.run,
        "title": head.title,
        "template": head.template or None,
        "started": datetime.fromtimestamp(head.started_at, UTC).isoformat(timespec="seconds"),
        "credits": credits_of(sum(row.credits for row in every)),
        "states": dict(Counter(row.state for row in every)),
        "fingerprint": fingerprint(head, every),
        "rows": [_json_row(row, file) for row, file in rows],
    }
    return _dumped(whole, indent=2) + b"\n"


def _json_row(row: DeliveryRow, file: DeliveredFile | None) -> dict[str, Any]:
    names = {"file", "bytes", "reused"}
    facts: dict[str, Any] = {
        name: value(row, file) for name, value in _COLUMNS.items() if name not in names
    }
    facts["reused"] = row.reused
    facts["emulated"] = bool(row.media and row.media.emulated)
    facts["files"] = [
        *([{"name": file.name, "bytes": file.bytes, "sha256": file.sha256}] if file else []),
        *({"path": path} for path in row.files),
    ]
    return facts


def _dumped(value: object, *, indent: int | None = None) -> bytes:
    # A lone surrogate, as in a file name that isn't UTF-8, becomes a question mark.
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
