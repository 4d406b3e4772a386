"""The settings in force as people read them: variable, value and where the value comes from."""

import os
from dataclasses import dataclass

from stability_mcp.done_target import shown_target
from stability_mcp.setting_values import COMMAND, SECRETS, variable
from stability_mcp.settings import Origin, Settings

WORDS_FOR_NONE = {
    "budget": "none",
    "confirm_above": "never",
    "keep_days": "never",
    "keep_bytes": "never",
    "low_balance": "never",
}
"""What one types for no limit."""

PATHS = frozenset({"home", "output_dir", "roots", "blocked_terms", "warn_terms", "defaults"})
"""Settings whose values are paths of this machine, which clients over HTTP don't need to know."""


@dataclass(frozen=True, kw_only=True)
class SettingInForce:
    """A setting: its variable, its value and where that comes from."""

    name: str
    value: str | None
    """As one would type it, without secrets; None: not set."""
    origin: Origin
    is_hidden: bool = False
    """Whether only people at this machine may read the value: a secret, a path or a command."""


def settings_in_force(settings: Settings) -> list[SettingInForce]:
    """Return every setting, in the order of the documentation."""
    return [
        SettingInForce(
            name=variable(field),
            value=_typed(settings, field),
            origin=settings.origin_of(field),
            is_hidden=field in {*SECRETS, *PATHS, COMMAND},
        )
        for field in type(settings).model_fields
    ]


def _typed(settings: Settings, field: str) -> str | None:
    """Return the value of a setting as one would type it; of a secret only that it is set."""
    special = {
        "home": str(settings.base_dir),
        "output_dir": str(settings.copies_dir or "none"),
        "rate": "{:g}/{:g}".format(*settings.rate),
        "client_rate": "{:g}/{:g}".format(*settings.client_rate),
        "roots": os.pathsep.join(map(str, settings.roots)) or None,
        "roots_only": str(int(settings.roots_only)),
    }
    if field in special:
        return special[field]
    value = getattr(settings, field)
    if isinstance(value, tuple):
        return ",".join(value) or None
    if value is None:
        return WORDS_FOR_NONE.get(field)
    if field in SECRETS:
        return "set"
    if field == COMMAND:
        return shown_target(value.get_secret_value())
    return f"{value:g}" if isinstance(value, float) else str(value)
