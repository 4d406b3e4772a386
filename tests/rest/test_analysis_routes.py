"""Measures of pictures and checks of prompts over HTTP; nothing is charged."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from support.imaging.sample_files import png
from support.rest.rest_server import refused, rest_server

INFO = "/utils/image-info"
VALIDATE = "/utils/validate-prompt"
QUALITY = "/advanced/analysis/generation-quality"
OPTIMIZE = "/advanced/analysis/prompt-optimization"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("analysis")) as found:
        yield found


def fine(answer: httpx2.Response) -> Any:  # noqa: ANN401 -- JSON
    """Check an answer and return its JSON."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_picture_is_described(client: httpx2.Client) -> None:
    """Documented: format, mode, size, pixels, ratio, bytes, alpha, which operations accept it."""
    content = png((320, 180))
    info = fine(client.post(INFO, files={"image": ("a.png", content)}))

    shown = {name: info[name] for name in ("format", "mode", "width", "height", "ratio", "bytes")}
    assert shown == {
        "format": "png",
        "mode": "RGB",
        "width": 320,
        "height": 180,
        "ratio": "16:9",
        "bytes": len(content),
    }
    assert (info["pixels"], info["alpha"]) == (57_600, False)
    assert "upscale_fast" in info["accepted"]


def test_a_path_of_the_server_is_refused(client: httpx2.Client) -> None:
    """Documented: never a server path."""
    refused(client.post(INFO, data={"image": "/etc/passwd"}), 400, "file_not_allowed")


@pytest.mark.parametrize(
    ("prompt", "problems"),
    [
        ("", ["empty: the API refuses it"]),
        (" ", ["empty: the API refuses it"]),
        ("fox " * 4_000, ["too long: the API takes 10,000 characters"]),
        ("a red fox in snow, low sun", []),
    ],
)
def test_prompts_are_checked(client: httpx2.Client, prompt: str, problems: list[str]) -> None:
    """Documented: an empty or overlong prompt is a finding, not an error."""
    report = fine(client.post(VALIDATE, json={"prompt": prompt}))

    assert report["problems"] == problems
    assert (report["length"], report["words"]) == (len(prompt), len(prompt.split()))
    assert report["prices"]["generate_ultra"] == [8, 8]


@pytest.mark.parametrize("body", [{}, {"prompt": "a" * 20_001}])
def test_no_prompt_is_an_error(client: httpx2.Client, body: dict[str, str]) -> None:
    """Documented: required, 0 to 20,000 characters."""
    refused(client.post(VALIDATE, json=body), 400, "invalid_arguments")


def test_quality_is_measures_and_advice_without_a_score(client: httpx2.Client) -> None:
    """Documented: media_inspect, with the findings of prompt_check."""
    form = {"original_prompt": "a beach without people", "model_used": "ultra"}
    report = fine(client.post(QUALITY, data=form, files={"image": ("a.png", png((128, 128)))}))

    assert report["model_used"] == "ultra"
    assert report["measures"]["width"] == 128
    assert "sharpness" in report["measures"]
    assert report["advice"][0].startswith("to enlarge it: upscale_fast(image)")
    assert "prompt: a beach" in report["advice"]
    assert not [name for name in (*report, *report["measures"]) if "score" in name]


def test_a_prompt_gets_mechanical_suggestions(client: httpx2.Client) -> None:
    """Documented: words of target_style; negations move to the negative prompt."""
    form = {"prompt": "a quiet beach, no people and boats", "target_style": "comic-book"}
    report = fine(client.post(OPTIMIZE, data={**form, "target_quality": "draft"}))

    assert report["suggested_prompt"] == "a quiet beach, comic book"
    assert report["negative_prompt"].startswith("people, boats, ")
    assert report["style_preset"] == "comic-book"
    assert report["for_quality"]["arguments"] == {"model": "sd3.5-flash"}
    assert list(report["prices"]) == ["generate_ultra"]
    assert "negates" in report["findings"][0]


def test_negations_stay_without_a_negative_prompt(client: httpx2.Client) -> None:
    """Documented: include_negative."""
    form = {"prompt": "a quiet beach, no people", "include_negative": "false"}
    report = fine(client.post(OPTIMIZE, data=form))

    assert report["suggested_prompt"] == form["prompt"]
    assert "negative_prompt" not in report


@pytest.mark.parametrize("model", ["nope", "upscale_fast"])
def test_a_model_without_prompts_is_refused(client: httpx2.Client, model: str) -> None:
    """Documented: ultra, core, sd3 or an operation's name."""
    answer = client.post(OPTIMIZE, data={"prompt": "a fox in the snow", "model": model})

    text = refused(answer, 400, "invalid_arguments")
    assert text.startswith("model: ")
    assert model in text
