"""Unpacking: what takes too much memory is refused before the first pixel."""

from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.pixels import check_unpackable
from stability_mcp.imaging.probe import probe


def facts(media_type: str, megapixels: float, **others: object) -> Facts:
    """Return the facts of a picture of that size."""
    return Facts(
        media_type=media_type,
        bytes=1,
        width=int(megapixels * 1_000),
        height=1_000,
        mode="RGB",
        **others,  # type: ignore[arg-type]  # the fields of Facts
    )


@pytest.mark.parametrize(
    ("what", "most"),
    [
        (facts("image/webp", 16), True),
        (facts("image/webp", 16.777), True),
        (facts("image/webp", 17), False),
        (facts("image/jpeg", 40, progressive=True), True),
        (facts("image/jpeg", 41, progressive=True), False),
        (facts("image/jpeg", 50), True),
        (facts("image/png", 33, has_alpha=True), True),
        (facts("image/png", 70), False),
    ],
)
def test_each_format_has_the_bound_that_its_memory_sets(what: Facts, *, most: bool) -> None:
    """Measured: 40 MP of WebP took 616 MB, 40 MP of progressive JPEG 300."""
    if most:
        check_unpackable(what)
        return
    with pytest.raises(FileUnusableError, match="too large to work on"):
        check_unpackable(what)


def test_an_error_of_our_own_is_not_taken_for_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a bug that says "this PNG is damaged" would never be found."""

    def broken(*_: object, **__: object) -> None:
        raise NameError("a bug")

    monkeypatch.setattr("stability_mcp.imaging.fit.within", broken)
    path = make.save(tmp_path / "picture", make.png((200, 200)))
    with pytest.raises(NameError, match="a bug"):
        fit_image(
            path,
            probe(path),
            ImageLimits(max_side=100),
            max_bytes=1_000_000,
            target=tmp_path / "target",
        )
