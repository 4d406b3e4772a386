"""Workflows with documented arguments over HTTP: plans, templates, and what they refuse."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.imaging.sample_files import png
from support.rest.rest_server import admin, refused, rest_server

pytestmark = pytest.mark.usefixtures("small_pictures")

WORKFLOW = Path(__file__).parent / "examples" / "workflow.json"
SUITE = "/advanced/workflow/creative-suite"
ENHANCE = "/advanced/workflow/image-enhancement"
COMPARE = "/advanced/compare/models"
STYLES = "/advanced/style/multi-style-transfer"
SEQUENCE = "/advanced/animation/image-sequence"
DIRECTOR = "/advanced/experimental/ai-director"
WAIT = {"prefer": "wait=60"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("advanced")) as found:
        yield found


def done(answer: httpx2.Response) -> dict[str, Any]:
    """Check that a run ended well, and return it."""
    assert answer.status_code == 200, answer.text
    run: dict[str, Any] = answer.json()
    assert run["status"] == "done", answer.text
    return run


def results(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of all outputs."""
    return [each for some in run["outputs"].values() for each in some]


def details_of(client: httpx2.Client, result: dict[str, Any]) -> dict[str, Any]:
    """Return prompt and parents of a result."""
    found: dict[str, Any] = client.get(f"/media/{result['media']['id']}").json()
    return found


# Creative suite -----------------------------------------------------------------------------------


def test_the_example_lacks_a_mask_and_costs_nothing(client: httpx2.Client) -> None:
    """Documented (workflow.json): the missing mask is a problem with a hint, nothing is charged."""
    form = {"prompt": "a red house", "workflow_steps": WORKFLOW.read_text()}
    answer = client.post(SUITE, data=form, headers=WAIT)

    text = refused(answer, 400, "invalid_arguments")
    (problem,) = answer.json()["problems"]
    assert (problem["step"], problem["argument"]) == ("inpaint", "mask")
    assert "image_mask" in problem["hint"]
    assert problem["message"] in text
    assert answer.json()["charged"] == "not charged"


def test_the_example_with_a_mask_runs_to_its_end(client: httpx2.Client) -> None:
    """Documented (workflow.json): with a mask in step 3; the label names the result."""
    mask = client.post("/media", files={"file": ("mask.png", png((256, 256)))}).json()["media"][0]
    steps = json.loads(WORKFLOW.read_text())
    steps[2]["parameters"]["mask"] = mask["id"]

    body = {
        "prompt": "a house",
        "workflow_steps": steps,
        "label": "my house",
        "output_format": "webp",
    }
    run = done(client.post(SUITE, json=body, headers=WAIT))

    (result,) = results(run)
    assert (run["title"], run["credits"], run["done"]) == ("my house", 10, 3)
    assert (result["media"]["label"], result["media"]["media_type"]) == ("my house", "image/webp")


def test_a_run_is_accepted_at_once_and_its_result_is_found(client: httpx2.Client) -> None:
    """Documented: 202 with links unless the client waits."""
    steps = json.dumps([{"operation": "generate_core"}])
    answer = client.post(SUITE, data={"prompt": "an owl", "workflow_steps": steps})

    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["links"]["results"]
    found = client.get(f"/results/{answer.json()['id']}", headers=WAIT)
    assert details_of(client, results(done(found))[0])["prompt"] == "an owl"


def test_pictures_go_to_the_steps_that_take_them(client: httpx2.Client) -> None:
    """Documented: base_image to the first step that takes one, style_reference to the style."""
    steps = [{"operation": "upscale_fast"}, {"operation": "control_style_transfer"}]
    files = {
        "base_image": ("a.png", png((128, 96))),
        "style_reference": ("style.png", png((96, 128))),
    }
    form = {"prompt": "a boat", "workflow_steps": json.dumps(steps)}
    run = done(client.post(SUITE, data=form, files=files, headers=WAIT))

    (result,) = results(run)
    parents = {each["label"] for each in details_of(client, result)["parents"]}
    assert "style" in parents
    assert len(parents) == 2
    assert [each["done"] for each in run["steps"]] == [1, 1]


@pytest.mark.parametrize("name", ["base_image", "style_reference"])
def test_a_picture_that_no_step_takes_is_refused(client: httpx2.Client, name: str) -> None:
    """Chosen: a file that is silently ignored costs a run that the user didn't want."""
    form = {"prompt": "a boat", "workflow_steps": '[{"operation": "generate_core"}]'}
    answer = client.post(SUITE, data=form, files={name: ("a.png", png((128, 96)))}, headers=WAIT)

    assert name in refused(answer, 400, "invalid_arguments")


def test_files_of_the_server_are_not_even_looked_at(client: httpx2.Client, tmp_path: Path) -> None:
    """Documented: never a server path; the answer doesn't say whether the file exists."""
    (tmp_path / "one.png").write_bytes(png((128, 96)))
    texts = []
    for name in ("one.png", "two.png"):
        step = {"operation": "upscale_fast", "parameters": {"image": str(tmp_path / name)}}
        answer = client.post(SUITE, json={"prompt": "a", "workflow_steps": [step]}, headers=WAIT)
        texts.append(re.sub(r'"[^"]*"', "", refused(answer, 400, "invalid_arguments")))

    assert texts[0] == texts[1]
    assert "read no files there" in texts[0]


# Enhancement --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "steps"),
    [
        ({}, ["upscale_fast"]),
        ({"enhancement_type": "upscale", "target_resolution": "hd"}, ["upscale_fast"]),
        ({"enhancement_type": "sharpen"}, ["image_transform"]),
        ({"enhancement_type": "denoise"}, ["image_transform"]),
        ({"preserve_style": "false", "prompt": "a boat"}, ["upscale_conservative"]),
    ],
)
def test_a_picture_is_enhanced(
    client: httpx2.Client, form: dict[str, str], steps: list[str]
) -> None:
    """Documented: each kind of enhancement; a prompt is only needed to invent detail."""
    image = {"image": ("photo.png", png((512, 512)))}
    run = done(client.post(ENHANCE, data=form, files=image, headers=WAIT))

    assert [each["tool"] for each in run["steps"]] == steps


def test_inventing_detail_needs_a_prompt(client: httpx2.Client) -> None:
    """Chosen: an upscaler that invents has to know what the picture shows."""
    image = {"image": ("photo.png", png((512, 512)))}
    answer = client.post(ENHANCE, data={"preserve_style": "false"}, files=image, headers=WAIT)

    assert "what the picture shows" in refused(answer, 400, "invalid_arguments")


def test_errors_name_the_arguments_of_the_route(client: httpx2.Client) -> None:
    """Chosen: the template calls it target, the route target_resolution."""
    image = {"image": ("photo.png", png((2_000, 1_200)))}
    answer = client.post(ENHANCE, data={"target_resolution": "hd"}, files=image, headers=WAIT)

    assert refused(answer, 400, "invalid_arguments").startswith("target_resolution: ")


# Comparison, styles, sequence ---------------------------------------------------------------------


def test_models_are_compared_by_short_names(client: httpx2.Client) -> None:
    """Documented: ultra, core, sd3; the answer says that equal seeds compare nothing."""
    form = {"prompt": "a fox", "models": '["ultra", "core", "sd3"]', "seed": "7"}
    run = done(client.post(COMPARE, data=form, headers=WAIT))

    assert list(run["outputs"]) == ["ultra", "core", "sd3.5-large"]
    assert {each["media"]["seed"] for each in results(run)} == {"7"}
    assert any("Equal seeds" in note for note in run["notes"])


def test_each_style_has_its_weight(client: httpx2.Client) -> None:
    """Documented: blend_weights are the style_strength of each step."""
    files = [
        ("content_image", ("photo.png", png((128, 128)))),
        ("style_images", ("ink.png", png((96, 96)))),
        ("style_images", ("oil.png", png((97, 96)))),
    ]
    form = {"blend_weights": "[0.25, 1]", "output_format": "jpeg"}
    run = done(client.post(STYLES, data=form, files=files, headers=WAIT))

    made = [details_of(client, each)["parents"] for each in results(run)]
    assert [each[-1]["label"] for each in made] == ["ink", "oil"]
    assert {each["media"]["media_type"] for each in results(run)} == {"image/jpeg"}

    answer = client.post(STYLES, data={"blend_weights": "[0.25]"}, files=files, headers=WAIT)
    assert refused(answer, 400, "invalid_arguments").startswith("blend_weights: There are 1")


@pytest.mark.parametrize(("increment", "seeds"), [(5, ["42", "47", "52"]), (0, ["42"] * 3)])
def test_frames_have_their_prompts_and_seeds(
    client: httpx2.Client, increment: int, seeds: list[str]
) -> None:
    """Documented: seeds rise by seed_increment; each prompt is appended to base_prompt."""
    prompts = ["a seed", "a sprout", "a flower"]
    body = {
        "base_prompt": "a plant, watercolour",
        "sequence_prompts": prompts,
        "seed_increment": increment,
    }
    run = done(client.post(SEQUENCE, json=body, headers=WAIT))

    frames = results(run)
    assert [each["media"]["seed"] for each in frames] == seeds
    made = [details_of(client, each)["prompt"] for each in frames]
    assert made == [f"a plant, watercolour, {each}" for each in prompts]


def test_one_frame_is_a_sequence_too(client: httpx2.Client) -> None:
    """Documented: from 1 to 100 prompts; no animation is written to the server."""
    body = {"base_prompt": "a plant", "sequence_prompts": ["a seed"]}
    run = done(client.post(SEQUENCE, json=body, headers=WAIT))

    assert [each["id"] for each in run["steps"]] == ["first"]


# Director -----------------------------------------------------------------------------------------


def test_the_director_plans_with_a_price(client: httpx2.Client) -> None:
    """Documented: the plan with its price; nothing runs."""
    form = {"concept": "a lighthouse", "mood": "calm", "iterations": "2", "budget": "50"}
    answer = client.post(DIRECTOR, data={**form, "color_palette": "teal"})

    plan = answer.json()
    assert answer.status_code == 200
    assert [(each["id"], each["count"]) for each in plan["steps"]] == [
        ("drafts", 2),
        ("refined", 1),
    ]
    assert plan["low"] == plan["high"] == 11.5


def test_the_director_runs_until_the_pick(client: httpx2.Client) -> None:
    """Documented: run=true starts it; audience and palette are in the prompt."""
    form = {
        "concept": "a boat",
        "mood": "calm",
        "color_palette": "teal",
        "target_audience": "children",
    }
    answer = client.post(DIRECTOR, data={**form, "iterations": "1", "run": "true"}, headers=WAIT)

    run = answer.json()
    assert (run["status"], run["review"]) == ("review", ["drafts"])
    prompt = details_of(client, run["outputs"]["drafts"][0])["prompt"]
    assert prompt == "a boat, calm, in the colours teal, made for children"


def test_a_budget_that_is_too_low_is_a_problem(client: httpx2.Client) -> None:
    """Documented: budget in credits."""
    answer = client.post(DIRECTOR, data={"concept": "a boat", "budget": "1", "run": "true"})

    assert "budget" in refused(answer, 400, "invalid_arguments")


# Confirmation -------------------------------------------------------------------------------------


def test_a_run_asks_for_the_user_s_yes(client: httpx2.Client, tmp_path: Path) -> None:
    """Documented: 409 with the credits to send as confirm_spend."""
    form = {"prompt": "a fox", "models": '["core", "ultra"]'}
    no_api = str(client.base_url).rstrip("/")  # answers 404 at once, as it is another server
    paid: dict[str, Any] = {
        "api_key": "sk-test-advanced",
        "base_url": no_api,
        "confirm_above": 1,
    }
    with rest_server(tmp_path, **paid) as paying:
        paying.headers.update(admin())
        answer = paying.post(COMPARE, data=form)
        refused(answer, 409, "confirmation_required")
        assert answer.json()["credits"] == 11

        accepted = paying.post(COMPARE, data={**form, "confirm_spend": "11"})
        assert (accepted.status_code, accepted.json()["max_credits"]) == (202, 11)
        paying.delete(f"/jobs/{accepted.json()['id']}")


@pytest.mark.parametrize(
    ("fields", "way"),
    [
        ({"preserve_style": "false", "target_resolution": "2k"}, "pass preserve_style true"),
        ({"target_resolution": "hd"}, "a larger target_resolution, enhancement_type denoise or"),
    ],
)
def test_an_enhancement_that_cant_run_says_which_argument_helps(
    client: httpx2.Client, fields: dict[str, str], way: str
) -> None:
    """Chosen: quality, denoise and sharpen are arguments of the template, not of the route."""
    size = (2000, 2000) if fields["target_resolution"] == "hd" else (640, 640)
    files = {"image": ("photo.png", png(size))}
    answer = client.post("/advanced/workflow/image-enhancement", data=fields, files=files)

    text = refused(answer, 400, "invalid_arguments")
    assert way in text
    assert "quality" not in text
