"""Mistakes in a plan: each names the step, the argument and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.errors import ArgumentsError
from stability_mcp.text import quoted, visible

MAX_SHOWN = 12
"""Mistakes in one error; more are counted. *Chosen*: a model corrects a dozen at a time."""
CURE = "Correct the plan and call workflow_plan again; it is free."

MAX_ARGUMENT_CHARACTERS = 120
"""Of the path to an argument, which has names that the plan chose."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake that keeps a plan from running, or a warning about one that runs."""

    step: str | None = None
    """Id of the step; None: the plan as a whole."""
    argument: str | None = None
    """The argument, such as `steps[0].image`."""
    message: str
    """What is wrong, as a sentence."""
    cure: str = ""
    """What to do, as a sentence."""

    def __str__(self) -> str:
        """Return it as text, such as `step "cut", image: There is no step "drat"`."""
        where = f"step {quoted(self.step)}" if self.step is not None else "plan"
        if self.argument:
            where = f"{where}, {visible(self.argument)[:MAX_ARGUMENT_CHARACTERS]}"
        return " ".join(filter(None, (f"{where}: {self.message}", self.cure)))


def takes_sentence(error: ArgumentsError) -> str:
    """Return the sentence of an error that says what is taken; "" if its message has the cure."""
    return (error.hint or "").removesuffix("Correct this and call again.").strip()


class PlanError(ArgumentsError):
    """A workflow can't run; nothing was sent.

    Args:
        problems: What is wrong with it.
        message: All of that as text.
        hint: What to do after correcting it.
    """

    def __init__(self, problems: Sequence[Problem], message: str, *, hint: str) -> None:
        self.problems = tuple(problems)
        super().__init__(message, hint=hint)


def problems_error(problems: Sequence[Problem], *, cure: str = CURE) -> PlanError:
    """Return the error for a plan that can't run, with what to do after correcting it."""
    shown = [str(each) for each in problems[:MAX_SHOWN]]
    more = len(problems) - len(shown)
    if more > 0:
        shown.append(f"And {more} more.")
    count = f"{len(problems)} problem{'s' * (len(problems) != 1)}"
    text = "\n".join((f"The plan can't run: {count}.", *shown))
    return PlanError(problems, text, hint=cure)
