"""The parts of the studio that are imported on first use, so that no other process waits for them.

Most processes run no workflow; webhooks, keys, signed uploads and lists of all work belong to REST.
"""

from typing import TYPE_CHECKING

from stability_mcp.studio.runtime import StudioParts

if TYPE_CHECKING:
    from stability_mcp.studio.keyed_calls import KeyedCalls
    from stability_mcp.studio.signed_uploads import SignedUploads
    from stability_mcp.studio.webhook_actions import WebhookActions
    from stability_mcp.studio.workflow.work_list import WorkList
    from stability_mcp.studio.workflow.workflow_plans import WorkflowPlans
    from stability_mcp.studio.workflow.workflow_runs import WorkflowRuns


class LateParts:
    """Base of `Studio`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    @property
    def plans(self) -> "WorkflowPlans":
        """Return the checks of workflows."""
        from stability_mcp.studio.workflow.workflow_plans import WorkflowPlans

        return WorkflowPlans(self._parts)

    @property
    def runs(self) -> "WorkflowRuns":
        """Return the runs of workflows."""
        from stability_mcp.studio.workflow.workflow_runs import WorkflowRuns

        return WorkflowRuns(self._parts)

    @property
    def webhooks(self) -> "WebhookActions":
        """Return the webhooks of the account."""
        from stability_mcp.studio.webhook_actions import WebhookActions

        return WebhookActions(self._parts)

    @property
    def keys(self) -> "KeyedCalls":
        """Return the idempotency keys of calls and runs."""
        from stability_mcp.studio.keyed_calls import KeyedCalls

        return KeyedCalls(self._parts)

    @property
    def work(self) -> "WorkList":
        """Return the lists of jobs and runs together."""
        from stability_mcp.studio.workflow.work_list import WorkList

        return WorkList(self._parts)

    @property
    def signed_uploads(self) -> "SignedUploads":
        """Return the uploads to signed URLs."""
        from stability_mcp.studio.signed_uploads import SignedUploads

        return SignedUploads(self._parts)
