"""The state of the server: figures, health, versions. The figures are read from rows.

So every process that uses a store answers the same.
"""

import platform
from typing import get_args

from stability_mcp import __version__
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.routes.admin_limit_routes import CacheStats, RateSlots, cache_stats
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio import RateStatus, Status
from stability_mcp.studio.system_facts import cpu_count, dependencies, installation
from stability_mcp.studio.upkeep import (
    JobTotals,
    OperationFigures,
    RunningProcess,
    State,
    StoreHealth,
    StoreSize,
)


class OperationStats(Data):
    """The jobs of one operation; seconds from sending the request until the result is stored."""

    operation: str
    count: int
    done: int
    failed: int
    unknown: int
    """Jobs whose outcome is unknown."""
    p50_seconds: float | None = None
    """Median of the newest done jobs; absent: there is none."""
    p95_seconds: float | None = None

    @classmethod
    def of(cls, found: OperationFigures) -> "OperationStats":
        """Return the figures of an operation as JSON."""
        return cls(
            operation=found.operation,
            count=found.jobs,
            done=found.states.get("done", 0),
            failed=found.states.get("failed", 0),
            unknown=found.states.get("unknown", 0),
            p50_seconds=None if found.median is None else round(found.median, 2),
            p95_seconds=None if found.p95 is None else round(found.p95, 2),
        )


class Credits(Data):
    """Today's spending in credits."""

    spent_today: float
    """Credits spent today, with those that may have been charged."""
    reserved: float
    """Credits reserved by unfinished jobs."""
    budget: float | None = None
    """Daily budget; absent: unlimited."""


class ProcessFacts(Data):
    """A process that uses the store."""

    program: str
    pid: int
    started: str

    @classmethod
    def of(cls, process: RunningProcess) -> "ProcessFacts":
        """Return a process as JSON."""
        return cls(program=process.program, pid=process.pid, started=when(process.started_at))


class Stats(Data):
    """Figures of the server."""

    jobs: dict[str, int]
    """Stored jobs by state."""
    queue_depth: int
    """Jobs that wait to be sent."""
    running: int
    """Jobs whose request is being sent, processed or stored."""
    operations: list[OperationStats]
    rate_limit: RateSlots
    cache: CacheStats
    credits: Credits
    emulated: bool
    """Whether the built-in emulator replaces the API, so that nothing is charged."""
    processes: list[ProcessFacts]


@route("GET", "/admin/stats", tag="admin")
async def admin_stats(call: RestCall, arguments: None) -> Stats:  # noqa: ARG001 -- every route takes both
    """Get figures: jobs, times, rate limit, cache, credits and processes."""
    totals = await call.studio.upkeep.job_totals()
    return Stats(
        jobs=_by_state(totals),
        queue_depth=totals.states.get("queued", 0),
        running=totals.running,
        operations=[OperationStats.of(each) for each in totals.operations],
        rate_limit=RateSlots.of(await call.studio.rate_status()),
        cache=await cache_stats(call),
        credits=await _credits(call),
        emulated=call.settings.emulated,
        processes=await _processes(call),
    )


def _by_state(totals: JobTotals) -> dict[str, int]:
    return {state: totals.states.get(state, 0) for state in get_args(State)}


async def _credits(call: RestCall) -> Credits:
    spent = await call.studio.spending()
    return Credits(
        spent_today=spent.today / 1000,
        reserved=spent.reserved / 1000,
        budget=None if spent.limit is None else spent.limit / 1000,
    )


async def _processes(call: RestCall) -> list[ProcessFacts]:
    return [ProcessFacts.of(each) for each in await call.studio.upkeep.processes()]


class ApiHealth(Data):
    """Whether the API answers."""

    answers: bool
    emulated: bool
    note: str
    """How the balance was found out, or why it wasn't."""
    balance: float | None = None
    """Approximate credits on the account."""
    low_balance: bool
    """Whether fewer credits are left than STABILITY_LOW_BALANCE says."""
    blocked_until: str | None = None
    """When the API accepts requests again."""
    paused: str | None = None
    """Why nothing is sent."""


class StoreBytes(Data):
    """What the store takes on the disk, in bytes."""

    database: int
    media: int
    spool: int
    """Files that are being received or sent."""
    quarantine: int
    """Files that could not be used."""
    other: int
    total: int

    @classmethod
    def of(cls, size: StoreSize) -> "StoreBytes":
        """Return the sizes as JSON."""
        return cls(
            database=size.database,
            media=size.media,
            spool=size.spool,
            quarantine=size.quarantine,
            other=size.other,
            total=size.total,
        )


class StoreFacts(Data):
    """What a check of the store found; it compares sizes, and doesn't read whole files."""

    files_checked: int
    problems: int
    """What is lost or wrong; `stability-mcp doctor` lists it."""
    leftovers: int
    """Harmless leftovers of crashes; POST /admin/maintenance/cleanup removes most."""
    bytes: StoreBytes


class DiskFacts(Data):
    """The disk of the store."""

    free_bytes: int
    enough: bool
    """Whether paid requests may be sent: their results need room."""


class DetailedHealth(Data):
    """The health of the server and of what it needs."""

    status: str
    """healthy, or degraded: something below needs attention."""
    version: str
    api: ApiHealth
    store: StoreFacts
    disk: DiskFacts
    processes: list[ProcessFacts]


@route("GET", "/admin/health/detailed", tag="admin")
async def admin_health(call: RestCall, arguments: None) -> DetailedHealth:  # noqa: ARG001 -- every route takes both
    """Check the API, the store and the disk; asks the API for the balance."""
    status, rate = await call.studio.status(), await call.studio.rate_status()
    health = await call.studio.upkeep.health()
    api = _api_health(call, status, rate)
    return DetailedHealth(
        status="healthy" if _is_healthy(api, health) else "degraded",
        version=__version__,
        api=api,
        store=StoreFacts(
            files_checked=health.files,
            problems=health.problems,
            leftovers=health.leftovers,
            bytes=StoreBytes.of(health.size),
        ),
        disk=DiskFacts(free_bytes=health.free_bytes, enough=health.has_room),
        processes=await _processes(call),
    )


def _api_health(call: RestCall, status: Status, rate: RateStatus) -> ApiHealth:
    low, balance = call.settings.low_balance_millicredits, status.balance
    return ApiHealth(
        answers=balance is not None,
        emulated=status.emulated,
        note=status.balance_note,
        balance=balance,
        low_balance=low is not None and balance is not None and balance * 1000 < low,
        blocked_until=when(rate.blocked_until) if rate.blocked_until else None,
        paused=rate.paused_why,
    )


def _is_healthy(api: ApiHealth, health: StoreHealth) -> bool:
    can_send = api.answers and api.paused is None and api.blocked_until is None
    return can_send and health.has_room and not health.problems


class SystemInfo(Data):
    """What the server runs on."""

    version: str
    python: str
    platform: str
    machine: str
    cpus: int
    emulated: bool
    store: StoreBytes


@route("GET", "/admin/system/info", tag="admin")
async def admin_system_info(call: RestCall, arguments: None) -> SystemInfo:  # noqa: ARG001 -- every route takes both
    """Get the versions of the server and of Python, the platform and the size of the store."""
    about = installation()
    return SystemInfo(
        version=about.version,
        python=about.python,
        platform=about.platform,
        machine=platform.machine(),
        cpus=cpu_count(),
        emulated=call.settings.emulated,
        store=StoreBytes.of(await call.studio.upkeep.size()),
    )


class Dependency(Data):
    """A library that the server uses."""

    name: str
    version: str | None = None
    """Absent: it isn't installed, as only another platform or Python needs it."""


class Dependencies(Data):
    """The libraries that the server uses."""

    dependencies: list[Dependency]


@route("GET", "/admin/system/dependencies", tag="admin")
async def admin_system_dependencies(call: RestCall, arguments: None) -> Dependencies:  # noqa: ARG001 -- every route takes both
    """List the runtime dependencies with their versions."""
    found = [Dependency(name=name, version=version) for name, version in dependencies().items()]
    return Dependencies(dependencies=found)
