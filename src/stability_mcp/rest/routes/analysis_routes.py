"""Measures pictures and checks prompts; free, nothing is sent to the API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from stability_mcp.api.tool_arguments import MAY_BE_BLANK, Arguments
from stability_mcp.errors import ArgumentsError
from stability_mcp.local_tools.prompt_check import MAX_CHECKED_CHARACTERS
from stability_mcp.rest.file_fields import FileField
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data
from stability_mcp.workflows.quality import Quality, choose

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Facts = Mapping[str, Any]

TargetQuality = Literal["draft", "standard", "high", "premium"]
QUALITIES: Mapping[TargetQuality, Quality] = MappingProxyType(
    {"draft": "draft", "standard": "standard", "high": "premium", "premium": "professional"}
)
"""The four levels of quality under the names of this route."""


class Picture(Arguments):
    """A picture."""

    image: FileField


class PictureInfo(Data):
    """What the header and the pixels of a picture say."""

    media: str
    """Its URI."""
    format: str | None = None
    mode: str | None = None
    width: int | None = None
    height: int | None = None
    pixels: int | None = None
    ratio: str | None = None
    """Width to height in lowest terms."""
    bytes: int | None = None
    alpha: bool | None = None
    """Whether pixels can be transparent."""
    accepted: list[str]
    """Operations that take it as it is."""
    changed: dict[str, list[str]]
    """Operations that take it after a change, by the change."""
    refused: dict[str, list[str]]
    """Operations that don't take it, by the reason."""


@route("POST", "/utils/image-info", tag="utils")
async def get_image_info(call: RestCall, arguments: Picture) -> PictureInfo:
    """Get format, size and transparency of a picture, and which operations take it."""
    facts = await _inspected(call, arguments.image)
    names = PictureInfo.model_fields
    return PictureInfo(**{name: value for name, value in facts.items() if name in names})


class Prompt(Arguments):
    """A prompt."""

    prompt: Annotated[str, Field(max_length=MAX_CHECKED_CHARACTERS), MAY_BE_BLANK]
    """What to check; an empty or overlong one is a finding."""


class PromptReport(Data):
    """What is wrong with a prompt."""

    length: int
    """Characters."""
    words: int
    problems: list[str]
    suggestions: dict[str, str]
    """A better prompt, and a negative prompt that fits."""
    prices: dict[str, list[float]]
    """Lowest and highest credits by operation."""


@route("POST", "/utils/validate-prompt", tag="utils")
async def validate_prompt(call: RestCall, arguments: Prompt) -> PromptReport:
    """Check a prompt before it is paid for."""
    facts = await _checked(call, prompt=arguments.prompt)
    suggested = {
        "prompt": facts["suggested_prompt"],
        "negative_prompt": facts["negative_prompt"],
    }
    return PromptReport(
        length=facts["characters"],
        words=facts["words"],
        problems=facts["findings"],
        suggestions={n: each for n, each in suggested.items() if each and each != arguments.prompt},
        prices=facts["prices"],
    )


class Generated(Arguments):
    """A picture and how it was made."""

    image: FileField
    original_prompt: Text
    """The prompt that it was made with."""
    model_used: Annotated[str, Field(min_length=1)]
    """What made it, such as ultra, sd3.5-flash or an operation's name."""


class QualityReport(Data):
    """What was measured on a picture; there is no overall score."""

    model_used: str
    measures: dict[str, Any]
    """Of the picture, as media_inspect finds them."""
    prompt_findings: list[str]
    advice: list[str]
    """What would help."""


@route("POST", "/advanced/analysis/generation-quality", tag="advanced")
async def judge_quality(call: RestCall, arguments: Generated) -> QualityReport:
    """Measure a picture, check its prompt, and say what would help."""
    with _naming("model_used"):
        prompt = await _checked(call, prompt=arguments.original_prompt, tool=arguments.model_used)
    facts = await _inspected(call, arguments.image)
    suggestion = facts.get("suggestion")
    advice = [] if suggestion is None else [_enlarging(suggestion)]
    if prompt["suggested_prompt"] != arguments.original_prompt:
        advice.append(f"prompt: {prompt['suggested_prompt']}")
    if prompt["negative_prompt"]:
        advice.append(f"negative_prompt: {prompt['negative_prompt']}")
    return QualityReport(
        model_used=arguments.model_used,
        measures=dict(facts),
        prompt_findings=prompt["findings"],
        advice=advice,
    )


class Wish(Arguments):
    """A prompt, and what it is for."""

    prompt: Text
    target_style: str | None = None
    """A style preset, or free text."""
    target_quality: TargetQuality = "high"
    model: str = "ultra"
    """ultra, core, sd3 or an operation's name."""
    include_negative: bool = True
    """Move negations into a negative prompt."""


class ModelChoice(Data):
    """The operation for a quality."""

    operation: str
    arguments: dict[str, Any]
    reason: str


class PromptSuggestion(Data):
    """A prompt with mechanical suggestions only."""

    findings: list[str]
    suggested_prompt: str
    negative_prompt: str | None = None
    style_preset: str | None = None
    """The preset that target_style names."""
    for_quality: ModelChoice
    """What makes a picture of target_quality."""
    prices: dict[str, list[float]]
    """Lowest and highest credits of the model."""


@route("POST", "/advanced/analysis/prompt-optimization", tag="advanced")
async def optimize_prompt(call: RestCall, arguments: Wish) -> PromptSuggestion:
    """Check a prompt, add the words of a style, and move negations into a negative prompt."""
    with _naming("model"):
        facts = await _checked(
            call,
            prompt=arguments.prompt,
            tool=arguments.model,
            style=arguments.target_style,
            move_negations=arguments.include_negative,
        )
    choice = choose("text_to_image", QUALITIES[arguments.target_quality])
    return PromptSuggestion(
        findings=facts["findings"],
        suggested_prompt=facts["suggested_prompt"],
        negative_prompt=facts["negative_prompt"] if arguments.include_negative else None,
        style_preset=facts["style_preset"],
        for_quality=ModelChoice(
            operation=choice.operation, arguments=dict(choice.arguments), reason=choice.reason
        ),
        prices=facts["prices"],
    )


def _enlarging(suggestion: Facts) -> str:
    given = "".join(f", {name}={each}" for name, each in suggestion["arguments"].items())
    return f"to enlarge it: {suggestion['operation']}(image{given}), as {suggestion['reason']}"


@contextmanager
def _naming(argument: str) -> Iterator[None]:
    """Name the argument that chooses the operation: the other ones were checked before."""
    try:
        yield
    except ArgumentsError as error:
        raise ArgumentsError(f"{argument}: {error.message}", hint=error.hint) from None


async def _inspected(call: RestCall, image: str) -> Facts:
    found = await call.tool("media_inspect", {"media": image, "preview": "none"})
    facts: Facts = found.facts
    return facts


async def _checked(call: RestCall, **arguments: object) -> Facts:
    given = {name: each for name, each in arguments.items() if each is not None}
    facts: Facts = (await call.tool("prompt_check", given)).facts
    return facts
