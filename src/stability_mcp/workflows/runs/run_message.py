"""What a message to a webhook says about a run that has ended or waits for a pick."""

from typing import Any

from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from stability_mcp.text import without_paths
from stability_mcp.uris import media_uri
from stability_mcp.workflows.runs.progression import progression
from stability_mcp.workflows.runs.run_state import RunState, read_state


def run_content(connection: Connection, account: Account, run: str) -> dict[str, Any]:
    """Return the content of a message about a run; it has no paths of this machine.

    Raises:
        NotFoundError: the account has no such run.
    """
    state = read_state(connection, account, run)
    row, steps = state.row, state.steps()
    return {
        "run": row.id,
        "title": row.title,
        "template": row.template,
        "state": row.state,
        "why": row.why and without_paths(row.why),
        "steps": {"done": sum(each.is_complete for each in steps), "total": len(steps)},
        "outputs": {
            name: [media_uri(item.media) for item in items if item.media is not None]
            for name, items in state.outputs.items()
        },
        "review": _review(state),
        "credits": state.charged / 1000,
        "error": _error(state),
        "emulated": row.account.emulated,
    }


def _review(state: RunState) -> list[dict[str, Any]]:
    """Return the steps that wait for a pick, with the results to pick from."""
    if state.row.state != "review":
        return []
    items = {key: row.as_item() for key, row in state.items.items()}
    return [
        {
            "step": step,
            "media": [
                {"item": row.item + 1, "uri": media_uri(row.media)}
                for row in state.of_step(step)
                if row.state == "done" and row.media is not None
            ],
        }
        for step in progression(state.plan, state.inputs, items).reviews
    ]


def _error(state: RunState) -> str | None:
    """Return the first error of a run that failed, or of its failed items; None: it has none."""
    if state.row.state == "review":
        return None
    errors = [row.error for row in state.rows if row.state == "failed" and row.error]
    error = next(iter(errors), state.row.why if state.row.state == "failed" else None)
    return error and without_paths(error)
