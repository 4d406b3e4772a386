"""Finds the part of the picture that a prompt leaves empty: `empty space on the left`."""

import random
import re
from dataclasses import dataclass

SIDES = {
    "left": "left", "lefthand": "left",
    "right": "right", "righthand": "right",
    "top": "top", "upper": "top", "above": "top", "overhead": "top",
    "bottom": "bottom", "lower": "bottom", "below": "bottom", "underneath": "bottom",
    "middle": "middle", "centre": "middle", "center": "middle", "central": "middle",
}  # fmt: skip
_SIDE = rf"(?P<side>{'|'.join(SIDES)})"
_EMPTY = r"(?:empty|negative|copy|blank|bare|free|clear|clean|open|white|vacant|uncluttered)"
_CERTAINLY_EMPTY = r"(?:empty|blank|bare|vacant|uncluttered|negative)"
"""Words that mean an empty side without any other sign, unlike `a clear top`."""
_SPACE = r"(?:space|area|room|region|background|margin)"
_PART = r"(?:[- ]?hand)?(?: (?:side|half|third|quarter|part|area|edge|corner))"
_AMOUNT = r"(?:leave|leaving|keep|keeping|some|plenty of|lots of|a lot of|enough|much|more|ample)"
_FILLER = r"(?:(?:with|and|has|have|a|an|the|large|generous|big|wide) ){0,4}"
_WHERE = (
    r"(?: (?:is|left|kept|remaining))?(?: (?:on|at|in|to|along|towards|across|around))?"
    rf"(?: the)?(?: far| very)? {_SIDE}(?:{_PART})*"
    r"(?: of the (?:image|picture|frame|photo|composition))?"
)
_USE = (
    r"(?: (?:for|to add) (?:(?:a|an|the|some|your|my) )*"
    r"(?:text|copy|title|headline|logo|slogan|caption|type|lettering|overlay|words|typography))"
)
_SIMPLE = rf"(?:{_EMPTY}[ -](?:[a-z]+ )?{_SPACE}|copyspace)"


def _after(*words: str) -> str:
    """Return a pattern for a position after one of these texts."""
    return "(?:" + "|".join(f"(?<={each})" for each in words) + ")"


_AFTER_AMOUNT = _after("leave ", "leaving ", "of ", "enough ", "some ", "with ")
_PATTERNS = tuple(
    re.compile(rf"\b(?:{_AMOUNT} )?{_FILLER}{pattern}\b")
    for pattern in (
        # empty space on the left; copy space for text at the top
        rf"{_SIMPLE}{_USE}?{_WHERE}{_USE}?",
        # plenty of space on the right; room for text on the right
        rf"{_AFTER_AMOUNT}(?:space|room){_USE}?{_WHERE}",
        rf"(?:space|room){_USE}{_WHERE}",
        # the left half is empty; keep the bottom clear
        rf"{_SIDE}(?:{_PART})+(?: (?:is|left|kept|completely|mostly))* {_EMPTY}{_USE}?",
        rf"{_SIDE} (?:is|left|kept) {_EMPTY}{_USE}?",
        rf"{_after('leave the ', 'keep the ', 'leaving the ')}{_SIDE} {_EMPTY}{_USE}?",
        # an empty left side; an empty centre
        rf"{_CERTAINLY_EMPTY} {_SIDE}(?:{_PART})*{_USE}?",
        rf"{_EMPTY} {_SIDE}(?:{_PART})+{_USE}?",
        # negative space; copy space for a headline
        rf"(?:(?:negative|copy)[ -]space|copyspace){_USE}?",
        rf"(?:{_EMPTY} )?(?:space|room|area){_USE}",
    )
)
"""Patterns, the most specific first.

`empty space` without a side or a use isn't enough: that is where astronauts float.
"""


@dataclass(frozen=True, kw_only=True)
class NegativeSpace:
    """What a prompt says about empty space."""

    side: str
    """`left`, `right`, `top`, `bottom`, `middle`, `any`, or "" for none."""
    rest: str
    """The prompt without that phrase."""


def negative_space(text: str) -> NegativeSpace:
    """Find the phrase about empty space in a prompt in lower case."""
    for pattern in _PATTERNS:
        if found := pattern.search(text):
            side = found.groupdict().get("side")
            rest = f"{text[: found.start()]} , {text[found.end() :]}"
            return NegativeSpace(side=SIDES[side] if side else "any", rest=rest)
    return NegativeSpace(side="", rest=text)


def resolved(side: str, rng: random.Random) -> str:
    """Return the side to leave empty: a random one of left and right for `any`."""
    return rng.choice(("left", "right")) if side == "any" else side
