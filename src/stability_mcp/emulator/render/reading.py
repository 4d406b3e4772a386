"""What a prompt asks for: things with their colours, numbers and places, and what is around them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stability_mcp.emulator.render import vocabulary as words
from stability_mcp.emulator.render.colours import NAMED
from stability_mcp.emulator.render.nouns import named

MOST_WORDS = 400
"""A prompt may have 10,000 characters; what comes late in it says little."""
MOST_THINGS, MOST_COUNT = 6, 9
PLAIN_PLURAL = 3
"""How many `boats` are."""
GENERAL = frozenset({"snow", "sky", "city", "mountains"})
"""Places that say how another place is, if both are named: a snowy forest, a city street."""
REACH = 4
"""How many words may stand between a colour and its noun."""


@dataclass(kw_only=True)
class Wish:
    """One thing that is to be seen."""

    noun: str
    colours: Sequence[str] = ()
    count: int = 1
    where: str = ""
    """`left`, `right`, `far`, `near`, `middle`, or "" for anywhere."""


@dataclass(kw_only=True)
class Reading:
    """What a prompt asks for."""

    things: list[Wish] = field(default_factory=list)
    place: str = ""
    places: list[str] = field(default_factory=list)
    time: str = ""
    season: str = ""
    weather: set[str] = field(default_factory=set)
    colours: list[str] = field(default_factory=list)
    """Colours that belong to no thing."""
    ground: str = ""
    """Colour of the place, or of the sky where `sky` says so."""
    sky: str = ""
    letters: str = ""
    emblem: bool = False
    strange: bool = False
    """Whether nothing was understood."""
    avoided: set[str] = field(default_factory=set)
    """Nouns, colours and the like that must not be seen."""

    def wants(self, *names: str) -> bool:
        """Return whether none of these was ruled out."""
        return self.avoided.isdisjoint(names)


def read(prompt: str, negative: str = "") -> Reading:
    """Return what is asked for, without what is not."""
    reading = Reading(avoided=_avoided(negative))
    quoted = re.search(r'"([^"]{1,60})"|“([^”]{1,60})”', prompt)
    if quoted:
        reading.letters = " ".join((quoted[1] or quoted[2]).split())
        prompt = prompt[: quoted.start()] + " " + prompt[quoted.end() :]
    spoken = re.sub(r"(golden|blue) hour", r"\1hour", prompt.casefold())
    tokens = re.findall(r"[a-z]+|[0-9]+|[,.;:]", spoken)[:MOST_WORDS]
    _walk(tokens, reading)
    ranked = sorted(reading.places, key=lambda place: place in GENERAL)
    if len(ranked) > 1 and "underwater" in ranked:
        ranked = ["underwater"]
    reading.place = next(iter(ranked), "")
    meaning = set(tokens) - words.EMPTY - set(",.;:")
    known = reading.things or reading.places or reading.time or reading.weather or reading.emblem
    reading.strange = not known and not reading.letters and bool(meaning)
    return reading


def _avoided(negative: str) -> set[str]:
    """Return what a negative prompt names, also by the name that the vocabulary has for it."""
    tokens = re.findall(r"[a-z]+", negative.casefold())[:MOST_WORDS]
    result = set(tokens)
    for i in range(len(tokens)):
        found, _, _ = named(tokens, i)
        if found:
            result.add(found)
    for table in (words.PLACES, words.TIMES, words.WEATHERS, words.SEASONS):
        result |= {table[token] for token in tokens if token in table}
    return result


def _walk(tokens: Sequence[str], reading: Reading) -> None:
    colours: list[tuple[int, str]] = []
    count = 0
    last: Wish | None = None
    i = 0
    while i < len(tokens):
        token = tokens[i]
        noun, used, plural = named(tokens, i)
        if noun and token in NAMED and _is_a_colour(tokens, i):
            noun = ""
        if noun:
            wish = Wish(
                noun=noun,
                colours=[name for at, name in colours if i - at <= REACH and reading.wants(name)],
                count=min(count or (PLAIN_PLURAL if plural else 1), MOST_COUNT),
            )
            if used == 1:
                _place_of([token], reading)
            colours, count = [], 0
            if reading.wants(noun) and len(reading.things) < MOST_THINGS:
                same = next((each for each in reading.things if each.noun == noun), None)
                if same is None:
                    reading.things.append(wish)
                    last = wish
                else:
                    same.colours = same.colours or wish.colours
                    last = same
            i += used
            continue
        if token in NAMED:
            colours.append((i, token))
        elif token in words.NUMBERS and token not in {"a", "an"}:
            count = words.NUMBERS[token]
        elif token.isdigit() and int(token[:3]) <= MOST_COUNT * 3:
            count = int(token[:3])
        elif token in words.SIDES and last is not None and token != "close":
            last.where = last.where or words.SIDES[token]
        elif token == "sky" and colours:  # noqa: S105 -- a word of a prompt
            reading.sky, colours = colours[-1][1], []
            _place_of([token], reading)
        elif token in words.STOPS:
            if token != "and":  # noqa: S105 -- likewise
                reading.colours += [name for _, name in colours]
                colours = []
        else:
            if _place_of([token], reading) and colours:
                reading.ground, colours = reading.ground or colours[-1][1], []
            if token in words.EMBLEMS:
                reading.emblem = reading.wants(token)
        i += 1
    reading.colours += [name for _, name in colours]
    reading.colours = [name for name in reading.colours if reading.wants(name)]


def _is_a_colour(tokens: Sequence[str], i: int) -> bool:
    """Return whether `orange` and the like is said of something that follows."""
    following = tokens[i + 1 : i + 1 + REACH]
    for at in range(len(following)):
        if following[at] in words.STOPS:
            return following[at] == "and" and at == 0
        if named(following, at)[0] or following[at] in words.PLACES or following[at] == "sky":
            return True
    return bool(following) and following[0] not in words.STOPS


def _place_of(tokens: Sequence[str], reading: Reading) -> bool:
    """Take a place, time, weather or season from a word; return whether it is a place."""
    place = False
    for token in tokens:
        for single in (token, token.removesuffix("s")):
            if single in words.PLACES and reading.wants(single, words.PLACES[single]):
                if words.PLACES[single] not in reading.places:
                    reading.places.append(words.PLACES[single])
                place = True
                break
        found: Mapping[str, str] = words.TIMES
        if token in found and not reading.time and reading.wants(token, found[token]):
            reading.time = found[token]
        if token in words.WEATHERS and reading.wants(token, words.WEATHERS[token]):
            reading.weather.add(words.WEATHERS[token])
        if token in words.SEASONS and reading.wants(token, words.SEASONS[token]):
            reading.season = reading.season or words.SEASONS[token]
    return place
