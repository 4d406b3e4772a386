"""LiteLLM's Stability provider, written for the real API, against the emulator."""

import base64
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from public_clients import litellm_calls
from support.emulator.public_clients import credit, picture_and_mask, run_once

SECONDS = 300
"""For all calls together; loading LiteLLM takes a few seconds."""

SIZES = {
    "generate stable-image-core 1024x1024": (1536, 1536),
    "edit inpaint": (1024, 1024),
    "edit outpaint": (1024 + 64 + 32, 1024),
    "edit fast": (4096, 4096),
}
"""Expected size of the picture, by call."""

PICTURES = [
    *(f"generate {model} {size}" for model, size in litellm_calls.generations()),
    *(f"edit {model}" for model in litellm_calls.EDITS if model not in litellm_calls.NO_PICTURE),
]


@pytest.fixture(scope="module")
def replies(
    emulator_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Any]]:
    """What LiteLLM returned, by call."""

    def run(folder: Path) -> str:
        credit(emulator_url, litellm_calls.KEY)
        picture, mask = picture_and_mask(folder)
        script = Path(litellm_calls.__file__)
        return subprocess.run(
            [sys.executable, script, emulator_url, picture, mask],
            env={
                **os.environ,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },  # otherwise it uses the network
            capture_output=True,
            check=True,
            text=True,
            timeout=SECONDS,
        ).stdout

    return run_once(tmp_path_factory, "litellm", run)


@pytest.mark.parametrize("call", PICTURES)
def test_every_call_of_the_provider_returns_a_picture(
    call: str, replies: Mapping[str, Mapping[str, Any]]
) -> None:
    """*Documented* by LiteLLM: its models and the requests it sends for them."""
    assert "error" not in replies[call], replies[call]["error"]
    with Image.open(io.BytesIO(base64.b64decode(replies[call]["image"]))) as picture:
        assert picture.format == "PNG"
        assert picture.size == SIZES.get(call, picture.size)


def test_an_openai_size_becomes_an_aspect_ratio(replies: Mapping[str, Mapping[str, Any]]) -> None:
    """*Documented* by LiteLLM."""
    shapes = {}
    for size in litellm_calls.SIZES:
        image = replies[f"generate stable-image-core {size}"]["image"]
        with Image.open(io.BytesIO(base64.b64decode(image))) as picture:
            shapes[size] = picture.width / picture.height

    assert shapes["1024x1024"] == 1
    assert shapes["1792x1024"] == pytest.approx(16 / 9, rel=0.02)
    assert shapes["1024x1792"] == pytest.approx(9 / 16, rel=0.02)


def test_a_deferred_generation_is_not_an_error(
    replies: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Gap* of LiteLLM: it doesn't poll for deferred results."""
    assert replies["edit creative"] == {"image": None}


@pytest.mark.long(19)
def test_a_misnamed_field_is_reported(
    replies: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Documented*: relighting takes `subject_image`; LiteLLM sends `image`."""
    assert "subject_image: required" in replies["edit replace-background-and-relight"]["error"]


def test_a_refused_key_is_an_authentication_error(
    replies: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Documented* by LiteLLM: the status determines the error class."""
    assert re.match("AuthenticationError.*invalid or missing", replies["refused"]["error"])
