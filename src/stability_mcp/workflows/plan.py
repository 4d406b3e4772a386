"""A workflow as data: inputs, steps and outputs.

A step calls an operation or a local tool. An argument `"$draft"` is the media that step `draft`
makes, `"$draft.2"` the second of them, `"$photo"` the value of an input, and `"$item"` the element
that `foreach` is at. In a longer text `{colour}` is the value of an input, and `{item}` of the
element.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from stability_mcp.api.described import Described

MAX_STEPS = 500
"""Steps of a plan: as many as results, so that each entry of a batch can be a step of its own."""
MAX_JOBS = 500
"""Results of paid steps in one run: at the price of generate_ultra, 40 USD."""
MAX_INPUTS = 50
MAX_ELEMENTS = MAX_JOBS
"""Elements of a `foreach` list."""
MAX_ITEMS = 5_000
"""Results of all steps in one run, free ones included: 500 files through a chain of 10 steps."""
MAX_BUDGET = 100_000
"""Highest budget in credits, 1,000 USD: a larger number is a slip."""
MAX_ID_CHARACTERS = 40
MAX_TITLE_CHARACTERS = 200
MAX_NOTES = 20

ITEM = "item"
"""The name of the element that `foreach` is at; no step or input can have it."""

InputType = Literal["text", "number", "image", "audio", "model"]
"""The type of an input; the last three are files."""
MEDIA_TYPES: tuple[InputType, ...] = ("image", "audio", "model")


class _Part(Described):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class PlanInput(_Part):
    """A value that is given when the workflow runs."""

    type: InputType = "text"
    many: bool = False
    """A list of values."""
    default: Any = None
    """Absent: required."""
    choices: Annotated[list[Any], Field(max_length=MAX_ELEMENTS)] | None = None
    """The only values allowed."""
    description: str = ""

    @property
    def is_media(self) -> bool:
        """Return whether it is one or several files."""
        return self.type in MEDIA_TYPES


class Step(_Part):
    """One step of a workflow."""

    id: str
    """Name by which other steps refer to it."""
    tool: str
    """Operation, or local tool such as image_transform."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Of that tool; "$id" is the media of another step or an input."""
    count: Annotated[int, Field(ge=1, le=MAX_JOBS)] = 1
    """Variants."""
    foreach: str | list[Any] | None = None
    """A list, or "$id": the step runs once for each element, "$item"."""
    review: bool = False
    """Stop and let the user pick one result."""
    blind: bool = False
    """Of a review: show numbers instead of labels and arguments until the pick."""
    budget: Annotated[float, Field(ge=0, le=MAX_BUDGET)] | None = None
    """Maximum credits of this step."""


class Delivery(_Part):
    """Where a run writes its outputs."""

    to: str
    """Folder in the workspace; each run makes a folder of its own in it."""
    manifest: bool = True
    """Also write manifest.csv and manifest.json: input, file, state, price of each result."""


class PlanEntry(_Part):
    """One of the calls that a batch was asked for."""

    id: str
    """What the caller calls it."""
    step: str | None = None
    """The step that makes it; None: it can't run."""
    error: str = ""
    """Why it can't run."""


class Plan(_Part):
    """A workflow."""

    title: Annotated[str, Field(max_length=MAX_TITLE_CHARACTERS)] = ""
    inputs: Annotated[dict[str, PlanInput], Field(max_length=MAX_INPUTS)] = Field(
        default_factory=dict
    )
    steps: Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS)]
    outputs: Annotated[dict[str, str], Field(max_length=MAX_STEPS)] = Field(default_factory=dict)
    """By name: "$id". Absent: the steps that no other step uses."""
    budget: Annotated[float, Field(ge=0, le=MAX_BUDGET)] | None = None
    """Maximum credits of the whole run."""
    deliver: Delivery | None = None
    """Absent: results are only in the output folder, like those of other calls."""
    reuse: bool = False
    """Reuse results of earlier runs with the same tool, arguments and input files."""
    notes: Annotated[list[str], Field(max_length=MAX_NOTES)] = Field(default_factory=list)
    """Lines for the answer."""
    entries: Annotated[list[PlanEntry], Field(max_length=MAX_STEPS)] = Field(default_factory=list)
    """Of a batch: the calls that it was asked for, in order."""
    skip_bad: bool = False
    """Of a batch: leave out entries that can't run, instead of refusing all."""

    def step(self, name: str) -> Step:
        """Return a step by id; raises KeyError if there is none."""
        return next((each for each in self.steps if each.id == name), None) or _missing(name)


def _missing(name: str) -> Step:
    raise KeyError(name)
