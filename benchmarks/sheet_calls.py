"""The calls on the emulator's sheet, and how their results are displayed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sheet_views import model, on_squares, side_by_side, wave_form
from PIL import Image

PHOTO_WORDS = {
    "new": "purple flowers",
    "search": "yellow lemon",
    "other": "an orange cat",
    "select": "white cup on the left",
    "colour": "navy",
    "place": "a beach at sunset",
    "side": "left",
    "scene": "a cottage in a green meadow",
    "drawn": "yes",
    "style": "scene",
    "look": "the scene",
    "what": "fruit on a table",
}
SCENE_WORDS = {
    "new": "a yellow house",
    "search": "the red fox",
    "other": "a brown bear",
    "select": "sky",
    "colour": "pink",
    "place": "a city street at night",
    "side": "right",
    "scene": "a harbour in the evening",
    "drawn": "",
    "style": "photo",
    "look": "the photograph",
    "what": "an animal in a landscape",
}


@dataclass(frozen=True)
class Cell:
    """A call and its caption."""

    operation: str
    words: str
    values: Mapping[str, object] = field(default_factory=dict)
    shown: Callable[[Path], Image.Image] | None = None
    """Renders the result; None if it is a plain picture."""


def on_pictures(folder: Path, name: str, words: Mapping[str, str]) -> Iterator[Cell]:
    """Yield a call of every operation that works on a picture.

    Args:
        folder: Where `<name>.png`, `<name>-mask.png`, `<name>-small.png`, `sketch.png` and
            `style.png` are.
        name: The picture, `photo` or `scene`.
        words: Search words and prompts for it.
    """
    image, small = str(folder / f"{name}.png"), str(folder / f"{name}-small.png")
    mask, style = str(folder / f"{name}-mask.png"), str(folder / f"{words['style']}.png")
    masked = {"image": image, "mask": mask}
    yield Cell("edit_erase", "what the mask marks", masked)
    yield Cell("edit_inpaint", words["new"], masked | {"prompt": words["new"]})
    margins = {"left": 180, "right": 180, "up": 60, "down": 120}
    yield Cell("edit_outpaint", "180 left and right, 60 up, 120 down", margins | {"image": image})
    yield Cell(
        "edit_search_and_replace",
        f"{words['search']} to {words['other']}",
        {"image": image, "search_prompt": words["search"], "prompt": words["other"]},
    )
    yield Cell(
        "edit_search_and_recolor",
        f"{words['select']} to {words['colour']}",
        {"image": image, "select_prompt": words["select"], "prompt": words["colour"]},
    )
    yield Cell("edit_remove_background", "transparent", {"image": image}, on_squares)
    yield Cell(
        "edit_replace_background_and_relight",
        f"{words['place']}, light from the {words['side']}",
        {
            "subject_image": image,
            "background_prompt": words["place"],
            "light_source_direction": words["side"],
            "light_source_strength": 0.5,
            "preserve_original_subject": 0.3,
        },
    )
    prompted = {"image": image, "prompt": words["scene"]}
    yield Cell("control_structure", words["scene"], prompted | {"control_strength": 0.8})
    drawn = prompted | {"image": str(folder / "sketch.png")} if words["drawn"] else prompted
    yield Cell("control_sketch", words["scene"], drawn)
    yield Cell("control_style", words["scene"], prompted | {"fidelity": 0.8, "aspect_ratio": "5:4"})
    yield Cell(
        "control_style_transfer",
        f"the look of {words['look']}",
        {"init_image": image, "style_image": style},
    )
    detail = side_by_side(small)
    yield Cell("upscale_fast", "left: what was sent", {"image": small}, detail)
    prompted = {"image": small, "prompt": words["what"]}
    yield Cell("upscale_conservative", "left: what was sent", prompted, detail)
    yield Cell("upscale_creative", "creativity 0.5", prompted | {"creativity": 0.5}, detail)


def generated(folder: Path) -> Iterator[Cell]:
    """Yield calls of the operations that generate pictures, audio and models."""
    yield Cell(
        "generate_core", "a lighthouse at dusk", {"prompt": "a lighthouse at dusk", "seed": 8}
    )
    yield Cell(
        "generate_ultra",
        "a castle in the snow",
        {"prompt": "a castle in the snow", "aspect_ratio": "5:4", "seed": 3},
    )
    yield Cell(
        "generate_sd3",
        "a sailing boat, low-poly",
        {"prompt": "a sailing boat", "style_preset": "low-poly", "aspect_ratio": "5:4", "seed": 4},
    )
    yield Cell(
        "v1_text_to_image",
        "a red fox in the forest",
        {"text_prompts": [{"text": "a red fox in the forest"}], "seed": 5},
    )
    yield Cell(
        "model3d_stable_fast_3d", "of the fruit", {"image": str(folder / "fruit.png")}, model
    )
    yield Cell(
        "model3d_stable_point_aware_3d",
        "of the animal",
        {"image": str(folder / "animal.png")},
        model,
    )
    init = {"init_image": str(folder / "photo-v1.png"), "seed": 6}
    yield Cell(
        "v1_image_to_image",
        "a bowl of oranges",
        init | {"text_prompts": [{"text": "a bowl of oranges"}], "image_strength": 0.4},
    )
    yield Cell(
        "v1_masking",
        "a green pear, where the mask is",
        init
        | {
            "text_prompts": [{"text": "a green pear"}],
            "mask_image": str(folder / "photo-v1-mask.png"),
            "mask_source": "MASK_IMAGE_WHITE",
        },
    )
    audio = {"duration": 12, "output_format": "wav", "seed": 2}
    yield Cell(
        "audio3_text_to_audio",
        "techno with drums, 130 bpm",
        audio | {"prompt": "techno with drums, 130 bpm"},
        wave_form,
    )
    yield Cell(
        "audio2_text_to_audio",
        "slow ambient pad",
        audio | {"prompt": "slow ambient pad"},
        wave_form,
    )
    sent = audio | {"audio": str(folder / "pulses.wav"), "prompt": "happy piano, 120 bpm"}
    yield Cell(
        "audio3_audio_to_audio", "of pulses, strength 0.5", sent | {"strength": 0.5}, wave_form
    )
    yield Cell(
        "audio2_audio_to_audio", "of pulses, strength 0.2", sent | {"strength": 0.2}, wave_form
    )
    part = {"mask_start": 4, "mask_end": 8}
    yield Cell("audio3_inpaint", "pulses, new from 4 to 8 s", sent | part, wave_form)
    yield Cell("audio2_inpaint", "pulses, new from 4 to 8 s", sent | part, wave_form)
