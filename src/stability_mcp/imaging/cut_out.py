"""Puts the transparency of a small cut-out on its original at full size."""

from dataclasses import replace
from pathlib import Path

from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.encode import encode
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import (
    alpha_of,
    check_decodable,
    decode_image,
    plain_mode,
    remaining_orientation,
    upright,
)
from stability_mcp.imaging.strip import atomic_write

PNG = "image/png"


def cut_out_original(original: Path, facts: Facts, cut_out: Path, target: Path) -> bool:
    """Write the original with the cut-out's transparency as PNG; False if the cut-out has none.

    Args:
        original: The picture that was shrunk and sent.
        facts: Its `probe` facts.
        cut_out: The result, upright and of the same shape.
        target: Output path.

    Raises:
        FileUnusableError: a picture is damaged or too large to decode.
        OSError: `target` cannot be written.
    """
    from PIL import Image

    from stability_mcp.imaging.probe import probe

    check_decodable(replace(facts, has_alpha=True))  # it gets transparency
    alpha = alpha_of(decode_image(cut_out, probe(cut_out)))
    if alpha is None:
        return False
    stored = plain_mode(decode_image(original, facts), facts).image
    picture = upright(to_srgb(stored).image, remaining_orientation(facts)).convert("RGBA")
    picture.putalpha(alpha.resize(picture.size, Image.Resampling.LANCZOS))
    with atomic_write(target) as out:
        out.write(encode(picture, PNG, {"compress_level": 4}))
    return True
