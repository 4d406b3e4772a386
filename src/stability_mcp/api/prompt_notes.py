"""Free notes about prompts that the API accepts and charges for, but doesn't follow.

Only certain cases get a note; the request is sent either way. Text in quotes is left out, because
it is text to draw.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stability_mcp.api.operation import Operation
from stability_mcp.text import quoted

_IGNORE_CASE = re.IGNORECASE
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|「[^」]*」|(?<!\w)'[^']*'(?!\w)")
_LATIN_SIGNS = "ªºµ"
"""Letters within Latin text whose Unicode names don't begin with the script."""
_MIN_LETTERS = 2

_PLEASE = r"^\s*(?:please,?\s+|(?:can|could|would) you\s+(?:please\s+)?|i (?:want|need) you to\s+)?"
_OBJECT = r"(?:the|this|that|these|those|all|every\w*|any|my|his|her|its|their|it|him|them|an?)\b"
_PERSON = (
    r"(?:wo)?m[ae]n|girls?|boys?|child(?:ren)?|kids?|ladies|lady|guys?|singers?|vocalists?|"
    r"rappers?|narrators?|announcers?|people|(?:fe)?male|voices?"
)
_NOT_BEFORE = r"(?<!no )(?<!without )(?<!not )(?<!any )(?<!or )(?<!and )"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Texts that get a note.

    Args:
        pattern: Finds them.
        note: What to do instead.
        source: Why the API doesn't follow them.
        applies: Whether the note is right for a request.
    """

    pattern: re.Pattern[str]
    note: str
    source: str
    applies: Callable[[Operation], bool]


def _edits_a_file(operation: Operation) -> bool:
    return any(getattr(operation, name) is not None for name in operation.file_fields())


def _makes_sound(operation: Operation) -> bool:
    return operation.media == "audio"


def _can_leave_out(operation: Operation) -> bool:
    return "negative_prompt" in type(operation).model_fields and not getattr(
        operation, "negative_prompt", None
    )


_ORDER_NOTE = (
    "reads as an order; the API expects a description of the result, such as what is there "
    "afterwards. edit_erase removes what a mask marks"
)
_ORDER_SOURCE = "API reference, `prompt` of the edits: what you wish to see in the output image"
_VOICE_NOTE = "asks for a voice; the models make music and sounds, but can't sing or speak words"
_VOICE_SOURCE = "model card of Stable Audio: not able to generate realistic vocals"
_NEGATION_NOTE = "negates; models tend to draw what is named. Name it in negative_prompt instead"
_NEGATION_SOURCE = "API reference, `negative_prompt`: what you do not wish to see"

RULES = (
    Rule(
        pattern=re.compile(rf"{_PLEASE}(?:remove|delete|erase|get rid of)\s+\w+", _IGNORE_CASE),
        note=_ORDER_NOTE,
        source=_ORDER_SOURCE,
        applies=_edits_a_file,
    ),
    Rule(
        pattern=re.compile(
            rf"{_PLEASE}(?:replace|change|turn|convert|transform|make|add|insert|put|fix|repair|"
            rf"edit|recolou?r|swap|crop|resize|move|rotate|blur|sharpen|enhance|improve|upscale|"
            rf"enlarge|extend|take out)\s+{_OBJECT}",
            _IGNORE_CASE,
        ),
        note=_ORDER_NOTE,
        source=_ORDER_SOURCE,
        applies=_edits_a_file,
    ),
    Rule(
        pattern=re.compile(
            rf"\b(?:{_PERSON})\s+(?:\w+\s+){{0,2}}?(?:sings?|singing|raps|rapping|says?|saying|"
            rf"speaks?|speaking|narrat(?:es|ing)|reads?|reading)\b(?!\s+(?:bowl|bird))",
            _IGNORE_CASE,
        ),
        note=_VOICE_NOTE,
        source=_VOICE_SOURCE,
        applies=_makes_sound,
    ),
    Rule(
        pattern=re.compile(
            rf"{_NOT_BEFORE}\b(?:lead vocals?|vocals|lyrics|voice-?\s?overs?|narration|"
            rf"spoken words?|text[- ]to[- ]speech)\b",
            _IGNORE_CASE,
        ),
        note=_VOICE_NOTE,
        source=_VOICE_SOURCE,
        applies=_makes_sound,
    ),
    Rule(
        pattern=re.compile(
            r"\b(?:don['\u2019]?t|do not|never)\s+(?:draw|add|include|show|put|use|have|paint|"
            r"render|generate|make)\b|(?:^|[,.;:]\s*)(?:avoid|exclude)\s+\w+|"
            r"(?:^|[,.;:]\s*)no\s+(?!one\b|man\b|man['\u2019]s|parking|smoking|entry|\d)\w+",
            _IGNORE_CASE,
        ),
        note=_NEGATION_NOTE,
        source=_NEGATION_SOURCE,
        applies=_can_leave_out,
    ),
)


def prompt_notes(operation: Operation) -> list[str]:
    """Return a line for each text of a request that the API probably won't follow."""
    return list(dict.fromkeys(_notes(operation)))


def _notes(operation: Operation) -> Iterator[str]:
    for name, text in _prompts(operation):
        for rule in RULES:
            found = rule.pattern.search(text)
            if found and rule.applies(operation):
                part = found[0].strip(" ,.;:")
                yield f"note: {name} ({quoted(part)}) {rule.note}."
                break
        if is_other_script(text):
            yield f"note: {name} isn't in Latin script; the API understands English only."


def _prompts(operation: Operation) -> Iterator[tuple[str, str]]:
    """Return the texts that describe the result, without what they quote."""
    for name in type(operation).model_fields:
        if "prompt" not in name or name == "negative_prompt":
            continue
        value = getattr(operation, name)
        for part in value if isinstance(value, list) else [value]:
            text = getattr(part, "text", part)
            if isinstance(text, str):
                yield name, _QUOTED.sub(" ", text)


def is_other_script(text: str) -> bool:
    """Return whether most letters aren't Latin: only the script is certain, not the language."""
    letters = [each for each in text if each.isalpha()]
    other = sum(
        each not in _LATIN_SIGNS
        and not unicodedata.name(each, "").startswith(("LATIN", "FULLWIDTH LATIN"))
        for each in letters
    )
    return other >= _MIN_LETTERS and 2 * other > len(letters)
