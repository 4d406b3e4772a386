"""Spots whose picture and sound are equally long, and pictures in the platforms' formats."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.export.export_presets import PRESETS
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.templates.social_set import MAX_EDGE, extension
from stability_mcp.workflows.waste import waste
from support.workflows.fake_media import SECONDS, FakeMedia, checked, planned

SOCIAL = [name for name, each in PRESETS.items() if each.group == "social"]


def plan_of(name: str, media: FakeMedia | None = None, /, **given: Any) -> Plan:  # noqa: ANN401 -- arguments
    """Return the plan of a template, without a problem or waste."""
    media = media or FakeMedia()
    plan = asyncio.run(planned(all_templates()[name], given, media))
    found = checked(plan, media)
    assert [str(each) for each in (*found.problems, *waste(found))] == []
    return plan


def steps_of(plan: Plan) -> dict[str, Step]:
    """Return the steps by id."""
    return {step.id: step for step in plan.steps}


# spot_with_music ----------------------------------------------------------------------------------


def lengths(plan: Plan) -> tuple[float, float]:
    """Return the length of the animated visual and that of the generated sound, in seconds."""
    steps = steps_of(plan)
    frames = steps["visual"].arguments["steps"][-1]
    shown = len(steps["frames"].foreach or ()) + 1
    return shown * frames["duration"] / 1_000, steps["sound"].arguments["end"]


@pytest.mark.parametrize(("count", "seconds"), [(2, 15), (3, 20), (7, 30.5), (24, 61)])
def test_an_animated_visual_lasts_as_long_as_the_music(count: int, seconds: float) -> None:
    """To a fraction of a frame."""
    plan = plan_of(
        "spot_with_music",
        visuals=[f"scene {n}" for n in range(count)],
        music="lo-fi",
        seconds=seconds,
    )
    visual, sound = lengths(plan)
    assert set(plan.outputs) == {"key", "frames", "visual", "sound"}
    assert sound == seconds
    assert abs(visual - sound) <= 0.02


def test_a_still_stands_for_the_whole_length() -> None:
    """Music is made a second longer and cut, as the length of generated sound isn't exact."""
    plan = plan_of("spot_with_music", visuals="a lake", music="$5 lo-fi {key}", seconds=20)
    steps = steps_of(plan)
    assert steps["music"].arguments["duration"] == 21
    assert steps["music"].arguments["output_format"] == "wav"
    assert steps["sound"].arguments["end"] == 20
    assert plan.outputs == {"visual": "$key", "sound": "$sound"}
    assert plan.notes[0].startswith("Length of picture and sound: 20 s")
    assert plan.inputs["music_prompt"].default == "$5 lo-fi {key}"


@pytest.mark.parametrize(
    ("seconds", "edit"),
    [
        (None, {"end": SECONDS}),
        (SECONDS, {"end": SECONDS}),
        (10, {"end": 10}),
        (45, {"repeat_to": 45}),
    ],
)
def test_a_given_sound_sets_the_length_or_is_brought_to_it(
    seconds: float | None, edit: Mapping[str, float]
) -> None:
    """By cutting or repeating, which needs no decoder of MP3; nothing is paid for it."""
    plan = plan_of("spot_with_music", picture="photo", sound="jingle", seconds=seconds)
    arguments = steps_of(plan)["sound"].arguments
    assert arguments == {"sounds": ["jingle"], "label": "sound", **edit}
    assert checked(plan, FakeMedia()).price == (0, 0)


def test_music_beyond_the_model_uses_the_one_that_can() -> None:
    """And says so."""
    plan = plan_of("spot_with_music", visuals="a lake", music="ambient", seconds=380)
    music = steps_of(plan)["music"]
    assert (music.tool, music.arguments["duration"]) == ("audio3_text_to_audio", 380)
    assert "the only one for this length" in plan.notes[-1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"visuals": "a"}, "^music: Pass either music or sound"),
        ({"music": "m"}, "^visuals: "),
        ({"picture": "photo", "sound": "photo"}, "^sound: It isn't a sound"),
        ({"picture": "jingle", "music": "m"}, "^picture: It isn't a picture"),
        ({"picture": "photo", "music": "m", "candidates": 2}, "^candidates: "),
        (
            {"visuals": ["a", "b"], "music": "m", "seconds": 200},
            "^visuals: 2 pictures for 200 s: an animation has up to 24, each for up to 60 s",
        ),
    ],
)
def test_mistakes_in_a_spot_are_named(given: Mapping[str, Any], message: str) -> None:
    """With what to do instead."""
    with pytest.raises(ArgumentsError, match=message):
        plan_of("spot_with_music", **given)


# social_set ---------------------------------------------------------------------------------------


def exported(plan: Plan) -> dict[str, str]:
    """Return the tool of the step that each preset is exported from; "" for the picture itself."""
    steps = steps_of(plan)
    found: dict[str, str] = {}
    for step in plan.steps:
        if step.tool == "media_export":
            source = step.arguments["media"][0].removeprefix("$")
            tool = steps[source].tool if source in steps else ""
            found |= dict.fromkeys(step.arguments["preset"], tool)
    return found


def test_near_shapes_are_cropped_and_far_ones_extended() -> None:
    """One extended picture serves all formats of its shape."""
    plan = plan_of(
        "social_set",
        picture="photo",
        platforms=["instagram-square", "instagram-story", "tiktok", "x-header"],
    )
    assert exported(plan) == {
        "instagram-square": "",
        "instagram-story": "edit_outpaint",
        "tiktok": "edit_outpaint",
        "x-header": "edit_outpaint",
    }
    assert sum(step.tool == "edit_outpaint" for step in plan.steps) == 2


@pytest.mark.parametrize(
    "size", [Size(1024, 1024), Size(6000, 4000), Size(64, 64), Size(640, 1536), Size(3000, 1000)]
)
def test_every_platform_is_planned_for_every_picture(size: Size) -> None:
    """Whatever the method; cropping and padding are free."""
    media = FakeMedia(size=size)
    for method in ("auto", "crop", "extend", "pad"):
        given = {"picture": "photo", "platforms": SOCIAL, "method": method}
        plan = plan_of("social_set", media, **given)
        assert set(exported(plan)) == set(SOCIAL)
        if method in {"crop", "pad"}:
            assert checked(plan, media).price == (0, 0)


@pytest.mark.parametrize("size", [Size(1024, 768), Size(5000, 4000), Size(900, 1300)])
@pytest.mark.parametrize("target", [Size(1080, 1920), Size(1128, 191), Size(1500, 500)])
def test_an_extended_picture_has_the_shape_of_the_format(size: Size, target: Size) -> None:
    """Within the edges that the API adds, and with the pixels that the format needs."""
    inner, edges = extension(size, target)
    assert inner.width <= size.width
    assert max(edges.values()) <= MAX_EDGE
    width = inner.width + edges.get("left", 0) + edges.get("right", 0)
    height = inner.height + edges.get("up", 0) + edges.get("down", 0)
    assert width / height == pytest.approx(target.width / target.height, rel=0.01)
    assert width >= target.width or inner == size


def test_a_platform_stands_for_its_formats() -> None:
    """As its users say it, in any case."""
    plan = plan_of("social_set", picture="photo", platforms=["LinkedIn", "X post"])
    assert set(exported(plan)) == {
        *("linkedin-post", "linkedin-banner", "linkedin-page-cover", "x-post")
    }


def test_a_picture_that_is_too_long_is_padded_instead() -> None:
    """The API extends nothing beyond 2.5:1."""
    media = FakeMedia(size=Size(4000, 1000))
    plan = plan_of("social_set", media, picture="photo", platforms="instagram-square")
    assert exported(plan) == {"instagram-square": "image_transform"}
    assert plan.notes == [
        "Padded with a blurred picture: instagram-square; it is too long to be extended."
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"platforms": ["favicon"]}, r"^platforms\[0\]: favicon isn't one picture of a fixed size"),
        ({"platforms": ["instagram-storry"]}, 'no preset "instagram-storry"'),
        ({"picture": "jingle"}, '^picture: "jingle" is a sound'),
    ],
)
def test_mistakes_in_a_set_are_named(given: Mapping[str, Any], message: str) -> None:
    """With the presets that exist."""
    with pytest.raises(ArgumentsError, match=message):
        plan_of("social_set", **{"picture": "photo", **given})
