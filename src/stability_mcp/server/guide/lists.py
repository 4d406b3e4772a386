"""Lists in pages of the guide that are made from the table of operations."""

from collections.abc import Callable, Iterable, Mapping
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from stability_mcp.server.guide.use_cases import use_case_list

if TYPE_CHECKING:
    from stability_mcp.api.fields import AudioLimits, ImageLimits
    from stability_mcp.api.operation import Operation

LOCAL_STEPS = ("image_transform", "image_mask", "image_layout", "audio_edit", "media_export")
"""Local tools that a step of a workflow can call. A test compares them with those of the planner,
which loads the store."""


def price_list(enabled: frozenset[str]) -> str:
    """Return a line with the price of each enabled operation."""
    from stability_mcp.server.tool_schema import price_sentence

    rows = (row for row in _operations(enabled) if row.is_paid())
    return "\n".join(f"- `{row.name()}`: {price_sentence(row)}" for row in rows)


def operation_list(enabled: frozenset[str], toolsets: frozenset[str] | None = None) -> str:
    """Return a line on when to use it for each enabled operation, grouped by toolset.

    Args:
        enabled: Names of the enabled tools.
        toolsets: The toolsets to list; None: all.
    """
    lines: dict[str, list[str]] = {}
    for row in _operations(enabled):
        if toolsets is None or row.toolset() in toolsets:
            lines.setdefault(row.toolset(), []).append(f"- `{row.name()}`: {row.summary()}")
    return "\n\n".join("\n".join([f"{each}:", *listed]) for each, listed in lines.items())


def style_list(enabled: frozenset[str]) -> str:
    """Return a line for each style preset, and the enabled operations that take one."""
    from stability_mcp.api.styles import STYLES

    lines = [f"- {name}: {text}." for name, text in STYLES.items()]
    rows = [row for row in _operations(enabled) if "style_preset" in row.model_fields]
    names = ", ".join(f"`{row.name()}`" for row in rows)
    return "\n".join([*lines, *([f"\nTaken by {names}."] if rows else [])])


def limit_list(enabled: frozenset[str]) -> str:
    """Return a line with the limits of each file that an enabled operation takes."""
    from stability_mcp.api.fields import ImageLimits

    lines = []
    for row in _operations(enabled):
        for field, mark in row.file_fields().items():
            limits = mark.limits
            text = _image_text(limits) if isinstance(limits, ImageLimits) else _sound_text(limits)
            same = f" as {mark.mask_for}" if mark.mask_for else ""
            lines.append(f"- `{row.name()}` {field}: {f'a mask, sized{same}' if same else text}")
    return "\n".join(lines)


def _image_text(limits: "ImageLimits") -> str:
    if limits.sizes:
        return ", ".join(f"{size.width}x{size.height}" for size in limits.sizes)
    parts = [f"sides from {limits.min_side} pixels"]
    parts += [f"up to {limits.max_side:,}"] if limits.max_side else []
    parts += [f"at most {limits.max_pixels / 1e6:.1f} MP"] if limits.max_pixels else []
    parts += [f"shape up to {limits.max_aspect:g}:1"] if limits.max_aspect else []
    return ", ".join(parts)


def _sound_text(limits: "AudioLimits") -> str:
    return f"{limits.min_seconds:g} to {limits.max_seconds:g} s"


def _operations(enabled: frozenset[str]) -> Iterable[type["Operation"]]:
    from stability_mcp.api.operations import OPERATIONS

    return (row for name, row in OPERATIONS.items() if name in enabled)


def preset_list(enabled: frozenset[str]) -> str:
    """Return a line for each export preset; none if the tool that takes them is disabled."""
    from stability_mcp.imaging.export.export_presets import preset_lines

    return "\n".join(preset_lines()) if "media_export" in enabled else ""


def step_tool_list(enabled: frozenset[str]) -> str:
    """Return the enabled local tools that a step of a workflow can call."""
    from stability_mcp.text import listed

    return listed((f"`{name}`" for name in LOCAL_STEPS if name in enabled), last="or")


def template_list(enabled: frozenset[str]) -> str:  # noqa: ARG001 -- every list takes it
    """Return the names of the templates of workflows, without loading them."""
    from importlib.util import find_spec

    found = find_spec("stability_mcp.workflows.templates")
    folders = found.submodule_search_locations if found is not None else None
    return ", ".join(each.name for each in iter_modules(folders)) or "none yet"


LISTS: Mapping[str, Callable[[frozenset[str]], str]] = {
    "{prices}": price_list,
    "{operations}": operation_list,
    "{styles}": style_list,
    "{limits}": limit_list,
    "{presets}": preset_list,
    "{step_tools}": step_tool_list,
    "{templates}": template_list,
    "{use_cases}": use_case_list,
}
"""What replaces a placeholder in a page."""
