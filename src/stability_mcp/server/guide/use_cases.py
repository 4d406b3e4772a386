"""Which operation to choose for a picture, by what it shows and how good it has to be.

The choices are data: the guide prints them, and REST answers with one of them and its price.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

UseCase = Literal["portrait", "landscape", "art", "product", "concept"]
Quality = Literal["draft", "standard", "premium"]
Speed = Literal["fast", "balanced", "quality"]

QUALITIES: tuple[Quality, ...] = get_args(Quality)
STEPS: Mapping[Speed, int] = MappingProxyType({"fast": -1, "balanced": 0, "quality": 1})
"""By how many qualities a preference for speed moves the choice: in this order the operations get
slower and better."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An operation, with the arguments that select its model."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reason: str
    """Why it fits, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What to use for one kind of picture."""

    style: str
    """A style preset that fits."""
    choices: Mapping[Quality, Choice]

    def choice(self, quality: Quality, speed: Speed = "balanced") -> Choice:
        """Return the choice for a quality, moved towards speed or quality."""
        at = QUALITIES.index(quality) + STEPS[speed]
        return self.choices[QUALITIES[min(max(at, 0), len(QUALITIES) - 1)]]


def _choices(draft: Choice, standard: Choice, premium: Choice) -> Mapping[Quality, Choice]:
    return MappingProxyType(dict(zip(QUALITIES, (draft, standard, premium), strict=True)))


def _core(reason: str) -> Choice:
    return Choice(operation="generate_core", reason=reason)


def _sd3(model: str, reason: str) -> Choice:
    return Choice(operation="generate_sd3", arguments={"model": model}, reason=reason)


def _ultra(reason: str) -> Choice:
    return Choice(operation="generate_ultra", reason=reason)


# Chosen by what the operations' descriptions say; a test checks that the prices rise.
RECOMMENDATIONS: Mapping[UseCase, Recommendation] = MappingProxyType(
    {
        "portrait": Recommendation(
            style="photographic",
            choices=_choices(
                _core("Fast and cheap, for trying poses and light."),
                _sd3("sd3.5-large", "Follows a long description of a person closely."),
                _ultra("The best-looking people, with the finest detail."),
            ),
        ),
        "landscape": Recommendation(
            style="cinematic",
            choices=_choices(
                _sd3("sd3.5-flash", "The cheapest picture, for trying views and weather."),
                _core("Good detail in wide scenes for a low price."),
                _ultra("The finest detail and light."),
            ),
        ),
        "art": Recommendation(
            style="digital-art",
            choices=_choices(
                _core("Fast and cheap, and takes a style preset."),
                _sd3("sd3.5-large", "A wide range of styles and subjects."),
                _ultra("Most polished composition and lettering."),
            ),
        ),
        "product": Recommendation(
            style="photographic",
            choices=_choices(
                _core("Fast and cheap, for trying angles and backgrounds."),
                _sd3("sd3.5-large", "Follows a description of shape and material closely."),
                _ultra("Clean surfaces and legible lettering, as on a label."),
            ),
        ),
        "concept": Recommendation(
            style="fantasy-art",
            choices=_choices(
                _sd3("sd3.5-flash", "The cheapest picture, for many ideas."),
                _sd3("sd3.5-large-turbo", "Close to sd3.5-large for less, for comparing ideas."),
                _sd3("sd3.5-large", "Follows unusual descriptions most closely."),
            ),
        ),
    }
)
"""What to use by kind of picture."""


def use_case_list(enabled: frozenset[str]) -> str:
    """Return a line for each kind of picture, with its enabled choices."""
    lines = []
    for name, found in RECOMMENDATIONS.items():
        shown = [
            f"{quality} {_named(choice)}"
            for quality, choice in found.choices.items()
            if choice.operation in enabled
        ]
        if shown:
            lines.append(f"- {name}: {', '.join(shown)}; style {found.style}")
    return "\n".join(["By subject:", *lines]) if lines else ""


def _named(choice: Choice) -> str:
    model = choice.arguments.get("model")
    return f"`{choice.operation}`{f' {model}' if model else ''}"
