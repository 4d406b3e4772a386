"""Animations as other programs read them: frames, durations, transparency, palettes."""

import io
from itertools import accumulate

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageSequence, ImageStat

from stability_mcp.imaging.export.animated import (
    AnimationFormat,
    encode_animation,
    frame_durations,
)

LEVELS: dict[AnimationFormat, int] = {"gif": 256, "webp": 90}
both_formats = pytest.mark.parametrize("form", LEVELS)


def _scene(number: int) -> Image.Image:
    """Return one of a series of frames with few colours of its own."""
    frame = Image.new("RGB", (80, 60), "#102030")
    box = (number * 10, 10, number * 10 + 25, 35)
    ImageDraw.Draw(frame).ellipse(box, fill=(200, 20 * number, 90))
    return frame


def _cut_out(number: int) -> Image.Image:
    """Return a frame with a black bar, the colour under its transparent pixels too."""
    frame = Image.new("RGBA", (80, 60))
    draw = ImageDraw.Draw(frame)
    draw.rectangle((0, 0, 15, 59), fill="black")
    draw.ellipse((20 + number * 10, 10, 45 + number * 10, 35), fill=(200, 20 * number, 90))
    return frame


def _encoded(frames: list[Image.Image], form: AnimationFormat, fps: float = 10) -> Image.Image:
    durations = frame_durations(len(frames), fps, form)
    return Image.open(io.BytesIO(encode_animation(frames, form, durations, LEVELS[form])))


def _on_white(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA"))


def _error(found: Image.Image, wanted: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(_on_white(found), _on_white(wanted))).mean)


@both_formats
def test_every_frame_is_read_back_with_its_pixels_and_time(form: AnimationFormat) -> None:
    """Documented (GIF89a; WebP container): frames in order, repeated without end."""
    frames = [_scene(number) for number in range(5)]
    with _encoded(frames, form) as moving:
        shown = [(each.copy(), each.info["duration"]) for each in ImageSequence.Iterator(moving)]
        assert moving.info["loop"] == 0

    assert [duration for _, duration in shown] == [100] * 5
    for (found, _), wanted in zip(shown, frames, strict=True):
        assert _error(found, wanted) < (0.01 if form == "gif" else 3)


@both_formats
def test_a_cut_out_stays_transparent_in_every_frame(form: AnimationFormat) -> None:
    """Chosen: nothing of the frame before shows through, and black stays black."""
    frames = [_cut_out(number) for number in range(4)]
    with _encoded(frames, form) as moving:
        shown = [each.convert("RGBA") for each in ImageSequence.Iterator(moving)]

    for found, wanted in zip(shown, frames, strict=True):
        assert found.getchannel("A").tobytes() == wanted.getchannel("A").tobytes()
        assert _error(found, wanted) < 1


@both_formats
def test_opaque_and_transparent_frames_mix(form: AnimationFormat) -> None:
    """Chosen: a transparent frame shows nothing of the opaque one before it."""
    with _encoded([_scene(0), _cut_out(1), _scene(2)], form) as moving:
        shown = [each.convert("RGBA") for each in ImageSequence.Iterator(moving)]

    corners = [each.getpixel((79, 59)) for each in shown]
    assert [isinstance(each, tuple) and each[3] for each in corners] == [255, 0, 255]


def test_each_frame_of_a_gif_has_its_own_palette() -> None:
    """Chosen: 256 colours for each frame, so that a fade to another scene keeps both."""
    red, blue = (
        Image.merge("RGB", [Image.linear_gradient("L") if band == own else zero for band in "RGB"])
        for own, zero in (("R", Image.new("L", (256, 256))), ("B", Image.new("L", (256, 256))))
    )
    with _encoded([red, blue], "gif") as moving:
        for found, wanted in zip(ImageSequence.Iterator(moving), (red, blue), strict=True):
            assert _error(found, wanted) < 0.5


def test_equal_frames_of_a_gif_are_frames_of_their_own() -> None:
    """Chosen: a pause is as long as was asked for."""
    with _encoded([_scene(0), _scene(0), _scene(1)], "gif") as moving:
        durations = [each.info["duration"] for each in ImageSequence.Iterator(moving)]

    assert durations == [100, 100, 100]


@pytest.mark.parametrize("fps", [1, 7, 12.5, 24, 30])
@both_formats
def test_rounded_durations_do_not_drift(form: AnimationFormat, fps: float) -> None:
    """Documented (GIF89a): a duration is in hundredths of a second, so 30 fps can't be even."""
    ends = list(accumulate(frame_durations(50, fps, form)))

    assert max(abs(end - 1_000 * n / fps) for n, end in enumerate(ends, 1)) <= 5
    assert min(frame_durations(50, fps, form)) >= 30


def test_an_animation_can_play_once() -> None:
    """Documented (Netscape extension): without it a GIF plays once."""
    frames = [_scene(0), _scene(1)]
    once = encode_animation(frames, "gif", [100, 100], 256, plays=1)
    twice = encode_animation(frames, "gif", [100, 100], 256, plays=2)

    assert b"NETSCAPE" not in once
    with Image.open(io.BytesIO(twice)) as moving:
        assert moving.info["loop"] == 1
