"""LiteLLM's provider for Stability, written for the real API, against the emulator."""

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
"""For all calls together: loading LiteLLM alone takes some seconds."""

SIZES = {
    "generate stable-image-core 1024x1024": (1536, 1536),
    "edit inpaint": (1024, 1024),
    "edit outpaint": (1024 + 64 + 32, 1024),
    "edit fast": (4096, 4096),
}
"""Of the picture that comes back, by call: what the request asked for has arrived."""

PICTURES = [
    *(f"generate {model} {size}" for model, size in litellm_calls.generations()),
    *(f"edit {model}" for model in litellm_calls.EDITS if model not in litellm_calls.NO_PICTURE),
]


@pytest.fixture(scope="module")
def told(
    emulator_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Any]]:
    """What LiteLLM gave back, by call."""

    def run(folder: Path) -> str:
        credit(emulator_url, litellm_calls.KEY)
        picture, mask = picture_and_mask(folder)
        script = Path(litellm_calls.__file__)
        return subprocess.run(
            [sys.executable, script, emulator_url, picture, mask],
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},  # else it asks the network
            capture_output=True,
            check=True,
            text=True,
            timeout=SECONDS,
        ).stdout

    return run_once(tmp_path_factory, "litellm", run)


@pytest.mark.parametrize("call", PICTURES)
def test_every_call_of_the_provider_brings_a_picture(
    call: str, told: Mapping[str, Mapping[str, Any]]
) -> None:
    """*Documented* by LiteLLM: its models and what it sends for each."""
    assert "error" not in told[call], told[call]["error"]
    with Image.open(io.BytesIO(base64.b64decode(told[call]["image"]))) as picture:
        assert picture.format == "PNG"
        assert picture.size == SIZES.get(call, picture.size)


def test_an_openai_size_becomes_an_aspect_ratio(told: Mapping[str, Mapping[str, Any]]) -> None:
    """*Documented* by LiteLLM."""
    shapes = {}
    for size in litellm_calls.SIZES:
        image = told[f"generate stable-image-core {size}"]["image"]
        with Image.open(io.BytesIO(base64.b64decode(image))) as picture:
            shapes[size] = picture.width / picture.height

    assert shapes["1024x1024"] == 1
    assert shapes["1792x1024"] == pytest.approx(16 / 9, rel=0.02)
    assert shapes["1024x1792"] == pytest.approx(9 / 16, rel=0.02)


def test_a_generation_that_it_only_starts_is_no_error(
    told: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Gap* of LiteLLM: it does not fetch what the API makes later."""
    assert told["edit creative"] == {"image": None}


def test_a_field_that_the_api_calls_otherwise_is_named(
    told: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Documented*: relighting takes `subject_image`; LiteLLM sends `image`."""
    assert "subject_image: required" in told["edit replace-background-and-relight"]["error"]


def test_a_refused_key_is_its_authentication_error(
    told: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Documented* by LiteLLM: its errors follow the status."""
    assert re.match("AuthenticationError.*invalid or missing", told["refused"]["error"])
