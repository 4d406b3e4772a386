"""Runs that stop, change or wait: restarts, missing credits, lost answers, bad files, mistakes."""

from evaluation.made_files import photo, photos
from evaluation.scenario import (
    ApiAccount,
    Budget,
    Call,
    Credits,
    Delivered,
    Found,
    Refused,
    Restart,
    Scenario,
    Turn,
    World,
)
from stability_emulator.faults import Fault

RUNNING = (
    *("workflow_*", "guide", "job_*", "media_*", "image_*", "audio_edit", "cost_estimate"),
    *("generate_*", "edit_*", "control_*", "usage_report"),
)
RUN = Found(r"\b(run-\w{10})\b")

ANIMALS = ("fox", "hare", "owl", "deer")
FOUR_ANIMALS = {
    "title": "Woodland animals",
    "steps": [
        {
            "id": "animals",
            "tool": "generate_core",
            "foreach": list(ANIMALS),
            "arguments": {"prompt": "a {item} in the woods, woodcut", "label": "{item}"},
        }
    ],
}
POSTER = {
    "title": "Poster of a jazz night",
    "steps": [
        {
            "id": "draft",
            "tool": "generate_core",
            "arguments": {"prompt": "a trumpet in a smoky bar, woodcut", "label": "trumpet"},
            "count": 2,
            "review": True,
        },
        {
            "id": "poster",
            "tool": "image_transform",
            "arguments": {
                "image": "$draft",
                "steps": [{"op": "text", "text": "Jazz Night", "gravity": "top"}],
                "label": "jazz poster",
            },
        },
    ],
}


def _sky(**mask: object) -> dict[str, object]:
    """Return a plan that repaints the sky of a picture."""
    step = {"image": "balcony.png", "prompt": "sunset sky", "label": "balcony at sunset", **mask}
    return {"steps": [{"id": "sky", "tool": "edit_inpaint", "arguments": step}]}


SCENARIOS = (
    Scenario(
        name="pick-after-a-restart",
        conversation="A pick days later",
        turns=[
            Turn(
                "A poster for a jazz night: two drafts of a trumpet in a bar as a woodcut, I pick "
                "one later, then write Jazz Night at the top. Call it jazz poster.",
                [Call("workflow_run", plan=POSTER)],
            ),
            Turn(
                "Good morning! Which posters can I choose from? The first one.",
                [
                    Call("job_list"),
                    Call("workflow_run", run=RUN, pick=["1"]),
                ],
                happens=[Restart()],
            ),
        ],
        allowed=RUNNING,
        good=["Finds the waiting run again, and finishes it with the pick."],
        bad=["Makes new drafts."],
        pictures=1,
        budget=Budget(calls=4, bytes=210_000, credits=6),
        charges={"generate_core": 2},
        files=[Delivered(pattern="jazz poster.png", format="PNG")],
        runs={"done": 1},
    ),
    Scenario(
        name="redo-at-no-cost",
        conversation="Redo from a step",
        turns=[
            Turn(
                "A poster for a jazz night: two drafts of a trumpet in a bar as a woodcut, I pick "
                "one, then write Jazz Night at the top. Call it jazz poster.",
                [Call("workflow_run", plan=POSTER)],
            ),
            Turn("The second.", [Call("workflow_run", run=RUN, pick=["2"])]),
            Turn(
                "The text must be at the bottom.",
                [
                    Call(
                        "workflow_run",
                        run=RUN,
                        redo_from="poster",
                        changes={
                            "poster": {
                                "steps": [{"op": "text", "text": "Jazz Night", "gravity": "bottom"}]
                            }
                        },
                    )
                ],
            ),
        ],
        allowed=RUNNING,
        good=["Only the text is made again, free; the draft and the pick stay."],
        bad=["Pays for new drafts.", "Asks for the pick again."],
        pictures=1,
        budget=Budget(calls=4, bytes=295_000, credits=6),
        charges={"generate_core": 2},
        files=[Delivered(pattern="jazz poster*.png", count=2, format="PNG")],
        runs={"done": 2},
    ),
    Scenario(
        name="cancel-a-run",
        conversation="Cancelling a run",
        turns=[
            Turn(
                "A poster for a jazz night: two drafts of a trumpet in a bar as a woodcut, I pick "
                "one, then write Jazz Night at the top. Call it jazz poster.",
                [Call("workflow_run", plan=POSTER)],
            ),
            Turn(
                "Stop it, the concert is cancelled.",
                [Call("workflow_run", run=RUN, cancel=True)],
            ),
        ],
        allowed=RUNNING,
        good=["Cancels the run with one call, and says that the two drafts cost 6 credits."],
        bad=["Picks one and finishes it.", "Says that nothing was charged."],
        budget=Budget(calls=3, bytes=120_000, credits=6),
        charges={"generate_core": 2},
        runs={"cancelled": 1},
        answers=["cancelled, ", r"\b6 of at most 6"],
    ),
    Scenario(
        name="credits-run-out",
        conversation="402 in the middle of a run",
        turns=[
            Turn(
                "Woodcuts of four woodland animals: fox, hare, owl, deer.",
                [Call("workflow_run", plan=FOUR_ANIMALS)],
            ),
            Turn(
                "I bought credits, continue.",
                [Call("workflow_run", run=RUN, resume=True)],
                happens=[Credits(100)],
            ),
        ],
        allowed=RUNNING,
        good=["The run pauses with one message; after the purchase only what is missing is made."],
        bad=["Starts all four again.", "Reports four errors."],
        budget=Budget(calls=3, bytes=210_000, credits=12),
        charges={"generate_core": 4},
        files=[Delivered(pattern=f"{animal}.png", format="PNG") for animal in ANIMALS],
        answers=["credits", "resume"],
        runs={"done": 1},
        world=World(account=ApiAccount(credits=7)),
    ),
    Scenario(
        name="lost-answer",
        conversation="An answer is lost",
        turns=[
            Turn(
                "Woodcuts of four woodland animals: fox, hare, owl, deer.",
                [Call("workflow_run", plan=FOUR_ANIMALS)],
            ),
            Turn(
                "Pay for the missing one again.",
                [Call("workflow_run", run=RUN, unknown="pay_again")],
            ),
        ],
        allowed=RUNNING,
        good=["Three pictures arrive; the user decides about the fourth, and it is made again."],
        bad=["Pays again without asking.", "Makes all four again."],
        budget=Budget(calls=3, bytes=210_000, credits=15),
        charges={"generate_core": 5},
        files=[Delivered(pattern="*.png", count=4, format="PNG")],
        answers=["may have been charged"],
        runs={"done": 1},
        world=World(
            account=ApiAccount(faults=[Fault(path="/v2beta/stable-image/*", reset="after")])
        ),
    ),
    Scenario(
        name="one-bad-photo",
        conversation="A folder with a bad file",
        turns=[
            Turn(
                "Cut out everything in Pictures/tools and put the results into a folder called "
                "cut-outs, named like the photos.",
                [
                    Call("workflow_templates"),
                    Call("workflow_templates", name="batch_process"),
                    Call(
                        "workflow_run",
                        template="batch_process",
                        arguments={
                            "source": "Pictures/tools",
                            "operation": "edit_remove_background",
                            "to": "cut-outs",
                        },
                    ),
                ],
            )
        ],
        allowed=RUNNING,
        good=["Three photos are cut out, the bad one is named with its reason and costs nothing."],
        bad=["Stops at the bad file.", "Doesn't mention it."],
        budget=Budget(calls=4, bytes=125_000, credits=15),
        charges={"edit_remove_background": 3},
        files=[
            Delivered(pattern="cut-outs/**/*.png", count=3, format="PNG", has_transparency=True),
            *(Delivered(pattern=f"cut-outs/**/tool {number}.png") for number in (1, 2, 3)),
            Delivered(pattern="cut-outs/**/manifest.csv"),
        ],
        answers=["broken"],
        runs={"done": 1},
        world=World(
            files={
                **{f"Pictures/tools/{k}": v for k, v in photos("tool", "a hammer", 3).items()},
                "Pictures/tools/broken.png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(50),
            }
        ),
    ),
    Scenario(
        name="plan-with-a-mistake",
        conversation="A plan with a mistake",
        turns=[
            Turn(
                "Repaint the sky of balcony.png as a sunset, exactly the upper half, and call it "
                "balcony at sunset.",
                [
                    Refused("workflow_plan", plan=_sky()),
                    Call(
                        "image_mask",
                        image="balcony.png",
                        shapes=[{"shape": "rectangle", "box": [0, 0, 1, 0.5]}],
                    ),
                    Call("workflow_run", plan=_sky(mask=Found(r"balcony-mask"))),
                ],
            )
        ],
        allowed=RUNNING,
        good=["The error names the missing mask and how to make one; nothing was charged for it."],
        bad=["Paints without a mask.", "Gives up."],
        budget=Budget(calls=4, bytes=205_000, credits=5),
        charges={"edit_inpaint": 1},
        files=[Delivered(pattern="balcony at sunset.png", format="PNG")],
        answers=["mask", "image_mask"],
        runs={"done": 1},
        world=World(files={"Pictures/balcony.png": photo("a balcony above a street")}),
    ),
    Scenario(
        name="own-template",
        conversation="A template of the user's own",
        turns=[
            Turn(
                "A poster for a jazz night: two drafts of a trumpet in a bar as a woodcut, I pick "
                "one, then write Jazz Night at the top. Call it jazz poster.",
                [Call("workflow_run", plan=POSTER)],
            ),
            Turn("The second.", [Call("workflow_run", run=RUN, pick=["2"])]),
            Turn(
                "Keep that as a template called jazz posters, and tell me what it costs.",
                [
                    Call("workflow_run", run=RUN, save_as="jazz posters"),
                    Call("workflow_plan", template="jazz posters"),
                ],
            ),
        ],
        allowed=(*RUNNING, "workflow_templates"),
        good=["The finished run becomes a template with its price, without running again."],
        bad=["Runs it again to save it."],
        budget=Budget(calls=6, bytes=225_000, credits=6),
        charges={"generate_core": 2},
        files=[Delivered(pattern="jazz poster*.png", format="PNG")],
        answers=["6 credits"],
        runs={"done": 1},
    ),
)
