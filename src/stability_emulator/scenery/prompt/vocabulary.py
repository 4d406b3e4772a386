"""The words that scenes recognise, except names of objects, and random numbers from words."""

# ruff: noqa: SIM905 -- word lists are easier to read as one text

import hashlib
import random
import re
from collections.abc import Mapping


def _table(**rows: str) -> Mapping[str, str]:
    """Return a word → meaning mapping from meaning → words."""
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


PLACES = _table(
    sea="sea ocean coast harbour harbor bay waves seascape shore sail cliff cliffs port seaside",
    beach="beach island tropical lagoon paradise",
    lake="lake river pond waterfall stream reflection reflections",
    mountains="mountain mountains alps peak peaks valley alpine himalaya summit hike fjord canyon",
    forest="forest wood woods jungle woodland grove rainforest",
    city="city skyline downtown metropolis tokyo london paris manhattan"
    " urban cyberpunk skyscrapers",
    street="street road alley avenue highway square market cobblestone",
    desert="desert dune dunes sahara savanna mars sand",
    field="field meadow farm countryside garden park grass hill hills landscape prairie vineyard"
    " orchard village hamlet town pasture lawn",
    snow="snow snowy arctic antarctic ice icy polar glacier winter frozen tundra ski",
    room="room interior kitchen bedroom library office cafe indoors inside desk"
    " fireplace cosy cozy restaurant windowsill livingroom",
    space="space galaxy nebula cosmos universe orbit cosmic planets solar starship",
    underwater="underwater reef seabed coral aquarium submerged undersea",
    sky="sky clouds heaven aerial",
    studio="studio product backdrop packshot portrait headshot plain isolated closeup still"
    " advertisement commercial mockup",
)
TIMES = _table(
    dawn="dawn sunrise daybreak",
    morning="morning early",
    day="day noon midday daylight sunny daytime bright",
    golden="goldenhour afternoon",
    sunset="sunset evening sundown",
    dusk="dusk twilight bluehour nightfall",
    night="night midnight moonlit moonlight nocturnal starry dark nighttime moon stars",
)
WEATHERS = _table(
    storm="storm stormy thunderstorm lightning tempest thunder",
    rain="rain rainy raining drizzle wet",
    fog="fog foggy mist misty haze hazy smoke",
    snowfall="snowing snowfall blizzard snowflakes snowstorm",
    clouds="cloudy overcast clouds cloud",
    clear="cloudless clear",
    rainbow="rainbow",
    aurora="aurora borealis",
)
SEASONS = _table(
    autumn="autumn fall autumnal october",
    spring="spring blossom blossoms cherry april sakura",
    winter="winter snow snowy christmas frozen icy",
    summer="summer",
)
EMBLEMS = frozenset({"logo", "icon", "emblem", "badge", "sticker", "symbol", "logotype", "mascot"})
NUMBERS: Mapping[str, int] = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "pair": 2, "couple": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "several": 4,
    "many": 7, "some": 3, "few": 3, "group": 5, "herd": 6, "flock": 7, "school": 7, "fleet": 5,
    "row": 5, "dozen": 9, "dozens": 9,
}  # fmt: skip
SIDES = _table(
    left="left leftmost",
    right="right rightmost",
    far="horizon distance distant background far behind beyond afar",
    near="foreground front close closeup near",
    middle="centre center middle centred centered",
)
IMPLIED = _table(
    red="rose tomato strawberry crab ladybug ruby poppy",
    orange="pumpkin peach goldfish clownfish squirrel",
    yellow="lemon taxi duckling canary banana lion",
    green="lime avocado frog emerald dinosaur",
    blue="sapphire hummingbird kingfisher bluebird",
    purple="grape plum lavender orchid",
    pink="flamingo pig",
    white="swan goose dove polar lotus daisy lily zebra ballerina bride",
    black="crow raven panther orca gorilla",
    grey="wolf koala shark dolphin pigeon mouse rhino hippo donkey",
    brown="eagle moose buffalo monk",
    beige="camel giraffe",
)
"""Typical colours of objects, used if no colour is named."""
STOPS = frozenset(
    "with in on at under over near by of for from behind above below beside is are and or to"
    " through into against around between , . ; : before after during where while".split()
)
EMPTY = frozenset(
    "a an the this that my your his her its our their very with of in on at and or as to for by"
    " from photo picture image painting drawing illustration render photograph shot style high"
    " quality detailed beautiful stunning 4k 8k hd realistic view scene something some new".split()
)
"""Words without information about the content of the picture."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z]+", text.casefold())


def chance(*parts: object) -> random.Random:
    """Return a random generator seeded by `parts`."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).digest()
    return random.Random(digest)  # noqa: S311 -- must be reproducible
