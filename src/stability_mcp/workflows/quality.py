"""What `quality` means: the operation and the arguments of each task at four levels.

Prices and ranks are those of the operation table; tests check that the reasons name the prices and
that neither falls as the quality rises. Where the API has one operation for a task, the levels
differ in its arguments, or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from stability_mcp.workflows.plan import Step

Quality = Literal["draft", "standard", "premium", "professional"]
"""draft: to judge an idea; standard: to use; premium: to show; professional: to print or sell."""
QUALITIES: tuple[Quality, ...] = get_args(Quality)

Task = Literal[
    "text_to_image",
    "image_to_image",
    "image_in_style",
    "keep_layout",
    "restyle",
    "sketch_to_image",
    "upscale",
    "restore",
    "cut_out",
    "replace_background",
    "extend",
    "edit_by_words",
    "photo_to_3d",
    "text_to_audio",
]
"""text_to_image: a prompt. image_to_image: a prompt and a picture to start from, with `strength`.
image_in_style: a new picture in the style of another. keep_layout: the layout of a picture, with
other contents. restyle: a picture with the style of another. upscale: more pixels, true to the
picture. restore: more pixels, with detail invented. edit_by_words: replace one thing by name."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An operation for a task."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What selects this quality; the prompt and files come from the template."""
    reason: str
    """Why this one, for the notes of a plan."""

    def filled(self, **given: object) -> dict[str, Any]:
        """Return the arguments of a call; those given as None are left out."""
        return {**self.arguments, **without_none(given)}

    def step(self, name: str, **given: object) -> Step:
        """Return a step with these arguments; those given as None are left out."""
        return Step(
            id=name, tool=self.operation, arguments={**self.arguments, **without_none(given)}
        )


def without_none(given: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments that have a value."""
    return {name: value for name, value in given.items() if value is not None}


Levels = Mapping[Quality, Choice]


def _levels(draft: Choice, standard: Choice, premium: Choice, professional: Choice) -> Levels:
    every = (draft, standard, premium, professional)
    return MappingProxyType(dict(zip(QUALITIES, every, strict=True)))


def _only(operation: str, reason: str, **arguments: object) -> Levels:
    """Return the levels of a task for which one call is best at every quality."""
    return _levels(*[Choice(operation=operation, arguments=arguments, reason=reason)] * 4)


def _sd3(model: str, reason: str) -> Choice:
    return Choice(operation="generate_sd3", arguments={"model": model}, reason=reason)


def _upscaler(name: str, creativity: float, reason: str) -> Choice:
    return Choice(operation=name, arguments={"creativity": creativity}, reason=reason)


def _point_aware(texture: str, reason: str) -> Choice:
    arguments = {"texture_resolution": texture}
    return Choice(operation="model3d_stable_point_aware_3d", arguments=arguments, reason=reason)


_FLASH = _sd3("sd3.5-flash", "the cheapest model that takes a plain prompt: 2.5 credits, 3 to 6 s")
_ULTRA = Choice(operation="generate_ultra", reason="the best model, also for lettering: 8 credits")
_LARGE = _sd3("sd3.5-large", "the best of the 3.5 models: 6.5 credits")
_FAST = Choice(
    operation="upscale_fast", reason="true to the picture, four times per side: 2 credits"
)
_SOUND_2_5 = Choice(
    operation="audio2_text_to_audio",
    arguments={"model": "stable-audio-2.5"},
    reason="newer than stable-audio-2 at the price of its default steps: 20 credits",
)

CHOICES: Mapping[Task, Levels] = MappingProxyType(
    {
        "text_to_image": _levels(
            _FLASH,
            Choice(
                operation="generate_core",
                reason="the most pixels for the price, 1536x1536 at 1:1: 3 credits",
            ),
            _LARGE,
            _ULTRA,
        ),
        # Core takes no picture, and Ultra only makes its own aspect ratios: it would change the
        # shape of the picture. Medium follows a prompt better than Flash, for one credit more.
        "image_to_image": _levels(
            _FLASH,
            _sd3("sd3.5-medium", "follows the prompt better than Flash: 3.5 credits"),
            _LARGE,
            _LARGE,
        ),
        "image_in_style": _only(
            "control_style", "the only operation that makes a new picture in a style: 5 credits"
        ),
        "keep_layout": _only(
            "control_structure", "the only operation that keeps a layout: 5 credits"
        ),
        "restyle": _only(
            "control_style_transfer",
            "the only operation that takes the style from a picture: 8 credits",
        ),
        "sketch_to_image": _only(
            "control_sketch", "the only operation that follows lines: 5 credits"
        ),
        # Fast invents nothing. Conservative takes 9 megapixels, not 1, and sharpens; its lowest
        # creativity stays closest to the picture.
        "upscale": _levels(
            _FAST,
            _FAST,
            _upscaler("upscale_conservative", 0.35, "sharper, to 9 megapixels: 40 credits"),
            _upscaler(
                "upscale_conservative", 0.2, "to 9 megapixels, closest to the picture: 40 credits"
            ),
        ),
        # Fast enlarges a blur four times; it is here so that a draft of a restoration costs little.
        "restore": _levels(
            _FAST,
            _upscaler("upscale_conservative", 0.5, "adds detail, to 9 megapixels: 40 credits"),
            _upscaler("upscale_creative", 0.3, "reinvents lost detail, to 4K: 60 credits"),
            _upscaler("upscale_creative", 0.3, "reinvents lost detail, to 4K: 60 credits"),
        ),
        "cut_out": _only(
            "edit_remove_background", "the only operation that cuts out a subject: 5 credits"
        ),
        "replace_background": _only(
            "edit_replace_background_and_relight",
            "the only operation that makes a background with matching light: 8 credits",
        ),
        "extend": _only("edit_outpaint", "the only operation that extends a picture: 4 credits"),
        "edit_by_words": _only(
            "edit_search_and_replace", "replaces a thing by its name, without a mask: 5 credits"
        ),
        # Cheaper than Fast 3D (10 credits), with a reconstructed back side.
        "photo_to_3d": _levels(
            _point_aware("512", "cheaper than Fast 3D, with a better back side: 4 credits"),
            _point_aware("1024", "cheaper than Fast 3D, with a better back side: 4 credits"),
            _point_aware("2048", "the better back side, with the finest texture: 4 credits"),
            _point_aware("2048", "the better back side, with the finest texture: 4 credits"),
        ),
        # Audio 3 isn't open to every account, so only the highest quality asks for it.
        "text_to_audio": _levels(
            Choice(
                operation="audio2_text_to_audio",
                arguments={"model": "stable-audio-2", "steps": 30},
                reason="the fewest steps of the cheapest model: 18.8 credits",
            ),
            _SOUND_2_5,
            _SOUND_2_5,
            Choice(
                operation="audio3_text_to_audio",
                reason="the newest model, up to 380 s: 26 credits; not open to every account",
            ),
        ),
    }
)


def choose(task: Task, quality: Quality) -> Choice:
    """Return the operation and arguments of a task at a quality."""
    return CHOICES[task][quality]
