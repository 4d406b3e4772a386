"""The npm package `stability-ai`, written for the real API, against the emulator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from protocol.support_node import installed, node
from support.emulator.public_clients import credit, picture_and_mask, run_once

SCRIPT = Path(__file__).with_name("stability_ai_calls.cjs")
PACKAGE = "stability-ai/dist/index.js"
SECONDS = 300
KEY = "sk-stability-ai"

PICTURES: Mapping[str, tuple[str, tuple[int, int] | None]] = {
    "generate.ultra": ("PNG", None),
    "generate.core": ("WEBP", (1536, 1536)),
    "generate.sd3": ("PNG", None),
    "generate.sd3 from a picture": ("PNG", None),
    "edit.erase": ("PNG", (1024, 1024)),
    "edit.inpaint": ("PNG", (1024, 1024)),
    "edit.outpaint": ("PNG", (1064, 1048)),
    "edit.searchAndReplace": ("PNG", (1024, 1024)),
    "edit.removeBackground": ("WEBP", (1024, 1024)),
    "edit.replaceBackgroundAndRelight": ("PNG", None),
    "control.sketch": ("PNG", None),
    "control.structure": ("PNG", None),
    "control.style": ("PNG", None),
    "upscale.conservative": ("PNG", None),
    "upscale.creative": ("PNG", None),
}
"""Expected format by call, and size if the request or the API determines it."""

MANY = {
    "v1.textToImage": (2, (1152, 896)),
    "v1.imageToImage": (1, (1024, 1024)),
    "v1.imageToImage by steps": (1, (1024, 1024)),
    "v1.imageToImageMasking": (1, (1024, 1024)),
}
"""Expected number and size of pictures, by call."""


@pytest.fixture(scope="module")
def replies(
    emulator_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Any]]:
    """What the package returned, by call."""

    def run(folder: Path) -> str:
        credit(emulator_url, KEY)
        picture, mask = picture_and_mask(folder)
        arguments = (str(installed(PACKAGE)), emulator_url, str(picture), str(mask))
        done = node(SCRIPT, *arguments, home=folder, seconds=SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_once(tmp_path_factory, "stability-ai", run)


@pytest.mark.parametrize("call", PICTURES)
def test_every_call_of_the_package_returns_a_picture(
    call: str, replies: Mapping[str, Mapping[str, Any]]
) -> None:
    """*Documented* by the package: its requests, and the response fields it reads."""
    form, size = PICTURES[call]
    answer = replies[call].get("answer")
    assert answer is not None, replies[call]
    assert not answer["contentFiltered"]
    assert answer["seed"] is not None or call == "edit.removeBackground"
    with Image.open(answer["filepath"]) as picture:
        assert picture.format == form
        assert size in {None, picture.size}


@pytest.mark.parametrize("call", MANY)
def test_every_v1_call_returns_its_pictures(
    call: str, replies: Mapping[str, Mapping[str, Any]]
) -> None:
    """*Documented* by the package."""
    count, size = MANY[call]
    answers = replies[call].get("answer")
    assert answers is not None, replies[call]
    assert len(answers) == count
    for answer in answers:
        with Image.open(answer["filepath"]) as picture:
            assert picture.size == size


def test_a_model_is_binary_gltf(replies: Mapping[str, Mapping[str, Any]]) -> None:
    """*Documented* by the package."""
    answer = replies["stable3D.stableFast3D"]["answer"]
    assert Path(answer["filepath"]).read_bytes()[:4] == b"glTF"


def test_the_account_is_read(replies: Mapping[str, Mapping[str, Any]]) -> None:
    """*Documented* by the package: three queries."""
    assert "@" in replies["user.account"]["answer"]["email"]
    assert replies["user.balance"]["answer"]["credits"] > 0
    assert [each["type"] for each in replies["engines.list"]["answer"]] == ["PICTURE"]


@pytest.mark.long(10)
def test_a_refused_key_is_an_error_with_its_status(
    replies: Mapping[str, Mapping[str, Any]],
) -> None:
    """*Documented*: 401."""
    assert "401" in replies["a refused key"]["error"]
