"""Steering jobs: cancel them, let paused ones go on, take over a generation started elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from sqlalchemy import Connection

from stability_mcp.api.operation import Operation
from stability_mcp.jobs.engine import Engine
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.reader import Ids, JobReader
from stability_mcp.jobs.transactions import cancel as cancelling
from stability_mcp.jobs.transactions import recover, submit
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.jobs.transactions.submit import ForeignGeneration


@dataclass
class Running:
    """What exists while jobs are carried out."""

    process: ProcessLock
    engine: Engine
    adopting: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: bool = False


class Control(JobReader, ABC):
    """What can be done to jobs that are there already."""

    @abstractmethod
    def _started(self) -> Running:
        """Return what carries jobs out."""

    async def cancel(
        self, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel what was not sent, for nothing; what was sent is finished and kept.

        Args:
            job_ids: The jobs.
            caller: The call for which they are cancelled; None: the one that started each. A job
                that another call still waits for goes on.

        Raises:
            NotFoundError: there is no such job.
        """
        ids, owner, now = list(job_ids), self._owner, self._shop.clock()
        await self.views(ids)
        engine = self._started().engine

        def write(connection: Connection) -> list[CancelledJob]:
            done = cancelling.cancel_jobs(connection, owner=owner, jobs=ids, now=now, caller=caller)
            for each in done:
                if each.fate == "cancelled":
                    engine.cancel(connection, each.job.id)
            return done

        done = await self._shop.database.write(write, name="cancel.jobs")
        for each in done:
            if each.fate == "cancelled":
                self._shop.forget(each.job.id)
        engine.wake()
        return done

    async def resume(self, job_ids: Sequence[str]) -> Ids:
        """Queue paused jobs again, all or none, and return those that were paused.

        Raises:
            BudgetError: they would pass the ceiling of today; says how many fit.
        """
        running, ids, now = self._started(), list(job_ids), self._shop.clock()
        done = await self._shop.database.write(
            lambda c: recover.resume(
                c, ids, process=running.process.id, limit=self._budget, now=now
            ),
            name="cancel.resume",
            durable=True,
        )
        running.engine.look_again()
        return [job.id for job in done]

    async def adopt(
        self,
        kind: type[Operation],
        generation: str,
        *,
        label: str | None = None,
        output_dir: Path | None = None,
    ) -> tuple[str, bool]:
        """Poll for a generation that was started elsewhere with the same key.

        Args:
            kind: The operation that started it, by which it is polled.
            generation: Its id.
            label: Name of the result.
            output_dir: Folder of the readable copies; None: none.

        Returns:
            The job, and whether it is new: a generation that is known here has its job.
        """
        running, now = self._started(), self._shop.clock()
        found = ForeignGeneration(
            owner=self._owner,
            upstream=self._shop.upstream.id,
            process=running.process.id,
            kind=kind,
            generation=generation,
            label=label,
            output_dir=output_dir,
        )
        job, new = await self._shop.database.write(
            lambda c: submit.adopt_generation(c, found, now=now),
            name="submit.adopt_generation",
            durable=True,
        )
        running.engine.wake()
        return job, new
