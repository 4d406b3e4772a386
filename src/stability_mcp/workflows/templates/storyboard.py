"""Template `storyboard`: scenes with one character, and a comic page of them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from stability_mcp.api.fields import AspectRatio, StylePreset
from stability_mcp.imaging.layout.bubbles import BubbleKind
from stability_mcp.imaging.layout.page_plan import DEFAULT_WIDTH, MAX_PICTURES
from stability_mcp.imaging.transform.geometry import Gravity
from stability_mcp.local_tools.image_layout import LIMITS, MAX_BUBBLES
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    ChosenSeed,
    Folder,
    Media,
    Text,
    delivery,
    ref,
    risen,
    seed_of,
    text_inputs,
    texts_as,
)

MAX_CAPTION = 160
MAX_SPEECH = 90
"""Characters that are readable in a panel of a page 1,600 pixels wide."""
MAX_CANDIDATES = 6
_BUBBLES_PER_SCENE = MAX_BUBBLES // MAX_PICTURES


class Speech(TemplateArguments):
    """A bubble."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_SPEECH)]
    kind: BubbleKind = "speech"
    gravity: Gravity | None = None
    """Corner of the panel, such as top_left; absent: by turns."""


class Scene(TemplateArguments):
    """A scene."""

    prompt: Text
    """What happens, where; the character is added."""
    caption: Annotated[str, Field(max_length=MAX_CAPTION)] = ""
    """Text of the narrator in the panel."""
    says: Annotated[list[Speech], texts_as("text"), Field(max_length=_BUBBLES_PER_SCENE)] = Field(
        default_factory=list
    )
    """One or two bubbles: texts, or {text, kind: thought, gravity}."""


class Storyboard(TemplateArguments):
    """Draw scenes that share a character and a style, and put them on one comic page.

    A picture of the character is the anchor of every scene. It keeps the look alike, not the same
    to the pixel: describe what must not change in `character`.
    """

    scenes: Annotated[list[Scene], texts_as("prompt"), Field(min_length=2, max_length=MAX_PICTURES)]
    """Texts, or {prompt, caption, says}, in order."""
    character: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    """Looks and clothes, in each prompt: "a small robot, dented, one blue eye"."""
    anchor: Media | None = None
    """A picture of the character; absent: made first, or else the first scene."""
    candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 1
    """Pictures of the character to choose from, with a stop for the pick."""
    style: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """In each prompt: "ink and watercolour"."""
    style_preset: StylePreset | None = None
    closeness: Annotated[float, Field(ge=0, le=1)] = 0.6
    """How close the scenes keep to the look of the anchor."""
    aspect_ratio: AspectRatio = "3:2"
    """Of the scenes."""
    negative_prompt: Text | None = None
    """What not to show: "text, people"."""
    seed: ChosenSeed | None = None
    """The first one, rising; absent: from the scenes."""
    quality: Quality = "standard"
    """Chooses the model of the anchor."""
    title: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """At the top of the page."""
    rows: Annotated[list[int], Field(min_length=1, max_length=MAX_PICTURES)] | None = None
    """Panels in each row, such as [1, 2, 1]; absent: as they fit best."""
    width: Annotated[int, Field(ge=600, le=LIMITS["width"][1])] = DEFAULT_WIDTH
    """Pixels of the page."""
    to: Folder = "storyboard"
    """Folder for scenes and page."""


@template(
    title="Storyboard",
    example={
        "title": "The lost balloon",
        "character": "a small round robot, dented copper, one blue eye",
        "style": "ink and watercolour",
        "scenes": [
            {"prompt": "sits on a roof at dawn", "caption": "Every morning it waited."},
            {"prompt": "sees a red balloon fly past", "says": "Oh!"},
            {
                "prompt": "runs across roofs after a red balloon",
                "says": [{"text": "Wait for me…", "kind": "thought"}],
            },
            {"prompt": "holds a red balloon at sunset", "caption": "And sometimes it was lucky."},
        ],
    },
)
async def storyboard(arguments: Storyboard, media: TemplateMedia) -> Plan:
    """Return a plan: the anchor, a step for each scene, and the page."""
    del media
    scenes = arguments.scenes
    _check(arguments, scenes)
    seed = arguments.seed or seed_of(*(each.prompt for each in scenes))
    steps: list[Step] = []
    anchor = None if arguments.anchor is None else literal(arguments.anchor)
    if anchor is None and arguments.character is not None:
        steps.append(_portrait(arguments, seed))
        anchor = "$portrait"
    for number in range(1, len(scenes) + 1):
        step = _scene(number, anchor, arguments, risen(seed, number))
        steps.append(step)
        anchor = anchor or f"${step.id}"
    panels = [step.id for step in steps if step.id != "portrait"]
    steps.append(_page(panels, scenes, arguments))
    outputs = [*panels, "page"]
    return Plan(
        title=arguments.title or f"storyboard of {len(scenes)} scenes",
        inputs=_inputs(arguments),
        steps=steps,
        outputs={name: f"${name}" for name in outputs},
        deliver=delivery(arguments.to),
        notes=_notes(arguments, seed),
    )


def _check(arguments: Storyboard, scenes: Sequence[Scene]) -> None:
    if arguments.candidates > 1 and (arguments.anchor is not None or arguments.character is None):
        raise mistake(
            "candidates",
            "They are pictures of a character that is described and has no picture yet.",
            "Pass character without anchor, or leave candidates out.",
        )
    rows = arguments.rows
    if rows is not None and (min(rows) < 1 or sum(rows) != len(scenes)):
        raise mistake(
            "rows",
            f"{rows} are for {sum(rows)} scenes, and there are {len(scenes)}.",
            "The numbers add up to the number of scenes.",
        )


def _inputs(arguments: Storyboard) -> dict[str, PlanInput]:
    """Return the texts of the user as inputs."""
    scenes = {
        f"scene_{number}": (scene.prompt, f"What scene {number} shows.")
        for number, scene in enumerate(arguments.scenes, 1)
    }
    return text_inputs(
        character=(arguments.character, "The character, in each prompt."),
        style=(arguments.style, "The style, in each prompt."),
        negative_prompt=(arguments.negative_prompt, "What not to show."),
        **scenes,
    )


def _prompt(arguments: Storyboard, what: str) -> str:
    """Return a prompt with the character and the style, which are inputs."""
    parts = (
        "{character}" if arguments.character is not None else None,
        what,
        "{style}" if arguments.style is not None else None,
    )
    return ", ".join(filter(None, parts))


def _portrait(arguments: Storyboard, seed: int) -> Step:
    """Return the step that draws only the character."""
    step = choose("text_to_image", arguments.quality).step(
        "portrait",
        prompt=_prompt(arguments, "whole figure, plain background"),
        seed=seed if arguments.candidates == 1 else None,
        style_preset=arguments.style_preset,
        negative_prompt=ref("negative_prompt", arguments.negative_prompt),
        label="character",
    )
    is_choice = arguments.candidates > 1
    return step.model_copy(update={"count": arguments.candidates, "review": is_choice})


def _scene(number: int, anchor: str | None, arguments: Storyboard, seed: int) -> Step:
    """Return the step of a scene; without an anchor, it becomes the anchor of the others."""
    task: Literal["image_in_style", "text_to_image"]
    task = "text_to_image" if anchor is None else "image_in_style"
    look = {} if anchor is None else {"image": anchor, "fidelity": arguments.closeness}
    return choose(task, arguments.quality).step(
        f"scene-{number}",
        **look,
        prompt=_prompt(arguments, f"{{scene_{number}}}"),
        aspect_ratio=arguments.aspect_ratio,
        seed=seed,
        style_preset=arguments.style_preset,
        negative_prompt=ref("negative_prompt", arguments.negative_prompt),
        label=f"scene {number:02d}",
    )


def _page(panels: Sequence[str], scenes: Sequence[Scene], arguments: Storyboard) -> Step:
    """Return the step that lays out the page.

    It names each scene, so that it waits for all of them: with a list of those that were made,
    captions would be on the wrong panels after a failure.
    """
    given: dict[str, Any] = {
        "images": [f"${panel}" for panel in panels],
        "kind": "comic",
        "width": arguments.width,
        "label": "page",
    }
    if arguments.title is not None:
        given["title"] = literal(arguments.title)
    if arguments.rows is not None:
        given["rows"] = arguments.rows
    if any(scene.caption for scene in scenes):
        given["captions"] = [literal(scene.caption) for scene in scenes]
    bubbles = [*_bubbles(scenes)]
    if bubbles:
        given["bubbles"] = bubbles
    return Step(id="page", tool="image_layout", arguments=given)


def _bubbles(scenes: Sequence[Scene]) -> Iterator[dict[str, Any]]:
    for panel, scene in enumerate(scenes, 1):
        for speech in scene.says:
            gravity = {} if speech.gravity is None else {"gravity": speech.gravity}
            yield {
                "panel": panel,
                "text": literal(speech.text),
                "kind": speech.kind,
                **gravity,
            }


def _notes(arguments: Storyboard, seed: int) -> list[str]:
    anchor = (
        "the given picture"
        if arguments.anchor is not None
        else "a picture of the character"
        if arguments.character is not None
        else "scene 1"
    )
    return [
        f"Anchor of the look: {anchor}, fidelity {arguments.closeness:g}; seeds from {seed} up.",
        "The page needs every scene: after a failure, redo from that scene.",
    ]
