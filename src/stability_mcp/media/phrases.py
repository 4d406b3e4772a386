"""Parses words that name media: `the last image`, `yesterday's fox`, `the second one`, `undo`.

Pure: a text in, a phrase out, or None if the text has none of these forms. The forms are narrow on
purpose: a misspelt label must stay an error, because a wrong input costs credits. English only.
`phrase_lookup` finds the media that a phrase means.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from unicodedata import normalize

from stability_mcp.media.labels import has_ending
from stability_mcp.media.search import Kind
from stability_mcp.media.time_words import is_time
from stability_mcp.media.unwrap import INVISIBLE

MAX_CHARACTERS = 120
"""Longer text isn't a phrase; it may be a prompt in the wrong argument."""
MAX_WORDS = 8
"""Most words to search for, for the same reason."""

MadeBy = Literal["generated", "imported"]


@dataclass(frozen=True, slots=True)
class Search:
    """Media by time, kind and words: `the last image`, `yesterday's fox`."""

    words: tuple[str, ...] = ()
    """Words of the label or prompt, in lower case; all of them must occur."""
    kind: Kind | None = None
    origin: MadeBy | None = None
    time: str | None = None
    """Words for `time_words.period_of`."""
    back: int | None = None
    """0 for the newest one, 1 for the one before; None: only one may fit."""


@dataclass(frozen=True, slots=True)
class OnSheet:
    """One of the media that were last shown together: `the second one`, `#2`."""

    number: int
    """From 1; -1 is the last one."""
    kind: Kind | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an item was made from: `undo`, `the previous version of hero`."""

    of: str | None = None
    """A reference to the item; None: the newest result."""
    first: bool = False
    """Whether the start of its history is meant: `the original of hero`."""


@dataclass(frozen=True, slots=True)
class Several:
    """More than one item, which no argument takes: `the last two images`."""


Phrase = Search | OnSheet | Earlier | Several


@dataclass(frozen=True, slots=True)
class _Noun:
    kind: Kind | None = None
    origin: MadeBy | None = None


_NOUNS: Mapping[str, _Noun] = MappingProxyType(
    {
        **dict.fromkeys(
            ("image", "img", "picture", "pic", "photo", "photograph"), _Noun(kind="image")
        ),
        **dict.fromkeys(
            ("sound", "audio", "track", "song", "music", "tune", "clip", "recording"),
            _Noun(kind="audio"),
        ),
        **dict.fromkeys(("3d model", "3d object", "model", "mesh"), _Noun(kind="model")),
        **dict.fromkeys(
            ("result", "generation", "output", "creation", "edit"), _Noun(origin="generated")
        ),
        **dict.fromkeys(("upload", "import"), _Noun(origin="imported")),
        **dict.fromkeys(("one", "item", "file", "thing", "version", "variant"), _Noun()),
    }
)
"""Nouns that say which kind of media is meant, or nothing; they aren't searched for."""

_MADE: Mapping[str, MadeBy] = MappingProxyType(
    {
        **dict.fromkeys(("made", "generated", "created", "rendered", "edited"), "generated"),
        **dict.fromkeys(("uploaded", "imported", "added"), "imported"),
    }
)
"""Participles that say where an item comes from: `the last generated image`."""

_IN_CHAT = frozenset({"attached", "pasted", "sent", "shared"})
"""Participles for a file in the chat, which isn't in the store: no other picture is meant."""

_ORDERS: Mapping[str, int] = MappingProxyType(
    {
        "latest": 0,
        "last": 0,
        "newest": 0,
        "most recent": 0,
        "previous": 1,
        "second to last": 1,
        "second-to-last": 1,
        "second last": 1,
        "second latest": 1,
        "next to last": 1,
        "penultimate": 1,
    }
)
"""Words for an item by its place from the end."""

_ORDINALS: Mapping[str, int] = MappingProxyType(
    {
        word: number
        for number, words in enumerate(
            (
                ("first", "1st"),
                ("second", "2nd"),
                ("third", "3rd"),
                ("fourth", "4th"),
                ("fifth", "5th"),
                ("sixth", "6th"),
                ("seventh", "7th"),
                ("eighth", "8th"),
                ("ninth", "9th"),
                ("tenth", "10th"),
            ),
            1,
        )
        for word in words
    }
)
"""Places on a sheet."""

# fmt: off
_IGNORED = frozenset(
    {
        "a", "an", "the", "my", "your", "our", "of", "with", "in", "on", "at", "and", "that",
        "which", "is", "was", "from", "by", "i", "you", "we", "me", "just", "have", "has",
        "again", "for", "to",
    }
)
"""Words that say nothing about a picture."""
# fmt: on


def _either(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_NOUN = _either(_NOUNS)
_THE = r"(?:(?:the|my|your|our) )?"
_EDIT = r"(?:edit|change|step)"
_SHEET = r"(?: (?:of|on|from|in) (?:the |that )?(?:last |latest )?(?:sheet|set|series|grid|batch))"
_COUNT = r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|few|couple|several)"


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE) for each in patterns)


_BEFORE_LAST = _patterns(
    rf"{_THE}(?P<noun>{_NOUN}) before(?: (?:that|it|this|that one|last|the last(?: one)?))?",
    r"(?:the )?last but one",
)
_UNDO = _patterns(
    rf"undo(?: (?:it|that|this|(?:(?:the|that|my|your) )?(?:last |latest )?(?:{_EDIT}|one)))?",
    rf"(?:{_THE}(?:{_NOUN}) )?before (?:(?:the|that|this|my|your) )?(?:last |latest )?{_EDIT}",
    rf"{_THE}(?:previous|earlier|prior) version",
    rf"{_THE}version before(?: that| this| it)?",
    rf"{_THE}(?:previous|earlier|prior) version of (?P<of>.+)",
    r"(?:the )?version before (?P<of>.+)",
    r"undo (?P<of>.+)",
    rf"(?P<of>.+?) before (?:(?:the|that|this|its) )?(?:last |latest )?{_EDIT}",
    r"(?P<of>\S.*?) before",
)
_ORIGINAL = _patterns(
    rf"(?:the|my|your|our) original(?: (?:{_NOUN}))?",
    rf"{_THE}original (?:(?:{_NOUN}) )?of (?P<of>.+)",
)
_ON_SHEET = _patterns(
    rf"{_THE}(?P<ordinal>{_either(_ORDINALS)})(?: (?P<noun>{_NOUN}))?{_SHEET}?",
    rf"{_THE}(?:(?P<noun>{_NOUN}) )?(?:#|no\.? ?|nr\.? ?|number |option )(?P<number>\d{{1,2}})"
    rf"{_SHEET}?",
    rf"{_THE}(?P<last>last)(?: (?P<noun>{_NOUN}))?{_SHEET}",
    rf"(?:the|my|your|our) (?P<ordinal>{_either(_ORDINALS)}) (?P<words>.+?){_SHEET}?",
)
_SEVERAL = _patterns(
    rf"{_THE}(?:{_either(_ORDERS)}) {_COUNT}(?: .+)?",
    rf"(?:the|my|your|our|{_either(_ORDERS)}) (?:{_NOUN})s",
    rf"{_THE}(?:{_either(_ORDERS)}) .*\b(?:{_NOUN})s",
)

_TIME_FIRST = re.compile(r"(?:the )?(?P<time>.+?)'s? (?P<rest>.+)")
_BEFORE_TIME = frozenset({"from", "of", "at", "on"})
_DETERMINER = re.compile(r"(?:the|my|your|our) ")
_ORDER = re.compile(rf"(?:{_either(_ORDERS)})(?= |$)")
_LAST_NOUN = re.compile(rf"(?:^|.* )(?P<noun>{_NOUN})$")
_FIRST_NOUN = re.compile(rf"(?P<noun>{_NOUN}) (?:of|with|showing|that|which|i|you|we|made|from) .+")
_WORD = re.compile(r"\w[\w'-]*")
_UNSUITABLE = re.compile(r"""[/\\|<>*?{}()\[\]"=;@&%$^~]""")
"""Characters of paths, wildcards and addresses."""
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc\u00b4`", "'" * 5)


def parse_phrase(text: str) -> Phrase | None:
    """Parse words that name media; None: the text isn't such a phrase."""
    if len(text) > MAX_CHARACTERS or _UNSUITABLE.search(text) or has_ending(text):
        return None
    clean = " ".join(normalize("NFC", text).translate(_APOSTROPHES).strip(INVISIBLE).split())
    clean = clean.rstrip(".!,")
    return (
        _before_last(clean)
        or _earlier(clean)
        or _on_sheet(clean)
        or _several(clean)
        or _search(clean.casefold())
    )


def words_of(text: str) -> list[str]:
    """Return the words of a label or prompt, as they are compared with those of a phrase."""
    folded = normalize("NFC", text).translate(_APOSTROPHES).casefold()
    return [word.removesuffix("'s") for word in re.findall(r"\w+(?:'\w+)?", folded)]


def is_undo(text: str) -> bool:
    """Return whether a text asks to go back: `undo`, `undo that`, `"undo the hat"`."""
    return re.match(r"""["'`]*undo\b""", text.strip(), re.IGNORECASE) is not None


def _match(patterns: Iterable[re.Pattern[str]], text: str) -> dict[str, str] | None:
    found = next(filter(None, (each.fullmatch(text) for each in patterns)), None)
    if found is None:
        return None
    return {name: value for name, value in found.groupdict().items() if value}


def _kind(parts: Mapping[str, str]) -> Kind | None:
    return _NOUNS[parts["noun"].casefold()].kind if "noun" in parts else None


def _before_last(text: str) -> Search | None:
    parts = _match(_BEFORE_LAST, text)
    if parts is None or parts.get("noun", "").casefold() == "version":
        return None
    return Search(kind=_kind(parts), back=1)


def _earlier(text: str) -> Earlier | None:
    parts = _match(_ORIGINAL, text)
    if parts is not None:
        return Earlier(parts.get("of"), first=True)
    parts = _match(_UNDO, text)
    return None if parts is None else Earlier(parts.get("of"))


def _on_sheet(text: str) -> OnSheet | None:
    if _ORDER.match(_DETERMINER.sub("", text.casefold(), count=1)) and "last" not in (
        _match(_ON_SHEET, text) or {}
    ):
        return None  # `second to last`
    parts = _match(_ON_SHEET, text)
    if parts is None:
        return None
    if "last" in parts:
        return OnSheet(-1, _kind(parts))
    number = int(parts["number"]) if "number" in parts else _ORDINALS[parts["ordinal"].casefold()]
    words = _noun_and_words(parts["words"].casefold()) if "words" in parts else None
    if words is None:
        return None if "words" in parts else OnSheet(number, _kind(parts))
    noun, _, rest = words
    return OnSheet(number, noun.kind, rest)


def _several(text: str) -> Several | None:
    return None if _match(_SEVERAL, text) is None else Several()


def _search(text: str) -> Search | None:
    """Parse `the last red fox picture from yesterday`."""
    time, rest, is_form = _split_time(text)
    determiner = _DETERMINER.match(rest)
    rest = rest[determiner.end() :] if determiner else rest
    order = _ORDER.match(rest)
    rest = rest[order.end() :].strip() if order else rest
    if not (is_form or determiner or order):
        return None
    words = _noun_and_words(rest)
    if words is None:
        return None
    noun, origin, searched = words
    uploaded = origin == "imported" and order is None
    if uploaded or not _IN_CHAT.isdisjoint(searched):
        return None  # `the uploaded image` is one in the chat
    phrase = Search(
        words=searched,
        kind=noun.kind,
        origin=origin or noun.origin,
        time=time,
        back=_ORDERS[order[0]] if order else None,
    )
    return None if phrase == Search() else phrase


def _split_time(text: str) -> tuple[str | None, str, bool]:
    """Return the time in a phrase, the rest, and whether the time makes the text a phrase."""
    first = _TIME_FIRST.fullmatch(text)
    if first is not None and is_time(first["time"]):
        return first["time"], first["rest"], True
    tokens = text.split(" ")
    for start in range(1, len(tokens)):
        time = " ".join(tokens[start:])
        if is_time(time):
            rest = tokens[:start]
            while len(rest) > 1 and rest[-1] in _BEFORE_TIME:
                rest.pop()
            return time, " ".join(rest), tokens[start - 1] in _BEFORE_TIME
    return None, text, False


def _noun_and_words(text: str) -> tuple[_Noun, MadeBy | None, tuple[str, ...]] | None:
    """Return the noun, the origin and the words to search for; None: the text isn't suitable."""
    noun = _Noun()
    first = _FIRST_NOUN.fullmatch(text)
    if first is not None:
        noun, text = _NOUNS[first["noun"]], text[first.end("noun") :].strip()
    tokens = text.split()
    origin = next((_MADE[each] for each in (tokens[:1] + tokens[-1:]) if each in _MADE), None)
    if tokens and tokens[-1] in _MADE:
        tokens = tokens[:-1]
    if tokens and tokens[0] in _MADE:
        tokens = tokens[1:]
    while tokens and tokens[-1] in _IGNORED:
        tokens.pop()
    last = _LAST_NOUN.fullmatch(" ".join(tokens))
    if first is None and last is not None:
        noun = _NOUNS[last["noun"]]
        tokens = tokens[: len(tokens) - len(last["noun"].split())]
    if not all(_WORD.fullmatch(each) for each in tokens):
        return None
    words = tuple(word for each in tokens if each not in _IGNORED for word in words_of(each))
    return None if len(words) > MAX_WORDS else (noun, origin, words)
