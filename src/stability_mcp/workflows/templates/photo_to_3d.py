"""Template `photo_to_3d`: a textured 3D model of the object in a photo."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.workflows.picture_parts import (
    PictureName,
    check_fits,
    look,
    picture_input,
)
from stability_mcp.workflows.placeholders import file_name
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import result_name

_CUT = choose("cut_out", "standard")


class PhotoTo3d(TemplateArguments):
    """Make a 3D model (GLB) of the object in a photo: games, AR, product views.

    A photo without a plain background is cut out first.
    """

    photo: PictureName
    quality: Quality = "standard"
    """Texture: draft 512 pixels, standard 1024, premium and professional 2048."""
    cut_out: bool | None = None
    """Remove the background first (5 credits). Absent: unless it is plain or transparent."""
    faces: Annotated[int, Field(ge=100, le=20_000)] | None = None
    """Number of polygons, such as 5000 for a phone. Absent: as they come."""
    remesh: Literal["none", "triangle", "quad"] = "none"
    """quad: to edit it in Blender; triangle: for game engines."""
    obj: bool = False
    """Also write an OBJ with its texture."""
    to: Annotated[str, Field(min_length=1)] | None = None
    """Folder in the workspace for the files."""


@template(title="3D model from a photo", example={"photo": "photo", "faces": 5000, "to": "models"})
async def photo_to_3d(arguments: PhotoTo3d, media: TemplateMedia) -> Plan:
    """Return a plan: cut out, if needed, model, write files."""
    size = await look(media, arguments.photo, "photo")
    model = choose("photo_to_3d", arguments.quality)
    is_cut, why = arguments.cut_out, "as asked"
    if is_cut is None:
        background = (await media.inspect(arguments.photo)).get("background")
        is_cut = background is None
        why = "its background isn't plain" if is_cut else f"its background is {background}"
    check_fits((_CUT if is_cut else model).operation, "image", size, "photo")
    steps = list(_steps(arguments, is_cut=is_cut))
    title = OPERATIONS[model.operation].title
    return Plan(
        title=f"3D model of {file_name(arguments.photo)[:100]}",
        inputs={"photo": picture_input(arguments.photo, "The object.")},
        steps=steps,
        outputs={"model": "$model"} | {s.id: f"${s.id}" for s in steps if s.tool == "media_export"},
        notes=[
            f"The photo is {'' if is_cut else 'not '}cut out: {why}",
            f"{title}: {model.reason}",
        ],
    )


def _steps(arguments: PhotoTo3d, *, is_cut: bool) -> Iterator[Step]:
    image = "$photo"
    if is_cut:
        yield _CUT.step("cut", image=image)
        image = "$cut"
    yield choose("photo_to_3d", arguments.quality).step(
        "model",
        image=image,
        remesh=None if arguments.remesh == "none" else arguments.remesh,
        target_type=None if arguments.faces is None else "face",
        target_count=arguments.faces,
        label=result_name(arguments.photo, "3d"),
    )
    to = arguments.to or "models"
    if arguments.to is not None:
        yield Step(id="files", tool="media_export", arguments={"media": "$model", "to": to})
    if arguments.obj:
        given = {"media": "$model", "to": to, "format": "obj"}
        yield Step(id="obj", tool="media_export", arguments=given)
