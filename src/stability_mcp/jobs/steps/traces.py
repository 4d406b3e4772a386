"""Traces: what the transport's hooks write into the journal while one request is under way."""

import logging

from sqlalchemy import Connection

from stability_mcp.client.answers import Answer
from stability_mcp.errors import StorageError
from stability_mcp.jobs import rate
from stability_mcp.jobs.engine import Lease
from stability_mcp.jobs.journal import answers, intent
from stability_mcp.jobs.journal.intent import Intent
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.signals import LeaseLostError, NoPlaceError
from stability_mcp.jobs.steps.workshop import Workshop

log = logging.getLogger(__name__)


class Place:
    """One place in the rate limit, given up when its request is out.

    Args:
        shop: What the steps share.
        paid: Whether the request can be charged.
    """

    def __init__(self, shop: Workshop, *, paid: bool) -> None:
        self.number: int | None = None
        self._shop = shop
        self._paid = paid

    async def out(self) -> None:
        """Let the place run down from now, unless it does already."""
        if self.number is None:
            return
        number, now = self.number, self._shop.clock()

        def out(c: Connection) -> None:
            intent.out(c, number, now)

        if self._paid:
            await self._shop.database.write(out, name="send.sent")
        else:
            await self._shop.database.write(out, name="send.free_sent")
        self.number = None

    async def give_back(self) -> None:
        """Do the same at the end of a request, whatever the disk says to it."""
        try:
            await self.out()
        except StorageError as error:  # the place is free after a minute all the same
            log.warning("a rate place could not be given back: %s", error)


class SendTrace:
    """Follows the one request of an attempt: T2, T2r, and T3 or T3d.

    Args:
        shop: What the steps share.
        job: The job as it was read, queued.
        lease: The right to send it.
        large: Whether the request may arrive long after its last byte was handed to the line; then
            its rate place is kept until the answer.
    """

    def __init__(self, shop: Workshop, job: JobRow, lease: Lease, *, large: bool) -> None:
        self.job = job
        """The job; once the intent is journalled, with the number of this attempt."""
        self.begun = False
        """Whether the intent is journalled."""
        self.out = False
        """Whether the request went out whole: before that nothing can have been charged."""
        self.answer: Answer | None = None
        """The headers of a 2xx."""
        self.journalled = False
        """Whether the answer is in the journal."""
        self.place = Place(shop, paid=True)
        self._shop = shop
        self._lease = lease
        self._large = large
        self._counted = True

    async def before_send(self) -> None:
        """Do T2; whatever it raises keeps every byte here."""
        begun = await self._shop.standing.until_taken(self._begin)
        self.job, self.place.number, self.begun = begun.job, begun.place, True
        self.connected()
        self._lease.begun()

    async def _begin(self, ahead: int) -> Intent:
        if self._lease.lost.is_set():
            raise LeaseLostError(f"job {self.job.id} is not ours to send")
        shop, job, epoch = self._shop, self.job, self._lease.epoch

        def begin(c: Connection) -> Intent:
            now = shop.clock()  # in the transaction: an old time would set back what went out since
            return intent.begin(c, job, limit=shop.rate, epoch=epoch, now=now, ahead=ahead)

        try:
            return await shop.database.write(begin, name="send.begin", durable=True)
        except NoPlaceError as error:
            shop.note(job.id, error.why)
            raise

    async def sent(self) -> None:
        """Do T2r."""
        self.out = True
        if not self._large:
            await self.place.out()

    async def answered(self, answer: Answer) -> None:
        """Do T3 or T3d; `journal` writes later what cannot be written now."""
        self.answer = answer
        try:
            await self._write_answer(answer)
        except StorageError as error:
            log.error("job %s: the answer is not journalled yet: %s", self.job.id, error.message)  # noqa: TRY400 -- the text says all

    async def journal(self) -> None:
        """See to it that the answer is journalled.

        Raises:
            StorageError: it still cannot be written.
        """
        if self.answer is not None and not self.journalled:
            await self._write_answer(self.answer)

    def connected(self) -> None:
        """Stop counting as a request that is about to ask for a place."""
        if self._counted:
            self._counted = False
            self._shop.connecting -= 1

    async def _write_answer(self, answer: Answer) -> None:
        shop, job, now = self._shop, self.job, self._shop.clock()
        if job.deferred and answer.generation is not None:
            generation, wake_at = answer.generation, now + shop.poll_interval()
            await shop.record(
                lambda c: answers.started(c, job, generation, wake_at=wake_at, now=now),
                name="send.generation",
            )
        elif not job.deferred:
            await shop.record(
                lambda c: answers.answered(c, job, answer, now=now), name="send.headers"
            )
        self.journalled = True


class FreeTrace:
    """Follows requests that cost a rate place and nothing else; `before_send` takes it.

    Args:
        shop: What the steps share.
        process: The id of this process.
    """

    def __init__(self, shop: Workshop, process: str) -> None:
        self.place = Place(shop, paid=False)
        self._shop = shop
        self._process = process

    async def sent(self) -> None:
        """Do T2r."""
        await self.place.out()

    async def answered(self, answer: Answer) -> None:
        """Write nothing: it can be asked for again."""


class PollTrace(FreeTrace):
    """Follows a look at a generation."""

    async def before_send(self) -> None:
        """Do Tp."""
        self.place.number = await self._shop.polls_standing.until_taken(self._take)

    async def _take(self, ahead: int) -> int:
        shop, process = self._shop, self._process
        limit, upstream = shop.rate, shop.upstream.id

        def take(c: Connection) -> tuple[int, int]:
            now = shop.clock()  # likewise
            place = rate.take(c, limit, upstream=upstream, process=process, now=now, ahead=ahead)
            return place, rate.under_way(c, upstream)

        place, shop.under_way = await shop.database.write(take, name="send.poll_slot")
        return place
