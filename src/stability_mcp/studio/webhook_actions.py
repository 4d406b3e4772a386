"""What a client can do with webhooks: list, create, change, rotate, test, enable, delete."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from stability_mcp.done_target import shown_target
from stability_mcp.errors import ArgumentsError
from stability_mcp.notify import outbox, webhooks
from stability_mcp.notify.endpoints import Endpoints, EndpointTarget, check_reachable, check_url
from stability_mcp.notify.posting import Attempt
from stability_mcp.notify.targets import Target, send_test, target_of
from stability_mcp.notify.webhooks import DeliveryPage, WebhookRow, WebhookWish
from stability_mcp.setting_values import variable
from stability_mcp.studio.runtime import StudioParts

EVENT_TYPES = webhooks.EVENT_TYPES
"""What a webhook can be notified of."""
SCHEDULE = webhooks.SCHEDULE
"""When a failed message is sent again, in words."""
ON_DONE = variable("on_done")
"""The id of the entry for this setting in the list."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook, without its secret."""

    id: str
    url: str
    """Of STABILITY_ON_DONE only what isn't secret: the host, or the program."""
    events: Sequence[str]
    description: str
    schedule: str
    """When a failed message is sent again, in words."""
    is_setting: bool = False
    """Whether it is STABILITY_ON_DONE, which only the person who runs the server changes."""
    is_signed: bool = True
    created_at: float | None = None
    """Unix seconds; None: it is a setting."""
    old_secret_until: float | None = None
    """Until when the secret before the last rotation signs too; None: it doesn't."""
    failing_since: float | None = None
    """The first failure since the last success; None: the last message was delivered."""
    disabled_at: float | None = None
    disabled_why: str | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookTest:
    """The result of one test message."""

    id: str
    """The webhook."""
    attempt: Attempt


class WebhookActions:
    """The webhooks of one account.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._account = parts.account
        self._database = parts.runtime.database
        self._on_done = parts.settings.on_done
        self._on_done_secret = parts.settings.on_done_secret

    async def list(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first, and STABILITY_ON_DONE if it is set."""
        rows = await self._database.read(lambda c: webhooks.every(c, self._account))
        return [*self._settings(), *map(_shown, rows)]

    async def create(
        self,
        url: str,
        events: Sequence[str] = webhooks.EVENT_TYPES,
        description: str = "",
    ) -> tuple[Webhook, str]:
        """Register a webhook; return it and its secret, which is never shown again.

        Args:
            url: `https` to a public address, or `http` to this machine.
            events: Its types of events: `job.ended`, `run.ended`, `run.review`.
            description: Up to 200 characters.

        Raises:
            WebhookRefusedError: the URL isn't allowed, or there are 20 already.
            ArgumentsError: another argument is invalid.
        """
        wish = WebhookWish(url=url, events=tuple(events), description=description)
        await _check(wish)
        secret, now = webhooks.new_secret(), time.time()
        row = await self._database.write(
            lambda c: webhooks.create(c, self._account, wish, secret, now=now),
            name="webhooks.create",
            durable=True,
        )
        return _shown(row), secret.get_secret_value()

    async def get(self, name: str) -> Webhook:
        """Return a webhook by id.

        Raises:
            NotFoundError: there is none.
        """
        if name == ON_DONE and self._on_done is not None:
            return self._settings()[0]
        return _shown(await self._find(name))

    async def update(
        self,
        name: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
    ) -> Webhook:
        """Change a webhook; None leaves a field as it is. Pending messages go to the new URL.

        Raises:
            NotFoundError: there is none of that id.
            WebhookRefusedError: the URL isn't allowed.
            ArgumentsError: another argument is invalid, or it is STABILITY_ON_DONE.
        """
        self._check_changeable(name)
        before = _shown(await self._find(name))
        wish = WebhookWish(
            url=before.url if url is None else url,
            events=tuple(before.events if events is None else events),
            description=before.description if description is None else description,
        )
        await _check(wish)
        row = await self._database.write(
            lambda c: webhooks.change(c, self._account, name, wish), name="webhooks.change"
        )
        return _shown(row)

    async def rotate(self, name: str) -> str:
        """Give a webhook a new secret and return it; the old one signs too for 24 hours.

        Raises:
            NotFoundError: there is none of that id.
            ArgumentsError: it is STABILITY_ON_DONE.
        """
        self._check_changeable(name)
        secret, now = webhooks.new_secret(), time.time()
        await self._database.write(
            lambda c: webhooks.rotate(c, self._account, name, secret, now=now),
            name="webhooks.rotate",
            durable=True,
        )
        return secret.get_secret_value()

    async def delete(self, name: str) -> None:
        """Delete a webhook; its pending messages are not sent.

        Raises:
            NotFoundError: there is none of that id.
            ArgumentsError: it is STABILITY_ON_DONE.
        """
        self._check_changeable(name)
        await self._database.write(
            lambda c: webhooks.delete(c, self._account, name), name="webhooks.delete"
        )

    async def enable(self, name: str) -> Webhook:
        """Enable a disabled webhook; what wasn't delivered then is sent again.

        Raises:
            NotFoundError: there is none of that id.
            ArgumentsError: it is STABILITY_ON_DONE.
        """
        self._check_changeable(name)
        now = time.time()
        row = await self._database.write(
            lambda c: webhooks.enable(c, self._account, name, now=now), name="webhooks.enable"
        )
        return _shown(row)

    async def test(self, name: str | None = None) -> Sequence[WebhookTest]:
        """Send a message of type `test` now, without retries; also to a disabled webhook.

        Args:
            name: Id of a webhook; None: all at once.

        Raises:
            NotFoundError: there is none of that id.
        """
        now = time.time()
        targets: dict[str, Target] = {}
        if self._on_done is not None and name in {None, ON_DONE}:
            targets[ON_DONE] = target_of(self._on_done.get_secret_value(), self._on_done_secret)
        if name is None:
            rows = await self._database.read(lambda c: webhooks.every(c, self._account))
        else:
            rows = [] if targets else [await self._find(name)]
        for row in rows:
            targets[row.id] = EndpointTarget(Endpoints(), row.url, row.signing_secrets(now), now)
        attempts: dict[str, Attempt] = {}

        async def send(each: str) -> None:
            attempts[each] = await send_test(targets[each])

        async with anyio.create_task_group() as group:
            for each in targets:
                group.start_soon(send, each)
        return [WebhookTest(id=each, attempt=attempts[each]) for each in targets]

    async def deliveries(
        self, name: str, *, limit: int = 20, cursor: str | None = None
    ) -> DeliveryPage:
        """Return deliveries of the last 30 days, newest first.

        Args:
            name: Id of a webhook; STABILITY_ON_DONE keeps no list.
            limit: From 1 to 200.
            cursor: The previous page's `next_cursor`.

        Raises:
            NotFoundError: there is none of that id.
            ArgumentsError: the limit or the cursor is invalid.
        """
        return await self._database.read(
            lambda c: webhooks.deliveries(c, self._account, name, limit=limit, cursor=cursor)
        )

    async def _find(self, name: str) -> WebhookRow:
        return await self._database.read(lambda c: webhooks.find(c, self._account, name))

    def _settings(self) -> Sequence[Webhook]:
        """Return the entry of STABILITY_ON_DONE, if it is set."""
        if self._on_done is None:
            return []
        text = self._on_done.get_secret_value()
        return [
            Webhook(
                id=ON_DONE,
                url=shown_target(text),
                events=("job.ended",),
                description="Set by the person who runs the server.",
                schedule=outbox.SCHEDULE,
                is_setting=True,
                is_signed=target_of(text, self._on_done_secret).signed,
            )
        ]

    def _check_changeable(self, name: str) -> None:
        if name == ON_DONE and self._on_done is not None:
            raise ArgumentsError(
                f"{ON_DONE} is a setting of the server and can't be changed here.",
                hint="Change it where the server is started.",
            )


async def _check(wish: WebhookWish) -> None:
    wish.check()
    await check_reachable(check_url(wish.url))


def _shown(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        events=row.event_types,
        description=row.description,
        schedule=webhooks.SCHEDULE,
        created_at=row.created_at,
        old_secret_until=row.old_secret_until,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        disabled_why=row.disabled_why,
    )
