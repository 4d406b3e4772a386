"""Toolsets: which families of tools a server offers, so that a conversation pays for no others.

The toolset of a tool is the first word of its name, which for an operation is its folder; a few
that experts alone need are `expert`.
"""

from collections.abc import Iterable

from stability_mcp.api import TOOLSETS
from stability_mcp.errors import ConfigurationError
from stability_mcp.text import did_you_mean, listed, quoted

ORDER = (*TOOLSETS, "jobs", "media", "expert")
"""Every toolset, in the order in which tools are listed; one that is not named here comes last."""

ALWAYS = ("job_wait", "cost_estimate", "server_status", "guide")
"""Tools without which the others cannot be used well."""

NOT_BY_DEFAULT = frozenset({"v1", "account", "expert"})

_WORDS = {"job": "jobs", "usage": "jobs"}
_EXPERT = frozenset({"job_adopt"})
"""Tools that few people need, whatever their first word."""


def toolset_of(tool: str) -> str:
    """Return the toolset of a tool: `edit` of `edit_outpaint`."""
    if tool in _EXPERT:
        return "expert"
    word = tool.partition("_")[0]
    return _WORDS.get(word, word)


def enabled(tools: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    """Return the tools that are on, in the order in which they are listed.

    Args:
        tools: Every tool there is.
        chosen: Names of toolsets, `default` or `all`.

    Raises:
        ConfigurationError: there is no toolset of that name.
    """
    every = sorted(tools, key=_sort_key)
    known = dict.fromkeys(toolset_of(name) for name in every if name not in ALWAYS)
    words = {"all": frozenset(known), "default": frozenset(known) - NOT_BY_DEFAULT}
    wanted: set[str] = set()
    for name in chosen:
        if name not in words and name not in known:
            guess = did_you_mean(name, (*words, *known))
            raise ConfigurationError(
                f"STABILITY_TOOLSETS names the toolset {quoted(name)}, which does not exist.",
                hint=f"{guess} There are {listed((*words, *known), most=20)}.".strip(),
            )
        wanted |= words.get(name, {name})
    return tuple(name for name in every if name in ALWAYS or toolset_of(name) in wanted)


def _sort_key(tool: str) -> tuple[int, int, str]:
    family = toolset_of(tool)
    known = family in ORDER and tool not in ALWAYS
    last = len(ORDER) + (tool in ALWAYS)
    return (
        ORDER.index(family) if known else last,
        ALWAYS.index(tool) if tool in ALWAYS else 0,
        tool,
    )
