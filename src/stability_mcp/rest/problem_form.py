"""A problem of a workflow as JSON.

Length: errors and the check of workflows share it.
"""

from typing import Self

from stability_mcp.rest.rest_words import in_rest_words
from stability_mcp.server.tool import Data
from stability_mcp.workflows.problems import Problem


class ProblemFacts(Data):
    """What is wrong with a workflow, or wasteful."""

    step: str | None = None
    """Absent: the workflow as a whole."""
    argument: str | None = None
    message: str
    hint: str | None = None
    """What to do."""

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return a problem as JSON."""
        return cls(
            step=problem.step,
            argument=problem.argument,
            message=in_rest_words(problem.message),
            hint=in_rest_words(problem.cure) or None,
        )
