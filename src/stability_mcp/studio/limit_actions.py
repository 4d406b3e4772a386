"""What a client and a person can do with spending limits."""

from stability_mcp.jobs.transactions.usage import MAX_CLIENT_CHARACTERS
from stability_mcp.policy import confirmation, spend_limits
from stability_mcp.policy.confirmation import Quote, quote_of_change
from stability_mcp.policy.spend_limits import (
    HTTP,
    STDIO,
    LimitedClient,
    LimitWish,
    NeedsUserError,
    SpendLimit,
    SpendScope,
)
from stability_mcp.store.liveness import Liveness
from stability_mcp.store.queries import Connection
from stability_mcp.studio.runtime import StudioParts

OPERATION = "spend_limit"
"""Names these questions among the others."""


class LimitActions:
    """Spending limits of one account.

    Args:
        parts: The parts of the studio; its `spend_scope` is the client.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    def stdio_scope(self, client: str) -> SpendScope:
        """Return the scope of a client on stdio, by the name that it gives itself."""
        name = client.encode("utf-8", "replace").decode()[:MAX_CLIENT_CHARACTERS]
        return SpendScope(name=STDIO, client=name)

    async def http_scope(self, token: str | None) -> SpendScope:
        """Return the scope of all clients with a bearer token; None: of those without one."""
        if token is None:
            return SpendScope(name=HTTP)
        hashed = await self._parts.runtime.database.fingerprint(HTTP, token)
        return SpendScope(name=f"{HTTP}:{hashed}")

    def quote(self, limit: SpendLimit, wish: LimitWish) -> Quote:
        """Return the quote for a change that only the user can agree to.

        It names the limit as it is, so a yes doesn't count after another change.
        """
        parts = {
            "limit": limit.id,
            "credits": limit.max_credits,
            "ends_at": limit.ends_at,
            "to": wish.credits,
            "hours": wish.hours,
            "lift": wish.lift,
        }
        most = limit.max_credits if wish.credits is None else wish.credits
        return quote_of_change(self._parts.account, OPERATION, parts, most)

    async def change(self, wish: LimitWish) -> SpendLimit | None:
        """Set, change or lift the limit of this view's client and return it; None: there is none.

        A change that loosens it uses up a yes of the user to exactly this change.

        Raises:
            ArgumentsError: the total is less than what is spent and reserved already.
            NeedsUserError: it would loosen the limit, and the user has not agreed.
        """
        scope, account, runner = self._scope(), self._parts.account, self._parts.jobs.runner

        def write(connection: Connection, /, *, live: Liveness) -> SpendLimit | None:
            now = runner.now
            client = LimitedClient(account=account, scope=scope, live=live, now=now)
            try:
                return spend_limits.change(connection, client, wish)
            except NeedsUserError as needed:
                quote = self.quote(needed.limit, wish)
                if confirmation.use(connection, quote, now=now) is None:
                    raise
                return spend_limits.change(connection, client, wish, agreed=True)

        return await self._parts.jobs.runner.write_probed(
            write, name="spend_limits.change", durable=True
        )

    async def every(self) -> list[SpendLimit]:
        """Return every limit in force, whomever it binds, oldest first."""
        account, now = self._parts.account, self._parts.jobs.runner.now
        return await self._parts.runtime.database.read(
            lambda c: spend_limits.every(c, account, now)
        )

    async def change_by_person(self, number: int, most: int | None) -> None:
        """Set what a limit allows in total, or lift it (None); for a person, never for a tool.

        Raises:
            ArgumentsError: no limit of this number is in force.
        """
        account, now = self._parts.account, self._parts.jobs.runner.now
        await self._parts.runtime.database.write(
            lambda c: spend_limits.change_by_person(c, account, number, most=most, now=now),
            name="spend_limits.change_by_person",
            durable=True,
        )

    def _scope(self) -> SpendScope:
        scope = self._parts.spend_scope
        if scope is None:
            raise RuntimeError("this view of the studio has no client")
        return scope
