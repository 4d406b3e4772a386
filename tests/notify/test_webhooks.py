"""The registry of webhooks: each account has its own."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from stability_mcp.done_target import check_secret
from stability_mcp.errors import NotFoundError
from stability_mcp.notify import webhooks
from stability_mcp.notify.webhooks import (
    MAX_ATTEMPTS,
    MAX_WEBHOOKS,
    RETRY_SECONDS,
    SCHEDULE,
    WebhookWish,
)
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from support.jobs.jobs import ACCOUNT
from support.store.rows import in_memory

WISH = WebhookWish(url="http://localhost/hook")
OTHERS = (
    Account(owner="other", upstream=ACCOUNT.upstream),
    Account(owner=ACCOUNT.owner, upstream="other"),
)


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    """Return the connection of an empty store."""
    with in_memory() as connection:
        yield connection


def _create(connection: Connection, account: Account = ACCOUNT) -> str:
    return webhooks.create(connection, account, WISH, webhooks.new_secret(), now=1.0).id


ACTIONS: dict[str, Callable[[Connection, Account, str], object]] = {
    "find": webhooks.find,
    "change": lambda c, account, name: webhooks.change(c, account, name, WISH),
    "rotate": lambda c, account, name: webhooks.rotate(
        c, account, name, webhooks.new_secret(), now=1.0
    ),
    "enable": lambda c, account, name: webhooks.enable(c, account, name, now=1.0),
    "delete": webhooks.delete,
    "deliveries": lambda c, account, name: webhooks.deliveries(
        c, account, name, limit=1, cursor=None
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_the_webhook_of_another_account_is_not_found(
    action: str, store: sqlite3.Connection
) -> None:
    """*Chosen*: as if it didn't exist, and it stays as it is."""
    name = _create(store)
    before = webhooks.find(store, ACCOUNT, name)

    for other in OTHERS:
        with pytest.raises(NotFoundError, match="There is no webhook"):
            ACTIONS[action](store, other, name)
        assert webhooks.every(store, other) == []
    assert webhooks.find(store, ACCOUNT, name) == before


def test_the_limit_counts_each_account_for_itself(store: sqlite3.Connection) -> None:
    """*Chosen*: no account uses up the webhooks of another."""
    for _ in range(MAX_WEBHOOKS):
        _create(store)

    for other in OTHERS:
        _create(store, other)


def test_a_secret_is_random_and_in_the_notation_of_standard_webhooks() -> None:
    """*Documented* (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64."""
    secrets = {webhooks.new_secret().get_secret_value() for _ in range(20)}

    assert len(secrets) == 20
    for each in secrets:
        check_secret(each)


def test_the_schedule_in_words_is_the_one_in_force() -> None:
    """*Documented* (rest.md 8)."""
    units = {"s": 1, "min": 60, "h": 3_600}
    parts = SCHEDULE.removeprefix("after ").replace(" and ", ", ").split(", ")
    seconds = [int(number) * units[unit] for number, unit in (each.split() for each in parts)]

    assert seconds == list(RETRY_SECONDS)
    assert len(RETRY_SECONDS) + 1 == MAX_ATTEMPTS
