"""What the settings switch on and off: toolsets, and features that a setting decides."""

from collections.abc import Callable
from dataclasses import dataclass

from stability_mcp.server.catalog import all_tools
from stability_mcp.server.toolsets import ALWAYS, enabled, toolset_of
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Feature:
    """Something that a setting switches on or off."""

    name: str
    is_on: bool
    setting: str
    """The environment variable that decides it."""
    about: str
    """What it does, as a sentence."""


@dataclass(frozen=True)
class _Switch:
    name: str
    field: str
    is_on: Callable[[Settings], bool]
    about: str


_SWITCHES = (
    _Switch("real_api", "api_key", lambda s: not s.emulated, "Calls the API, not the emulator."),
    _Switch("cache", "cache", lambda s: s.cache == "on", "Answers identical calls at no cost."),
    _Switch(
        "daily_budget",
        "budget",
        lambda s: s.budget_millicredits is not None,
        "Limits the credits of a day.",
    ),
    _Switch(
        "price_confirmation",
        "confirm_above",
        lambda s: s.confirm_millicredits is not None,
        "Asks the user before an expensive call.",
    ),
    _Switch(
        "low_balance_warning",
        "low_balance",
        lambda s: s.low_balance_millicredits is not None,
        "Warns when few credits are left.",
    ),
    _Switch("previews", "preview", lambda s: s.preview != "none", "Shows results in tool answers."),
    _Switch("view_pages", "view", lambda s: s.view != "off", "Offers local pages with results."),
    _Switch("mcp_apps", "apps", lambda s: s.apps != "off", "Offers pages inside the host."),
    _Switch(
        "readable_copies",
        "output_dir",
        lambda s: s.copies_dir is not None,
        "Writes results to the output folder too.",
    ),
    _Switch(
        "provenance", "metadata", lambda s: s.metadata != "off", "Writes the origin into copies."
    ),
    _Switch(
        "listed_folders_only",
        "roots_only",
        lambda s: s.roots_only,
        "Reads files only from STABILITY_ROOTS.",
    ),
    _Switch(
        "blocked_terms",
        "blocked_terms",
        lambda s: s.blocked_terms is not None,
        "Refuses prompts with certain terms.",
    ),
    _Switch(
        "warn_terms",
        "warn_terms",
        lambda s: s.warn_terms is not None,
        "Flags prompts with certain terms.",
    ),
    _Switch(
        "default_arguments",
        "defaults",
        lambda s: s.defaults is not None,
        "Fills in arguments that a call leaves out.",
    ),
    _Switch(
        "on_done", "on_done", lambda s: s.on_done is not None, "Notifies a target when a job ends."
    ),
    _Switch(
        "on_done_signatures",
        "on_done_secret",
        lambda s: s.on_done_secret is not None,
        "Signs these notifications.",
    ),
    _Switch(
        "retention_by_age",
        "keep_days",
        lambda s: s.keep_days is not None,
        "Removes old jobs and media.",
    ),
    _Switch(
        "retention_by_size",
        "keep_bytes",
        lambda s: s.keep_bytes is not None,
        "Removes the oldest media when they take too much.",
    ),
    _Switch(
        "cross_origin_pages",
        "cors_origins",
        lambda s: bool(s.cors_origins),
        "Lets pages of other origins use the HTTP server.",
    ),
)


def features(settings: Settings) -> list[Feature]:
    """Return every feature, and every toolset that MCP clients may be offered."""
    found = [
        Feature(
            name=each.name,
            is_on=each.is_on(settings),
            setting=variable(each.field),
            about=each.about,
        )
        for each in _SWITCHES
    ]
    tools = all_tools()
    offered = {toolset_of(name) for name in enabled(tools, settings.toolsets)}
    toolsets = dict.fromkeys(toolset_of(name) for name in sorted(tools) if name not in ALWAYS)
    found += [
        Feature(
            name=f"toolset_{each}",
            is_on=each in offered,
            setting=variable("toolsets"),
            about=f"Offers the tools of {each} to MCP clients.",
        )
        for each in toolsets
    ]
    return found
