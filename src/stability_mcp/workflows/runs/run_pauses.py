"""Why a run is paused, in words for the user.

Length: the texts of the driver, kept apart from it.
"""

from collections.abc import Sequence

from stability_mcp.errors import StudioError
from stability_mcp.text import credits_text, listed
from stability_mcp.workflows.runs.progression import ItemKey
from stability_mcp.workflows.runs.run_jobs import RunJob
from stability_mcp.workflows.runs.run_state import RunState


def why_paused(error: StudioError | None, paused: Sequence[RunJob]) -> str:
    """Return one message for everything that waits for money or a key."""
    if error is not None:
        return " ".join(filter(None, (error.message, error.hint)))
    reasons = list(dict.fromkeys(job.error for job in paused if job.error))
    count = f"{len(paused)} job{'s' * (len(paused) != 1)}"
    return f"{count} paused: {reasons[0]}" if reasons else f"{count} paused."


def unknown_text(unknown: Sequence[ItemKey], state: RunState) -> str:
    """Return what the user is asked about results of unknown outcome."""
    price = sum(state.newest_jobs[key].price for key in unknown if key in state.newest_jobs)
    steps = listed(dict.fromkeys(key.step for key in unknown))
    count = f"{len(unknown)} result{'s' * (len(unknown) != 1)}"
    return (
        f"{count} of {steps} may have been charged, but never arrived. Ask the user: pay again "
        f"({credits_text(price)}), or skip."
    )
