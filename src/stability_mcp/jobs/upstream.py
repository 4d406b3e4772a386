"""The upstream: whose money, rate limit and generations. A base URL with a key, or the emulator.

Every job, charge, rate place and result has one: a generation can be polled with the key that
started it alone, and a picture of the emulator is never taken for a paid one.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where requests go and who pays."""

    id: str
    """A keyed hash of base URL and key, which cannot be turned back; `emulator`."""
    base_url: str
    emulated: bool


EMULATOR = Upstream(id="emulator", base_url="http://emulator", emulated=True)
"""The built-in emulator; its store is its own."""

_REGISTER = text(
    "INSERT INTO upstreams (id, base_url, emulated) VALUES (:id, :base_url, :emulated)"
    " ON CONFLICT DO NOTHING"
)
_PAUSED = text("SELECT paused_why FROM upstreams WHERE id = :id")
_PAUSE = text("UPDATE upstreams SET paused_why = :why WHERE id = :id")
_BALANCE = text("UPDATE upstreams SET balance = :balance, balance_at = :now WHERE id = :id")


def register(connection: Connection, upstream: Upstream) -> None:
    """Write its row, unless there is one."""
    connection.execute(
        _REGISTER,
        {
            "id": upstream.id,
            "base_url": upstream.base_url,
            "emulated": int(upstream.emulated),
        },
    )


def paused_why(connection: Connection, upstream: str) -> str | None:
    """Return why nothing may be sent, as the refusal said it; None: it may."""
    found = connection.execute(_PAUSED, {"id": upstream}).scalar_one()
    return None if found is None else str(found)


def pause(connection: Connection, upstream: str, why: str) -> None:
    """Send nothing until a balance query answers above 0: the key was refused or has no credits."""
    connection.execute(_PAUSE, {"id": upstream, "why": why})


def note_balance(connection: Connection, upstream: str, *, balance: int, now: float) -> None:
    """Note about how many millicredits are left, and send again where there are any."""
    connection.execute(_BALANCE, {"id": upstream, "balance": balance, "now": now})
    if balance > 0:
        connection.execute(_PAUSE, {"id": upstream, "why": None})
