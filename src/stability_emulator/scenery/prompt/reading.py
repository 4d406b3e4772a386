"""Parses a prompt: objects with colours, numbers and positions, and their surroundings."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stability_emulator.scenery.drawing.palette import NAMED, Colour, hue_apart, saturation_of
from stability_emulator.scenery.drawing.pen import Noun
from stability_emulator.scenery.nouns.catalog import named
from stability_emulator.scenery.prompt import vocabulary as words
from stability_emulator.scenery.prompt.negative_space import negative_space
from stability_emulator.scenery.prompt.unknown_nouns import unknown_nouns

MAX_WORDS = 400
"""Words to parse; a prompt may have 10,000 characters, but late words matter little."""
MAX_SUBJECTS, MAX_COUNT = 6, 9
DEFAULT_PLURAL = 3
"""Number of objects of a plural without a number, such as `boats`."""
WORN = frozenset({"shirt"})
WEARERS = frozenset({"man", "woman", "child"})
"""People; clothes set their colour and aren't drawn as objects: a woman in a green dress."""
TILED = frozenset({"pattern", "seamless", "wallpaper", "tile", "tiles"})
FULL_OF = frozenset({"field", "fields", "meadow", "garden", "orchard"})
"""Places full of the object named before them: a tulip field."""
SETTLEMENTS = frozenset({"village", "hamlet", "town", "villages"})
"""Places drawn as several houses."""
GENERAL = frozenset({"snow", "sky", "city", "mountains"})
"""Places that only qualify another named place: a snowy forest, a city street."""
ARTICLES, JOINING, SKY = frozenset({"a", "an"}), frozenset({"and"}), frozenset({"sky", "skies"})
ALIKE = 0.06
"""Distance of hues below which colours look the same."""
HUELESS = 0.2
"""Saturation below which a colour counts as grey."""
SAME_GREY = 180
"""Difference of the channels' sums below which greys look the same."""
REACH = 4
"""Maximum distance in words between a colour and its noun."""


@dataclass(kw_only=True)
class Subject:
    """One kind of object to draw."""

    noun: str
    """Its name in the catalog, or the label of an object that the catalog lacks."""
    colours: Sequence[str] = ()
    count: int = 1
    where: str = ""
    """Position: `left`, `right`, `far`, `near`, `middle`, or "" for anywhere."""


@dataclass(kw_only=True)
class Reading:
    """The parsed prompt."""

    subjects: list[Subject] = field(default_factory=list)
    place: str = ""
    places: list[str] = field(default_factory=list)
    time: str = ""
    season: str = ""
    weather: set[str] = field(default_factory=set)
    colours: list[str] = field(default_factory=list)
    """Colours that belong to no object."""
    ground: str = ""
    """Colour of the place."""
    sky: str = ""
    """Colour of the sky."""
    letters: str = ""
    """Quoted text to write into the picture."""
    empty_side: str = ""
    """Side to leave empty: `left`, `right`, `top`, `bottom`, `middle`, `any`, or "" for none."""
    description: str = ""
    """The prompt without `letters`."""
    emblem: bool = False
    tiled: bool = False
    """Whether to draw a seamless pattern."""
    abstract: bool = False
    """Whether the prompt names nothing that can be drawn, which gives an abstract composition."""
    avoided: set[str] = field(default_factory=set)
    """Words of the negative prompt and their nouns, places and so on."""

    def allows(self, *names: str) -> bool:
        """Return whether the negative prompt names none of these."""
        return self.avoided.isdisjoint(names)


def read(prompt: str, negative: str = "") -> Reading:
    """Parse a prompt, leaving out what the negative prompt names."""
    reading = Reading(avoided=_avoided(negative))
    quoted = re.search(r'"([^"]{1,60})"|“([^”]{1,60})”', prompt)
    if quoted:
        reading.letters = " ".join((quoted[1] or quoted[2]).split())
        prompt = prompt[: quoted.start()] + " " + prompt[quoted.end() :]
    reading.description = prompt
    text = re.sub(r"(golden|blue) hour", r"\1hour", prompt.casefold())
    text = text.replace("northern lights", "aurora")
    space = negative_space(text)
    reading.empty_side, text = space.side, space.rest
    tokens = re.findall(r"[a-zà-öø-ÿ]+|[0-9]+|[,.;:]", text)[:MAX_WORDS]
    _Parser(tokens, reading).parse()
    ranked = sorted(reading.places, key=lambda place: place in GENERAL)
    if len(ranked) > 1 and "underwater" in ranked:
        ranked = ["underwater"]
    reading.place = next(iter(ranked), "")
    meaning = set(tokens) - words.EMPTY - set(",.;:")
    known = reading.subjects or reading.places or reading.time or reading.weather or reading.emblem
    reading.abstract = not known and not reading.letters and bool(meaning)
    return reading


def _avoided(negative: str) -> set[str]:
    """Return the words of a negative prompt and the vocabulary's names for them."""
    tokens = re.findall(r"[a-z]+", negative.casefold())[:MAX_WORDS]
    result = set(tokens)
    for i in range(len(tokens)):
        found, _, _ = named(tokens, i)
        if found:
            result.add(found)
    for table in (words.PLACES, words.TIMES, words.WEATHERS, words.SEASONS):
        result |= {table[token] for token in tokens if token in table}
    return result


class _Parser:
    """Reads the words of a prompt in order, collecting colours and numbers for the next noun."""

    def __init__(self, tokens: Sequence[str], reading: Reading) -> None:
        self._tokens, self._reading = tokens, reading
        self._colours: list[tuple[int, str]] = []
        self._count = 0
        self._last: Subject | None = None
        self._unknown = unknown_nouns(tokens)

    def parse(self) -> None:
        """Read all words into the reading."""
        i = 0
        while i < len(self._tokens):
            noun, used, plural = named(self._tokens, i)
            if noun and used == 1 and self._tokens[i] in NAMED and _is_a_colour(self._tokens, i):
                noun = ""
            label = self._unknown.get(i, "")
            if noun:
                self._subject(i, noun, used=used, plural=plural)
            elif label and self._reading.allows(*label.split()):
                self._subject(i, label, used=1, plural=False)
            else:
                self._word(i, self._tokens[i])
            i += used if noun else 1
        self._release_colours()
        kept = [name for name in self._reading.colours if self._reading.allows(name)]
        self._reading.colours = kept

    def _subject(self, i: int, noun: str, *, used: int, plural: bool) -> None:
        reading = self._reading
        near = [name for at, name in self._colours if i - at <= REACH and reading.allows(name)]
        following = self._tokens[i + used : i + used + 1]
        if following and following[0] in FULL_OF:
            self._count = self._count or MAX_COUNT
        count = min(self._count or (DEFAULT_PLURAL if plural else 1), MAX_COUNT)
        implied = words.IMPLIED.get(self._tokens[i], "")
        if not implied:
            implied = words.IMPLIED.get(self._tokens[i].removesuffix("s"), "")
        if not near and implied and reading.allows(implied):
            near = [implied]
        if used == 1:
            _place_of(self._tokens[i], reading)
        self._colours, self._count = [], 0
        if not reading.allows(noun):
            return
        if noun in WORN and self._last is not None and self._last.noun in WEARERS:
            self._last.colours = self._last.colours or near
            return
        same = next((each for each in reading.subjects if each.noun == noun), None)
        if same is not None:
            same.colours = same.colours or near
            self._last = same
        elif len(reading.subjects) < MAX_SUBJECTS:
            self._last = Subject(noun=noun, colours=near, count=count)
            reading.subjects.append(self._last)

    def _word(self, i: int, word: str) -> None:
        if word in NAMED:
            self._colours.append((i, word))
        elif word in words.NUMBERS and word not in ARTICLES:
            self._count = words.NUMBERS[word]
        elif word.isdigit() and int(word[:3]) <= MAX_COUNT * 3:
            self._count = int(word[:3])
        elif word in words.SIDES and self._last is not None:
            self._last.where = self._last.where or words.SIDES[word]
        elif word in words.STOPS:
            another = i + 1 < len(self._tokens) and self._tokens[i + 1] in ARTICLES
            if word not in JOINING or another:
                self._release_colours()
        else:
            self._around(word)

    def _around(self, word: str) -> None:
        """Read a word about the place, the time or the kind of picture."""
        reading = self._reading
        if word in SETTLEMENTS and reading.allows(word, "house"):
            reading.subjects.append(Subject(noun="house", count=4))
        place = _place_of(word, reading)
        if self._colours and word in SKY:
            reading.sky, self._colours = self._colours[-1][1], []
        elif self._colours and place:
            reading.ground, self._colours = reading.ground or self._colours[-1][1], []
        if word in words.EMBLEMS:
            reading.emblem = reading.allows(word)
        if word in TILED:
            reading.tiled = reading.allows(word)

    def _release_colours(self) -> None:
        """Add the collected colours, which belong to no object, to the reading."""
        self._reading.colours += [name for _, name in self._colours]
        self._colours = []


def _is_a_colour(tokens: Sequence[str], i: int) -> bool:
    """Return whether a word such as `orange` is the colour of a following noun."""
    following = tokens[i + 1 : i + 1 + REACH]
    for at in range(len(following)):
        if following[at] in words.STOPS:
            return following[at] == "and" and at == 0
        if named(following, at)[0] or following[at] in words.PLACES or following[at] == "sky":
            return True
    return bool(following) and following[0] not in words.STOPS


def _place_of(word: str, reading: Reading) -> bool:
    """Read a place, time, weather or season from a word; return whether it is a place."""
    place = next((each for each in (word, word.removesuffix("s")) if each in words.PLACES), "")
    if place and reading.allows(place, words.PLACES[place]):
        reading.places += [words.PLACES[place]]
    if word in words.TIMES and not reading.time and reading.allows(word, words.TIMES[word]):
        reading.time = words.TIMES[word]
    if word in words.WEATHERS and reading.allows(word, words.WEATHERS[word]):
        reading.weather.add(words.WEATHERS[word])
    if word in words.SEASONS and reading.allows(word, words.SEASONS[word]):
        reading.season = reading.season or words.SEASONS[word]
    return bool(place)


def colours_of(
    subject: Subject, noun: Noun, reading: Reading, rng: random.Random
) -> tuple[Colour, Colour | None]:
    """Return the colours of an object: the named ones, else its own that aren't avoided."""
    named = [NAMED[name] for name in subject.colours]
    banned = [NAMED[name] for name in reading.avoided if name in NAMED]
    own = [tone for tone in noun.colours if not any(alike(tone, bad) for bad in banned)]
    chosen = rng.choice(own or [(150, 150, 156)])
    return (named[0] if named else chosen), (named[1] if len(named) > 1 else None)


def alike(one: Colour, other: Colour) -> bool:
    """Return whether two colours look the same."""
    grey = saturation_of(one) < HUELESS, saturation_of(other) < HUELESS
    if any(grey):
        return all(grey) and abs(sum(one) - sum(other)) < SAME_GREY
    return hue_apart(one, other) < ALIKE
