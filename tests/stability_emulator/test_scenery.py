"""Scenes of a prompt: objects, colours, light and styles, all reproducible."""

import itertools
import time

import pytest
from PIL import Image, ImageChops, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.codec import encode
from stability_emulator.pictures.painting import painted
from stability_emulator.scenery.nouns.catalog import NOUNS
from stability_emulator.scenery.scene import PLACES, Look, scene
from stability_emulator.scenery.treatments import TREATMENTS
from stability_mcp.api.fields import Size

from .support_render import outline

SIZE = Size(176, 176)


def apart(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def subject(noun: str, prompt: str, seed: int = 1) -> tuple[float, float, float]:
    """Return the mean colour of an object: where the picture differs from the one without it."""
    shown = scene(prompt, seed, SIZE)
    red, green, blue = ImageStat.Stat(
        shown, outline(shown, scene(prompt, seed, SIZE, negative=noun))
    ).mean
    return red, green, blue


def spread(picture: Image.Image) -> float:
    """Return the contrast of a picture."""
    return ImageStat.Stat(picture.convert("L")).stddev[0]


@pytest.mark.parametrize("style", ["", "low-poly", "analog-film", "fantasy-art"])
def test_the_same_request_gives_the_same_bytes(style: str) -> None:
    """Documented: same seed and arguments, same result, including grain and facets."""
    one, same = (
        encode(scene("a fox in rain", 7, SIZE, Look(style=style)), "png") for _ in range(2)
    )

    assert one == same


@pytest.mark.parametrize("prompt", ["a fox", "three boats at sunset", "a cup", "zorblax", "logo"])
def test_another_seed_gives_a_clearly_different_picture(prompt: str) -> None:
    """Chosen: variants are visibly different."""
    pictures = [scene(prompt, seed, SIZE) for seed in range(1, 6)]

    far = [apart(*pair) for pair in itertools.combinations(pictures, 2)]
    assert sorted(far)[len(far) // 2] > 8
    assert min(far) > 0.5


@pytest.mark.parametrize("noun", NOUNS)
def test_every_object_is_drawn_if_named_and_omitted_if_in_the_negative_prompt(noun: str) -> None:
    """Chosen: named objects are drawn; documented: the negative prompt removes them."""
    word = NOUNS[noun].words.split()[0].replace("_", " ")
    place = "in space" if NOUNS[noun].home == "space" else "in a field"

    shown = scene(f"a {word} {place}", 2, SIZE)
    without = scene(f"a {word} {place}", 2, SIZE, negative=word)

    assert ImageStat.Stat(outline(shown, without)).mean[0] / 255 > 0.003


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", [Size(320, 136), Size(136, 320)])
def test_the_main_object_is_visible_in_every_place_and_shape(place: str, size: Size) -> None:
    """Chosen: from 21:9 to 9:21 the main object is neither too small nor cut off."""
    prompt = f"a robot, {place}"

    shown = scene(prompt, 3, size)
    mask = outline(shown, scene(prompt, 3, size, negative="robot"))

    assert ImageStat.Stat(mask).mean[0] / 255 > 0.015
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    middle = ((left + right) / 2 / size.width, (top + bottom) / 2 / size.height)
    assert 0.12 < middle[0] < 0.88
    assert 0.12 < middle[1] < 0.95


@pytest.mark.parametrize("noun", ["car", "boat", "balloon", "house", "dragon", "chair", "fish"])
def test_a_colour_word_colours_its_object(noun: str) -> None:
    """Chosen: a red car is red, a blue car is blue."""
    red, blue = (subject(noun, f"a {name} {noun} in a field at noon") for name in ("red", "blue"))

    assert red[0] - red[2] > 12
    assert blue[2] - blue[0] > 0
    assert (red[0] - red[2]) - (blue[0] - blue[2]) > 30


def test_the_negative_prompt_also_removes_background_objects() -> None:
    """Documented: keywords of what you do not want to see, even if the prompt doesn't name it."""
    shown, bare = (scene("a meadow", 4, SIZE, negative=no) for no in ("", "trees, flowers"))

    assert apart(shown, bare) > 0.5


def test_an_object_without_a_colour_word_avoids_colours_of_the_negative_prompt() -> None:
    """Documented: the negative prompt."""
    for seed in range(1, 9):
        prompt = "a car in a studio"
        shown = scene(prompt, seed, SIZE, negative="red")
        mask = outline(shown, scene(prompt, seed, SIZE, negative="red, car"))
        red, green, blue = ImageStat.Stat(shown, mask).mean
        assert red < max(green, blue) + 60


def test_times_of_day_differ_in_brightness() -> None:
    """Chosen: night is dark, noon bright."""
    noon, dusk, night = (
        ImageStat.Stat(scene(f"a castle at {time_of_day}", 5, SIZE).convert("L")).mean[0]
        for time_of_day in ("noon", "dusk", "night")
    )

    assert night + 15 < dusk < noon - 15


@pytest.mark.parametrize("weather", ["fog", "rain", "snowfall", "aurora", "storm", "rainbow"])
def test_weather_is_visible(weather: str) -> None:
    """Chosen: each kind of weather changes the picture."""
    clear, changed = (scene(f"a lake at noon{more}", 5, SIZE) for more in ("", f", {weather}"))

    assert apart(clear, changed) > 3


def test_every_style_differs_from_every_other() -> None:
    """Documented: the preset guides the style."""
    pictures = {
        style: scene("a fox in the mountains", 3, SIZE, Look(style=style)) for style in TREATMENTS
    }

    for one, other in itertools.combinations(pictures, 2):
        assert apart(pictures[one], pictures[other]) > 4, (one, other)


def test_a_tile_is_seamless() -> None:
    """Chosen: tiles can be repeated."""
    tile = scene("a lemon", 3, Size(256, 256), Look(style="tile-texture"))

    beyond = ImageChops.offset(tile, 128, 128)
    for box, turned in (((127, 0, 129, 256), 0), ((0, 127, 256, 129), 1)):
        strip = beyond.crop(box)
        first, second = (
            (strip.crop((0, 0, 1, 256)), strip.crop((1, 0, 2, 256)))
            if turned == 0
            else (strip.crop((0, 0, 256, 1)), strip.crop((0, 1, 256, 2)))
        )
        assert apart(first, second) < 12


def test_pixel_art_has_few_colours() -> None:
    """Chosen: pixel art."""
    colours = scene("a castle", 3, Size(512, 512), Look(style="pixel-art")).getcolors(1000)

    assert colours is not None
    assert len(colours) <= 28


def test_line_art_is_black_on_paper() -> None:
    """Chosen: line art."""
    page = scene("a red car in a street", 3, SIZE, Look(style="line-art"))

    assert ImageStat.Stat(page.convert("HSV").getchannel("S")).mean[0] < 25
    assert ImageStat.Stat(page.convert("L")).median[0] > 200


def test_guidance_ranges_from_hazy_to_vivid() -> None:
    """Documented: `cfg_scale` is how strictly the prompt is followed."""

    def made(cfg_scale: float) -> Image.Image:
        values = {"prompt": "a fox", "model": "sd3.5-large", "cfg_scale": cfg_scale}
        brief = Brief(operation="generate_sd3", values=values, pictures={}, size=SIZE, seed=1)
        return painted(brief, SIZE)

    loose, usual, strict = made(1), made(4), made(10)

    assert spread(loose) < spread(usual) < spread(strict)
    assert apart(usual, scene("a fox", 1, SIZE)) == 0


def test_quoted_words_are_written_into_the_picture() -> None:
    """Chosen: other words only change the lettering."""
    one, other = (scene(f'a robot that says "{word}"', 1, SIZE) for word in ("Hello", "Goodbye"))

    mask = outline(one, other).getbbox()
    assert mask is not None
    assert mask[3] < SIZE.height * 0.4


@pytest.mark.parametrize("style", ["", "3d-model", "fantasy-art", "modeling-compound"])
def test_drawing_a_megapixel_is_fast(style: str) -> None:
    """Chosen: trying things out must feel fast; the limit is far above the usual time."""
    began = time.process_time()
    scene("a deer in an autumn forest at dawn", 1, Size(1024, 1024), Look(style=style))

    assert time.process_time() - began < 10


@pytest.mark.parametrize("size", [Size(147_456, 64), Size(64, 147_456), Size(3_072, 3_072)])
def test_large_and_extreme_shapes_take_no_longer(size: Size) -> None:
    """Chosen: the upload of an edit may have 9.4 megapixels in any shape."""
    began = time.process_time()
    picture = scene("a deer in an autumn forest", 1, size)

    assert picture.size == size
    assert time.process_time() - began < 10
