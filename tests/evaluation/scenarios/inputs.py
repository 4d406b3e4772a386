"""Pictures as people have them: HEIC, attached, linked, copied, huge, or in the workspace."""

from evaluation.made_files import heic, jpeg, large_photo, photo
from evaluation.scenario import LINK, Budget, Call, Delivered, Found, Refused, Scenario, Turn, World

CUTTING = ("edit_remove_background", "media_*", "guide")

SCENARIOS = (
    Scenario(
        name="heic-photo",
        conversation="HEIC",
        turns=[
            Turn(
                "Cut the subject out of IMG_0815.heic, please.",
                [Refused("edit_remove_background", image="IMG_0815.heic")],
            ),
            Turn(
                "OK, I exported it: it's IMG_0815.jpg now.",
                [Call("edit_remove_background", image="IMG_0815.jpg", label="cut")],
            ),
        ],
        allowed=CUTTING,
        good=["Names HEIC as the reason, says how to export it, and continues with the JPEG."],
        bad=["Says that the file is broken.", "Renames the file and tries again."],
        budget=Budget(calls=3, bytes=115_000, credits=5),
        charges={"edit_remove_background": 1},
        files=[Delivered(pattern="cut.png", has_transparency=True)],
        answers=["HEIC", "(Nothing was|Not) charged|nothing was charged"],
        world=World(
            files={
                "Pictures/IMG_0815.heic": heic,
                "Pictures/IMG_0815.jpg": photo("a red fox", form="JPEG"),
            }
        ),
    ),
    Scenario(
        name="attached-photo",
        conversation="Attachment",
        turns=[
            Turn(
                "[Image #1] Cut this out. It's the newest photo in Downloads.",
                [
                    Refused("edit_remove_background", image="[Image #1]"),
                    Call("media_list", folder="Downloads"),
                    Call("edit_remove_background", image=Found(r"IMG_2041\.jpg"), label="cut"),
                ],
            )
        ],
        allowed=CUTTING,
        good=["Finds the attached photo in Downloads and cuts it out."],
        bad=["Makes up a path.", "Describes the attachment and generates a new picture."],
        budget=Budget(calls=3, bytes=95_000, credits=5),
        charges={"edit_remove_background": 1},
        files=[Delivered(pattern="cut.png", has_transparency=True)],
        answers=["attached to the chat", "Nothing was charged"],
        world=World(files={"Downloads/IMG_2041.jpg": photo("a chair", form="JPEG")}),
    ),
    Scenario(
        name="linked-photo",
        conversation="URL",
        turns=[
            Turn(
                f"Make this one larger: {LINK}/harbour.jpg",
                [Call("upscale_fast", image=f"{LINK}/harbour.jpg")],
            )
        ],
        allowed=("upscale_fast", "media_*", "guide"),
        good=["Passes the link as it is."],
        bad=["Downloads it by other means.", "Asks the user to save it first."],
        budget=Budget(calls=2, bytes=115_000, credits=2),
        charges={"upscale_fast": 1},
        files=[Delivered(pattern="harbour*.png", format="PNG")],
        answers=["imported now"],
        world=World(links={"harbour.jpg": lambda: jpeg((300, 200))}),
    ),
    Scenario(
        name="copied-photo",
        conversation="Clipboard",
        turns=[
            Turn(
                "I copied a photo of a meadow. Extend it by 100 pixels to the right.",
                [
                    Call("media_import", source="clipboard", label="meadow"),
                    Call("edit_outpaint", image="meadow", right=100),
                ],
            )
        ],
        allowed=("edit_outpaint", "media_*", "guide"),
        good=["Reads the clipboard, and extends that photo."],
        bad=["Asks for a path although the clipboard can be read."],
        budget=Budget(calls=2, bytes=185_000, credits=4),
        charges={"edit_outpaint": 1},
        files=[Delivered(pattern="meadow v2.png", format="PNG")],
        world=World(
            files={"copied.jpg": photo("a meadow", (200, 100), form="JPEG")},
            clipboard="copied.jpg",
        ),
    ),
    Scenario(
        name="photo-of-40-megapixels",
        conversation="40 MP photo",
        turns=[
            Turn(
                "Remove the background of panorama.jpg.",
                [Call("edit_remove_background", image="panorama.jpg", label="cut panorama")],
            )
        ],
        allowed=CUTTING,
        good=["The photo is shrunk to the limit and sent; the user learns the new size."],
        bad=["Fails and blames the user.", "Doesn't mention that the result is smaller."],
        budget=Budget(calls=2, bytes=115_000, credits=5),
        charges={"edit_remove_background": 1},
        files=[Delivered(pattern="*panorama*.png", has_transparency=True)],
        answers=["shrunk from 7300x5500 to"],
        world=World(files={"Pictures/panorama.jpg": large_photo}),
    ),
    Scenario(
        name="file-in-the-workspace",
        conversation="A file in the IDE's workspace",
        turns=[
            Turn(
                "Enlarge assets/icon.jpg and write it to assets/icon-large.webp.",
                [
                    Call("upscale_fast", image="assets/icon.jpg", label="icon large"),
                    Call("media_export", media=["icon large"], to="assets/icon-large.webp"),
                ],
            )
        ],
        allowed=("upscale_fast", "media_*", "guide"),
        good=["Reads and writes relative to the folder that is open in the editor."],
        bad=["Asks for the full path.", "Writes to another folder."],
        budget=Budget(calls=2, bytes=185_000, credits=2),
        charges={"upscale_fast": 1},
        files=[Delivered(pattern="~/site/assets/icon-large.webp", format="WEBP")],
        world=World(files={"site/assets/icon.jpg": lambda: jpeg((100, 100))}, workspace="site"),
    ),
)
