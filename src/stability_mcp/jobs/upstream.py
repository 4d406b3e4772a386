"""The upstream: whose money, rate limit and generations. A base URL with a key, or the emulator.

Every job, charge, rate place and result has one: a generation can be polled with the key that
started it alone, and a picture of the emulator is never taken for a paid one.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from stability_mcp.store.format import EMULATOR_ID


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where requests go and who pays."""

    id: str
    """A keyed hash of base URL and key, which cannot be turned back; `emulator`."""
    base_url: str
    emulated: bool


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What was left on the account."""

    credits: int
    """Millicredits; about, for it lags behind what is spent."""
    at: float
    """When it was asked for, in unix seconds."""

    def is_fresh(self, now: float, seconds: float) -> bool:
        """Return whether it was asked for in the last so many seconds, by a clock that is right."""
        return now - seconds < self.at <= now


EMULATOR = Upstream(id=EMULATOR_ID, base_url="http://emulator", emulated=True)
"""The built-in emulator; its store is its own."""

_REGISTER = text(
    "INSERT INTO upstreams (id, base_url, emulated) VALUES (:id, :base_url, :emulated)"
    " ON CONFLICT DO NOTHING"
)
_PAUSED = text("SELECT paused_why FROM upstreams WHERE id = :id")
_PAUSE = text("UPDATE upstreams SET paused_why = :why WHERE id = :id")
_KNOWN = text("SELECT balance, balance_at FROM upstreams WHERE id = :id")
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


def balance(connection: Connection, upstream: str) -> Balance | None:
    """Return the balance that was noted last; None: nobody asked yet."""
    found = connection.execute(_KNOWN, {"id": upstream}).first()
    if found is None or found.balance is None:
        return None
    return Balance(credits=found.balance, at=found.balance_at)


def note_balance(connection: Connection, upstream: str, *, balance: int, now: float) -> None:
    """Note about how many millicredits are left, and send again where there are any."""
    connection.execute(_BALANCE, {"id": upstream, "balance": balance, "now": now})
    if balance > 0:
        connection.execute(_PAUSE, {"id": upstream, "why": None})
