"""Operations that make a picture from words."""

from typing import Annotated

from pydantic import Field

from stability_mcp.fields import FILE_HELP, Reference

StartImage = Annotated[Reference, Field(description=f"To start from: {FILE_HELP}.")]
Strength = Annotated[
    float,
    Field(ge=0, le=1, description="Needed with `image`: 0 keeps it, 1 ignores it."),
]


def check_start(image: str | None, strength: float | None) -> None:
    """Refuse a picture to start from without a strength, and a strength without a picture.

    Raises:
        ValueError: one is given without the other.
    """
    if image is not None and strength is None:
        raise ValueError("image needs strength beside it: 0 keeps the picture, 1 ignores it")
    if image is None and strength is not None:
        raise ValueError("strength works only with image: add image or leave strength out")
