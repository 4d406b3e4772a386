"""Checks a prompt before it is paid for."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, get_args

from pydantic import Field

from stability_mcp.api.fields import StylePreset
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.api.prompt_advice import (
    LONG_WORDS,
    SHORT_WORDS,
    Positive,
    contradictions,
    has_open_brackets,
    suggest_negative,
    weights_in,
    with_style,
    without_negations,
)
from stability_mcp.api.prompt_notes import prompt_notes
from stability_mcp.api.tool_arguments import MAY_BE_BLANK, Arguments
from stability_mcp.errors import ArgumentsError
from stability_mcp.local_tools.local_tool import LocalResult, local_tool
from stability_mcp.local_tools.workbench import Workbench
from stability_mcp.text import credits_text, did_you_mean, listed, name_key, quoted

MAX_CHARACTERS = 10_000
"""Documented: the longest prompt of the current API."""
MAX_CHECKED_CHARACTERS = 20_000
"""Longer texts aren't read. *Chosen*: twice the longest prompt, so that its end can be compared."""


class PromptCheck(Arguments):
    """Check a prompt before you pay for it; free.

    Length, blocked words, weights, contradictions, a fitting negative prompt; what each model costs
    and is for.
    """

    prompt: Annotated[str, Field(max_length=MAX_CHECKED_CHARACTERS), MAY_BE_BLANK]
    """The prompt."""
    negative_prompt: str | None = None
    """What not to show."""
    tool: str | None = None
    """Default: all that draw from text."""
    style: str | None = None
    """To add to suggested_prompt."""
    move_negations: bool = True
    """Into negative_prompt."""


@local_tool(title="Check a prompt", hints={"text": "use prompt", "model": "use tool"})
async def prompt_check(workbench: Workbench, arguments: PromptCheck) -> LocalResult:
    """Check the words of a prompt; nothing is sent."""
    prompt, negative = arguments.prompt, arguments.negative_prompt or ""
    rows = _rows(arguments.tool)
    clashes = contradictions(prompt, negative)
    takes = any("negative_prompt" in row.model_fields for row in rows)
    positive = Positive(prompt=prompt, unwanted=())
    if takes and arguments.move_negations:
        positive = without_negations(prompt)
    suggested = _negative(prompt, positive.unwanted) if takes else None
    better = with_style(positive.prompt, arguments.style or "") if prompt.strip() else prompt
    findings = [
        *_length_notes(prompt),
        *_term_notes(workbench, prompt),
        *_weight_notes(prompt),
        *(f"both wanted and unwanted: {quoted(word)}; drop it from one prompt" for word in clashes),
        *_model_notes(rows, prompt, negative),
    ]
    lines = [
        f"length: {len(prompt):,} characters, {len(prompt.split())} words",
        *(findings or ["findings: none"]),
        *(
            [f"negative_prompt that fits: {quoted(suggested)}"]
            if suggested and not negative
            else []
        ),
        *([f"suggested_prompt: {quoted(better, limit=len(better))}"] if better != prompt else []),
        *(_price_line(row, negative) for row in rows),
    ]
    facts = {
        "characters": len(prompt),
        "words": len(prompt.split()),
        "findings": findings,
        "suggested_prompt": better,
        "style_preset": _preset(rows, arguments.style),
        "negative_prompt": suggested,
        "prices": {row.name(): [each / 1000 for each in row.price_range()] for row in rows},
    }
    return LocalResult(lines=lines, facts=facts)


def _negative(prompt: str, unwanted: tuple[str, ...]) -> str:
    """Return a negative prompt: what the prompt negates, and what such pictures go wrong with."""
    usual = suggest_negative(prompt).split(", ")
    every = dict.fromkeys(filter(None, (*unwanted, *usual)))
    return ", ".join(every)


def _rows(tool: str | None) -> list[type[Operation]]:
    """Return the operation that was named, or all current ones that draw only from text.

    Raises:
        ArgumentsError: there is no such operation, or it takes no prompt.
    """
    if tool is None:
        return [row for row in OPERATIONS.values() if _draws_from_text(row)]
    row = OPERATIONS.get(tool) or _short_names().get(name_key(tool))
    if row is None:
        names = [name for name, each in OPERATIONS.items() if "prompt" in each.model_fields]
        raise ArgumentsError(
            f"There is no tool {quoted(tool)} that takes a prompt.",
            hint=did_you_mean(tool, names) or f"Pass one of {listed(names, most=len(names))}.",
        )
    if "prompt" not in row.model_fields:
        raise ArgumentsError(f"{row.name()} takes no prompt.", hint="Call it without checking.")
    return [row]


def _preset(rows: list[type[Operation]], style: str | None) -> str | None:
    """Return the preset that a style names, if an operation takes presets."""
    if style is None or not any("style_preset" in row.model_fields for row in rows):
        return None
    key = name_key(style)
    return next((each for each in get_args(StylePreset) if name_key(each) == key), None)


@cache
def _short_names() -> Mapping[str, type[Operation]]:
    """Return operations by names without their family, and by their models: `ultra`, `sd3.5-flash`.

    Those that draw from text come first.
    """
    rows = sorted(OPERATIONS.values(), key=_draws_from_text)
    names: dict[str, type[Operation]] = {}
    for row in rows:
        models = [str(grade.arguments.get("model", "")) for grade in row.grades]
        short = [row.name(), row.name().partition("_")[2], *models]
        names |= {name_key(each): row for each in short if each}
    return names


def _draws_from_text(row: type[Operation]) -> bool:
    required = {name for name, each in row.model_fields.items() if each.is_required()}
    return row.media == "image" and required == {"prompt"}


def _length_notes(prompt: str) -> Iterator[str]:
    words = len(prompt.split())
    if not words:
        yield "empty: the API refuses it"
    elif len(prompt) > MAX_CHARACTERS:
        yield f"too long: the API takes {MAX_CHARACTERS:,} characters"
    elif words > LONG_WORDS:
        yield f"long: details after about {LONG_WORDS} words have little effect"
    elif words < SHORT_WORDS:
        yield "short: the model chooses setting, light and style; name what matters"


def _term_notes(workbench: Workbench, prompt: str) -> Iterator[str]:
    terms = workbench.terms
    if found := terms.blocked.found_in(prompt):
        yield f"blocked by this server's operator, so it won't be sent: {listed(found)}"
    if found := terms.warned.found_in(prompt):
        yield f"on the operator's list of warnings: {listed(found)}"


def _weight_notes(prompt: str) -> Iterator[str]:
    for weight in weights_in(prompt):
        if not weight.is_valid:
            yield f"weight of {quoted(weight.text)} is {weight.value:g}; it must be from 0 to 1"
    if has_open_brackets(prompt):
        yield "brackets don't match, so a weight such as (word:0.5) may be read as text"


def _model_notes(rows: list[type[Operation]], prompt: str, negative: str) -> Iterator[str]:
    """Yield the notes that a call of each row would get, each once."""
    seen: dict[str, None] = {}
    if not prompt.strip():
        return
    for row in rows:
        given: Mapping[str, object] = {"prompt": prompt[:MAX_CHARACTERS]}
        if negative and "negative_prompt" in row.model_fields:
            given = {**given, "negative_prompt": negative}
        if not _draws_from_text(row):
            continue
        seen |= dict.fromkeys(prompt_notes(parse(row, given)))
    yield from (note.removeprefix("note: ") for note in seen)


def _price_line(row: type[Operation], negative: str) -> str:
    low, high = row.price_range()
    price = credits_text(high) if low == high else f"{low / 1000:g} to {credits_text(high)}"
    takes = ""
    if negative and "negative_prompt" not in row.model_fields:
        takes = " It takes no negative_prompt."
    return f"{row.name()}: {price}. {row.summary()}{takes}"
