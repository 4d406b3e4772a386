"""Checks the words of a prompt: weights, contradictions, and what to leave out.

Weights are documented for every prompt of the current API: `(word:weight)`, from 0 to 1
(https://platform.stability.ai/docs/api-reference).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

MAX_WEIGHT = 1.0
LONG_WORDS = 120
"""Words after which details at the end of a prompt have little effect (chosen)."""
SHORT_WORDS = 4
"""Words below which the model chooses most of the picture (chosen)."""

_WEIGHTED = re.compile(r"\(([^():]{1,80}):\s*(-?\d+(?:\.\d+)?)\)")
_WORD = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset(
    {"and", "the", "with", "without", "from", "into", "for", "not", "this", "style", "quality"}
)
"""Words that may stand in both prompts without contradicting each other."""

NEGATIVE_PROMPTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "people": (
            r"portrait|face|wom[ae]n|m[ae]n|girls?|boys?|child(?:ren)?|people|person|couple|family",
            "extra fingers, deformed hands, distorted face",
        ),
        "photos": (
            r"photo\w*|\d+ ?mm|lens|bokeh|dslr|shot|film|macro|aerial",
            "blurry, noise, overexposed, watermark",
        ),
        "products and logos": (
            r"logo|icon|product|packaging|mock-?up|emblem|badge|sticker",
            "clutter, shadow, gradient, watermark, text",
        ),
        "drawings": (
            r"illustration|drawing|painting|watercolou?r|sketch|anime|comic|cartoon|vector|pixel",
            "photo, blurry, watermark, signature",
        ),
    }
)
"""By kind of picture: the words that name it, and what such pictures often go wrong with.

The kinds follow the examples in the API reference's `negative_prompt`; the words are chosen."""
OTHERWISE = "blurry, low quality, watermark"


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A weighted part of a prompt."""

    text: str
    value: float

    @property
    def is_valid(self) -> bool:
        """Return whether the API documents the weight."""
        return 0 <= self.value <= MAX_WEIGHT


def weights_in(prompt: str) -> list[Weight]:
    """Return the weighted parts of a prompt, in order."""
    return [
        Weight(text=text.strip(), value=float(value)) for text, value in _WEIGHTED.findall(prompt)
    ]


def has_open_brackets(prompt: str) -> bool:
    """Return whether brackets don't match, so that a weight is read as text."""
    depth = 0
    for each in prompt:
        depth += (each == "(") - (each == ")")
        if depth < 0:
            return True
    return depth != 0


def contradictions(prompt: str, negative: str) -> list[str]:
    """Return the words that are both wanted and unwanted, in the order of the prompt."""
    unwanted = {_stem(word) for word in _WORD.findall(negative.casefold())}
    found = [
        word
        for word in _WORD.findall(prompt.casefold())
        if _stem(word) in unwanted and word not in _COMMON
    ]
    return list(dict.fromkeys(found))


def _stem(word: str) -> str:
    """Return a word without a plural ending."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


_CLAUSE = re.compile(r"([^,;.]+)([,;.]?\s*)")
_NEGATED = re.compile(
    r"^(.*?)(?:\s(?:and|but))?\s?\b(?:without(?: any)?|with no|no)\s+(\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
"""Single spaces, as the rest is stripped: a run of them would take quadratic time."""
_QUOTES = frozenset('"“”«»「」')
_AND = re.compile(r"\s(?:and|or|nor)\s(?:no\s|without\s)?|/", re.IGNORECASE)
_LEADING = re.compile(r"^(?:and|but|with)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Positive:
    """A prompt without its negations."""

    prompt: str
    unwanted: tuple[str, ...]
    """What was negated, for `negative_prompt`."""


def without_negations(prompt: str) -> Positive:
    """Move what a prompt negates at the end of a clause: `a beach, no people` names people.

    A prompt that would be empty without them, and clauses with text to draw, stay as they are.
    """
    kept: list[str] = []
    unwanted: list[str] = []
    for clause, separator in _CLAUSE.findall(prompt):
        found = None if _QUOTES & set(clause) else _NEGATED.match(clause)
        if found is None:
            kept += [clause, separator]
            continue
        unwanted += (each.strip() for each in _AND.split(found[2]))
        if (before := found[1].strip()) and not _LEADING.match(before):
            kept += [found[1], separator]
    rest = "".join(kept).strip().rstrip(",;").strip()
    if not unwanted or not rest:
        return Positive(prompt=prompt, unwanted=())
    return Positive(prompt=rest, unwanted=tuple(dict.fromkeys(filter(None, unwanted))))


def with_style(prompt: str, style: str) -> str:
    """Return a prompt with the words of a style, unless it has them."""
    words = style.strip().replace("-", " ")
    present = {_stem(word) for word in _WORD.findall(prompt.casefold())}
    wanted = {_stem(word) for word in _WORD.findall(words.casefold())}
    if not words or (wanted and wanted <= present):
        return prompt
    return f"{prompt.rstrip().rstrip(',;.')}, {words}"


def suggest_negative(prompt: str, others: Sequence[str] = ()) -> str:
    """Return a negative prompt that fits: what such pictures often go wrong with.

    Args:
        prompt: The prompt.
        others: Words that must not be in it, because they are wanted.
    """
    wanted = {_stem(word) for word in _WORD.findall(prompt.casefold())} | set(others)
    phrases = [
        phrase
        for pattern, unwanted in NEGATIVE_PROMPTS.values()
        if re.search(rf"(?<!no )(?<!without )\b(?:{pattern})\b", prompt, re.IGNORECASE)
        for phrase in unwanted.split(", ")
    ] or OTHERWISE.split(", ")
    kept = (each for each in phrases if not {_stem(word) for word in each.split()} & wanted)
    return ", ".join(dict.fromkeys(kept))
