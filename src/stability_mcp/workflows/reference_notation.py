"""Reads references as other workflow formats write them, where their meaning is certain.

`$inputs.photo`, `$steps.draft.output`, `${draft}`, `{{draft}}` and `$draft.image` are `$draft` or
`$photo`, if the plan has a step or input of that name. What isn't certain stays as it is.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from stability_mcp.workflows.placeholders import ESCAPE

_NAME = r"[^\W\d][\w-]{0,99}"
_GROUPS = r"(?:steps|inputs|input|nodes)\."
_RESULT = r"(?:output|outputs|result|image|audio|media|file)"
_WHOLE = re.compile(
    rf"\$?\{{{{?\s*\$?(?:{_GROUPS})?({_NAME})(\.[\w-]{{1,100}})?\s*\}}?\}}"
    rf"|\$(?:{_GROUPS})?({_NAME})(\.[\w-]{{1,100}})?"
)
_PART = re.compile(rf"\{{(?:{_GROUPS})({_NAME})\}}")
_FIRST = re.compile(rf"(\$(?:{_GROUPS})?{_NAME})\[0\]")


def name_of(given: object) -> str:
    """Return the id of a step as a name: `1` is `step-1`, and `first draft` is `first-draft`."""
    name = re.sub(r"\s+", "-", str(given).strip())
    return f"step-{name}" if name.isdecimal() else name


def normal_references(value: Any, names: Collection[str], steps: Collection[str]) -> Any:  # noqa: ANN401 -- any JSON
    """Return a JSON value with the references of other formats as those of plans.

    Args:
        value: The arguments of a step, or `foreach`.
        names: The names of all steps and inputs, and `item`.
        steps: The names of the steps and of inputs that are files.
    """
    if isinstance(value, str):
        return _normal_text(value, names, steps)
    if isinstance(value, Mapping):
        return {name: normal_references(each, names, steps) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [normal_references(each, names, steps) for each in value]
    return value


def _normal_text(text: str, names: Collection[str], steps: Collection[str]) -> str:
    if text.startswith(ESCAPE) or not any(each in text for each in "${"):
        return text
    first = _FIRST.fullmatch(text.strip())
    whole = _WHOLE.fullmatch(f"{first[1]}.1" if first else text.strip())
    if whole is not None:
        name, part = whole[1] or whole[3], whole[2] or whole[4] or ""
        is_file = name in steps
        if is_file and re.fullmatch(rf"\.{_RESULT}", part):
            part = ""
        # In braces, a value that isn't a file stays text: "{count}" isn't the number.
        if name in names and (is_file or text.strip().startswith("$")):
            return f"${name}{part}"
    bare, dot, part = text.strip().removeprefix("$").partition(".")
    if text.strip().startswith("$") and name_of(bare) in steps:
        return f"${name_of(bare)}{dot}{part}"
    return _PART.sub(lambda found: f"{{{found[1]}}}" if found[1] in names else found[0], text)
