"""Shared field types."""

import pytest
from pydantic import TypeAdapter, ValidationError

from stability_mcp.api.fields import (
    MEGAPIXEL,
    AudioLimits,
    File,
    ImageLimits,
    NegativePrompt,
    Prompt,
    Reference,
    Seed,
    Size,
    megapixel_size,
)


@pytest.mark.parametrize(
    ("ratio", "pixels", "step", "size"),
    [
        ("1:1", MEGAPIXEL, 64, Size(1024, 1024)),
        ("16:9", MEGAPIXEL, 64, Size(1344, 768)),
        ("9:16", MEGAPIXEL, 64, Size(768, 1344)),
        ("16:9", MEGAPIXEL, 1, Size(1365, 768)),
        ("1:1", 1536 * 1536, 64, Size(1536, 1536)),
        ("512:512", 3112 * 3112, 1, Size(3112, 3112)),
        ("512:512", 3152 * 3152, 1, Size(3152, 3152)),
    ],
)
def test_sizes_are_those_seen_live(ratio: str, pixels: int, step: int, size: Size) -> None:
    """*Documented*: measured with the real API, at these ratios."""
    assert megapixel_size(ratio, pixels, step=step) == size


def test_a_mark_distinguishes_pictures_and_sounds() -> None:
    """*Chosen*: by its limits."""
    assert File(limits=ImageLimits()).media == "image"
    assert File(limits=AudioLimits(min_seconds=6, max_seconds=190)).media == "audio"


@pytest.mark.parametrize("seed", [-1, 4_294_967_295, 2**63, 0.5])
def test_a_seed_out_of_range_is_rejected(seed: float) -> None:
    """*Documented*: 0 to 4294967294."""
    with pytest.raises(ValidationError):
        TypeAdapter(Seed).validate_python(seed)


def test_the_length_of_a_text_is_checked_but_not_in_the_schema() -> None:
    """*Chosen*: models do not count characters, and every conversation would pay for the bounds."""
    for kind in (Prompt, NegativePrompt, Reference):
        schema = TypeAdapter(kind).json_schema()

        assert not {"minLength", "maxLength"} & schema.keys()
    with pytest.raises(ValidationError, match="at most 10000"):
        TypeAdapter(Prompt).validate_python("x" * 10_001)
    with pytest.raises(ValidationError, match="at least 1"):
        TypeAdapter(Prompt).validate_python("")


def test_a_reference_may_be_as_long_as_a_picture() -> None:
    """*Chosen*: a data: URI holds the whole file."""
    uri = "data:image/png;base64," + "A" * 10_000_000

    assert TypeAdapter(Reference).validate_python(uri) == uri
