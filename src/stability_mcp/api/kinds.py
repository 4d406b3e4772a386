"""The kinds of operations: the form of the response, and what every row of a kind shares.

* ImageOperation     one picture in the response
* DeferredImage      a generation id in the response (200), the picture by polling
* AudioOperation     one sound in the response
* DeferredAudio      a generation id in the response (202), the sound by polling
* ModelOperation     one GLB model in the response
* V1Images           one or more pictures in a JSON response
* Query              JSON about the account; free
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import Answer, Operation, Wire, form_text

_SIZE = "the result's size depends on the picture; to enlarge it use upscale_fast"
_SCALE = "to enlarge a picture four times per side use upscale_fast"
_EXTEND = "to extend a picture past its edges use edit_outpaint"
_CUT_OUT = "to make the background transparent use edit_remove_background"
_IN_PROMPT = "describe it in prompt"
_NO_VOICE = "the models can't sing or speak"

_PICTURE_HINTS: Mapping[str, str] = {
    "size": _SIZE,
    "width": _SIZE,
    "height": _SIZE,
    "resolution": _SIZE,
    "dimensions": _SIZE,
    "aspect_ratio": "the result has the picture's shape; to change it use edit_outpaint",
    "scale": _SCALE,
    "scale_factor": _SCALE,
    "upscale": _SCALE,
    "top": _EXTEND,
    "bottom": _EXTEND,
    "left": _EXTEND,
    "right": _EXTEND,
    "padding": _EXTEND,
    "transparent": _CUT_OUT,
    "transparency": _CUT_OUT,
    "background": _CUT_OUT,
    "remove_background": _CUT_OUT,
    "mask": "this operation takes no mask; edit_erase and edit_inpaint do",
    "style_preset": "this operation has no presets; to restyle a picture use "
    "control_style_transfer",
    "duration": "this operation makes pictures; for sound use audio2_text_to_audio",
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
    "negative_prompt": "audio operations have none; describe in prompt what to hear",
}
_MODEL_HINTS: Mapping[str, str] = {
    "format": "the result is always GLB",
    "texture_size": "use texture_resolution",
    "style_preset": "the model looks like the picture",
}


class PictureOperation(Operation):
    """Base of the kinds that make pictures."""

    media = "image"
    kind_hints = _PICTURE_HINTS

    def output_size(self, source: Size | None) -> Size:
        """Return the size of each result, given the size of the first input picture.

        By default the result has the size of the input; other rows override this.
        """
        return source or Size(1024, 1024)


class ImageOperation(PictureOperation):
    """A kind: one picture in the response."""

    answer: ClassVar[Answer] = "media"
    accept = "image/*"


class DeferredImage(ImageOperation):
    """A kind: a generation id in the response, the picture by polling."""

    answer = "start"
    accept = "*/*"  # documented for the results path; the start call always answers JSON
    poll_paths: ClassVar[Mapping[str, str]] = {"/v2beta/results/{id}": "*/*"}


class AudioOperation(Operation):
    """A kind: one sound of `duration` seconds in the response."""

    answer: ClassVar[Answer] = "media"
    accept = "audio/*"
    media = "audio"
    kind_hints = _SOUND_HINTS
    wire = Wire(defaults={"duration": 190}, may_be_empty=frozenset({"prompt"}))


class DeferredAudio(AudioOperation):
    """A kind: a generation id in the response (202), the sound by polling."""

    answer = "start"
    status = 202
    poll_paths: ClassVar[Mapping[str, str]] = {
        "/v2beta/audio/results/{id}": "audio/*",
        "/v2beta/results/{id}": "*/*",  # undocumented, but used by a production client
    }


class ModelOperation(Operation):
    """A kind: one textured 3D model as GLB in the response."""

    answer = "media"
    media = "model"
    kind_hints = _MODEL_HINTS


class V1Images(PictureOperation):
    """A kind: `samples` pictures in a JSON response of API version 1."""

    answer = "artifacts"
    accept = "application/json"
    wire = Wire(
        defaults={"width": 512, "height": 512},
        left_out={"extras": {"type": "object", "description": "Experiments; no effect here."}},
    )

    def body(self) -> dict[str, Any]:
        """Return the JSON body of a request without files."""
        left_out = self.path_fields() | self.not_sent()
        return self.model_dump(mode="json", exclude_none=True, exclude=set(left_out))

    def form(self) -> dict[str, str]:
        """Return the text parts; list entries become parts such as `text_prompts[0][text]`."""
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
    """A kind: reads data about the account; free."""

    answer = "json"
    accept = "application/json"
    result: ClassVar[type[BaseModel]]
    example: ClassVar[Any]
    """A response body as the API documents it; the emulator returns it."""

    @classmethod
    def read(cls, body: Any) -> BaseModel:  # noqa: ANN401 -- JSON of any shape
        """Parse the JSON body into the result.

        Raises:
            ValidationError: the body differs from what the API documents.
        """
        return cls.result.model_validate(body)
