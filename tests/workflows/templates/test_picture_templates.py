"""Templates that work on the user's pictures: what each of them makes of its arguments."""

import asyncio
from typing import Any

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.templates import all_templates
from support.workflows.fake_media import FakeMedia, checked, planned

Json = dict[str, Any]


def plan_of(name: str, given: Json, media: FakeMedia | None = None) -> Plan:
    """Return the plan of a template, which has no problems."""
    looked = media or FakeMedia()
    plan = asyncio.run(planned(all_templates()[name], given, looked))
    assert not checked(plan, looked).problems
    return plan


def tools(plan: Plan) -> dict[str, str]:
    """Return the tools of a plan by step."""
    return {step.id: step.tool for step in plan.steps}


def ops(step: Step) -> list[str]:
    """Return what a step of image_transform does."""
    return [each["op"] for each in step.arguments["steps"]]


# compare_models -----------------------------------------------------------------------------------


def test_all_models_are_compared_with_one_prompt() -> None:
    """Every model of the table, named in the outputs, and a warning of equal seeds."""
    plan = plan_of("compare_models", {"prompt": "an owl", "variants": 2, "seed": 7})
    assert list(plan.outputs) == [
        *("sd3.5-flash", "core", "sd3.5-medium", "sd3.5-large-turbo", "sd3.5-large", "ultra"),
    ]
    assert {step.count for step in plan.steps} == {2}
    assert {step.arguments["seed"] for step in plan.steps} == {7}
    assert "Equal seeds across models prove nothing" in plan.notes[0]
    assert "1536x1536 by core" in plan.notes[-1]


def test_models_are_found_by_any_of_their_names() -> None:
    """As models write them; the same one twice counts once."""
    models = ["Ultra", "generate_core", "SD3.5 Flash", "ultra"]
    plan = plan_of("compare_models", {"prompt": "an owl", "models": models})
    assert list(plan.outputs) == ["ultra", "core", "sd3.5-flash"]


@pytest.mark.parametrize(
    ("models", "message", "cure"),
    [
        (["ultar", "core"], 'no model "ultar"', 'Did you mean "ultra"?'),
        (["dall-e", "core"], 'no model "dall-e"', "Known are sd3.5-flash, core"),
        (["core"], "core is the only one", "call generate_core with count"),
    ],
)
def test_models_that_cannot_be_compared_are_explained(
    models: list[str], message: str, cure: str
) -> None:
    """Each error says what to write instead."""
    with pytest.raises(ArgumentsError) as caught:
        plan_of("compare_models", {"prompt": "an owl", "models": models})
    assert message in caught.value.message
    assert cure in caught.value.hint


# enhance_image ------------------------------------------------------------------------------------


def test_noise_goes_before_the_upscaler_and_blur_after_it() -> None:
    """What was found decides, unless the user says otherwise."""
    noisy = FakeMedia(flaws=["noisy", "blurred"])
    given = {"image": "photo", "target": "4k"}
    assert tools(plan_of("enhance_image", given, noisy)) == {
        "denoised": "image_transform",
        "enlarged": "upscale_fast",
        "sharpened": "image_transform",
    }
    plain = {**given, "denoise": False, "sharpen": False}
    assert list(tools(plan_of("enhance_image", plain, noisy))) == ["enlarged"]
    invented = {**given, "detail": "invent", "prompt": "a boat"}
    assert list(tools(plan_of("enhance_image", invented, noisy))) == ["denoised", "enlarged"]


def test_a_large_picture_is_repaired_for_free_or_not_at_all() -> None:
    """Nothing is paid for a picture that has the target's size."""
    large = FakeMedia(size=Size(6000, 4000))
    plan = plan_of("enhance_image", {"image": "photo", "sharpen": True}, large)
    assert list(tools(plan)) == ["sharpened"]
    assert "isn't enlarged: 6000x4000 is enough for 2k" in plan.notes[1]
    with pytest.raises(ArgumentsError, match=r"^target: .*nothing is left to do.*target 4k"):
        plan_of("enhance_image", {"image": "photo"}, large)


def test_an_upscaler_that_needs_a_prompt_asks_for_it() -> None:
    """The error names the argument, and the way without one."""
    medium = FakeMedia(size=Size(1800, 1200))
    with pytest.raises(ArgumentsError, match=r'^prompt: upscale_conservative .*quality: "draft"'):
        plan_of("enhance_image", {"image": "photo", "target": "4k"}, medium)


def test_without_a_prompt_the_target_may_be_missed() -> None:
    """An upscaler without a prompt is taken on request, never to invent detail."""
    medium = FakeMedia(size=Size(900, 600))
    given = {"image": "photo", "target": "4k", "may_fall_short": True}
    plan = plan_of("enhance_image", given, medium)
    assert tools(plan) == {"enlarged": "upscale_fast"}
    with pytest.raises(ArgumentsError, match=r"^prompt: "):
        plan_of("enhance_image", {**given, "detail": "invent"}, medium)


@pytest.mark.parametrize(
    ("steps", "made"),
    [
        (["upscale"], ["enlarged"]),
        ("sharpen", ["sharpened"]),
        (["sharpen", "denoise"], ["denoised", "sharpened"]),
    ],
)
def test_only_the_named_repairs_are_done(steps: list[str] | str, made: list[str]) -> None:
    """Whatever was found, in the order in which they work."""
    noisy = FakeMedia(flaws=["noisy", "blurred"])
    assert list(tools(plan_of("enhance_image", {"image": "photo", "steps": steps}, noisy))) == made
    with pytest.raises(ArgumentsError, match=r"^steps: "):
        plan_of("enhance_image", {"image": "photo", "steps": steps, "sharpen": True}, noisy)


def test_a_sound_is_refused_where_a_picture_belongs() -> None:
    """By argument and name."""
    with pytest.raises(ArgumentsError, match=r'^image: "song\.mp3" is a sound\.'):
        plan_of("enhance_image", {"image": "song.mp3"})


# product_shots ------------------------------------------------------------------------------------


def test_shots_on_a_colour_are_cut_out_and_framed_on_this_machine() -> None:
    """5 credits a photo, whatever the colour."""
    plan = plan_of("product_shots", {"photos": ["a", "b"], "background": "#f4f4f4"})
    assert list(tools(plan)) == ["cut", "framed", "files"]
    assert ops(plan.step("framed")) == ["trim", "pad", "flatten"]
    files = plan.step("files").arguments
    assert (files["to"], files["format"], files["max_bytes"]) == (
        "product-shots.zip",
        "jpeg",
        500_000,
    )
    clear = plan_of("product_shots", {"photos": ["a"], "background": "transparent"})
    assert ops(clear.step("framed")) == ["trim", "pad"]
    assert clear.step("files").arguments["format"] == "webp"


def test_shots_in_a_scene_are_squared_before_they_are_paid() -> None:
    """So the scene fills the square. Large photos are shrunk, small ones stay as they are."""
    media = FakeMedia(size=Size(800, 600), sizes={"large": Size(7000, 5000)})
    plan = plan_of("product_shots", {"photos": ["a", "large"], "scene": "oak table"}, media)
    assert list(tools(plan)) == ["squared", "squared_large", "placed", "files"]
    assert plan.inputs["photos"].default == ["a"]
    assert plan.inputs["large_photos"].default == ["large"]
    assert ops(plan.step("squared_large")) == ["resize", "pad"]
    assert plan.step("placed").foreach == ["$squared", "$squared_large"]


def test_a_folder_is_read_and_other_files_are_left_out() -> None:
    """Named, so that nothing is missed."""
    media = FakeMedia()
    plan = plan_of("product_shots", {"photos": ["shop/*.jpg", "jingle"]}, media)
    assert plan.inputs["photos"].default == ["shop/one.png", "shop/two.png", "shop/three.png"]
    assert plan.notes[0] == 'Left out, not pictures: "jingle"'


@pytest.mark.parametrize(
    ("given", "argument", "cure"),
    [
        ({"background": "kitchen table"}, "background", "pass scene"),
        ({"background": "white", "scene": "a beach"}, "background", "Leave out"),
        ({"light": "left"}, "light", "Pass scene"),
        ({"background": "transparent", "format": "jpeg"}, "format", "webp"),
        ({"photos": ["song.mp3"]}, "photos", "photos themselves"),
        ({"photos": [f"p{n}" for n in range(60)]}, "photos", "wildcard"),
    ],
)
def test_shots_that_cannot_be_made_are_explained(given: Json, argument: str, cure: str) -> None:
    """Each error names the argument and what to pass."""
    with pytest.raises(ArgumentsError) as caught:
        plan_of("product_shots", {"photos": ["a"], **given})
    assert caught.value.message.startswith(f"{argument}: ")
    assert cure in caught.value.hint


def test_a_panorama_can_be_a_shot_if_it_is_made_square() -> None:
    """The error names the photo, and that way."""
    media = FakeMedia(size=Size(6000, 900))
    given = {"photos": ["a"], "scene": "a beach"}
    plan_of("product_shots", given, media)
    with pytest.raises(ArgumentsError, match=r'^photos: "a": .*6\.67:1.*square: true'):
        plan_of("product_shots", {**given, "square": False}, media)


# portrait_enhancement -----------------------------------------------------------------------------


def test_a_portrait_is_cropped_before_it_is_paid_and_never_reinvented() -> None:
    """Crop and repairs are free and first; upscalers stay true at every quality."""
    media = FakeMedia(flaws=["noisy", "too dark"])
    given = {"photo": "anna", "crop": "4:5", "light": "left", "quality": "professional"}
    plan = plan_of("portrait_enhancement", given, media)
    assert tools(plan) == {
        "prepared": "image_transform",
        "relit": "edit_replace_background_and_relight",
        "enlarged": "upscale_conservative",
        "finished": "image_transform",
    }
    assert ops(plan.step("prepared")) == ["crop", "adjust"]
    assert plan.step("relit").arguments["keep_original_background"] is True
    sizes = {each.step.id: each.shape and each.shape.size for each in checked(plan, media).steps}
    assert sizes["prepared"] == Size(614, 768)


def test_a_good_portrait_is_only_enlarged_and_finished() -> None:
    """Without arguments nothing is relit."""
    assert list(tools(plan_of("portrait_enhancement", {"photo": "anna"}))) == [
        "enlarged",
        "finished",
    ]


# art_from_sketch ----------------------------------------------------------------------------------


def test_variants_of_a_sketch_are_picked_before_one_is_enlarged() -> None:
    """The upscaler is paid once."""
    plan = plan_of("art_from_sketch", {"sketch": "s", "prompt": "a dragon", "variants": 4})
    drawn = plan.step("drawn")
    assert (drawn.count, drawn.review) == (4, True)
    assert plan.step("enlarged").arguments["image"] == "$drawn"
    single = plan_of("art_from_sketch", {"sketch": "s", "prompt": "a dragon", "variants": 1})
    assert not single.step("drawn").review


def test_faint_lines_are_cleaned_first() -> None:
    """If they are found, or as the user says."""
    given = {"sketch": "s", "prompt": "a dragon", "quality": "draft"}
    faint = FakeMedia(flaws=["low contrast"])
    assert list(tools(plan_of("art_from_sketch", given, faint))) == ["cleaned", "drawn"]
    kept = {**given, "clean": False}
    assert list(tools(plan_of("art_from_sketch", kept, faint))) == ["drawn"]


# photo_to_3d --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("background", "given", "steps"),
    [
        (None, {}, ["cut", "model"]),
        ("#ffffff", {}, ["model"]),
        ("transparent", {}, ["model"]),
        ("#ffffff", {"cut_out": True}, ["cut", "model"]),
        (None, {"cut_out": False}, ["model"]),
    ],
)
def test_a_photo_is_cut_out_for_a_model_unless_its_background_is_plain(
    background: str | None, given: Json, steps: list[str]
) -> None:
    """5 credits are saved where they change nothing."""
    media = FakeMedia(background=background)
    plan = plan_of("photo_to_3d", {"photo": "chair", **given}, media)
    assert list(tools(plan)) == steps


def test_a_model_is_written_as_glb_and_obj() -> None:
    """Into one folder, with the polygons that were asked for."""
    given = {"photo": "chair", "faces": 5000, "to": "game", "obj": True}
    plan = plan_of("photo_to_3d", given)
    assert plan.step("model").arguments["target_count"] == 5000
    assert {plan.step(each).arguments["to"] for each in ("files", "obj")} == {"game"}


# multi_style_transfer -----------------------------------------------------------------------------


def test_each_style_has_its_operation_and_strength() -> None:
    """A preset and words through image to image, a picture through style transfer."""
    styles = [
        "Comic Book",
        "watercolour",
        {"picture": "mosaic", "strength": 0.4, "name": "tiles"},
        {"preset": "anime", "strength": 0.8},
        {"preset": "anime", "strength": 0.3},
    ]
    given = {"picture": "photo", "prompt": "a tram", "styles": styles, "quality": "premium"}
    plan = plan_of("multi_style_transfer", given)
    assert list(plan.outputs) == ["comic-book", "watercolour", "tiles", "anime", "anime 5"]
    arguments = [step.arguments for step in plan.steps]
    assert [each.get("strength", each.get("style_strength")) for each in arguments] == [
        *(0.6, 0.6, 0.4, 0.8, 0.3),
    ]
    assert arguments[0]["style_preset"] == "comic-book"
    assert arguments[1]["prompt"] == "{prompt}, {style_2}"
    assert plan.steps[2].tool == "control_style_transfer"
    assert {each["model"] for each in (arguments[0], arguments[3])} == {"sd3.5-large"}


def test_strengths_and_format_can_be_given_for_all_styles() -> None:
    """One strength for each style, in their order."""
    styles = [{"picture": "mosaic"}, {"picture": "ink"}]
    given = {"picture": "photo", "styles": styles, "strengths": [0.2, 0.9], "output_format": "webp"}
    arguments = [step.arguments for step in plan_of("multi_style_transfer", given).steps]
    assert [each["style_strength"] for each in arguments] == [0.2, 0.9]
    assert {each["output_format"] for each in arguments} == {"webp"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"styles": [{"picture": "a"}], "strengths": [1, 1]}, r"^strengths: There are 2 for 1"),
        (
            {"styles": [{"picture": "a", "strength": 1}], "strengths": [1]},
            r"^strengths: Some styles have",
        ),
        ({"styles": ["anime"]}, r'^prompt: The style "anime" needs it'),
        ({"styles": [{}]}, r"^styles\[0\]: It has no style"),
        (
            {"styles": [{"preset": "anime", "words": "ink"}]},
            r"^styles\[0\]: It has preset and words",
        ),
        ({"styles": [{"picture": "song.mp3"}]}, r"^styles\[0\]\.picture: .*is a sound"),
        ({"styles": [{"preset": "anim"}], "prompt": "a"}, r"styles\[0\]\.preset must be one of"),
    ],
)
def test_styles_that_cannot_be_applied_are_explained(given: Json, message: str) -> None:
    """Each error names the style."""
    with pytest.raises(ArgumentsError, match=message):
        plan_of("multi_style_transfer", {"picture": "photo", **given})
