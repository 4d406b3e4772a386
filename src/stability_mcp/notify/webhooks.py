"""The webhooks of an account: registered, changed, rotated, enabled, deleted.

All functions run inside a transaction of the caller.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from pydantic import SecretStr

from stability_mcp.done_target import SECRET_PREFIX
from stability_mcp.errors import ArgumentsError, NotFoundError, WebhookRefusedError
from stability_mcp.notify.endpoints import check_url
from stability_mcp.store.ids import MAX_SEQ, new_id, seq_of
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import did_you_mean, listed, quoted

EventType = Literal["job.ended", "run.ended", "run.review"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
"""What a webhook can be notified of; it also gets messages of type `test`."""

MAX_WEBHOOKS = 20
"""Webhooks of an account: each end writes a row for each. *Chosen* (rest.md 4)."""
MAX_DESCRIPTION_CHARACTERS = 200
"""*Chosen*: two lines of a list."""
SECRET_BYTES = 32
"""Random bytes of a secret: as many as SHA-256 uses; Standard Webhooks allows 24 to 64."""
ROTATION_SECONDS = 24 * 3_600.0
"""Seconds for which the old secret signs too, so that receivers can change theirs. *Chosen*."""
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from a failed attempt to the next, as Standard Webhooks recommends; together 75 hours, so
a receiver may be down for a weekend."""
MAX_ATTEMPTS = len(RETRY_SECONDS) + 1
"""Attempts to deliver a message."""
SCHEDULE = "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h"
"""`RETRY_SECONDS` in words."""
MAX_PAGE = 200
"""Deliveries on a page, like other lists of REST."""


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A registered webhook, with its secrets."""

    id: str
    owner: str
    upstream: str
    url: str
    events: str
    """JSON."""
    description: str
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: float | None
    created_at: float
    failing_since: float | None
    disabled_at: float | None
    disabled_why: str | None

    @property
    def event_types(self) -> tuple[EventType, ...]:
        """Return the types of events it is notified of."""
        return tuple(json.loads(self.events))

    def signing_secrets(self, now: float) -> list[SecretStr]:
        """Return the secrets that sign a message now, the newest first."""
        is_old_valid = self.old_secret_until is not None and now < self.old_secret_until
        old = [self.old_secret] if is_old_valid and self.old_secret is not None else []
        return [SecretStr(each) for each in (self.secret, *old)]


@dataclass(frozen=True, kw_only=True)
class WebhookWish:
    """What a webhook should be like."""

    url: str
    events: Sequence[str] = EVENT_TYPES
    description: str = ""

    def check(self) -> None:
        """Check it without the network.

        Raises:
            WebhookRefusedError: the URL isn't allowed.
            ArgumentsError: another field is invalid.
        """
        if not self.events:
            raise ArgumentsError("A webhook needs an event.", hint=f"Known: {listed(EVENT_TYPES)}.")
        for each in self.events:
            if each not in EVENT_TYPES:
                hint = did_you_mean(each, EVENT_TYPES) or f"Known: {listed(EVENT_TYPES)}."
                raise ArgumentsError(f"There is no event {quoted(each)}.", hint=hint)
        if len(self.description) > MAX_DESCRIPTION_CHARACTERS or not _is_plain(self.description):
            raise ArgumentsError(
                f"The description must be one line of up to {MAX_DESCRIPTION_CHARACTERS} "
                "characters.",
                hint="Shorten it.",
            )
        check_url(self.url)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A message to a webhook, and the outcome of its attempts."""

    seq: int = field(repr=False)
    message: str
    """The `webhook-id` of each attempt."""
    type: EventType
    subject: str
    """The job or run."""
    ended_at: float
    """When the job or run ended or stopped, in unix seconds."""
    attempts: int
    """Attempts that have failed or succeeded."""
    next_at: float | None
    """When the next attempt follows; None: none does."""
    attempted_at: float | None
    delivered_at: float | None
    answer: str | None
    """What happened at the last attempt: `status 500`, `no response within 15 s`."""

    @property
    def state(self) -> Literal["pending", "delivered", "failed"]:
        """Return whether it was delivered, or will be tried again."""
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.next_at is None else "pending"


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """A page of deliveries, newest first."""

    deliveries: Sequence[DeliveryRecord]
    next_cursor: str | None
    """For the next page; None: this is the last one."""


_SQL = load(__file__)
_count_webhooks = _SQL.value("count_webhooks", int)
_insert_webhook = _SQL.value("insert_webhook", str)
_list_webhooks = _SQL.many("list_webhooks", WebhookRow)
_find_webhook = _SQL.one("find_webhook", WebhookRow)
_change_webhook = _SQL.count("change_webhook")
_rotate_secret = _SQL.count("rotate_secret")
_enable_webhook = _SQL.count("enable_webhook")
_resume_deliveries = _SQL.count("resume_deliveries")
_delete_webhook = _SQL.count("delete_webhook")
_delete_deliveries = _SQL.count("delete_deliveries")
_list_deliveries = _SQL.many("list_deliveries", DeliveryRecord)


def new_secret() -> SecretStr:
    """Return a random secret in the notation of Standard Webhooks: `whsec_<base64>`."""
    random = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
    return SecretStr(f"{SECRET_PREFIX}{random}")


def create(
    connection: Connection, account: Account, wish: WebhookWish, secret: SecretStr, *, now: float
) -> WebhookRow:
    """Register a webhook that was checked.

    Raises:
        WebhookRefusedError: the account has too many.
    """
    if (_count_webhooks(connection, **account.key) or 0) >= MAX_WEBHOOKS:
        raise WebhookRefusedError(
            f"There are {MAX_WEBHOOKS} webhooks already, which is the maximum.",
            hint="Delete one that isn't used.",
        )
    row = {
        **account.key,
        **_columns(wish),
        "secret": secret.get_secret_value(),
        "now": now,
    }
    while True:
        name = _insert_webhook(connection, **row, id=new_id())
        if name is not None:
            return find(connection, account, name)


def every(connection: Connection, account: Account) -> list[WebhookRow]:
    """Return the webhooks of an account, oldest first."""
    return _list_webhooks(connection, **account.key)


def find(connection: Connection, account: Account, name: str) -> WebhookRow:
    """Return a webhook.

    Raises:
        NotFoundError: the account has no such webhook.
    """
    row = _find_webhook(connection, **account.key, id=name)
    if row is None:
        raise NotFoundError(f"There is no webhook {quoted(name)}.", hint="List the webhooks.")
    return row


def find_or_none(connection: Connection, account: Account, name: str) -> WebhookRow | None:
    """Return a webhook; None: it was deleted."""
    return _find_webhook(connection, **account.key, id=name)


def change(connection: Connection, account: Account, name: str, wish: WebhookWish) -> WebhookRow:
    """Change a webhook to what was checked.

    Raises:
        NotFoundError: the account has no such webhook.
    """
    find(connection, account, name)
    _change_webhook(connection, id=name, owner=account.owner, **_columns(wish))
    return find(connection, account, name)


def rotate(
    connection: Connection, account: Account, name: str, secret: SecretStr, *, now: float
) -> None:
    """Replace the secret of a webhook; the old one signs too for `ROTATION_SECONDS`.

    Raises:
        NotFoundError: the account has no such webhook.
    """
    find(connection, account, name)
    _rotate_secret(
        connection,
        id=name,
        owner=account.owner,
        secret=secret.get_secret_value(),
        until=now + ROTATION_SECONDS,
    )


def enable(connection: Connection, account: Account, name: str, *, now: float) -> WebhookRow:
    """Enable a disabled webhook; what was undelivered then is due again.

    Raises:
        NotFoundError: the account has no such webhook.
    """
    find(connection, account, name)
    if _enable_webhook(connection, id=name, owner=account.owner):
        _resume_deliveries(
            connection, webhook=name, owner=account.owner, now=now, max_attempts=MAX_ATTEMPTS
        )
    return find(connection, account, name)


def delete(connection: Connection, account: Account, name: str) -> None:
    """Delete a webhook and its deliveries.

    Raises:
        NotFoundError: the account has no such webhook.
    """
    find(connection, account, name)
    _delete_webhook(connection, id=name, owner=account.owner)
    _delete_deliveries(connection, webhook=name, owner=account.owner)


def deliveries(
    connection: Connection, account: Account, name: str, *, limit: int, cursor: str | None
) -> DeliveryPage:
    """Return deliveries of a webhook, newest first.

    Raises:
        NotFoundError: the account has no such webhook.
        ArgumentsError: the cursor or the limit is invalid.
    """
    find(connection, account, name)
    before = MAX_SEQ if cursor is None else seq_of(cursor)
    if before is None:
        raise ArgumentsError(f"{quoted(cursor)} is not a cursor.", hint="Use next_cursor.")
    if not 1 <= limit <= MAX_PAGE:
        raise ArgumentsError(
            f"limit must be from 1 to {MAX_PAGE}.", hint="Use next_cursor for more."
        )
    rows = _list_deliveries(
        connection, webhook=name, owner=account.owner, before=before, limit=limit + 1
    )
    page = rows[:limit]
    more = len(rows) > limit
    return DeliveryPage(deliveries=page, next_cursor=str(page[-1].seq) if more else None)


def _columns(wish: WebhookWish) -> dict[str, str]:
    events = [each for each in EVENT_TYPES if each in wish.events]
    return {"url": wish.url, "events": json.dumps(events), "description": wish.description}


def _is_plain(text: str) -> bool:
    """Return whether a text is one line that every database and terminal accepts."""
    return text.isprintable()
