"""Facts for users of the program: settings with variables and flags, commands with options."""

import os
from contextlib import redirect_stderr, suppress
from importlib.metadata import entry_points
from io import StringIO
from typing import Any, Literal, get_args, get_origin, get_type_hints
from unittest.mock import patch

import typer.main

from compat.facts import Facts, path, schema_facts
from stability_mcp.__main__ import split_flags
from stability_mcp.cli.app import app
from stability_mcp.errors import ConfigurationError
from stability_mcp.settings import Settings, read_settings

FORMS: dict[str, tuple[str, ...]] = {
    "STABILITY_API_KEY": ("sk-a",),
    "STABILITY_BASE_URL": ("http://127.0.0.1:8787", "https://api.test/"),
    "STABILITY_TIMEOUT": ("12.5",),
    "STABILITY_MAX_RETRIES": ("7",),
    "STABILITY_MAX_FILE_SIZE": ("20000",),
    "STABILITY_RATE": ("100/10", "1/0.5"),
    "STABILITY_CONCURRENCY": ("9",),
    "STABILITY_HOME": ("/data",),
    "STABILITY_OUTPUT_DIR": ("/data", "none", "never", "None"),
    "STABILITY_ROOTS": ("/a", f"/a{os.pathsep}/b"),
    "STABILITY_ROOTS_ONLY": ("true", "True", "1", "yes", "on"),
    "STABILITY_TOOLSETS": ("all", "edit,upscale", "edit, upscale", "edit upscale"),
    "STABILITY_PREVIEW": ("none", "large"),
    "STABILITY_PREVIEW_FORMAT": ("jpeg",),
    "STABILITY_WAIT": ("0", "7.5"),
    "STABILITY_CACHE": ("off",),
    "STABILITY_BUDGET": ("0", "12.5", "none", "never", "None"),
    "STABILITY_CONFIRM_ABOVE": ("0", "12.5", "none", "never", "Never"),
    "STABILITY_BLOCKED_TERMS": ("/terms.txt",),
    "STABILITY_WARN_TERMS": ("/terms.txt",),
    "STABILITY_METADATA": ("minimal", "off"),
    "STABILITY_ON_DONE": ("https://hooks.test/x", "notify-send done", "none", "never"),
    "STABILITY_KEEP_DAYS": ("0.5", "30", "none", "never"),
    "STABILITY_LOG_LEVEL": ("DEBUG",),
    "STABILITY_LOG_FORMAT": ("json",),
}
"""Accepted values other than the defaults, to check that each variable is read."""

_FACETS = frozenset(
    {"type", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
"""Facets of a setting's declaration that users can see."""

_PLATFORM_FOLDERS = {"home": "home_dir", "output_dir": "copies_dir"}
"""Settings whose default folder depends on the machine, with the property that returns it."""


def settings_facts() -> Facts:
    """Return each variable with its type, range, default and choices, its flag and its forms."""
    schemas = Settings.model_json_schema()["properties"]
    found: Facts = {}
    for name, schema in schemas.items():
        where = path("settings", f"STABILITY_{name.upper()}")
        known = schema_facts(where, schema)
        facets = {facet: each for facet, each in known[where].items() if facet in _FACETS}
        if name in _PLATFORM_FOLDERS:
            facets["default"] = "a folder of the platform" if _has_folder(name) else None
        found |= {choice: "choice" for choice, each in known.items() if each == "choice"}
        found[where] = facets
        if flag := _flag(name):
            found[path(where, f"--{name.replace('_', '-')}")] = flag
    for variable, texts in FORMS.items():
        name = variable.removeprefix("STABILITY_").lower()
        for text in texts:
            with patch.dict(os.environ, {variable: text}), suppress(ConfigurationError, KeyError):
                value = read_settings().model_dump(mode="json")[name]
                found[path("settings", variable, "reads", text)] = value
    return found


def _has_folder(name: str) -> bool:
    return getattr(Settings(), _PLATFORM_FOLDERS[name]) is not None


def _flag(name: str) -> str | None:
    """Return whether a setting's flag takes a value; None if there is no flag."""
    flag = f"--{name.replace('_', '-')}"
    for words in ([flag], [flag, "x"]):
        with suppress(SystemExit), redirect_stderr(StringIO()):
            flags, _ = split_flags(words)
            if name in flags:
                return "flag" if len(words) == 1 else "flag with a value"
    return None


def command_facts() -> Facts:
    """Return the commands with their options and arguments."""
    root: Any = typer.main.get_command(app)
    scripts = entry_points(group="console_scripts")
    found: Facts = {
        path("commands", each.name): "program" for each in scripts if _is_ours(each.value)
    }
    found |= _option_facts("commands", root)
    for name, command in root.commands.items():
        where = path("commands", name)
        more = bool(command.context_settings.get("allow_extra_args"))
        found[where] = {"takes more arguments": more}
        found |= _option_facts(where, command)
    return found


def _is_ours(value: str) -> bool:
    return value.startswith("stability_mcp")


def _option_facts(where: str, command: Any) -> Facts:  # noqa: ANN401 -- typer has no public type for it
    # The flags of completion are typer's own, without a parameter of the callback.
    types = {each.name: bool for each in command.params} | get_type_hints(command.callback)
    help_names = command.context_settings.get("help_option_names", ())
    found: Facts = {path(where, name): "help" for name in help_names}
    for each in command.params:
        is_option = each.param_type_name == "option"
        value = {
            "kind": each.param_type_name,
            "type": _type_text(types[each.name]),
            "default": str(each.default) if each.default is not None else None,
            "needed": each.required,
        }
        limits = {"minimum": getattr(each, "min", None), "maximum": getattr(each, "max", None)}
        value |= {name: limit for name, limit in limits.items() if limit is not None}
        for name in (*each.opts, *each.secondary_opts) if is_option else (each.name.upper(),):
            found[path(where, name)] = value
            for choice in _choices(types[each.name]):
                found[path(where, name, choice)] = "choice"
    return found


def _type_text(annotation: Any) -> str:  # noqa: ANN401 -- any annotation
    kinds = [each for each in get_args(annotation) or (annotation,) if each is not type(None)]
    if get_origin(annotation) is Literal:
        return "choice"
    return "|".join(getattr(each, "__name__", str(each)) for each in kinds)


def _choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401 -- any annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()
