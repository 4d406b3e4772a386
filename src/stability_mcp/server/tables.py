"""Operations and styles as JSON for clients, derived from the operation classes."""

from collections.abc import Mapping
from typing import Any, get_args

from stability_mcp.api.fields import AudioLimits, File, StylePreset
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS

Table = Mapping[str, Any]


def operations_table(enabled: frozenset[str], seconds: Mapping[str, float]) -> Table:
    """Return every operation with price, usual duration and input limits.

    Args:
        enabled: Names of the enabled tools.
        seconds: How long operations take on this machine, if known.
    """
    return {"operations": [_operation(row, enabled, seconds) for row in OPERATIONS.values()]}


def styles_table(enabled: frozenset[str]) -> Table:
    """Return the style presets and the enabled tools that accept one."""
    taking = [name for name, row in OPERATIONS.items() if "style_preset" in row.model_fields]
    return {
        "style_presets": get_args(StylePreset),
        "tools": [name for name in taking if name in enabled],
    }


def _operation(
    row: type[Operation], enabled: frozenset[str], seconds: Mapping[str, float]
) -> Table:
    low, high = (price / 1000 for price in row.price_range())
    facts = {
        "tool": row.name(),
        "enabled": row.name() in enabled,
        "when": row.summary(),
        "makes": row.media or "data",
        "credits": low if low == high else {"from": low, "to": high},
        "seconds": seconds.get(row.name()) or row.spec.seconds or None,
        "count": row.takes_count(),
        "files": {name: _limits(mark) for name, mark in row.file_fields().items()},
    }
    return {name: value for name, value in facts.items() if value not in (None, {})}


def _limits(mark: File) -> Table:
    limits = mark.limits
    if isinstance(limits, AudioLimits):
        return {
            "formats": limits.formats,
            "seconds": {"from": limits.min_seconds, "to": limits.max_seconds},
        }
    facts = {
        "formats": limits.formats,
        "max_pixels": limits.max_pixels,
        "max_aspect": limits.max_aspect,
        "sizes": [f"{size.width}x{size.height}" for size in limits.sizes] or None,
    }
    return {name: value for name, value in facts.items() if value is not None}
