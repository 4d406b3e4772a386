"""The steps of image_transform: one flat object for each, with the fields that its op takes.

Several hosts read neither `$ref` nor unions, so all ops share one list of optional fields, and
`RULES` says which op takes which. Names and forms that models often write are converted here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, ValidationError, WithJsonSchema

from stability_mcp.api.described import Described
from stability_mcp.imaging.transform.animation import (
    MAX_DURATION,
    MAX_FRAMES,
    MAX_LOOP,
    MIN_DURATION,
)
from stability_mcp.imaging.transform.blending import Blend
from stability_mcp.imaging.transform.geometry import Fit, Gravity
from stability_mcp.imaging.transform.reshape import Direction
from stability_mcp.imaging.transform.size_limits import MAX_SIDE
from stability_mcp.local_tools.box_notation import with_box
from stability_mcp.text import did_you_mean, listed, quoted

Op = Literal[
    "crop",
    "resize",
    "pad",
    "rotate",
    "straighten",
    "flip",
    "trim",
    "adjust",
    "text",
    "composite",
    "flatten",
    "convert",
    "frames",
]
MAX_STEPS = 30
"""More steps come from a loop that went wrong; each one is quick, but not free of memory."""
MAX_PROBLEMS = 5


_WORD = WithJsonSchema({"type": "string"})
"""Leaves out choices that the description names: every conversation pays for the schema."""


class Step(Described):
    """A step."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, defer_build=True)

    op: Op
    box: list[float] | None = None
    aspect: str | None = None
    gravity: Annotated[Gravity | Literal["subject"], _WORD] | None = None
    at: list[float] | None = None
    width: float | None = None
    height: float | None = None
    longest: float | None = None
    percent: float | None = None
    margin: float | None = None
    fit: Annotated[Fit, _WORD] | None = None
    degrees: float | None = None
    expand: bool | None = None
    direction: Annotated[Direction, _WORD] | None = None
    color: str | None = None
    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None
    warmth: float | None = None
    tint: float | None = None
    hue: float | None = None
    sharpen: float | None = None
    denoise: float | None = None
    blur: float | None = None
    grayscale: bool | None = None
    auto_levels: bool | None = None
    mask: str | None = None
    text: str | None = None
    size: float | None = None
    font: str | None = None
    outline: str | None = None
    shadow: bool | None = None
    image: str | None = None
    opacity: float | None = None
    blend: Annotated[Blend, _WORD] | None = None
    images: list[str] | None = None
    duration: int | None = None
    loop: int | None = None
    format: Literal["png", "jpeg", "webp", "gif"] | None = None
    quality: int | None = None

    def given(self) -> dict[str, Any]:
        """Return the fields that are set."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What an op takes."""

    optional: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """At least one of these is required."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return all fields that the op takes, the most important ones first."""
        return (*self.required, *self.one_of, *self.optional)


_TONES = (
    "brightness",
    "contrast",
    "saturation",
    "warmth",
    "tint",
    "hue",
    "sharpen",
    "denoise",
    "blur",
    "grayscale",
    "auto_levels",
)

RULES: Mapping[Op, Rule] = MappingProxyType(
    {
        "crop": Rule(one_of=("box", "aspect", "gravity"), optional=("margin",)),
        "resize": Rule(
            one_of=("width", "height", "longest", "percent"), optional=("fit", "gravity", "color")
        ),
        "pad": Rule(one_of=("width", "height", "aspect", "margin"), optional=("color", "gravity")),
        "rotate": Rule(required=("degrees",), optional=("expand", "color")),
        "straighten": Rule(required=("degrees",)),
        "flip": Rule(required=("direction",)),
        "trim": Rule(optional=("margin",)),
        "adjust": Rule(one_of=_TONES, optional=("mask",)),
        "text": Rule(
            required=("text",),
            optional=(
                "size",
                "gravity",
                "at",
                "color",
                "outline",
                "shadow",
                "width",
                "margin",
                "font",
            ),
        ),
        "composite": Rule(
            required=("image",),
            optional=("gravity", "at", "width", "margin", "opacity", "blend"),
        ),
        "flatten": Rule(optional=("color",)),
        "convert": Rule(required=("format",), optional=("quality",)),
        "frames": Rule(
            required=("images",), optional=("duration", "loop", "format", "quality", "fit", "color")
        ),
    }
)
"""The fields of each op."""

_STRENGTH, _SIGNED = (0, 100), (-100, 100)
LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "width": (0, MAX_SIDE),
        "height": (0, MAX_SIDE),
        "longest": (1, MAX_SIDE),
        "percent": (0.1, 10_000),
        "margin": (0, MAX_SIDE),
        "degrees": (-360, 360),
        "brightness": _SIGNED,
        "contrast": _SIGNED,
        "saturation": _SIGNED,
        "warmth": _SIGNED,
        "tint": _SIGNED,
        "hue": (-180, 180),
        "sharpen": _STRENGTH,
        "denoise": _STRENGTH,
        "blur": (0, 500),
        "size": (0, 4_000),
        "opacity": (0, 1),
        "duration": (MIN_DURATION, MAX_DURATION),
        "loop": (0, MAX_LOOP),
        "quality": (1, 100),
    }
)
"""Lowest and highest value of each number, whatever the op."""
_ABOVE_ZERO = {"width", "height", "size"}
MAX_STRAIGHTEN = 45
"""Degrees; more is a rotation, of which straightening would leave a small part."""
_LENGTHS = {"box": (4, "left, top, right, bottom"), "at": (2, "x, y")}
_SAME = {"colour": "color", "angle": "degrees", "ratio": "aspect", "position": "gravity"}
"""Other names of fields that models write."""
_WORDS = {"op", "gravity", "fit", "direction", "blend", "format"}
"""Fields with choices: case, spaces and hyphens don't matter."""
_SYNONYMS = {"centre": "center", "middle": "center", "jpg": "jpeg", "cover": "crop"}
_ALL_FIELDS = tuple(Step.model_fields)


def parse_steps(value: object) -> list[Step]:
    """Return the steps in a call's argument.

    Raises:
        ValueError: a step is wrong; names the steps and their fields.
    """
    raw = [value] if isinstance(value, Mapping) else value
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise ValueError("a list of steps is needed, such as [{op: resize, longest: 1024}]")  # noqa: TRY004 -- pydantic reports a ValueError
    if not 1 <= len(raw) <= MAX_STEPS:
        raise ValueError(f"there are {len(raw)} steps; 1 to {MAX_STEPS} are allowed")
    problems: list[str] = []
    steps = []
    for number, each in enumerate(raw, 1):
        step, found = _parsed(each)
        steps += [step] if step else []
        name = f"step {number}{f' ({step.op})' if step else ''}"
        problems += [f"{name}: {problem}" for problem in found]
    if not problems:
        problems += _out_of_order(steps)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        shown = [*problems[:MAX_PROBLEMS], *([f"and {more} more mistakes"] if more > 0 else [])]
        raise ValueError(". ".join(shown))
    return steps


def _parsed(raw: object) -> tuple[Step | None, list[str]]:
    if isinstance(raw, Step):
        return raw, _problems(raw)
    if isinstance(raw, str):
        raw = {"op": raw}
    if not isinstance(raw, Mapping):
        return None, ["it must be an object with op"]
    given = _converted({str(name): value for name, value in raw.items()})
    op = given.get("op")
    if op is None or op not in RULES:
        return None, [_no_op(op)]
    rule = RULES[op]
    given = with_box(given) if op == "crop" else given
    unknown = [name for name in given if name != "op" and name not in rule.fields]
    found = [_no_field(op, unknown, rule)] if unknown else []
    known = {name: value for name, value in given.items() if name not in unknown}
    try:
        step = Step.model_validate(known)
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each["input"] for each in error.errors(include_url=False)}
        whole = {name: known[name] for name in wrong if name in known}
        found += [f"{name} must be {_allowed(name)}; got {_shown(whole[name])}" for name in whole]
        return Step.model_construct(op=op), found
    return step, [*found, *_problems(step)]


def _converted(given: dict[str, Any]) -> dict[str, Any]:
    """Return a step in the flat form, from `{"crop": {...}}` and from other names of fields."""
    if "op" not in given and len(given) == 1:
        ((op, inner),) = given.items()
        if op in RULES:
            if op == "text" and isinstance(inner, str):
                inner = {"text": inner}
            given = {"op": op, **(inner if isinstance(inner, Mapping) else {})}
    found = {}
    for name, value in given.items():
        if value is None:
            continue
        key = _SAME.get(name, name)
        found[key] = value
        if key in _WORDS and isinstance(value, str):
            word = re.sub(r"[\s-]+", "_", value.strip().casefold())
            found[key] = _SYNONYMS.get(word, word)
        elif key == "images" and isinstance(value, str):
            found[key] = [value]
    return found


def _no_op(op: object) -> str:
    if op is None:
        return f"op is missing: one of {listed(RULES, most=len(RULES), last='or')}"
    if op in _TONES:
        return f"there is no op {quoted(op)}; it is a field of adjust"
    guess = did_you_mean(str(op)[:40], RULES).rstrip("?")
    return f"there is no op {quoted(op)}. {guess or f'Ops are {listed(RULES, most=len(RULES))}'}"


def _no_field(op: str, names: Sequence[str], rule: Rule) -> str:
    takes = listed(rule.fields, most=len(rule.fields)) or "no other fields"
    return f"{op} takes {takes}, not {listed(quoted(each, limit=40) for each in names)}"


def _problems(step: Step) -> list[str]:
    """Return what is wrong with the fields of a step on its own."""
    rule, given = RULES[step.op], step.given()
    found = [f"{name} is missing" for name in rule.required if name not in given]
    if rule.one_of and not any(name in given for name in rule.one_of):
        found.append(f"one of {listed(rule.one_of, most=12, last='or')} is needed")
    for name, value in given.items():
        low, high = LIMITS.get(name, (None, None))
        if name == "degrees" and step.op == "straighten":
            low, high = -MAX_STRAIGHTEN, MAX_STRAIGHTEN
        if low is not None and high is not None and not low <= value <= high:
            found.append(f"{name} must be {_allowed(name, low, high)}; got {_shown(value)}")
        if name in _ABOVE_ZERO and value == 0:
            found.append(f"{name} must be above 0")
        if name in _LENGTHS and len(value) != _LENGTHS[name][0]:
            found.append(f"{name} must be {_allowed(name)}; got {len(value)} numbers")
    return [*found, *_odd_values(step, given)]


def _odd_values(step: Step, given: Mapping[str, Any]) -> list[str]:
    found = []
    if step.gravity == "subject" and step.op != "crop":
        found.append("gravity: subject is only for crop")
    if step.format == "gif" and step.op == "convert":
        found.append("format: gif is only for frames")
    if step.op == "frames" and step.format in {"png", "jpeg"}:
        found.append("format must be webp or gif")
    if step.images is not None and not 1 <= len(step.images) < MAX_FRAMES:
        found.append(f"images must be 1 to {MAX_FRAMES - 1} further pictures")
    names = ("image", "mask", "font", "text")
    found += [f"{name} is blank" for name in names if name in given and not given[name].strip()]
    if any(not each.strip() for each in step.images or ()):
        found.append("an entry of images is blank")
    if step.op == "crop" and step.box is not None and (step.aspect or step.gravity):
        found.append("box can't be combined with aspect or gravity; use two steps")
    if step.op == "crop" and not step.aspect and step.gravity not in {None, "subject"}:
        found.append("gravity needs aspect, unless it is subject")
    return found


def _out_of_order(steps: Sequence[Step]) -> list[str]:
    early = [n for n, step in enumerate(steps, 1) if step.op == "frames" and n < len(steps)]
    return [f"step {n} (frames): it must be the last step" for n in early]


def _allowed(name: str, low: float | None = None, high: float | None = None) -> str:
    """Return what a field accepts, as the end of `width must be ...`."""
    if name in _LENGTHS:
        count, order = _LENGTHS[name]
        return f"{count} numbers ({order}), in pixels or as fractions up to 1"
    if low is None or high is None:
        low, high = LIMITS.get(name, (None, None))
    if low is not None and high is not None:
        return f"a number from {low:g} to {high:,.10g}"
    kind = Step.model_fields[name].annotation
    choices = [each for each in _parts(kind) if isinstance(each, str)]
    if choices:
        return listed(choices, most=len(choices), last="or")
    if name == "images":
        return "a list of pictures"
    if name in {"color", "outline"}:
        return "a color"
    return "true or false" if bool in _parts(kind) else "text"


def _parts(kind: object) -> list[object]:
    """Return the choices and types that an annotation consists of."""
    inner = get_args(kind)
    return [part for each in inner for part in _parts(each)] if inner else [kind]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else quoted(value, limit=40)
