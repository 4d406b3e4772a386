"""Toolsets: the families of tools that a server offers; conversations pay for each listed tool.

The toolset of a tool is the first word of its name, which for an operation is its folder. Tools
that few people need are in `expert`.
"""

from collections.abc import Iterable

from stability_mcp.api import TOOLSETS
from stability_mcp.errors import ConfigurationError
from stability_mcp.text import did_you_mean, listed, quoted

ORDER = (*TOOLSETS, "jobs", "spend", "workflow", "media", "image", "audio", "expert")
"""Every toolset in the order in which tools are listed; any other comes last."""

ALWAYS = ("job_wait", "cost_estimate", "server_status", "guide")
"""Tools that are always on because the others depend on them."""

NOT_BY_DEFAULT = frozenset({"v1", "account", "expert"})

BASIC = frozenset({"generate", "edit", "media", "image", "jobs", "upscale_fast"})
"""Toolsets and tools of `basic`, for hosts that limit the size of the tool list."""

_WORDS = {"job": "jobs", "usage": "jobs", "prompt": "generate"}
_EXPERT = frozenset({"job_adopt"})
"""Tools that few people need, whatever their first word."""


def toolset_of(tool: str) -> str:
    """Return the toolset of a tool: `edit` of `edit_outpaint`."""
    if tool in _EXPERT:
        return "expert"
    word = tool.partition("_")[0]
    return _WORDS.get(word, word)


def enabled(tools: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    """Return the enabled tools in the order in which they are listed.

    Args:
        tools: Every tool there is.
        chosen: Names of toolsets, `basic`, `default` or `all`.

    Raises:
        ConfigurationError: there is no toolset of that name.
    """
    every = sorted(tools, key=_sort_key)
    known = dict.fromkeys(toolset_of(name) for name in every if name not in ALWAYS)
    aliases = {
        "all": frozenset(known),
        "default": frozenset(known) - NOT_BY_DEFAULT,
        "basic": BASIC,
    }
    wanted = set(ALWAYS)
    for name in chosen:
        if name not in aliases and name not in known:
            every_name = (*aliases, *known)
            raise ConfigurationError(
                f"STABILITY_TOOLSETS contains {quoted(name)}; it must be "
                f"one or more of {listed(every_name, most=len(every_name))}.",
                hint=did_you_mean(name, every_name),
            )
        wanted |= aliases.get(name, {name})
    return tuple(name for name in every if not wanted.isdisjoint({name, toolset_of(name)}))


def _sort_key(tool: str) -> tuple[int, int, str]:
    family = toolset_of(tool)
    known = family in ORDER and tool not in ALWAYS
    last = len(ORDER) + (tool in ALWAYS)
    return (
        ORDER.index(family) if known else last,
        ALWAYS.index(tool) if tool in ALWAYS else 0,
        tool,
    )
