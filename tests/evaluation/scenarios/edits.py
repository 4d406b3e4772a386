"""Edits of single pictures: remove, recolour, restore, finish a sketch, undo."""

from evaluation.made_files import old_photo, photo, sketch
from evaluation.scenario import Budget, Call, Delivered, Scenario, Turn, World

EDITING = ("edit_*", "media_*", "image_*", "guide", "cost_estimate", "job_wait")

SCENARIOS = (
    Scenario(
        name="tourist-by-name",
        conversation="Remove a tourist, by name",
        turns=[
            Turn(
                "Please remove the person on the left from beach.png, so that only the empty "
                "beach is left.",
                [
                    Call(
                        "edit_search_and_replace",
                        image="beach.png",
                        search_prompt="person on the left",
                        prompt="empty beach, sand and sea",
                        label="empty beach",
                    )
                ],
            )
        ],
        allowed=EDITING,
        good=["One edit by name, without a mask; the rest of the photo is unchanged."],
        bad=["Makes a new picture of a beach.", "Pays twice.", "Draws a mask first."],
        pictures=1,
        budget=Budget(calls=2, bytes=115_000, credits=5),
        charges={"edit_search_and_replace": 1},
        files=[Delivered(pattern="empty beach*.png", format="PNG")],
        answers=[r"empty beach\.png"],
        world=World(files={"Pictures/beach.png": photo("a person on a beach")}),
    ),
    Scenario(
        name="tourist-by-mask",
        conversation="Remove a tourist, by mask",
        turns=[
            Turn(
                "Erase the person from beach.png with a mask, call it beach erased, and make sure "
                "that nothing outside the mask has changed.",
                [
                    Call("media_show", media=["beach.png"], grid=True),
                    Call(
                        "image_mask",
                        image="beach.png",
                        shapes=[
                            {"shape": "ellipse", "box": [0.4, 0.3, 0.6, 0.9]},
                            {"shape": "feather", "size": 6},
                        ],
                    ),
                    Call(
                        "edit_erase",
                        image="beach.png",
                        mask="beach-mask",
                        label="beach erased",
                    ),
                    Call(
                        "image_compare", before="beach.png", after="beach erased", mask="beach-mask"
                    ),
                ],
            )
        ],
        allowed=EDITING,
        good=[
            "Aims with a grid, marks the person, edits once, and measures the change.",
            "Tells the user what changed outside the mask.",
        ],
        bad=["Guesses coordinates without looking.", "Claims that nothing else changed."],
        pictures=4,
        budget=Budget(calls=5, bytes=385_000, credits=5),
        charges={"edit_erase": 1},
        files=[Delivered(pattern="beach erased.png", format="PNG")],
        answers=["box: x ", "mask: the change"],
        world=World(files={"Pictures/beach.png": photo("a person on a beach")}),
    ),
    Scenario(
        name="recolour-a-car",
        conversation="Recolour a car",
        turns=[
            Turn(
                "Make the car in car.jpg dark green.",
                [
                    Call(
                        "edit_search_and_recolor",
                        image="car.jpg",
                        select_prompt="car",
                        prompt="dark green car",
                    )
                ],
            )
        ],
        allowed=EDITING,
        good=["Only the colour of the car changes, with one call."],
        bad=["Generates another car.", "Uses a mask."],
        pictures=1,
        budget=Budget(calls=2, bytes=115_000, credits=5),
        charges={"edit_search_and_recolor": 1},
        files=[Delivered(pattern="car*.png", format="PNG")],
        world=World(files={"Pictures/car.jpg": photo("a red car on a road", form="JPEG")}),
    ),
    Scenario(
        name="restore-an-old-photo",
        conversation="Old photo restored",
        turns=[
            Turn(
                "grandmother.jpg is a faded old scan. Restore it: clean, natural colours, larger, "
                "but her face must stay hers.",
                [
                    Call("media_inspect", media="grandmother.jpg"),
                    Call(
                        "image_transform",
                        image="grandmother.jpg",
                        steps=[{"op": "adjust", "auto_levels": True, "denoise": 20}],
                        label="clean",
                    ),
                    Call(
                        "cost_estimate",
                        calls=[
                            {
                                "tool": "upscale_conservative",
                                "arguments": {"image": "clean", "prompt": "portrait of a woman"},
                            },
                            {"tool": "upscale_fast", "arguments": {"image": "clean"}},
                        ],
                    ),
                ],
            ),
            Turn(
                "40 credits is fine, do the faithful one.",
                [
                    Call(
                        "upscale_conservative",
                        image="clean",
                        prompt="portrait photo of a woman, natural colours",
                        label="grandmother clean",
                    )
                ],
            ),
        ],
        allowed=(*EDITING, "upscale_conservative"),
        good=[
            "Measures the scan, corrects levels and noise for free, and asks before 40 credits.",
            "Uses the upscaler that doesn't reinvent the face.",
        ],
        bad=["Uses upscale_creative, which invents a face.", "Spends 40 credits without asking."],
        budget=Budget(calls=5, bytes=300_000, credits=40),
        charges={"upscale_conservative": 1},
        files=[Delivered(pattern="grandmother clean.png", format="PNG")],
        answers=[r"upscale_conservative\D+40", r"upscale_fast\D+2"],
        world=World(files={"Pictures/grandmother.jpg": old_photo}),
    ),
    Scenario(
        name="sketch-to-picture",
        conversation="Sketch to picture",
        turns=[
            Turn(
                "Turn my drawing sketch.png into a photo of a wooden house in the snow. "
                "Keep my lines.",
                [
                    Call(
                        "control_sketch",
                        image="sketch.png",
                        prompt="photo of a wooden house in the snow",
                        control_strength=0.8,
                        label="wooden house",
                    )
                ],
            )
        ],
        allowed=("control_*", "media_*", "image_*", "guide", "cost_estimate"),
        good=["The house has the outline of the drawing."],
        bad=["generate_* without the drawing.", "control_structure, which is for photos."],
        pictures=1,
        budget=Budget(calls=2, bytes=115_000, credits=5),
        charges={"control_sketch": 1},
        files=[Delivered(pattern="wooden house.png", format="PNG")],
        world=World(files={"Pictures/sketch.png": sketch}),
    ),
    Scenario(
        name="undo-and-warmer",
        conversation="Undo, warmer",
        turns=[
            Turn(
                "Make lake.png a bit colder.",
                [
                    Call(
                        "image_transform",
                        image="lake.png",
                        steps=[{"op": "adjust", "warmth": -30}],
                        preview="none",
                    )
                ],
            ),
            Turn(
                "No, undo that, and make it warmer instead. Save it as warm lake.",
                [
                    Call(
                        "image_transform",
                        image="lake.png",
                        steps=[{"op": "adjust", "warmth": 40}],
                        label="warm lake",
                    )
                ],
            ),
        ],
        allowed=("image_transform", "media_*", "guide"),
        good=["The second edit starts from the original, not from the cold version; all free."],
        bad=["Warms the cold version up again.", "Pays for an edit with a prompt."],
        pictures=1,
        budget=Budget(calls=3, bytes=115_000),
        files=[Delivered(pattern="warm lake.png", format="PNG", size=(300, 200))],
        answers=["free"],
        world=World(files={"Pictures/lake.png": photo("a mountain lake", (300, 200))}),
    ),
)
