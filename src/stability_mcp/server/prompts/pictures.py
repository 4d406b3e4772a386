"""Prompts for given pictures: one change, product photos, an old photo."""

import re
from typing import Annotated, Any

from pydantic import Field

from stability_mcp.server.guide import for_enabled
from stability_mcp.server.loading import load
from stability_mcp.server.prompts.printed_plans import load_prices, plan_section, template_section
from stability_mcp.server.prompts.prompt_definition import (
    MAX_ARGUMENT_CHARACTERS,
    Completes,
    PromptArguments,
    PromptContext,
    prompt,
)
from stability_mcp.text import quoted

CHANGING = frozenset({"edit", "control"})
"""Toolsets whose tools change a picture."""
MAX_REFERENCE_CHARACTERS = 400
DEFAULT_TARGET = "product-photos.zip"
_PATH = re.compile(r"[^<>\"|?*{}$`\n]{1,200}")
"""A path that `media_export` can write to; anything else is left to the model to ask about."""

Picture = Annotated[str, Completes("media")]


class EditArguments(PromptArguments):
    """Change one thing in a picture with the tool that fits best."""

    image: Annotated[Picture, Field(description="Picture to change: label, media:// URI or path.")]
    change: Annotated[str, Field(description="What to change, in plain words.")]


@prompt(title="Edit a picture")
async def edit_picture(given: EditArguments, context: PromptContext) -> str:
    """Return how to choose the tool for one change, and how to check its result."""
    await load_prices()
    lists = await load("stability_mcp.server.guide.lists")
    picture = quoted(given.image or "the last image", limit=MAX_REFERENCE_CHARACTERS)
    change = (
        quoted(given.change, limit=MAX_ARGUMENT_CHARACTERS)
        if given.change
        else "ask the user what to change"
    )
    steps = for_enabled(
        """\
1. Look at it with `media_show`. Choose the tool: can the thing be named, or must it be marked? \
`image_transform` does what is exact (crop, size, colours, text), free.
2. What must be marked: make a mask with `image_mask` and look at it before you use it.
3. Write the prompt in English and describe the result; don't write an instruction.
4. Tell the user the price and make the call.
5. Check the result: `image_compare` shows what changed. If something else changed too, try again \
with a more specific name or a mask.
6. Give the user the path of the result and its cost. "undo" as a reference goes back one step.""",
        context.enabled,
    )
    tools = lists.operation_list(context.enabled, CHANGING)
    return f"Change the picture {picture}: {change}.\n\n{steps}\n\n{tools}"


class ProductArguments(PromptArguments):
    """Turn photos of products into a set for a shop: one background, one shape, small files."""

    photos: Annotated[Picture, Field(description="Photos: labels or paths, with commas; a folder.")]
    background: Annotated[
        str, Field(description="Background, such as a marble table. Empty: plain white.")
    ] = ""
    files: Annotated[
        str, Field(description="Folder or .zip to write to. Empty: product-photos.zip.")
    ] = ""


@prompt(
    title="Product photos",
    needs=("edit_remove_background", "edit_replace_background_and_relight", "image_transform"),
)
async def product_photos(given: ProductArguments, context: PromptContext) -> str:
    """Return the plan of a set of product photos."""
    await load_prices()
    photos = [each for each in map(str.strip, given.photos.replace("\n", ",").split(",")) if each]
    inputs: dict[str, Any] = {
        "photos": {"type": "image", "many": True, **({"default": photos} if photos else {})}
    }
    white = given.background.casefold().strip(" .") in {"", "white", "plain white"}
    if white:
        first = {
            "id": "product",
            "tool": "edit_remove_background",
            "foreach": "$photos",
            "arguments": {"image": "$item"},
        }
        shape = [
            {"op": "trim"},
            {"op": "pad", "aspect": "1:1"},
            {"op": "pad", "margin": 0.08},
            {"op": "resize", "width": 1600, "height": 1600, "fit": "pad"},
            {"op": "flatten", "color": "white"},
        ]
    else:
        inputs["background"] = {"default": given.background}
        first = {
            "id": "product",
            "tool": "edit_replace_background_and_relight",
            "foreach": "$photos",
            "arguments": {"subject_image": "$item", "background_prompt": "{background}"},
        }
        shape = [
            {"op": "crop", "aspect": "1:1", "gravity": "subject"},
            {"op": "resize", "width": 1600, "height": 1600, "fit": "crop"},
        ]
    is_path = _PATH.fullmatch(given.files) is not None
    target = given.files if is_path else DEFAULT_TARGET
    plan = {
        "title": "Product photos",
        "inputs": inputs,
        "steps": [
            first,
            {
                "id": "square",
                "tool": "image_transform",
                "foreach": "$product",
                "arguments": {"image": "$item", "steps": shape},
            },
            {
                "id": "files",
                "tool": "media_export",
                "arguments": {
                    "media": ["$square"],
                    "to": target,
                    "format": "jpeg",
                    "max_bytes": 500_000,
                },
            },
        ],
        "reuse": True,
    }
    scene = {} if white else {"scene": given.background}
    template = {"photos": photos or ["photo.jpg"], **scene, "to": target}
    ask = for_enabled(
        """\
The photos: {photos}. If it is a folder, list its files with `media_list` (folder=...) and pass \
their paths in inputs. Look at one with `media_show` or `media_inspect` first.
Ask once what the shop requires: background, shape, size in pixels and bytes, file names.
Run one photo first, show it, and then all: reuse pays for the others only. Relighting can change \
small print, so compare it with the original. Translate the background into English.""",
        context.enabled,
    ).replace("{photos}", quoted(given.photos or "not given", limit=MAX_REFERENCE_CHARACTERS))
    return (
        f"Make product photos for a shop.\n\n{ask}\n\n{plan_section(plan, context)}"
        f"{template_section('product_shots', template, context)}"
    )


class RestoreArguments(PromptArguments):
    """Restore an old, damaged or small photo and stay true to the people in it."""

    photo: Annotated[Picture, Field(description="Photo: label, media:// URI or path.")]
    wishes: Annotated[str, Field(description="What to repair, and what it is for.")] = ""


@prompt(title="Restore a photo", needs=("image_transform", "image_mask", "edit_erase"))
async def restore_photo(given: RestoreArguments, context: PromptContext) -> str:
    """Return how to look at a photo, what to choose by its flaws, and a plan to repair it."""
    await load_prices()
    inputs: dict[str, Any] = {
        "photo": {"type": "image", **({"default": given.photo} if given.photo else {})}
    }
    plan = {
        "title": "Restored photo",
        "inputs": inputs,
        "steps": [
            {
                "id": "scratches",
                "tool": "image_mask",
                "arguments": {
                    "image": "$photo",
                    "shapes": [{"shape": "rectangle", "box": [0.1, 0.1, 0.2, 0.15]}],
                },
            },
            {
                "id": "repaired",
                "tool": "edit_erase",
                "arguments": {"image": "$photo", "mask": "$scratches"},
            },
            {
                "id": "toned",
                "tool": "image_transform",
                "arguments": {
                    "image": "$repaired",
                    "steps": [{"op": "adjust", "denoise": 25, "auto_levels": True}],
                },
            },
            {"id": "restored", "tool": "upscale_fast", "arguments": {"image": "$toned"}},
        ],
    }
    look = for_enabled(
        """\
1. `media_inspect` and `media_show`: what is damaged, how large is it, are there faces?
2. Choose the steps by what you saw, and leave out the others:
- faded, dark, yellow: `image_transform` adjust (auto_levels, warmth, contrast), free.
- scratches, spots, tears: rectangles or strokes in `image_mask`, then `edit_erase`. A missing \
part: `edit_inpaint` with a prompt.
- small: `upscale_fast`, cheap and true. For print: `upscale_conservative`, true. \
`upscale_creative` invents detail and may change faces: only if the user agrees.
- black and white stays so: no tool here colours it faithfully.
3. The original stays stored; never overwrite its file. Compare with `image_compare` at the end.""",
        context.enabled,
    )
    wishes = quoted(given.wishes, limit=MAX_ARGUMENT_CHARACTERS) if given.wishes else "not given"
    photo = quoted(given.photo or "not given: ask for it", limit=MAX_REFERENCE_CHARACTERS)
    return (
        f"Restore the photo {photo}. Wishes: {wishes}.\n\n{look}\n\n"
        "The steps as a plan; replace the shapes of the mask, as fractions of the picture:\n\n"
        f"{plan_section(plan, context)}"
    )
