"""Opens a studio: upstream, store, and the jobs that run until it closes."""

import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.client.headers import Identity
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.models import JobSettings, RateLimit, Timing
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.maintenance.retention import Keep, Retention
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.notify.delivery import Delivery
from stability_mcp.notify.targets import target_of
from stability_mcp.notify.webhook_delivery import WebhookDelivery
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database, Observer
from stability_mcp.store.format import EMULATOR_STATE
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import EMULATOR, LOCAL_OWNER, Account, Upstream
from stability_mcp.studio.defaults import NO_DEFAULTS, Defaults
from stability_mcp.studio.links import Links
from stability_mcp.studio.permissions import Permissions
from stability_mcp.studio.runtime import Runtime, StudioParts
from stability_mcp.studio.studio import Studio
from stability_mcp.workflows.runs.run_host import RunHost

if TYPE_CHECKING:
    import httpx2

    from stability_mcp.workflows.runs.run_port import StepRunner

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_studio(
    settings: Settings,
    *,
    program: str = "stability-mcp",
    timing: Timing | None = None,
    observer: Observer | None = None,
) -> AsyncIterator[Studio]:
    """Open the store and run jobs until the block ends, then finish requests in flight.

    Without a key, the client uses the built-in emulator, whose state is next to its store.

    Args:
        settings: The operator's settings.
        program: Name of this process.
        timing: When jobs are polled and retried; None: the default for the upstream.
        observer: Called at each moment of a write to the store; None: no observer.

    Raises:
        StorageError: the data folder cannot be used.
        ConfigurationError: a file of terms or defaults cannot be used.
    """
    started = time.perf_counter()
    defaults = await _defaults(settings)
    database = await to_thread.run_sync(Database, settings.home_dir, observer)
    try:
        upstream, client = await _upstream_and_client(settings, database)
        account = Account(owner=LOCAL_OWNER, upstream=upstream.id)
        permissions = await Permissions.of(settings, database, account)
        async with client, anyio.create_task_group() as group:
            media = MediaLibrary(database, account)
            roots = Roots.of(settings)
            context = JobContext(
                database=database,
                client=client,
                library=media,
                upstream=upstream,
                settings=_job_settings(settings, program, timing),
            )
            jobs = Jobs(context)
            delivery = await _delivery(settings, database, account)
            await jobs.start(group)
            if delivery is not None:
                group.start_soon(delivery.run)
            webhooks = WebhookDelivery(
                database=database, upstream=upstream.id, run_content=_run_content
            )
            group.start_soon(webhooks.run)
            group.start_soon(Retention(database, keep_of(settings)).run)
            log.info("studio opened in %.0f ms", (time.perf_counter() - started) * 1000)

            async def steps(run: str) -> "StepRunner":
                from stability_mcp.studio.workflow.workflow_steps import (
                    steps_of,  # with the first run
                )

                return await steps_of(parts, run)

            runs = RunHost(database, jobs, account, steps=steps, clock=context.clock)
            runs_scope = anyio.CancelScope()

            async def run_workflows() -> None:
                with runs_scope:
                    await runs.run()

            try:
                runtime = Runtime(
                    settings=settings,
                    upstream=upstream,
                    database=database,
                    client=client,
                    roots=roots,
                    jobs=jobs,
                    links=Links(),
                    defaults=defaults,
                    runs=runs,
                )
                parts = StudioParts(
                    runtime=runtime,
                    account=account,
                    media=media,
                    importer=Importer(library=media, roots=roots),
                    permissions=permissions,
                )
                group.start_soon(run_workflows)
                yield Studio(parts)
            finally:
                runs_scope.cancel()  # nothing more is submitted; the next process continues
                with anyio.CancelScope(shield=True):
                    await jobs.drain()
                    async with anyio.create_task_group() as closing:
                        closing.start_soon(webhooks.finish)
                        if delivery is not None:
                            closing.start_soon(delivery.finish)
                group.cancel_scope.cancel()
    finally:
        await database.close()


def keep_of(settings: Settings) -> Keep:
    """Return what the settings tell retention to keep."""
    return Keep(days=settings.keep_days, bytes=settings.keep_bytes)


def _job_settings(settings: Settings, program: str, timing: Timing | None) -> JobSettings:
    limit, window = settings.rate
    return JobSettings(
        program=program,
        timing=timing,
        rate=RateLimit(limit=limit, window=window),
        concurrency=settings.concurrency,
        max_retries=settings.max_retries,
        timeout=settings.timeout,
        budget=settings.budget_millicredits,
        cache=settings.cache == "on",
        metadata=settings.metadata,
    )


async def _defaults(settings: Settings) -> Defaults:
    if settings.defaults is None:
        return NO_DEFAULTS
    from stability_mcp.studio.defaults_file import read_defaults  # it imports every local tool

    return await to_thread.run_sync(read_defaults, settings.defaults)


async def _delivery(settings: Settings, database: Database, account: Account) -> Delivery | None:
    """Start webhook delivery; None: no webhook is configured."""
    if settings.on_done is None:
        return None
    target = target_of(settings.on_done.get_secret_value(), settings.on_done_secret)
    delivery = Delivery(database, target, account)
    await delivery.begin()
    return delivery


def _run_content(connection: Connection, account: Account, run: str) -> Mapping[str, object]:
    """Return what a webhook's message says about a run; imported with the first message."""
    from stability_mcp.workflows.runs.run_message import run_content

    return run_content(connection, account, run)


async def _upstream_and_client(settings: Settings, database: Database) -> tuple[Upstream, Client]:
    identity = Identity(
        organization=settings.organization, user_id=await database.user_id(LOCAL_OWNER)
    )
    if settings.api_key is None:
        key, transport = await to_thread.run_sync(_emulator, settings.home_dir / EMULATOR_STATE)
        return EMULATOR, _client(settings, EMULATOR.base_url, key, identity, transport)
    key = settings.api_key
    upstream = Upstream(
        id=await database.fingerprint(settings.base_url, key.get_secret_value()),
        base_url=settings.base_url,
    )
    return upstream, _client(settings, upstream.base_url, key, identity)


def _client(
    settings: Settings,
    base_url: str,
    key: SecretStr,
    identity: Identity,
    transport: "httpx2.AsyncBaseTransport | None" = None,
) -> Client:
    return Client(
        base_url=base_url,
        api_key=key,
        identity=identity,
        transport=transport,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
    )


def _emulator(folder: Path) -> "tuple[SecretStr, httpx2.AsyncBaseTransport]":
    """Return key and transport of the built-in emulator; slow to import, so run it in a thread."""
    from stability_emulator import EMULATOR_KEY
    from stability_emulator.transport import in_process

    return SecretStr(EMULATOR_KEY), in_process(folder)
