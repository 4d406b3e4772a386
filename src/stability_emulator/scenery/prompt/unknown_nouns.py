"""Finds the objects of a prompt that the catalog lacks, such as `vacuum cleaner`.

There is no dictionary. A noun phrase begins with an article, a number or the prompt itself, and
ends at a preposition, a comma or the next article; its last word is the object. In a phrase that
ends with a known word, such as `a living room`, the other words only describe it.
"""

# ruff: noqa: SIM905 -- word lists are easier to read as one text

from collections.abc import Mapping, Sequence

from stability_emulator.scenery.drawing.palette import NAMED
from stability_emulator.scenery.nouns.catalog import named
from stability_emulator.scenery.prompt import vocabulary as words

MAX_UNKNOWN = 3
"""Maximum objects: a long prompt isn't filled with boxes."""
MAX_LABEL_WORDS, MAX_LABEL = 2, 22
DETERMINERS = frozenset(
    "the this that these those my your his her its our their another each every any".split()
) | frozenset(words.NUMBERS)
ENDS = words.STOPS | frozenset(
    "underwater undersea submerged indoors outdoors inside outside"
    " that which who whose whom when as than but so".split()
)
NEVER_OBJECTS = frozenset(
    # pictures and their properties
    "abstract accent accents aesthetic aesthetics angle angles animation art artwork aspect"
    " atmosphere background backdrop blur bokeh border brushstroke brushstrokes bundle cg"
    " cgi colour colours color colors colorway composition concept contrast cover depth"
    " design detail details display dof edge edges effect effects engine exposure fidelity"
    " figure film focus format frame framing gradient grain hdr highlight highlights hue"
    " hues imagery layout lens lighting light lights line lines look macro masterpiece"
    " material materials medium minimalism mode mood motif octane overlay palette panel"
    " pattern perspective photography photorealism pixel pixels portraiture poster"
    " presentation print quality raytracing realism rendering resolution saturation set"
    " setting shade shades shading shadow shadows shape shapes silhouette sketch space"
    " subject surface symmetry template text texture textures theme tone tones toning"
    " typography unreal vector version vibe vibes vignette visual visuals wallpaper"
    " watercolor watercolour"
    # places' parts
    " air area ceiling corner distance earth environment floor foreground ground habitat"
    " horizon scenery side surroundings wall walls weather world"
    # parts of people, which come with them
    " beard body eyes face faces feet hair hand hands head skin smile"
    # orders, which begin a prompt
    " add change create draw generate give imagine let make paint put remove render replace"
    " show turn"
    # abstract nouns and amounts
    " action adventure balance beauty bit bunch burst calm chaos cluster collection"
    " contemplation couple culture danger day detail dream dreams elegance emotion emotions"
    " energy era essence eternity evening expression feel feeling flow freedom future glow"
    " group hand handful harmony heat hint history hope hour hours idea identity imagination"
    " infinity journey joy kind life lot lots love luxury magic memory moment month mystery"
    " nature nostalgia pair part past peace piece pile pose position power row sadness sense"
    " serenity silence solitude sort sorrow sound speed spirit stack story style sublime"
    " summer sun symbolism tension time touch tranquility type use variety warmth way wind"
    " wonder year years youth".split()
)
"""Words that end a noun phrase but name nothing that can be drawn as a box."""
ADJECTIVES = frozenset(
    "abandoned airy alone ancient bare big bold bright bustling busy calm cheerful"
    " cinematic classic clean close cold colorful colourful cosmic cozy crisp cute dark deep"
    " delicate dense dramatic dreamy dry dynamic elegant empty epic ethereal exotic fast"
    " flat fluffy fresh full futuristic gentle giant gigantic gritty happy hard heavy huge"
    " intense intricate large light little lonely long lone low lush macro massive minimal"
    " minimalist minimalistic modern moody natural neat old organic ornate pale peaceful"
    " playful polished pretty professional pure quiet rare raw retro rough rugged rustic sad"
    " serene shallow sharp shiny short simple sleek slow small smooth soft solitary stark"
    " strong subtle surreal sweet tall thick thin tiny tranquil traditional tropical urban"
    " vast vibrant vintage vivid volumetric warm weathered whimsical wide wild wooden young"
    " abstract geometric realistic photorealistic hyperrealistic stylized".split()
)
ADJECTIVE_ENDINGS = ("ful", "ous", "less", "ed", "ly", "like", "esque")
ING_NOUNS = frozenset(
    "ring king wing string spring swing earring building painting ceiling pudding dumpling"
    " duckling clothing sling bling awning railing".split()
)
"""Nouns in -ing; other words in -ing at the end of a phrase are verbs: `a zorblax running`."""


def unknown_nouns(tokens: Sequence[str]) -> Mapping[int, str]:
    """Return the labels of unknown objects by the position of their last word.

    If the prompt names no object, place, time or weather at all, a phrase needs no article.
    """
    found = _found(tokens, bare=False)
    if not found and not any(_known(tokens, i) for i in range(len(tokens))):
        found = dict(list(_found(tokens, bare=True).items())[:1])
    return dict(list(found.items())[:MAX_UNKNOWN])


def _known(tokens: Sequence[str], i: int) -> int:
    """Return how many words at a position name something that scenes can draw; 0 for none."""
    word = tokens[i]
    noun, used, _ = named(tokens, i)
    if noun:
        return used
    tables = (words.PLACES, words.TIMES, words.WEATHERS, words.SEASONS)
    single = word.removesuffix("s")
    return int(word in words.EMBLEMS or any(word in each or single in each for each in tables))


def _found(tokens: Sequence[str], *, bare: bool) -> dict[int, str]:
    """Return all unknown objects; `bare` accepts phrases without an article."""
    found: dict[int, str] = {}
    run: list[int] = []
    begun, i = True, 0
    while i < len(tokens):
        word, used = tokens[i], 1
        if word in DETERMINERS or word.isdigit():
            _add(tokens, run, found, before_article=True)
            run, begun = [], True
        elif word in ENDS:
            _add(tokens, run, found)
            run, begun = [], bare
        elif word in NAMED and word not in ADJECTIVES:
            pass
        elif known := _known(tokens, i) or int(word in words.SIDES):
            run, begun, used = [], bare, known
        elif word in words.EMPTY or word in NEVER_OBJECTS:
            run = []
        elif begun:
            run.append(i)
        i += used
    _add(tokens, run, found)
    return found


def _add(
    tokens: Sequence[str], run: list[int], found: dict[int, str], *, before_article: bool = False
) -> None:
    """Add the object of a phrase, if it has one."""
    run = list(run)
    if before_article and len(run) > 1:  # a zorblax eats a cake
        run.pop()
    while run and _qualifies(tokens[run[-1]], single=len(run) == 1):
        run.pop()
    if not run:
        return
    modifiers = [tokens[i] for i in run[:-1] if not _qualifies(tokens[i], single=False)]
    label = " ".join([*modifiers[1 - MAX_LABEL_WORDS :], tokens[run[-1]]])
    if label not in found.values():
        found[run[-1]] = label if len(label) <= MAX_LABEL else tokens[run[-1]][:MAX_LABEL]


def _qualifies(word: str, *, single: bool) -> bool:
    """Return whether a word only describes an object or what it does."""
    if word in ADJECTIVES or len(word) < 3:
        return True
    if word.endswith("ing") and word not in ING_NOUNS:
        return not single
    return len(word) > 5 and word.endswith(ADJECTIVE_ENDINGS)
