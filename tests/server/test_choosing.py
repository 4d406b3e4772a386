"""Whether the texts of the tool list lead to the right tool and the right arguments."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp.types import Tool

from support.server.scripted_agent import ScriptedAgent

SCHEMAS = Path(__file__).parents[2] / "tool_schemas"

QUESTIONS: list[tuple[str, str, Mapping[str, Any]]] = [
    (
        'Make a quick, cheap draft of a logo from words, 3 variants, prompt "a fox made of paper"',
        "generate_core",
        {"prompt": "a fox made of paper", "count": 3},
    ),
    (
        'Make the best-looking poster you can, 2:3, of "a lighthouse in a storm"',
        "generate_ultra",
        {"prompt": "a lighthouse in a storm", "aspect_ratio": "2:3"},
    ),
    (
        'Use a Stable Diffusion 3.5 model, sd3.5-medium, seed 7, for "a red bicycle"',
        "generate_sd3",
        {"prompt": "a red bicycle", "model": "sd3.5-medium", "seed": 7},
    ),
    (
        'Make an icon in the isometric style as webp, prompt "a small bakery"',
        "generate_core",
        {"prompt": "a small bakery", "style_preset": "isometric", "output_format": "webp"},
    ),
    (
        'Erase the person that the mask "mask.png" marks in the image "beach.jpg"',
        "edit_erase",
        {"image": "beach.jpg", "mask": "mask.png"},
    ),
    (
        'Repaint the area marked by the mask "sky.png" in image "house.jpg", prompt "a starry sky"',
        "edit_inpaint",
        {"image": "house.jpg", "mask": "sky.png", "prompt": "a starry sky"},
    ),
    (
        'Extend the picture "photo.jpg" past its edges: 300 pixels left and 200 pixels right',
        "edit_outpaint",
        {"image": "photo.jpg", "left": 300, "right": 200},
    ),
    (
        'Cut out the subject of "mug.jpg" with a transparent background',
        "edit_remove_background",
        {"image": "mug.jpg"},
    ),
    (
        (
            'Replace one thing without a mask in image "street.jpg": find "the parked car", '
            'afterwards prompt "an empty kerb"'
        ),
        "edit_search_and_replace",
        {"image": "street.jpg", "search_prompt": "the parked car", "prompt": "an empty kerb"},
    ),
    (
        (
            'Change the colour of a thing in the image "family.jpg": select "the jacket", '
            'prompt "dark green"'
        ),
        "edit_search_and_recolor",
        {"image": "family.jpg", "select_prompt": "the jacket", "prompt": "dark green"},
    ),
    (
        (
            'Put the subject "bottle.png" in front of another background with matching light: '
            'background "a marble table"'
        ),
        "edit_replace_background_and_relight",
        {"subject_image": "bottle.png", "background_prompt": "a marble table"},
    ),
    (
        'Enlarge "fox.png" four times, quickly',
        "upscale_fast",
        {"image": "fox.png"},
    ),
    (
        'Enlarge the picture "fox.png" for print without changing it otherwise, prompt "a fox"',
        "upscale_conservative",
        {"image": "fox.png", "prompt": "a fox"},
    ),
    (
        'Rescue the small, blurred, noisy image "old.jpg", prompt "a portrait of a woman"',
        "upscale_creative",
        {"image": "old.jpg", "prompt": "a portrait of a woman"},
    ),
    (
        'Turn the sketch "lines.png" into a finished picture, prompt "a wooden chair"',
        "control_sketch",
        {"image": "lines.png", "prompt": "a wooden chair"},
    ),
    (
        'Keep the layout of the image "street.jpg" but change the season, prompt "deep snow"',
        "control_structure",
        {"image": "street.jpg", "prompt": "deep snow"},
    ),
    (
        'A new picture in the look of the brand picture "brand.png", prompt "a coffee cup"',
        "control_style",
        {"image": "brand.png", "prompt": "a coffee cup"},
    ),
    (
        'Repaint the photo "me.jpg" in the style of another image, style "watercolour.png"',
        "control_style_transfer",
        {"init_image": "me.jpg", "style_image": "watercolour.png"},
    ),
    (
        'Make a textured 3D model of the object in "shoe.png" fast, texture 2048',
        "model3d_stable_fast_3d",
        {"image": "shoe.png", "texture_resolution": "2048"},
    ),
    (
        'Make a 3D model from the picture "toy.png" with a good back side',
        "model3d_stable_point_aware_3d",
        {"image": "toy.png"},
    ),
    (
        'Make a short jingle from words, 12 seconds, wav, prompt "ukulele, 120 BPM"',
        "audio2_text_to_audio",
        {"prompt": "ukulele, 120 BPM", "duration": 12, "output_format": "wav"},
    ),
    (
        'Make long, best-sounding music of 300 seconds from words, prompt "slow piano"',
        "audio3_text_to_audio",
        {"prompt": "slow piano", "duration": 300},
    ),
    (
        (
            'Turn the sound "hum.wav" into strings that keep its melody, '
            'prompt "a string quartet", 20 seconds'
        ),
        "audio2_audio_to_audio",
        {"audio": "hum.wav", "prompt": "a string quartet", "duration": 20},
    ),
    (
        (
            'Turn the sound "demo.mp3" into a production with the newest model, '
            '"full band", 240 seconds'
        ),
        "audio3_audio_to_audio",
        {"audio": "demo.mp3", "prompt": "full band", "duration": 240},
    ),
    (
        (
            'Redo a part of the sound "song.mp3": mask start 10, mask end 14, '
            'length of the result 30 seconds, prompt "a drum fill"'
        ),
        "audio2_inpaint",
        {
            "audio": "song.mp3",
            "mask_start": 10,
            "mask_end": 14,
            "duration": 30,
            "prompt": "a drum fill",
        },
    ),
    (
        (
            'Redo a part of a long sound "set.mp3" with the newest model: mask start 200, '
            'mask end 240, length of the result 300 seconds, prompt "a quiet bridge"'
        ),
        "audio3_inpaint",
        {
            "audio": "set.mp3",
            "mask_start": 200,
            "mask_end": 240,
            "duration": 300,
            "prompt": "a quiet bridge",
        },
    ),
    (
        'Make 5 variations of the picture "cat.png" with SDXL 1.0, prompt "a cat"',
        "v1_image_to_image",
        {"init_image": "cat.png", "text_prompts": [{"text": "a cat"}], "samples": 5},
    ),
    ("How many credits does the Stability account have left?", "account_balance", {}),
    ("Whose account is it, and to which organizations does it belong?", "account_details", {}),
    ("List the engines that v1 can use on this account", "account_engines", {}),
    (
        'What would a call of the tool "generate_ultra" cost? Estimate before making it',
        "cost_estimate",
        {"tool": "generate_ultra"},
    ),
    (
        "Report what was spent by operation over the last 7 days",
        "usage_report",
        {"by": "operation", "days": 7},
    ),
    (
        "Spend at most 20 credits in this chat: set that limit",
        "spend_limit",
        {"credits": 20},
    ),
    (
        'Which ready-made workflows are there? Explain the one with the name "product_shots"',
        "workflow_templates",
        {"name": "product_shots"},
    ),
    (
        'Check and draw a workflow before it runs: template "compare_models", budget 40',
        "workflow_plan",
        {"template": "compare_models", "budget": 40},
    ),
    (
        "Wait for results that were not ready, 30 seconds at most",
        "job_wait",
        {"seconds": 30},
    ),
    ("List the failed jobs, newest first", "job_list", {"state": "failed"}),
    ('Cancel the queued job "k7f3q2m9xa"', "job_cancel", {"jobs": ["k7f3q2m9xa"]}),
    (
        'Run the job "k7f3q2m9xa" again with a new seed, label "second try"',
        "job_rerun",
        {"job": "k7f3q2m9xa", "label": "second try"},
    ),
    (
        'Import my file "cat.jpg" and name it with the label "cat"',
        "media_import",
        {"file": "cat.jpg", "label": "cat"},
    ),
    (
        'Find pictures that were made earlier, words to search "lighthouse"',
        "media_list",
        {"query": "lighthouse"},
    ),
    (
        'Look at "media://f9yq2m3k7x" again, large',
        "media_show",
        {"media": ["media://f9yq2m3k7x"], "size": "large"},
    ),
    (
        'Rename the media "media://f9yq2m3k7x" with the label "hero"',
        "media_label",
        {"media": "media://f9yq2m3k7x", "label": "hero"},
    ),
    (
        'What changed between the pictures before "a.png" and after "b.png"?',
        "image_compare",
        {"before": "a.png", "after": "b.png"},
    ),
    (
        'Measure the sharpness, colours and flaws of media "photo.jpg" before I deliver it',
        "media_inspect",
        {"media": "photo.jpg"},
    ),
    (
        'Trim, repeat and fade the sounds "theme.wav", label "jingle"',
        "audio_edit",
        {"sounds": ["theme.wav"], "label": "jingle"},
    ),
    (
        'Check the prompt "a fox, (red:1.4)" before I pay for it',
        "prompt_check",
        {"prompt": "a fox, (red:1.4)"},
    ),
    (
        "Check that the server works: is there a key, and which folders does it use?",
        "server_status",
        {},
    ),
    (
        "How should I write good prompts? Read the guide on prompting",
        "guide",
        {"topic": "prompting"},
    ),
]


@pytest.fixture(scope="module")
def agent() -> ScriptedAgent:
    """Return an agent that has read the list of all tools."""
    files = sorted(SCHEMAS.glob("*.json"))
    return ScriptedAgent([Tool.model_validate(json.loads(file.read_text())) for file in files])


@pytest.mark.parametrize(
    ("question", "tool", "arguments"), QUESTIONS, ids=lambda each: str(each)[:40]
)
def test_the_tool_list_leads_to_the_tool_and_its_arguments(
    agent: ScriptedAgent, question: str, tool: str, arguments: Mapping[str, Any]
) -> None:
    """Chosen: a reader who only compares words finds the tool; a model has more than that."""
    ranked = agent.rank(question)

    assert ranked[0] == tool, ranked[:3]
    assert agent.arguments(question, tool) == arguments
    schema = json.loads((SCHEMAS / f"{tool}.json").read_text())["inputSchema"]
    Draft202012Validator(schema).validate(arguments)


def test_every_tool_is_asked_for() -> None:
    """Chosen: forty questions or more, over all families."""
    asked = {tool for _, tool, _ in QUESTIONS}
    families = {file.stem.split("_")[0] for file in SCHEMAS.glob("*.json")}

    assert len(QUESTIONS) >= 40
    assert families - {name.split("_")[0] for name in asked} == set()
