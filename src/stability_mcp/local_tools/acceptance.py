"""Which operations take a picture or sound as it is, what others would change, what suits it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stability_mcp.api.fields import AudioLimits, ImageLimits
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.measure import Flaw
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.imaging.sniff import extension

LARGE_PIXELS = 4_000_000
"""A picture of this size fills a 4K screen's height; larger ones need no upscaling."""
_LEGACY = "v1"
DAMAGE: frozenset[Flaw] = frozenset({"blurred", "noisy"})
"""Flaws that only an upscaler that adds detail can repair."""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What happens to an item that is sent to each operation; names of operations."""

    unchanged: Sequence[str] = ()
    """They take it as it is."""
    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By what would be changed: they take it after that."""
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By the reason: they can't take it."""


def is_offered(operation: str, toolsets: Sequence[str]) -> bool:
    """Return whether to name an operation: the legacy API is off unless it is chosen."""
    legacy = OPERATIONS[operation].toolset() == _LEGACY
    return not legacy or not {_LEGACY, "all", operation}.isdisjoint(toolsets)


def acceptance(facts: Facts) -> Acceptance:
    """Return what every operation that takes a picture, or a sound, would do with this one."""
    unchanged: list[str] = []
    changed: dict[str, list[str]] = {}
    refused: dict[str, list[str]] = {}
    for name, operation in OPERATIONS.items():
        try:
            if facts.kind == "audio":
                sound_limits = _sound_limits_of(operation)
                if sound_limits is None:
                    continue
                changes = sound_changes(facts, sound_limits)
            else:
                limits = _limits_of(operation)
                if limits is None:
                    continue
                changes = needed_changes(facts, limits)
        except FileUnusableError as error:
            refused.setdefault(error.message.rstrip("."), []).append(name)
            continue
        if changes:
            changed.setdefault(", ".join(changes), []).append(name)
        else:
            unchanged.append(name)
    return Acceptance(unchanged=unchanged, changed=changed, refused=refused)


def needed_changes(facts: Facts, limits: ImageLimits) -> list[str]:
    """Return what would be changed before the picture is sent, as phrases; empty: nothing.

    Raises:
        FileUnusableError: it would have to be cropped or padded.
    """
    changes = []
    size = fitting_size(facts.size, limits)
    if size != facts.size:
        verb = "shrunk" if size.width < facts.size.width else "enlarged"
        changes.append(f"{verb} to {size.width}x{size.height}")
    form = extension(facts.media_type)
    if facts.media_type.removeprefix("image/") not in limits.formats:
        changes.append(f"converted from {form.upper()}")
    elif facts.frames > 1:
        changes.append("its first frame only")
    return changes


def sound_changes(facts: Facts, limits: AudioLimits) -> list[str]:
    """Return what would be changed before the sound is sent, as phrases; empty: nothing.

    Raises:
        FileUnusableError: it is too short, or in another format.
    """
    form = extension(facts.media_type)
    if form not in limits.formats:
        raise FileUnusableError(f"it is {form.upper()}", hint="")
    seconds = facts.seconds or 0
    if seconds < limits.min_seconds:
        raise FileUnusableError(
            f"it is {seconds:.2f} s long; the minimum is {limits.min_seconds:g} s "
            "(audio_edit can repeat it)",
            hint="",
        )
    if seconds > limits.max_seconds:
        return [f"cut to its first {limits.max_seconds:g} s"]
    return []


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A call that would improve a picture."""

    operation: str
    arguments: Mapping[str, object]
    reason: str


def suggest_upscaler(facts: Facts, flaws: Sequence[Flaw]) -> Suggestion | None:
    """Return the upscaler that suits a picture, with arguments; None if it is large enough.

    An intact picture gets the cheapest one that takes it unshrunk. A blurred or noisy one gets an
    upscaler that adds detail, and more of it the more flaws there are.
    """
    if facts.pixels >= LARGE_PIXELS:
        return None
    damage = [flaw for flaw in flaws if flaw in DAMAGE]
    suited = [
        operation
        for operation in OPERATIONS.values()
        if operation.enlarges and _takes_unshrunk(operation, facts)
    ]
    if damage:
        suited = [each for each in suited if _creativity_range(each)]
    if not suited:
        return None
    by_price = sorted(suited, key=lambda each: each.spec.credits)
    chosen = by_price[-1] if len(damage) > 1 else by_price[0]
    arguments: dict[str, object] = {}
    scale = _creativity_range(chosen)
    if scale is not None:
        low, high = scale
        share = len(damage) / len(DAMAGE)
        arguments["creativity"] = round(low + (high - low) * share / 2, 2)
    reason = f"it is {' and '.join(damage)}" if damage else "intact, so no detail has to be added"
    return Suggestion(operation=chosen.name(), arguments=arguments, reason=reason)


def _takes_unshrunk(operation: type[Operation], facts: Facts) -> bool:
    limits = _limits_of(operation)
    if limits is None:
        return False
    try:
        size = fitting_size(facts.size, limits)
    except FileUnusableError:
        return False
    return size.width >= facts.size.width


def _creativity_range(operation: type[Operation]) -> tuple[float, float] | None:
    """Return the allowed values of an operation's `creativity`; None if it adds no detail."""
    field = operation.model_json_schema()["properties"].get("creativity")
    return None if field is None else (field["minimum"], field["maximum"])


def _limits_of(operation: type[Operation]) -> ImageLimits | None:
    """Return the limits of the picture that an operation works on; None if it takes none."""
    marks = operation.file_fields().values()
    found = [each.limits for each in marks if each.mask_for is None]
    return next((each for each in found if isinstance(each, ImageLimits)), None)


def _sound_limits_of(operation: type[Operation]) -> AudioLimits | None:
    """Return the limits of the sound that an operation works on; None if it takes none."""
    found = [each.limits for each in operation.file_fields().values()]
    return next((each for each in found if isinstance(each, AudioLimits)), None)
