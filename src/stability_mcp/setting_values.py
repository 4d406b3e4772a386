"""Finds settings that are given but count as not set, and misspelt variables.

Desktop hosts pass an empty string or the unfilled placeholder itself for every optional field that
the user left blank. Both count as not set, with a notice.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from stability_mcp.text import listed, quoted

PREFIX = "STABILITY_"
KEY, COMMAND, ORIGINS = "api_key", "on_done", "cors_origins"
"""Fields with rules of their own: most placeholders stand for a key, a shell command may contain
`${...}`, and `null` is the origin of a page that must be refused."""
SIGNING = "on_done_secret"
"""The field with the key that signs webhooks."""
SECRETS = (KEY, SIGNING)
"""Fields that are secrets: never shown, and no flags, because every user of a machine can read the
command lines of all processes."""

NEAR_MISSES = (
    "STABILITY_KEY",
    "STABILITY_TOKEN",
    "STABILITY_AI_API_KEY",
    "STABILITYAI_API_KEY",
    "STABILITY_APIKEY",
    "STABLE_DIFFUSION_API_KEY",
    "API_KEY_STABILITY",
)
"""Variables that other programs use for the key; only `STABILITY_API_KEY` is read here."""

MIN_SIMILARITY = 0.85
"""Lowest similarity of a misspelt name to the right one: `STABILTY_API_KEY` has 0.97,
`STABILITY_OUTPUT_FOLDER` has 0.88 of `STABILITY_OUTPUT_DIR`."""
OF_OTHERS = frozenset({"STABILITY_HOST"})
"""Variables of other programs that are similar to a setting: Stability's gRPC SDK reads its server
from STABILITY_HOST."""

BLANKS = frozenset({"", "null", "undefined"})
"""Values of an empty field: `""` (stacklok/toolhive-studio#611), "null"
(Idun-Group/idun-agent-platform#378), and JavaScript's other word for it."""

UNFILLED = re.compile(r"\$\{[^}]*\}|\{\{[^}]*\}\}|\{(?:env|file|input):[^}]*\}")
"""A variable that the host should have replaced: `${user_config.x}` (Claude Desktop,
modelcontextprotocol/mcpb#250), `${input:x}` and `${env:X}` (VS Code), `{{x.y}}` (Docker's MCP
catalog), `{env:X}` (opencode)."""

PLACEHOLDERS: Mapping[str, str] = {
    UNFILLED.pattern: "see UNFILLED",
    r"%\w+%.*": "cmd.exe: a variable that was not expanded",
    r"\$[A-Za-z_]\w*(?:[/\\].*)?": "sh: a variable that was not expanded, as hosts start no shell",
    r"<[^<>]*>": "READMEs: <your key>",
    r"\[(?:your|insert|enter|api|key|path).*\]": "READMEs: [your key]",
    r"(?:your|insert|enter)[-_ ].*(?:key|dir|path|folder|token).*": "READMEs: your-api-key-here",
    r"(?:[A-Za-z]:)?[/\\]?path[/\\]to(?:[/\\].*)?": "READMEs: /path/to/folder",
}
"""Patterns of a whole value that is a placeholder, each with its source."""

KEY_PLACEHOLDERS: Mapping[str, str] = {
    r"(?:sk-)?(?:x{2,}|\*{2,}|\.{2,}|…)(?:[-_]?x+)*": "READMEs and screenshots: sk-xxxx, sk-...",
    r"sk-(?:your|my|insert|enter)\b.*|sk-(?:your|my)[-_ \w]{0,30}": "READMEs: sk-your-key",
    r"(?:my|replace|change|paste|put|add|set)[-_ ]?(?:me|it|this|.*key|.*token).*": "change_me",
    r"(?:stability[-_ ]?)?(?:ai[-_ ]?)?api[-_ ]?key(?:[-_ ]?here)?": "the variable's own name",
    r"todo|placeholder|none|dummy|example": "words that stand for a key",
}
"""The same, but only for the key: a folder may have such a name."""

_ANY = re.compile("|".join(PLACEHOLDERS), re.IGNORECASE)
_KEY = re.compile("|".join([*PLACEHOLDERS, *KEY_PLACEHOLDERS]), re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Given:
    """The settings that are really given, and what to tell about the others."""

    values: Mapping[str, object]
    """Values by field, as they were given."""
    notices: tuple[str, ...]
    """What counts as not set or is ignored, in sentences."""
    missing_key: str
    """Why there is no key although one was meant: `STABILTY_API_KEY is set instead`; or ""."""
    from_keyring: bool = False
    """Whether the key was read from the keyring."""
    from_flags: frozenset[str] = frozenset()
    """Fields whose value is a flag; the others come from the environment."""


NOTHING_GIVEN = Given(values={}, notices=(), missing_key="")


def variable(field: str) -> str:
    """Return the environment variable of a field: `STABILITY_API_KEY` for `api_key`."""
    return PREFIX + field.upper()


def find_given(
    fields: Iterable[str], flags: Mapping[str, object], environ: Mapping[str, str]
) -> Given:
    """Find the settings that are given: flags first, then the environment.

    Args:
        fields: Names of all settings.
        flags: Values of the command line by field; None: not given.
        environ: The environment.
    """
    names = tuple(fields)
    values: dict[str, object] = {}
    blank: list[str] = []
    notices: list[str] = []
    missing_key = ""
    from_flags: set[str] = set()
    for field in names:
        for source, value in _sources(field, flags, environ):
            if is_blank(value, field):
                blank.append(source)
                continue
            found, kept = find_placeholder(field, value)
            if found:
                where = f"{source} contains the placeholder {quoted(found)}"
                left_out = "so that entry is left out" if kept else "so it counts as not set"
                notices.append(f"{where}, which the MCP client did not fill in, {left_out}.")
                missing_key = where if field == KEY else missing_key
            if kept is not None:
                values[field] = kept
                if source.startswith("--"):
                    from_flags.add(field)
                break
    if blank:
        are = "is blank, so it counts" if len(blank) == 1 else "are blank, so they count"
        notices.append(f"{listed(blank, most=len(blank))} {are} as not set.")
    for name, meant in misspelt(names, environ).items():
        notices.append(f"{name} isn't a setting and is ignored; did you mean {meant}?")
        if meant == variable(KEY) and not missing_key:
            missing_key = f"{name} is set instead of {meant}"
    return Given(
        values=values,
        notices=tuple(notices),
        missing_key="" if KEY in values else missing_key,
        from_flags=frozenset(from_flags),
    )


def _sources(
    field: str, flags: Mapping[str, object], environ: Mapping[str, str]
) -> Iterator[tuple[str, object]]:
    if flags.get(field) is not None:
        yield f"--{field.replace('_', '-')}", flags[field]
    if variable(field) in environ:
        yield variable(field), environ[variable(field)]


def is_blank(value: object, field: str = "") -> bool:
    """Return whether a value is what hosts pass for an empty field."""
    blanks = BLANKS if field != ORIGINS else BLANKS - {"null"}
    return isinstance(value, str) and unquoted(value).casefold() in blanks


def unquoted(text: str) -> str:
    """Return a value without spaces and quotes around it; env files keep the quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text.count(text[0]) == 2:  # noqa: PLR2004 -- a pair
        return text[1:-1].strip()
    return text


def find_placeholder(field: str, value: object) -> tuple[str | None, object]:
    """Return the placeholder in a value, or None, and what is left of the value; None: nothing.

    Only lists keep the entries that are not placeholders.
    """
    if not isinstance(value, str):
        return None, value
    text = unquoted(value)
    if (_KEY if field == KEY else _ANY).fullmatch(text):
        return text, None
    unfilled = None if field == COMMAND else UNFILLED.search(text)
    if unfilled is None:
        return None, value
    separator = LISTS.get(field)
    # The placeholder itself may contain the separator: `${input:roots}`.
    rest = UNFILLED.sub("\0", text).split(separator) if separator else []
    kept = [entry for entry in rest if "\0" not in entry and entry.strip()]
    return unfilled.group(), separator.join(kept) if separator and kept else None


LISTS: Mapping[str, str] = {
    "roots": os.pathsep,
    "toolsets": ",",
    "hosts": ",",
    ORIGINS: ",",
}
"""Separators of the settings that are lists."""


def misspelt(fields: Iterable[str], environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that look like a misspelt setting, and the setting each means.

    A setting that is given under its right name is never meant.
    """
    free = [variable(field) for field in fields if is_blank(environ.get(variable(field), ""))]
    known = {variable(field) for field in fields}
    found = {}
    for name, value in environ.items():
        if name in known or name in OF_OTHERS or is_blank(value):
            continue
        meant = _meant(name, free)
        if meant is not None:
            found[name] = meant
    return found


def _meant(name: str, free: Iterable[str]) -> str | None:
    upper = re.sub(r"[-.\s]+", "_", name.strip().upper())
    if upper in NEAR_MISSES:
        return variable(KEY) if variable(KEY) in free else None
    # Start-up compares few names: the first letters are rarely wrong.
    if not (upper.startswith("STA") or "STABIL" in upper):
        return None
    matcher = SequenceMatcher(b=upper, autojunk=False)
    best, similarity = None, MIN_SIMILARITY
    for right in free:
        matcher.set_seq1(right)
        if matcher.quick_ratio() >= similarity and (ratio := matcher.ratio()) >= similarity:
            best, similarity = right, ratio
    return best
