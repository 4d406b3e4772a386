"""Decoding: pictures that need too much memory are rejected before the first pixel."""

from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.pixels import check_decodable
from stability_mcp.imaging.probe import probe


def facts(media_type: str, megapixels: float, **others: object) -> Facts:
    """Return the facts of a picture with that many megapixels."""
    return Facts(
        media_type=media_type,
        bytes=1,
        width=int(megapixels * 1_000),
        height=1_000,
        mode="RGB",
        **others,  # type: ignore[arg-type]  # the fields of Facts
    )


@pytest.mark.parametrize(
    ("what", "accepted"),
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
def test_the_size_limit_of_a_format_depends_on_the_memory_it_needs(
    what: Facts, *, accepted: bool
) -> None:
    """Measured: 40 MP of WebP took 616 MB, 40 MP of progressive JPEG 300."""
    if accepted:
        check_decodable(what)
        return
    with pytest.raises(FileUnusableError, match="too large to process"):
        check_decodable(what)


def test_a_bug_is_not_reported_as_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a bug reported as "this PNG is damaged" would never be found."""

    def broken(*_: object, **__: object) -> None:
        raise NameError("a bug")

    monkeypatch.setattr("stability_mcp.imaging.fit.encode_within", broken)
    path = make.save(tmp_path / "picture", make.png((200, 200)))
    with pytest.raises(NameError, match="a bug"):
        fit_image(
            path,
            probe(path),
            ImageLimits(max_side=100),
            max_bytes=1_000_000,
            target=tmp_path / "target",
        )
