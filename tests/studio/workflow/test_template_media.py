"""Files of templates: in the allowed folders only, in natural order, never too many."""

from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import ArgumentsError, FileForbiddenError, NotFoundError
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.workflow.template_media import StudioMedia
from stability_mcp.workflows.plan import MAX_ELEMENTS
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio


def media_of(studio: Studio) -> StudioMedia:
    """Return what a template looks at."""
    return StudioMedia(parts=studio._parts)  # noqa: SLF001 -- templates get it from WorkflowPlans


async def test_folders_wildcards_and_lists_give_their_media(tmp_path: Path) -> None:
    """`2` comes before `10`; hidden files, other files and folders below are left out."""
    photos = tmp_path / "photos"
    (photos / "done").mkdir(parents=True)
    for name in ("p10.png", "p2.png", "P1.PNG", ".p3.png", "done/p4.png"):
        (photos / name).write_bytes(make.png((8, 8)))
    (photos / "beep.wav").write_bytes(make.wav(0.1))
    (photos / "notes.txt").write_text("x")
    (photos / "text.png").write_text("not a picture")
    async with open_studio(settings_in(tmp_path)) as studio:
        media = media_of(studio)

        async def names(source: str | list[str]) -> list[str]:
            return [Path(each).name for each in await media.files(source)]

        every = ["beep.wav", "P1.PNG", "p2.png", "p10.png"]
        assert await names("photos") == every
        assert media.left_out == ['Left out, as damaged or of an unknown format: "text.png"']
        assert await names(f"{photos}/") == every
        assert await names("photos/*.png") == every[1:]
        assert await names("photos/p?.png") == every[1:3]
        assert await names("photos/**/*.png") == ["p4.png", *every[1:]]
        assert await names(["p2.png", "photos/p1*.png", "p2.png"]) == ["p2.png", *every[1::2]]
        shape = await media.shape("p2.png")
        assert shape.size == (8, 8)
        assert shape.has_alpha is False


async def test_what_is_refused_says_why(tmp_path: Path) -> None:
    """Outside, not there, without media, too many."""
    inside, many = tmp_path / "inside", tmp_path / "inside" / "many"
    many.mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(make.png((8, 8)))
    (inside / "link").symlink_to(tmp_path)
    picture = make.png((1, 1))
    for number in range(MAX_ELEMENTS + 1):
        (many / f"{number}.png").write_bytes(picture)
    async with open_studio(settings_in(inside)) as studio:
        media = media_of(studio)
        for source in (
            str(tmp_path),
            str(tmp_path / "*.png"),
            "../*.png",
            str(inside / "link" / "*.png"),
        ):
            with pytest.raises(FileForbiddenError, match="outside the allowed folders"):
                await media.files(source)
        for source in ("holiday", "link"):
            with pytest.raises(NotFoundError, match=source):
                await media.files(source)
        for source, wrong in (
            ("many/*.webp", "no pictures, sounds or 3D models that match"),
            ("*/x.png", "only the file name can have wildcards"),
            ("*.png", "doesn't name a folder"),
            ("many", f"{MAX_ELEMENTS + 1} files; a run takes up to {MAX_ELEMENTS}"),
        ):
            with pytest.raises(ArgumentsError, match=wrong.replace("*", r"\*")):
                await media.files(source)
        assert len(await media.files("many/1*.png")) == 111
