"""Webhooks: URLs that are notified when jobs and runs end. Changes need the token."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from starlette.responses import JSONResponse, Response

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import PREFIX, route
from stability_mcp.rest.routes.admin_webhook_routes import TestedWebhook
from stability_mcp.rest.webhook_form import DeliveryForm, NewWebhookForm, WebhookForm
from stability_mcp.server.tool import Data
from stability_mcp.studio.webhook_actions import EVENT_TYPES, Webhook

Url = Annotated[str, Field(min_length=1, description="Public https, or http to this machine.")]
Events = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(description="Of job.ended, run.ended and run.review."),
]
Description = Annotated[str, Field(description="Any text, for people.")]
Name = Annotated[str, Field(min_length=1, description="Id of the webhook.")]


class Registered(Data):
    """The webhooks of the account."""

    webhooks: list[WebhookForm]


@route("GET", "/webhooks", tag="webhooks")
async def list_webhooks(call: RestCall, arguments: None) -> Registered:  # noqa: ARG001 -- every route takes both
    """List the webhooks, and STABILITY_ON_DONE if it is set."""
    found = await call.studio.webhooks.list()
    return Registered(webhooks=[WebhookForm.of(each, call.identity) for each in found])


class NewWebhook(Arguments):
    """A webhook to register."""

    url: Url
    events: Events = Field(default_factory=lambda: list[str](EVENT_TYPES))
    description: Description = ""


@route("POST", "/webhooks", tag="webhooks", access="token", statuses=(201,))
async def create_webhook(call: RestCall, arguments: NewWebhook) -> Response:
    """Register a webhook; the answer has its secret, which is never shown again."""
    made, secret = await call.studio.webhooks.create(
        arguments.url, arguments.events, arguments.description
    )
    shown = _with_secret(call, made, secret)
    location = f"{PREFIX}/webhooks/{made.id}"
    return JSONResponse(shown.dumped(), 201, headers={"location": location})


class WebhookName(Arguments):
    """Which webhook."""

    id: Name


@route("GET", "/webhooks/{id}", tag="webhooks")
async def get_webhook(call: RestCall, arguments: WebhookName) -> WebhookForm:
    """Get a webhook."""
    return WebhookForm.of(await call.studio.webhooks.get(arguments.id), call.identity)


class WebhookChange(WebhookName):
    """What to change of a webhook."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None


@route("PATCH", "/webhooks/{id}", tag="webhooks", access="token")
async def change_webhook(call: RestCall, arguments: WebhookChange) -> WebhookForm:
    """Change a webhook; messages that wait go to the new URL."""
    changed = await call.studio.webhooks.update(
        arguments.id,
        url=arguments.url,
        events=arguments.events,
        description=arguments.description,
    )
    return WebhookForm.of(changed, call.identity)


@route("DELETE", "/webhooks/{id}", tag="webhooks", access="token", statuses=(204,))
async def delete_webhook(call: RestCall, arguments: WebhookName) -> Response:
    """Delete a webhook; messages that wait are not sent."""
    await call.studio.webhooks.delete(arguments.id)
    return Response(status_code=204)


@route("POST", "/webhooks/{id}/rotate", tag="webhooks", access="token")
async def rotate_webhook(call: RestCall, arguments: WebhookName) -> NewWebhookForm:
    """Give a webhook a new secret; the old one signs too for 24 hours."""
    secret = await call.studio.webhooks.rotate(arguments.id)
    return _with_secret(call, await call.studio.webhooks.get(arguments.id), secret)


@route("POST", "/webhooks/{id}/enable", tag="webhooks", access="token")
async def enable_webhook(call: RestCall, arguments: WebhookName) -> WebhookForm:
    """Enable a webhook that was disabled after failures."""
    return WebhookForm.of(await call.studio.webhooks.enable(arguments.id), call.identity)


@route("POST", "/webhooks/{id}/test", tag="webhooks", access="token")
async def test_webhook(call: RestCall, arguments: WebhookName) -> TestedWebhook:
    """Send a test message now, and return the answer to it."""
    found = await call.studio.webhooks.test(arguments.id)
    return TestedWebhook.of(found[0])


class DeliveryQuery(WebhookName):
    """Which deliveries to list."""

    cursor: Annotated[str, Field(min_length=1)] | None = None
    """The previous page's next_cursor."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    """Maximum items of the page."""


class Deliveries(Data):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryForm]
    next_cursor: str | None = None


@route("GET", "/webhooks/{id}/deliveries", tag="webhooks")
async def list_deliveries(call: RestCall, arguments: DeliveryQuery) -> Deliveries:
    """List the messages to a webhook of the last 30 days, newest first."""
    page = await call.studio.webhooks.deliveries(
        arguments.id, limit=arguments.limit, cursor=arguments.cursor
    )
    return Deliveries(
        deliveries=[DeliveryForm.of(each) for each in page.deliveries], next_cursor=page.next_cursor
    )


def _with_secret(call: RestCall, found: Webhook, secret: str) -> NewWebhookForm:
    return NewWebhookForm(**dict(WebhookForm.of(found, call.identity)), secret=secret)
