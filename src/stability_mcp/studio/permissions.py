"""Checks a prepared call before its jobs are written: terms, moderation and the user's approval.

Nothing is sent or reserved until all three checks pass.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import to_thread

from stability_mcp.api.operation import Operation
from stability_mcp.errors import BlockedTermError, ModerationError
from stability_mcp.jobs.runner import Agreement
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.policy import audit, confirmation, moderation
from stability_mcp.policy.audit import Event, Subject
from stability_mcp.policy.confirmation import Answer, Confirm, Question, Quote, quote_for
from stability_mcp.policy.terms import TermLists, Terms
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from stability_mcp.text import listed, quoted

log = logging.getLogger(__name__)


class Permission:
    """The checks of one call.

    Args:
        permissions: Stores the questions.
        prepared: The call, its files ready.
        subject: Identifies the request for moderation and the audit log.
        count: Number of variants.
        confirm: Asks the user; None: no approval is needed.
    """

    def __init__(
        self,
        permissions: "Permissions",
        prepared: PreparedInputs,
        subject: Subject,
        *,
        count: int,
        confirm: Confirm | None,
    ) -> None:
        self.notes: list[str] = []
        """Lines for the answer."""
        self.seconds = 0.0
        """Time the user took to agree, in seconds; the call's wait is shortened by it."""
        self.repeated = False
        """Whether moderation refused an identical request within the last hour."""
        self._permissions = permissions
        self._prepared = prepared
        self._subject = subject
        self._count = count
        self._confirm = confirm
        self._agreed: int | None = None
        self._used: int | None = None

    @property
    def agreement(self) -> Agreement | None:
        """Return the callback for the user's approval; None: no approval is needed."""
        if self._confirm is None:
            return None
        return Agreement(max_unconfirmed=self._confirm.free_limit, ask=self._confirm_price)

    def check(self, connection: Connection) -> None:
        """Check that moderation did not refuse an identical request within the last hour.

        Raises:
            ModerationError: it did.
        """
        try:
            self._permissions.check_not_refused(connection, self._subject)
        except ModerationError:
            self.repeated = True
            raise

    async def give_back(self) -> None:
        """Make the used yes valid again."""
        used, self._used = self._used, None
        if used is not None:
            await self._permissions.give_back(used)

    async def _confirm_price(self, due: int) -> None:
        if self._confirm is None or (self._agreed is not None and due <= self._agreed):
            return
        await self.give_back()  # the yes was for another price
        quote = self._permissions.quote(self._prepared, count=self._count, due=due)
        began = time.monotonic()
        try:
            self._used = await self._confirm(quote)
        finally:
            self.seconds += time.monotonic() - began
        self._agreed = due


class Permissions:
    """Checks calls, and stores questions to the user and the audit log.

    Args:
        database: The store.
        account: The account that makes the calls.
        terms: Blocked and flagged terms; None: no terms.
        clock: Returns the time in unix seconds.
    """

    def __init__(
        self,
        database: Database,
        account: Account,
        *,
        terms: TermLists | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._account = account
        self._terms = terms or TermLists()
        self._clock = clock

    @classmethod
    async def of(cls, settings: Settings, database: Database, account: Account) -> "Permissions":
        """Read the files of terms named in the settings.

        Raises:
            ConfigurationError: a file cannot be used.
        """
        read = {
            name: await to_thread.run_sync(
                partial(Terms.read, getattr(settings, name), variable=variable(name))
            )
            for name in ("blocked_terms", "warn_terms")
        }
        return cls(
            database,
            account,
            terms=TermLists(blocked=read["blocked_terms"], warned=read["warn_terms"]),
        )

    @property
    def terms(self) -> TermLists:
        """Return the operator's lists of terms."""
        return self._terms

    @asynccontextmanager
    async def check(
        self, prepared: PreparedInputs, *, count: int, confirm: Confirm | None
    ) -> AsyncIterator["Permission"]:
        """Check a call; its jobs are written and the price is confirmed inside the block.

        Args:
            prepared: The call, its files ready.
            count: Number of variants.
            confirm: Asks the user; None: no approval is needed.

        Raises:
            BlockedTermError: a prompt contains a blocked term.
            ModerationError: raised inside the block, by `Permission.check`, if the API refused an
                identical request within the last hour; it is recorded here.
        """
        subject = moderation.subject_of(self._account, prepared.operation, prepared.files)
        permission = Permission(self, prepared, subject, count=count, confirm=confirm)
        permission.notes += await self._judge(prepared.operation, subject)
        try:
            yield permission
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await permission.give_back()
                if permission.repeated and isinstance(error, ModerationError):
                    await self._record(subject, "repeated", error.message)
            raise

    def check_not_refused(self, connection: Connection, subject: Subject) -> None:
        """Check that moderation did not refuse an identical request within the last hour.

        Raises:
            ModerationError: it did.
        """
        moderation.check_not_refused(connection, subject, self._clock())

    async def question(self, quote: Quote) -> Question | None:
        """Return the latest valid question about a quote whose answer is unused."""
        now = self._clock()
        return await self._database.read(lambda c: confirmation.latest(c, quote, now))

    async def ask(self, quote: Quote) -> int:
        """Store a question about a quote and return its id."""
        now = self._clock()
        return await self._database.write(
            lambda c: confirmation.ask(c, quote, now), name="policy.ask"
        )

    async def answer(self, quote: Quote, question: int, answer: Answer) -> bool:
        """Store the answer to a question about this quote; False: answered already, or unknown."""
        now = self._clock()

        def write(connection: Connection) -> bool:
            return confirmation.answer(connection, quote, question, answer=answer, now=now)

        return await self._database.write(write, name="policy.answer")

    async def use(self, quote: Quote) -> int | None:
        """Use up a valid yes to a quote and return its question, or None."""
        now = self._clock()
        return await self._database.write(
            lambda c: confirmation.use(c, quote, now=now), name="policy.use"
        )

    async def audited(self, limit: int) -> list[audit.Entry]:
        """Return the latest entries of the audit log, newest first."""
        owner = self._account.owner
        return await self._database.read(lambda c: list(audit.newest(c, owner, limit)))

    async def give_back(self, question: int) -> None:
        """Make a used yes valid again, because no job was written for it."""
        await self._database.write(
            partial(confirmation.give_back, question=question), name="policy.give_back"
        )

    def quote(self, prepared: PreparedInputs, *, count: int, due: int) -> Quote:
        """Return the quote of a call with this price in millicredits."""
        return quote_for(
            self._account,
            prepared.operation,
            prepared.files,
            count=count,
            credits=due,
        )

    def blocked(self, operation: Operation) -> str:
        """Return which prompt contains a term that this server blocks, as a sentence; or ""."""
        found = self._terms.blocked.found_in_each(moderation.texts_of(operation))
        return f"{_terms_text(found)}, which this server blocks." if found else ""

    async def _judge(self, operation: Operation, subject: Subject) -> list[str]:
        texts = moderation.texts_of(operation)
        blocked = self._terms.blocked.found_in_each(texts)
        if blocked:
            await self._record(subject, "blocked", _terms_text(blocked))
            raise BlockedTermError(
                f"Not sent: {_terms_text(blocked)}, which this server blocks.",
                hint="Reword it. Only the person who runs the server can change the list "
                f"({variable('blocked_terms')}).",
            )
        warned = self._terms.warned.found_in_each(texts)
        if not warned:
            return []
        await self._record(subject, "warned", _terms_text(warned))
        return [f"note: {_terms_text(warned)}, which this server flags; the request was still sent"]

    async def _record(self, subject: Subject, event: Event, detail: str) -> None:
        now = self._clock()
        log.warning("%s: %s: %s", subject.operation, event, detail)

        def write(connection: Connection) -> None:
            audit.record(connection, subject, event=event, detail=detail, now=now)

        await self._database.write(write, name="policy.audit")


def _terms_text(found: Mapping[str, list[str]]) -> str:
    """Return `prompt contains "nude"`."""
    return " and ".join(
        f"{name} contains {listed(map(quoted, terms))}" for name, terms in found.items()
    )
