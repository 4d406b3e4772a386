"""Webhooks as the operator sees them: what is configured, and test messages."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.webhook_form import WebhookForm
from stability_mcp.server.tool import Data
from stability_mcp.studio.webhook_actions import EVENT_TYPES, SCHEDULE, WebhookTest
from stability_mcp.text import plain


class WebhookConfig(Data):
    """The webhooks, and what they can be notified of."""

    endpoints: list[WebhookForm]
    events: list[str]
    """The types of events that a webhook can have."""
    retries: str
    """When a failed message is sent again."""


@route("GET", "/admin/webhooks/config", tag="admin")
async def admin_webhook_config(call: RestCall, arguments: None) -> WebhookConfig:  # noqa: ARG001 -- every route takes both
    """List the webhooks and STABILITY_ON_DONE, the types of events and the schedule of retries."""
    found = await call.studio.webhooks.list()
    return WebhookConfig(
        endpoints=[WebhookForm.of(each, call.identity) for each in found],
        events=list(EVENT_TYPES),
        retries=SCHEDULE,
    )


class TestWish(Arguments):
    """Which webhooks to test."""

    webhook: Annotated[str, Field(min_length=1)] | None = None
    """Id of a webhook; default: all."""


class TestedWebhook(Data):
    """The result of a test message."""

    endpoint: str
    """Id of the webhook."""
    delivered: bool
    status: int | None = None
    """HTTP status of the answer; absent: there was none, or the target is a command."""
    ms: float
    error: str | None = None
    """Why it counts as failed."""

    @classmethod
    def of(cls, found: WebhookTest) -> "TestedWebhook":
        """Return a test as JSON."""
        attempt = found.attempt
        return cls(
            endpoint=found.id,
            delivered=attempt.delivered,
            status=attempt.status,
            ms=round(attempt.seconds * 1000, 1),
            error=None if attempt.delivered else plain(attempt.answer),
        )


class WebhookTests(Data):
    """The results of test messages; empty without webhooks."""

    tests: list[TestedWebhook]


@route("POST", "/admin/webhooks/test", tag="admin", access="token", statuses=(404,))
async def admin_webhook_test(call: RestCall, arguments: TestWish) -> WebhookTests:
    """Send a test message to one webhook or to all, and return the answers."""
    found = await call.studio.webhooks.test(arguments.webhook)
    return WebhookTests(tests=[TestedWebhook.of(each) for each in found])
