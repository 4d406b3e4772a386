"""The kinds of operations: what comes back, and what holds for every row of a kind.

* ImageOperation     one picture, at once
* DeferredImage      a generation id at once (200), the picture by polling
* AudioOperation     one sound, at once
* DeferredAudio      a generation id at once (202), the sound by polling
* ModelOperation     one GLB model, at once
* V1Images           one or more pictures in a JSON body, at once
* Query              JSON about the account; free
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import Answer, Operation, Wire, form_text

_SIZE = "the size follows from the picture; to enlarge it use upscale_fast"
_EXTEND = "to extend a picture past its edges use edit_outpaint"
_CUT_OUT = "to make the background transparent use edit_remove_background"
_IN_PROMPT = "say it in prompt"
_NO_VOICE = "it neither sings nor speaks"

_PICTURE_HINTS: Mapping[str, str] = {
    "size": _SIZE,
    "width": _SIZE,
    "height": _SIZE,
    "resolution": _SIZE,
    "dimensions": _SIZE,
    "aspect_ratio": "the shape follows from the picture; edit_outpaint changes it",
    "scale": "to enlarge a picture use upscale_fast: four times per side",
    "scale_factor": "to enlarge a picture use upscale_fast: four times per side",
    "upscale": "to enlarge a picture use upscale_fast: four times per side",
    "top": _EXTEND,
    "bottom": _EXTEND,
    "left": _EXTEND,
    "right": _EXTEND,
    "padding": _EXTEND,
    "transparent": _CUT_OUT,
    "transparency": _CUT_OUT,
    "background": _CUT_OUT,
    "remove_background": _CUT_OUT,
    "mask": "this takes no mask; edit_erase and edit_inpaint do",
    "style_preset": "this has no presets; control_style_transfer gives a picture a new look",
    "duration": "this makes a picture; audio2_text_to_audio makes sound",
}
_SOUND_HINTS: Mapping[str, str] = {
    "lyrics": _NO_VOICE,
    "voice": _NO_VOICE,
    "vocals": _NO_VOICE,
    "genre": _IN_PROMPT,
    "mood": _IN_PROMPT,
    "bpm": _IN_PROMPT,
    "tempo": _IN_PROMPT,
    "instruments": _IN_PROMPT,
    "negative_prompt": "sound has none; say in prompt what is to be heard",
}
_MODEL_HINTS: Mapping[str, str] = {
    "format": "the result is always GLB",
    "texture_size": "use texture_resolution",
    "style_preset": "the look comes from the picture",
}


class PictureOperation(Operation):
    """What the kinds share that make pictures."""

    media = "image"
    kind_hints = _PICTURE_HINTS
    next_tools = (
        "edit_search_and_replace",
        "edit_remove_background",
        "upscale_fast",
        "model3d_stable_fast_3d",
        "media_show",
    )

    def output_size(self, source: Size | None) -> Size:
        """Return the size of each result, given that of the first picture sent.

        The default is the size of that picture; a row that makes its own picture says its size.
        """
        return source or Size(1024, 1024)


class ImageOperation(PictureOperation):
    """A kind: one picture, at once."""

    answer: ClassVar[Answer] = "media"
    accept = "image/*"


class DeferredImage(ImageOperation):
    """A kind: a generation id at once, the picture by polling."""

    answer = "start"
    accept = "*/*"  # what the results path documents; the start answers JSON whatever it is asked
    poll_paths: ClassVar[Mapping[str, str]] = {"/v2beta/results/{id}": "*/*"}


class AudioOperation(Operation):
    """A kind: one sound of `duration` seconds, at once."""

    answer: ClassVar[Answer] = "media"
    accept = "audio/*"
    media = "audio"
    kind_hints = _SOUND_HINTS
    next_tools = ("audio2_audio_to_audio", "audio2_inpaint", "audio3_inpaint")
    wire = Wire(defaults={"duration": 190}, may_be_empty=frozenset({"prompt"}))


class DeferredAudio(AudioOperation):
    """A kind: a generation id at once (202), the sound by polling."""

    answer = "start"
    status = 202
    poll_paths: ClassVar[Mapping[str, str]] = {
        "/v2beta/audio/results/{id}": "audio/*",
        "/v2beta/results/{id}": "*/*",  # undocumented, but a production client polls here
    }


class ModelOperation(Operation):
    """A kind: one textured 3D model as GLB, at once."""

    answer = "media"
    media = "model"
    kind_hints = _MODEL_HINTS
    result_label = "3d"


class V1Images(PictureOperation):
    """A kind: `samples` pictures in the JSON body of the first version of the API."""

    answer = "artifacts"
    accept = "application/json"
    wire = Wire(
        defaults={"width": 512, "height": 512},
        left_out={"extras": {"type": "object", "description": "Experiments; without effect here."}},
    )

    def body(self) -> dict[str, Any]:
        """Return the JSON body of a request without files."""
        left_out = self.path_fields() | self.not_sent()
        return self.model_dump(mode="json", exclude_none=True, exclude=set(left_out))

    def form(self) -> dict[str, str]:
        """Return the text parts; a list is written `text_prompts[0][text]`, a part a value."""
        parts: dict[str, str] = {}
        for name, value in self.body().items():
            if name in self.file_fields():
                continue
            if isinstance(value, list):
                for index, entry in enumerate(value):
                    parts |= {f"{name}[{index}][{k}]": form_text(v) for k, v in entry.items()}
            else:
                parts[name] = form_text(value)
        return parts


class Query(Operation):
    """A kind: reads something about the account; free."""

    answer = "json"
    accept = "application/json"
    result: ClassVar[type[BaseModel]]
    example: ClassVar[Any]
    """A body as the API documents it; the emulator answers with it."""

    @classmethod
    def read(cls, body: Any) -> BaseModel:  # noqa: ANN401 -- JSON of any shape
        """Turn the JSON body into the result.

        Raises:
            ValidationError: the body is not what the API documents.
        """
        return cls.result.model_validate(body)
