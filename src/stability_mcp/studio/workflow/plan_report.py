"""A request to check or run a workflow, and what was found out about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stability_mcp.jobs.budget import Spending
from stability_mcp.workflows.diagram import mermaid
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_check import CheckedPlan
from stability_mcp.workflows.plan_filling import Filling
from stability_mcp.workflows.plan_inputs import missing_problems
from stability_mcp.workflows.problems import Problem


@dataclass(frozen=True, kw_only=True)
class PlanWish:
    """A workflow to check or run: a plan, or a template with arguments."""

    plan: object = None
    """In any notation; None: from the template."""
    template: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Of the template."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Values of the plan's inputs."""
    budget: float | None = None
    """Maximum credits of the run; the lower of this and the plan's own is in force."""
    filling: Filling | None = None
    """Of a plan: what is given for all of its steps."""
    label: str | None = None
    """Name of the result, or of the run if it has several."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What there is to pay with."""

    spent: Spending
    balance: float | None
    """Approximate credits on the account; None: unknown."""
    confirm_from: int | None
    """Lowest price that needs the user's approval, in millicredits; None: none does."""


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """A workflow, checked and priced. Money in millicredits."""

    template: str | None = None
    """The template that made it."""
    checked: CheckedPlan | None = None
    """None: its form is wrong; `problems` says how."""
    problems: Sequence[Problem] = ()
    """What keeps it from running, without missing values of inputs."""
    warnings: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    """What was filled in, and what the template says."""
    means: Means
    seconds: float = 0.0
    """About how long it runs, without reviews; 0: not known."""

    @property
    def plan(self) -> Plan | None:
        """Return the plan as it would run, with the operator's defaults and the budget."""
        return self.checked.plan if self.checked is not None else None

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the values of the inputs by name; those without one are absent."""
        return self.checked.inputs.values if self.checked is not None else {}

    @property
    def missing(self) -> Sequence[str]:
        """Return the inputs that still need a value."""
        return self.checked.inputs.missing if self.checked is not None else ()

    @property
    def obstacles(self) -> list[Problem]:
        """Return what keeps it from running now: problems, and inputs without a value."""
        declared = self.plan.inputs if self.plan is not None else {}
        return [*self.problems, *missing_problems(list(self.missing), declared)]

    @property
    def outputs(self) -> Mapping[str, str]:
        """Return the steps whose results are the outputs, by name of the output."""
        return self.checked.outputs if self.checked is not None else {}

    @property
    def price(self) -> tuple[int, int]:
        """Return the lowest and highest price of the whole."""
        return self.checked.price if self.checked is not None else (0, 0)

    @property
    def jobs(self) -> int:
        """Return the highest number of paid results."""
        return self.checked.jobs if self.checked is not None else 0

    @property
    def needs_confirmation(self) -> bool:
        """Return whether the user is asked before it starts; one yes covers its highest price."""
        confirmed, highest = self.means.confirm_from, self.price[1]
        return confirmed is not None and highest >= confirmed and highest > 0

    @property
    def fits_budget(self) -> bool:
        """Return whether today's remaining budget covers the highest price."""
        left = self.means.spent.left
        return left is None or self.price[1] <= left

    @property
    def fits_limit(self) -> bool | None:
        """Return whether the client's spending limit covers it; None: there is none."""
        limit = self.means.spent.spend_limit
        return None if limit is None else self.price[1] <= limit.left

    @property
    def fits_balance(self) -> bool | None:
        """Return whether the balance covers it; None: the balance is unknown."""
        balance = self.means.balance
        return None if balance is None else self.price[1] <= balance * 1000

    @cached_property
    def diagram(self) -> str:
        """Return the plan as a Mermaid flowchart; "": its form is wrong."""
        return mermaid(self.checked) if self.checked is not None else ""
