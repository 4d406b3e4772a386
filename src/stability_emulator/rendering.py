"""Renders results in worker threads, with one function for each kind of operation.

At most `MAX_CONCURRENT` requests render at a time, so that many of them neither fill the memory nor
starve the event loop.
"""

import random
from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread

from stability_emulator.checks import Checked
from stability_emulator.generations import FILTERED, SUCCESS, Artifact
from stability_emulator.model3d import glb, relief
from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.codec import MAX_SIDES, UnreadableError, decode, encode, marked
from stability_emulator.recipes import blurred, paint
from stability_emulator.responses import RefusalError
from stability_emulator.scenery.prompt.vocabulary import chance
from stability_emulator.sound import audio
from stability_emulator.sound.audio import Remix, remixed
from stability_mcp.api.fields import MAX_SEED, Size
from stability_mcp.api.kinds import (
    AudioOperation,
    ImageOperation,
    ModelOperation,
    PictureOperation,
    V1Images,
)
from stability_mcp.api.operation import Operation

MAX_CONCURRENT = 2
DEFAULT_SECONDS = 190
NO_COUNT = "none"


class Renderer:
    """Renders the results of requests; each emulated API has one.

    Args:
        rng: Source of seeds for requests without one.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.SystemRandom()
        self._slots = anyio.CapacityLimiter(MAX_CONCURRENT)

    async def make(self, checked: Checked) -> list[Artifact]:
        """Render the results of a request: `samples` pictures, or a single file.

        Raises:
            RefusalError: 400, if a file can't be decoded or the result can't be encoded.
        """
        seed = self._seed(checked.operation)
        return await to_thread.run_sync(make, checked, seed, limiter=self._slots)

    def _seed(self, operation: Operation) -> int:
        """Return the seed to use: the request's own, else a random one.

        An operation without a seed field gives equal requests equal results.
        """
        if "seed" not in type(operation).model_fields:
            return chance("no seed", operation.canonical()).randint(1, MAX_SEED)
        requested = int(operation.model_dump()["seed"])
        return requested or self._rng.randint(1, MAX_SEED)


def make(checked: Checked, seed: int) -> list[Artifact]:
    """Render the results of a request. Blocking.

    Raises:
        RefusalError: 400, if a file can't be decoded or the result can't be encoded.
    """
    match checked.operation:
        case ImageOperation():
            return [_picture(checked, seed)]
        case V1Images():
            values = checked.operation.model_dump()
            return [_picture(checked, seed + part) for part in range(int(values["samples"]))]
        case AudioOperation():
            return [_sound(checked, seed)]
        case ModelOperation():
            return [_model(checked, seed)]
        case other:
            raise TypeError(f"the emulator does not support the kind of {other.name()}")


def _picture(checked: Checked, seed: int) -> Artifact:
    operation = checked.operation
    assert isinstance(operation, PictureOperation)  # noqa: S101 -- `make` checked the type
    values = operation.model_dump()
    pictures = _decoded(checked)
    first = next(iter(pictures.values()), None)
    brief = Brief(
        operation=operation.name(),
        values=values,
        pictures=pictures,
        size=operation.output_size(Size(*first.size) if first else None),
        seed=seed,
    )
    form = str(values.get("output_format") or "png")
    if max(brief.size) > MAX_SIDES[form]:
        problem = f"output_format: {form} has at most {MAX_SIDES[form]} pixels a side"
        raise RefusalError(400, "bad_request", problem)
    filtered = checked.filtered
    painted = paint(brief)
    return Artifact(
        media_type=f"image/{form}",
        pieces=[encode(marked(blurred(painted) if filtered else painted), form)],
        seed=seed,
        finish_reason=FILTERED if filtered else SUCCESS,
    )


def _sound(checked: Checked, seed: int) -> Artifact:
    values = checked.operation.model_dump()
    prompt, form = str(values.get("prompt") or ""), str(values.get("output_format") or "mp3")
    seconds = float(values.get("duration") or DEFAULT_SECONDS)
    sent = next(iter(checked.files), None)
    if sent is None:
        media_type, pieces = audio.play(prompt, seed, seconds=seconds, form=form)
    else:
        replaced = (values["mask_start"], values["mask_end"]) if "mask_start" in values else None
        wanted = Remix(
            prompt=prompt,
            seed=seed,
            seconds=seconds,
            form=form,
            strength=float(values.get("strength", 1)),
            replaced=replaced,
        )
        file = checked.files[sent].file
        media_type, pieces = remixed(wanted, file, str(values[sent]))
    return Artifact(media_type=media_type, pieces=pieces, seed=seed, finish_reason=SUCCESS)


def _model(checked: Checked, seed: int) -> Artifact:
    values = checked.operation.model_dump()
    picture = next(iter(_decoded(checked).values()))
    counted = values.get("target_type") or NO_COUNT
    target = int(values.get("target_count") or 0)
    vertices = int(values.get("vertex_count") or 0)
    shape = relief.Shape(
        texture=int(values.get("texture_resolution") or 1_024),
        tilt=chance("tilt", seed).uniform(-0.25, 0.25) if "seed" in values else 0,
        frame=_frame(values),
        vertices=target if counted == "vertex" else vertices if vertices > 0 else None,
        faces=target if counted == "face" else None,
    )
    return Artifact(media_type=glb.MEDIA_TYPE, pieces=[relief.relief(picture, shape)])


def _frame(values: Mapping[str, Any]) -> float:
    """Return the frame's size relative to the object; the two rows define the ratio inversely."""
    ratio = float(values.get("foreground_ratio") or 1)
    return ratio if ratio >= 1 else 1 / ratio


def _decoded(checked: Checked) -> dict[str, Any]:
    """Return the uploaded pictures, in the order of the row's fields."""
    marks = checked.operation.file_fields()
    pictures = {}
    for name, mark in marks.items():
        if name in checked.files and mark.media == "image":
            try:
                pictures[name] = decode(checked.files[name].file)
            except UnreadableError:
                raise RefusalError(400, "bad_request", f"{name}: cannot be decoded") from None
    return pictures
