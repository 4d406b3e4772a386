"""What stands between a prepared call and its jobs: terms, moderation, and the user's word.

Nothing is sent and nothing reserved before all three let it pass.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import to_thread
from sqlalchemy import Connection

from stability_mcp.errors import ArgumentsError, ModerationError
from stability_mcp.jobs import audit, confirming, moderation
from stability_mcp.jobs.audit import Event, Subject
from stability_mcp.jobs.confirming import Answer, Bill, Confirm, Question, bill_for
from stability_mcp.jobs.journal.asked import Asked
from stability_mcp.jobs.owing import owed
from stability_mcp.jobs.terms import Terms
from stability_mcp.media.prepare import Prepared
from stability_mcp.settings import Settings, variable
from stability_mcp.store.database import Database
from stability_mcp.wording import listed, quoted

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A call that may go on."""

    said: list[str]
    """What is to be said of it."""
    seconds: float
    """How long the user took to agree: so much less the caller may be kept waiting."""


class Permits:
    """Lets calls pass, or says why not.

    Args:
        database: The store.
        owner: Whose calls they are.
        upstream: Where they go.
        blocked: Terms that are not sent.
        warned: Terms that are sent and flagged.
        cache: Whether finished results answer again.
        clock: Unix seconds.
    """

    def __init__(  # noqa: PLR0913 -- whose, where, and the two lists
        self,
        database: Database,
        *,
        owner: str,
        upstream: str,
        blocked: Terms | None = None,
        warned: Terms | None = None,
        cache: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._owner = owner
        self._upstream = upstream
        self._blocked = blocked or Terms()
        self._warned = warned or Terms()
        self._cache = cache
        self._clock = clock

    @classmethod
    async def of(
        cls, settings: Settings, database: Database, *, owner: str, upstream: str
    ) -> "Permits":
        """Read the files of terms that the settings name.

        Raises:
            ConfigurationError: one cannot be used.
        """
        read = {
            name: await to_thread.run_sync(
                partial(Terms.read, getattr(settings, name), variable=variable(name))
            )
            for name in ("blocked_terms", "warn_terms")
        }
        return cls(
            database,
            owner=owner,
            upstream=upstream,
            blocked=read["blocked_terms"],
            warned=read["warn_terms"],
            cache=settings.cache == "on",
        )

    @asynccontextmanager
    async def passing(
        self,
        prepared: Prepared,
        *,
        count: int,
        confirm: Confirm | None,
        retry_of: str | None = None,
    ) -> AsyncIterator[Passed]:
        """Let a call pass; inside, its jobs are written.

        Args:
            prepared: The call, its files ready.
            count: How many variants.
            confirm: Asks the user; None: nobody needs to be asked.
            retry_of: The job that it makes anew.

        Raises:
            ArgumentsError: a prompt holds a term that is not sent here.
            ModerationError: the API refused the same within the hour.
            StudioError: what `confirm` raises.
        """
        said = await self._judge(prepared)
        began = time.monotonic()
        used = None
        if confirm is not None:
            used = await confirm(await self._bill(prepared, count, retry_of))
        try:
            yield Passed(said=said, seconds=time.monotonic() - began)
        except BaseException:
            if used is not None:
                with anyio.CancelScope(shield=True):
                    await self._database.write(partial(confirming.give_back, question=used))
            raise

    async def question(self, bill: Bill) -> Question | None:
        """Return the newest question about a bill that paid for nothing yet."""
        now = self._clock()
        return await self._database.read(lambda c: confirming.latest(c, bill, now))

    async def ask(self, bill: Bill) -> int:
        """Write a question about a bill and return its number."""
        now = self._clock()
        return await self._database.write(lambda c: confirming.ask(c, bill, now))

    async def answer(self, bill: Bill, question: int, answer: Answer) -> bool:
        """Write the answer to a question about this very bill; False: it has one, or is none."""
        now = self._clock()

        def write(connection: Connection) -> bool:
            return confirming.answer(connection, bill, question, answer=answer, now=now)

        return await self._database.write(write)

    async def use(self, bill: Bill) -> int | None:
        """Use up a yes to a bill and return its question; None: there is none that counts."""
        now = self._clock()
        return await self._database.write(lambda c: confirming.use(c, bill, now=now))

    async def audited(self, limit: int) -> list[audit.Entry]:
        """Return the newest entries of the audit log, the newest first."""
        owner = self._owner
        return await self._database.read(lambda c: list(audit.newest(c, owner, limit)))

    async def _bill(self, prepared: Prepared, count: int, retry_of: str | None) -> Bill:
        asked = Asked(
            owner=self._owner,
            upstream=self._upstream,
            process="",
            tool=prepared.operation.name(),
            operation=prepared.operation,
            count=count,
            labels=(),
            output_dir=None,
            inputs={name: item.id for name, item in prepared.files.items()},
            budget=None,
            retry_of=retry_of,
            cache=self._cache,
        )
        now = self._clock()
        due = await self._database.read(lambda c: owed(c, asked, now=now))
        return bill_for(
            prepared.operation,
            prepared.files,
            count=count,
            owner=self._owner,
            upstream=self._upstream,
            credits=due,
        )

    async def _judge(self, prepared: Prepared) -> list[str]:
        operation = prepared.operation
        subject = moderation.subject_of(
            operation, prepared.files, owner=self._owner, upstream=self._upstream
        )
        texts = moderation.texts_of(operation)
        blocked = self._blocked.found_in_each(texts)
        if blocked:
            await self._record(subject, "blocked", _terms_text(blocked))
            raise ArgumentsError(
                f"This was not sent: {_terms_text(blocked)}, which this server does not send.",
                cure="Say it without. Only the person who runs the server can change the list, "
                f"by {variable('blocked_terms')}.",
            )
        now = self._clock()
        try:
            await self._database.read(
                lambda c: moderation.see_that_it_was_not_refused(c, subject, now)
            )
        except ModerationError as error:
            await self._record(subject, "repeated", error.message)
            raise
        warned = self._warned.found_in_each(texts)
        if not warned:
            return []
        await self._record(subject, "warned", _terms_text(warned))
        return [f"note: {_terms_text(warned)}, which this server flags; it was sent all the same"]

    async def _record(self, subject: Subject, event: Event, detail: str) -> None:
        now = self._clock()
        log.warning("%s: %s: %s", subject.operation, event, detail)

        def write(connection: Connection) -> None:
            audit.record(connection, subject, event=event, detail=detail, now=now)

        await self._database.write(write)


def _terms_text(found: Mapping[str, list[str]]) -> str:
    """Return `prompt holds "nude"`."""
    return " and ".join(
        f"{name} holds {listed(map(quoted, terms))}" for name, terms in found.items()
    )
