"""Webhooks and their deliveries as JSON."""

from stability_mcp.done_target import shown_target
from stability_mcp.rest.identity import Identity
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio import DeliveryRecord
from stability_mcp.studio.webhook_actions import Webhook


class WebhookForm(Data):
    """A webhook; its secret is never shown."""

    id: str
    url: str
    """Without the token, and of STABILITY_ON_DONE, only what isn't secret."""
    events: list[str]
    retries: str
    """When a failed message is sent again."""
    signed: bool
    set_by_configuration: bool
    """Whether it is STABILITY_ON_DONE, which can't be changed here."""
    description: str | None = None
    created: str | None = None
    old_secret_until: str | None = None
    """Until when the secret before the last rotation signs too."""
    failing_since: str | None = None
    disabled_at: str | None = None
    disabled_why: str | None = None

    @classmethod
    def of(cls, found: Webhook, identity: Identity) -> "WebhookForm":
        """Return a webhook as JSON.

        Args:
            found: The webhook.
            identity: Who asks; the path of a URL may be a secret, such as that of a chat.
        """
        return cls(
            id=found.id,
            url=found.url if identity.has_token or found.is_setting else shown_target(found.url),
            events=list(found.events),
            retries=found.schedule,
            signed=found.is_signed,
            set_by_configuration=found.is_setting,
            description=found.description or None,
            created=_when(found.created_at),
            old_secret_until=_when(found.old_secret_until),
            failing_since=_when(found.failing_since),
            disabled_at=_when(found.disabled_at),
            disabled_why=found.disabled_why,
        )


class NewWebhookForm(WebhookForm):
    """A webhook that was just created, or whose secret was changed."""

    secret: str
    """Signs its messages; never shown again."""


class DeliveryForm(Data):
    """A message to a webhook."""

    id: str
    """Id of the message: the same for each attempt."""
    type: str
    subject: str
    """The job or run."""
    state: str
    """pending, delivered or failed."""
    attempts: int
    next_attempt: str | None = None
    delivered: str | None = None
    answer: str | None = None
    """To the last attempt."""
    ended: str
    """When the job or run ended."""

    @classmethod
    def of(cls, found: DeliveryRecord) -> "DeliveryForm":
        """Return a delivery as JSON."""
        return cls(
            id=found.message,
            type=found.type,
            subject=found.subject,
            state=found.state,
            attempts=found.attempts,
            next_attempt=_when(found.next_at),
            delivered=_when(found.delivered_at),
            answer=found.answer,
            ended=when(found.ended_at),
        )


def _when(at: float | None) -> str | None:
    return None if at is None else when(at)
