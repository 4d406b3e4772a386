"""Workflows with documented arguments: each is a template, or a plan of the caller."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import MAX_SEED, ImageFormat, Share
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.rest.file_fields import FileField, FileList
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.run_arguments import RunArguments, start, start_template, template_wish
from stability_mcp.server.tools.workflows import PlanFacts
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.workflows.picture_parts import Target
from stability_mcp.workflows.plan import MAX_BUDGET, MAX_STEPS
from stability_mcp.workflows.plan_filling import Filling
from stability_mcp.workflows.quality import without_none
from stability_mcp.workflows.templates.image_sequence import MAX_PROMPTS, MAX_SEED_STEP

MAX_MODELS = 8
MAX_STYLE_IMAGES = 20
MAX_ITERATIONS = 8

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]

Enhancement = Literal["auto", "upscale", "denoise", "sharpen"]
STEPS: Mapping[Enhancement, list[str] | None] = MappingProxyType(
    {"auto": None, "upscale": ["upscale"], "denoise": ["denoise"], "sharpen": ["sharpen"]}
)
"""The steps of the template by the kind of enhancement; None: those that the picture needs."""

ENHANCE_CURES = MappingProxyType(
    {
        'pass quality: "draft" for upscale_fast, which': "pass preserve_style true, which",
        "a larger target,": "a larger target_resolution,",
        "target 4k,": "target_resolution 4k,",
        "denoise: true or sharpen: true": "enhancement_type denoise or sharpen",
    }
)
"""Ways on that the template offers, in words of the route."""


class Enhance(RunArguments):
    """Which picture, and how."""

    image: FileField
    enhancement_type: Enhancement = "auto"
    """auto: what the picture needs; the others: only that."""
    prompt: Text | None = None
    """What it shows; some upscalers need it."""
    target_resolution: Target = "4k"
    preserve_style: bool = True
    """true: stay true to the picture; false: invent detail."""


@route("POST", "/advanced/workflow/image-enhancement", tag="advanced", answer="run")
async def enhance_image(call: RestCall, arguments: Enhance) -> RunOutcome:
    """Enlarge and repair a picture with the upscaler that suits it."""
    wish = template_wish(
        "enhance_image",
        image=arguments.image,
        target=arguments.target_resolution,
        detail="keep" if arguments.preserve_style else "invent",
        prompt=arguments.prompt,
        steps=STEPS[arguments.enhancement_type],
        may_fall_short=True,  # prompt is optional here
    )
    names = {"target": "target_resolution", "steps": "enhancement_type"}
    return await start_template(call, arguments, wish, names, ENHANCE_CURES)


class Suite(RunArguments):
    """Steps, and what is given for all of them."""

    base_image: FileField | None = None
    """Picture of the first step that takes one."""
    prompt: Text
    """Prompt of each step that requires one and has none."""
    style_reference: FileField | None = None
    """Picture of control_style, and style_image of control_style_transfer."""
    workflow_steps: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_STEPS)]
    """List of {operation, parameters}; a step without its picture takes what the one before makes.
    """
    output_format: ImageFormat = "png"
    """Of the last step."""


@route("POST", "/advanced/workflow/creative-suite", tag="advanced", answer="run")
async def creative_suite(call: RestCall, arguments: Suite) -> RunOutcome:
    """Run a list of steps, each with the result of the one before."""
    filling = Filling(
        base_image=arguments.base_image,
        prompt=arguments.prompt,
        style_reference=arguments.style_reference,
        output_format=arguments.output_format,
    )
    return await start(call, arguments, PlanWish(plan=arguments.workflow_steps, filling=filling))


class Comparison(RunArguments):
    """Which prompt and models."""

    prompt: Text
    models: Annotated[list[str], Field(min_length=2, max_length=MAX_MODELS)]
    """ultra, core, sd3, a model of sd3 such as sd3.5-flash, or an operation's name."""
    seed: Seed = 42
    """0: random. Equal seeds compare nothing across models."""


@route("POST", "/advanced/compare/models", tag="advanced", answer="run")
async def compare_models(call: RestCall, arguments: Comparison) -> RunOutcome:
    """Make a picture from one prompt with each of several models."""
    wish = template_wish(
        "compare_models",
        prompt=arguments.prompt,
        models=arguments.models,
        seed=arguments.seed,
    )
    return await start_template(call, arguments, wish)


class Restyling(RunArguments):
    """Which picture, in which styles."""

    content_image: FileField
    style_images: Annotated[
        FileList, BeforeValidator(as_list), Field(min_length=1, max_length=MAX_STYLE_IMAGES)
    ]
    """Pictures with the styles; one result each."""
    blend_weights: list[Share] | None = None
    """Strength of each style, in their order. Default: 1."""
    output_format: ImageFormat = "png"


@route("POST", "/advanced/style/multi-style-transfer", tag="advanced", answer="run")
async def transfer_styles(call: RestCall, arguments: Restyling) -> RunOutcome:
    """Repaint a picture in the styles of others."""
    wish = template_wish(
        "multi_style_transfer",
        picture=arguments.content_image,
        styles=[{"picture": each} for each in arguments.style_images],
        strengths=arguments.blend_weights,
        output_format=arguments.output_format,
    )
    names = {"picture": "content_image", "styles": "style_images", "strengths": "blend_weights"}
    return await start_template(call, arguments, wish, names)


class Sequence(RunArguments):
    """The prompts and seeds of the frames."""

    base_prompt: Text
    """Begins the prompt of every frame."""
    sequence_prompts: Annotated[list[Text], Field(min_length=1, max_length=MAX_PROMPTS)]
    """One for each frame, appended to base_prompt."""
    seed_start: Seed = 42
    """0: chosen from the prompts."""
    seed_increment: Annotated[int, Field(ge=0, le=MAX_SEED_STEP)] = 1
    """From frame to frame; 0: fixed seed."""
    output_format: ImageFormat = "png"


@route("POST", "/advanced/animation/image-sequence", tag="advanced", answer="run")
async def make_sequence(call: RestCall, arguments: Sequence) -> RunOutcome:
    """Make the frames of a sequence in one style."""
    wish = template_wish(
        "image_sequence",
        beginning=arguments.base_prompt,
        prompts=arguments.sequence_prompts,
        seed=arguments.seed_start,
        seed_step=arguments.seed_increment,
        output_format=arguments.output_format,
        only_store=True,  # an animation would be a file of the server
    )
    names = {"prompts": "sequence_prompts", "seeds": "seed_increment"}
    return await start_template(call, arguments, wish, names)


class Direction(RunArguments):
    """A brief."""

    concept: Text
    """The idea."""
    target_audience: str | None = None
    mood: str | None = None
    color_palette: str | None = None
    iterations: Annotated[int, Field(ge=1, le=MAX_ITERATIONS)] = 3
    """Drafts of each style."""
    run: bool = False
    """false: only the plan with its price."""
    budget: Annotated[float, Field(ge=0, le=MAX_BUDGET)] | None = None
    """Maximum credits of the run."""


@route("POST", "/advanced/experimental/ai-director", tag="advanced", statuses=(202,))
async def direct(call: RestCall, arguments: Direction) -> PlanFacts | RunOutcome:
    """Plan drafts of an idea and the pick refined, with a price; with run=true run it.

    No language model is called.
    """
    given = template_wish(
        "creative_exploration",
        prompt=arguments.concept,
        audience=arguments.target_audience,
        moods=None if arguments.mood is None else [arguments.mood],
        palette=arguments.color_palette,
        variants=arguments.iterations,
    )
    wish = PlanWish(template=given.template, arguments=given.arguments, budget=arguments.budget)
    if arguments.run:
        names = {"prompt": "concept", "variants": "iterations", "moods": "mood"}
        return await start_template(call, arguments, wish, names)
    planned = await call.tool("workflow_plan", without_none(vars(wish)))
    facts: PlanFacts = planned.facts
    return facts
