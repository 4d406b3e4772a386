"""prompt_check: what is wrong with a prompt, before it is paid for."""

from pathlib import Path
from typing import Any

import pytest
from mcp.types import TextContent

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.plain_results import FACTS
from support.server.in_memory import Era, both_eras, connected

FINDINGS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({"prompt": "a red fox in snow, low sun, 85 mm"}, []),
    "short": (
        {"prompt": "a fox"},
        ["short: the model chooses setting, light and style; name what matters"],
    ),
    "long": (
        {"prompt": "a very detailed red fox " * 30},
        ["long: details after about 120 words have little effect"],
    ),
    "too long": ({"prompt": "fox" * 4_000}, ["too long: the API takes 10,000 characters"]),
    "both": (
        {"prompt": "a cat in the rain at night", "negative_prompt": "rains, dogs"},
        ['both wanted and unwanted: "rain"; drop it from one prompt'],
    ),
    "weight": (
        {"prompt": "a (red:1.5) and (blue:0.5) cat on a (green : 2) sofa"},
        [
            'weight of "red" is 1.5; it must be from 0 to 1',
            'weight of "green" is 2; it must be from 0 to 1',
        ],
    ),
    "brackets": (
        {"prompt": "a cat on a (green sofa"},
        ["brackets don't match, so a weight such as (word:0.5) may be read as text"],
    ),
    "blocked": (
        {"prompt": "a tin of Zorblax on a table"},
        ["blocked by this server's operator, so it won't be sent: Zorblax"],
    ),
    "negation": (
        {"prompt": "a quiet beach, no people", "tool": "generate_core"},
        [
            (
                'prompt ("no people") negates; models tend to draw what is named. Name it in '
                "negative_prompt instead."
            )
        ],
    ),
}


@pytest.mark.anyio
async def test_it_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    """Chosen: a finding that isn't one costs the user a better prompt."""
    (tmp_path / "terms").write_text("Zorblax\n")
    wrong = {}
    async with connected(tmp_path, blocked_terms=tmp_path / "terms") as client:
        for name, (arguments, expected) in FINDINGS.items():
            answer = await client.call_tool("prompt_check", arguments)
            assert not answer.is_error, answer.content
            found = (answer.meta or {})[FACTS]["findings"]
            if found != expected:
                wrong[name] = found
    assert wrong == {}


@pytest.mark.anyio
@both_eras
async def test_it_names_the_price_of_every_model_and_a_negative_prompt(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: the user chooses between models, so each has its price and its purpose."""
    async with connected(tmp_path, era) as client:
        answer = await client.call_tool(
            "prompt_check", {"prompt": "portrait photo of an old fisherman, 85 mm, soft light"}
        )

    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert "findings: none" in text.text
    assert "extra fingers, deformed hands" in text.text
    assert f"generate_ultra: 8 credits. {OPERATIONS['generate_ultra'].summary()}" in text.text
    prices = (answer.meta or {})[FACTS]["prices"]
    assert prices["generate_sd3"] == [2.5, 6.5]


@pytest.mark.anyio
async def test_a_wrong_tool_gets_the_nearest_name(tmp_path: Path) -> None:
    """Chosen: a model calls what it half remembers."""
    async with connected(tmp_path) as client:
        wrong = await client.call_tool("prompt_check", {"prompt": "x", "tool": "generate_coer"})
        without = await client.call_tool("prompt_check", {"prompt": "x", "tool": "upscale_fast"})

    texts = [each.content[0] for each in (wrong, without)]
    assert [isinstance(each, TextContent) and each.text.split(". ")[0] for each in texts] == [
        'There is no tool "generate_coer" that takes a prompt',
        "upscale_fast takes no prompt",
    ]


@pytest.mark.anyio
async def test_a_better_prompt_is_mechanical(tmp_path: Path) -> None:
    """Chosen: words of the style are added and negations moved; nothing is invented."""
    given = {"prompt": "a quiet beach, no people", "tool": "sd3.5-flash", "style": "Comic Book"}
    async with connected(tmp_path) as client:
        moved = await client.call_tool("prompt_check", given)
        kept = await client.call_tool("prompt_check", {**given, "move_negations": False})
        blank = await client.call_tool("prompt_check", {"prompt": " ", "style": "anime"})

    facts = [(each.meta or {})[FACTS] for each in (moved, kept, blank)]
    assert [each["suggested_prompt"] for each in facts] == [
        "a quiet beach, Comic Book",
        "a quiet beach, no people, Comic Book",
        " ",
    ]
    assert facts[0]["negative_prompt"].startswith("people, ")
    assert not facts[1]["negative_prompt"].startswith("people, ")
    assert facts[0]["style_preset"] == "comic-book"
    assert list(facts[0]["prices"]) == ["generate_sd3"]
    assert facts[2]["findings"] == ["empty: the API refuses it"]


@pytest.mark.anyio
async def test_a_sound_gets_no_negative_prompt(tmp_path: Path) -> None:
    """Chosen: tools for sounds don't take one."""
    async with connected(tmp_path) as client:
        answer = await client.call_tool(
            "prompt_check", {"prompt": "rain on a roof", "tool": "audio3_text_to_audio"}
        )
    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert "negative_prompt" not in text.text
