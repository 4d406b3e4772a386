"""Behaviour special to Stable Diffusion 3.5: the mode follows from image; four models."""

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.api.operations.generate.sd3 import CREDITS, SD3
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError


def test_the_mode_follows_from_the_picture() -> None:
    """*Documented*: image-to-image makes image and strength mandatory."""
    words = parse(SD3, {"prompt": "a fox"})
    picture = parse(SD3, {"prompt": "a fox", "image": "hero", "strength": 0.6})

    assert words.form()["mode"] == "text-to-image"
    assert picture.form()["mode"] == "image-to-image"


def test_aspect_ratio_is_only_accepted_without_a_picture() -> None:
    """*Documented*: aspect_ratio is refused with image-to-image."""
    words = parse(SD3, {"prompt": "a fox"})
    picture = parse(SD3, {"prompt": "a fox", "image": "hero", "strength": 0.6})

    assert words.form()["aspect_ratio"] == "1:1"
    assert "aspect_ratio" not in picture.form()
    with pytest.raises(ArgumentsError, match="Leave out aspect_ratio"):
        parse(SD3, {"prompt": "a", "image": "x", "strength": 0.6, "aspect_ratio": "16:9"})


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"image": "hero"}, "image requires strength"), ({"strength": 0.6}, "add image or leave")],
)
def test_picture_and_strength_go_together(given: dict[str, object], reason: str) -> None:
    """*Documented*: strength is mandatory with a picture and has no effect without one."""
    with pytest.raises(ArgumentsError, match=reason):
        parse(SD3, {"prompt": "a fox", **given})


@pytest.mark.parametrize(
    ("model", "credits_", "cfg_scale"),
    [
        ("sd3.5-large", 6500, "4.0"),
        ("sd3.5-large-turbo", 4000, "1.0"),
        ("sd3.5-medium", 3500, "4.0"),
        ("sd3.5-flash", 2500, "1.0"),
    ],
)
def test_price_and_guidance_follow_from_the_model(
    model: str, credits_: int, cfg_scale: str
) -> None:
    """*Documented*: four prices; Large and Medium 4, Turbo and Flash 1."""
    request = parse(SD3, {"prompt": "a fox", "model": model})

    assert request.price() == credits_
    assert float(request.form()["cfg_scale"]) == float(cfg_scale)


def test_a_picture_gives_the_result_its_shape() -> None:
    """*Documented*: one megapixel; live a square stayed a square."""
    words = parse(SD3, {"prompt": "a fox", "aspect_ratio": "16:9"})
    picture = parse(SD3, {"prompt": "a fox", "image": "hero", "strength": 0.6})

    assert words.output_size(None) == Size(1344, 768)
    assert picture.output_size(Size(1536, 1536)) == Size(1024, 1024)


def test_the_description_names_the_prices_charged() -> None:
    """*Chosen*: a model reads the price of each choice before it pays."""
    schema = SD3.model_json_schema()["properties"]["model"]
    prices = [f"{model.rpartition('-')[2]} {CREDITS[model]:g}" for model in schema["enum"]]

    assert schema["description"] == f"Credits: {', '.join(prices)}."
