"""T1: writes a call. Its credits are reserved and its jobs are queued, or nothing is written.

Before anything is reserved, `reuse` decides whether the call joins an abandoned identical one, and
which of its variants finished jobs answer. The transaction raises what it can't determine: the
price that the user must approve, or the processes whose locks must be probed. The caller clears
that up and runs it again. `adopt_generation` adds a job for a generation that was started
elsewhere.

Length: one transaction, with all decisions about a call in their order.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.api.operation import Operation
from stability_mcp.jobs import budget, queue
from stability_mcp.jobs.budget import UNLIMITED
from stability_mcp.jobs.models import Call, JobRow, UpstreamPausedError, load_job
from stability_mcp.jobs.transactions import lookup, recover, reuse
from stability_mcp.jobs.transactions.call_keys import (
    CallRequest,
    call_key,
    input_hashes,
    result_key,
    spread_seeds,
)
from stability_mcp.policy import spend_limits
from stability_mcp.policy.spend_limits import LimitedClient
from stability_mcp.store.ids import CALL_CHARACTERS, ID_CHARACTERS, new_id
from stability_mcp.store.liveness import Liveness
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

PRICE_LIST = "2026-09-22"
"""Date of the price list in use; saved with every job, for the ledger."""

ADOPT_TOOL = "job_adopt"


@dataclass(frozen=True, slots=True)
class _Terms:
    paused_why: str | None
    latest_day: str | None
    waiting: int
    limits: int


_SQL = load(__file__)
_terms = _SQL.one("terms", _Terms)
_insert_call = _SQL.count("insert_call")
_insert_job = _SQL.value("insert_job", int)
_insert_input = _SQL.count("insert_input")
_find_generation = _SQL.value("find_generation", str)
_insert_adopted = _SQL.count("insert_adopted")


class NeedsConfirmationError(Exception):
    """A call costs more than the user has approved; nothing was written.

    Args:
        price: Millicredits that it would reserve.
    """

    def __init__(self, price: int) -> None:
        self.price = price
        super().__init__(f"{price} millicredits")


@dataclass(frozen=True, kw_only=True)
class SubmitTerms(Liveness):
    """The conditions under which a call is written."""

    now: float
    """Unix seconds."""
    budget: int | None = None
    """Daily budget in millicredits; None: no budget."""
    agreed: int = UNLIMITED
    """Millicredits that the call may reserve."""
    may_pay: bool = False
    """Whether the balance is known to allow sending although the upstream is paused."""
    cache: bool = True
    """Whether finished jobs with the same result may answer it."""
    dispatch: Callable[[Connection, str, int], None] = lambda _connection, _job, _priority: None
    """Passes each job and its priority to the engine, inside the transaction."""


@dataclass(frozen=True, kw_only=True)
class _Variant:
    """A variant that becomes a job."""

    position: int
    request: Operation
    result_key: str | None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How to answer a call: join an earlier call, use cached jobs, or add new jobs."""

    key: str
    root: str | None = None
    """The call to join."""
    cached: Mapping[int, str] = field(default_factory=dict)
    """Cached jobs that answer variants, by position."""
    saved: int = 0
    """Price of those variants, in millicredits."""
    wanted: Sequence[_Variant] = ()

    @property
    def prices(self) -> list[int]:
        """Return the price of each new job, in millicredits."""
        return [variant.request.price() for variant in self.wanted]


def insert_call(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> Call:
    """Do T1.

    Raises:
        BudgetError: the call would exceed the daily budget, a spending limit, or the budget of its
            run.
        ConfirmationError: the outcome of an identical call is unknown.
        NeedsConfirmationError: it costs more than the user has approved.
        NeedsLivenessError: identical calls seem to be waiting in processes that may be dead.
        UpstreamPausedError: a request must be sent, and the API rejected an earlier one because of
            the key or the balance.
    """
    plan = _plan(connection, call_request, terms)
    place = call_request.place
    if plan.wanted and call_request.retry_of is None and place is None:  # variants of a step repeat
        reuse.check_no_unknown(connection, call_request.account, plan.key, now=terms.now)
    if plan.root is not None:
        return _join(connection, plan, call_request, terms)
    if not plan.wanted:
        call = _new_call(connection, call_request, plan, terms)
        jobs: list[JobRow] = []
        limited = True
    else:
        price, found = sum(plan.prices), _terms_of(connection, call_request, terms)
        limited = found.limits > 0
        client = _client(call_request, terms) if limited else None
        limits = [] if client is None else spend_limits.lock(connection, client)
        spend_limits.check(limits, plan.prices, terms.now)
        if price > terms.agreed:  # asked last: the user's yes can't exceed a limit
            raise NeedsConfirmationError(price)
        if found.paused_why is not None and not terms.may_pay:
            raise UpstreamPausedError(found.paused_why)
        day = budget.later_day(terms.now, found.latest_day)
        budget.reserve(connection, call_request.account, plan.prices, limit=terms.budget, day=day)
        if place is not None:
            budget.check_run(connection, place, price)
        call = _new_call(connection, call_request, plan, terms)
        priority = queue.priority_of_call(found.waiting) if place is None else queue.BATCH
        common = _JobDefaults(call=call, day=day, priority=priority)
        jobs = [
            _new_job(connection, call_request, variant, common, terms) for variant in plan.wanted
        ]
        spend_limits.count_jobs(connection, limits, [job.id for job in jobs])
    answering = {**plan.cached, **{job.position: job.id for job in jobs}}
    return Call(
        id=call,
        tool=call_request.tool,
        created_at=terms.now,
        job_ids=[answering[position] for position in sorted(answering)],
        cached=tuple(plan.cached.values()),
        queued=tuple(jobs),
        limited=limited,
    )


def _plan(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> _Plan:
    hashes = input_hashes(connection, call_request.inputs)
    key = call_key(call_request, hashes)
    repeats = call_request.retry_of is not None
    root = _find_root(connection, call_request, key, terms)
    if root is not None:
        return _Plan(key=key, root=root)
    variants = [
        _Variant(
            position=position, request=request, result_key=result_key(call_request, request, hashes)
        )
        for position, request in enumerate(spread_seeds(call_request.operation, call_request.count))
    ]
    cached: dict[int, str] = {}
    if terms.cache and not repeats:
        cached = reuse.find_cached(connection, [variant.result_key for variant in variants])
    return _Plan(
        key=key,
        cached=cached,
        saved=sum(variants[position].request.price() for position in cached),
        wanted=[variant for variant in variants if variant.position not in cached],
    )


def _find_root(
    connection: Connection, call_request: CallRequest, key: str, terms: SubmitTerms
) -> str | None:
    """Return the call to join: the one for the same place of a run, or an identical one."""
    retry_of = call_request.retry_of
    if call_request.place is not None:
        return reuse.find_call_of_step(connection, call_request.place, retry_of=retry_of)
    if retry_of is not None:
        return None
    alive = [terms.process, *terms.alive]
    return reuse.find_joinable(connection, key, dead=terms.dead, alive=alive, now=terms.now)


def _join(
    connection: Connection, plan: _Plan, call_request: CallRequest, terms: SubmitTerms
) -> Call:
    root = plan.root or ""
    jobs = reuse.jobs_of_call(connection, root)
    if call_request.place is None:  # a run asks the user before it resumes paused jobs
        _resume(connection, jobs, call_request, terms)
    reuse.wake_queued(connection, root, terms.process)
    if not terms.may_pay:
        states = lookup.job_states(connection, jobs).values()
        if any(state == "queued" for state, _, _ in states):
            why = _terms_of(connection, call_request, terms).paused_why
            if why is not None:
                raise UpstreamPausedError(why)
    return Call(
        id=_new_call(connection, call_request, plan, terms),
        tool=call_request.tool,
        created_at=terms.now,
        job_ids=jobs,
        joined=root,
        cached=tuple(reuse.cached_jobs(connection, root)),
    )


def _resume(
    connection: Connection, jobs: Sequence[str], call_request: CallRequest, terms: SubmitTerms
) -> None:
    resumed = recover.resume(
        connection, jobs, process=terms.process, limit=terms.budget, now=terms.now
    )
    prices = {job.id: job.price for job in resumed}
    spend_limits.check_resumed(connection, _client(call_request, terms), prices)


def _client(call_request: CallRequest, terms: SubmitTerms) -> LimitedClient | None:
    """Return the client whose spending limits bind the call; None: none do."""
    account, scope = call_request.account, call_request.spend_scope
    if scope is None:
        return None
    return LimitedClient(account=account, scope=scope, live=terms, now=terms.now)


def _terms_of(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> _Terms:
    account, scope = call_request.account, call_request.spend_scope
    found = _terms(
        connection,
        **account.key,
        process=terms.process,
        max_waiting=queue.MIN_BATCH_JOBS,
        scope=scope.name if scope is not None else None,
        now=terms.now,
    )
    if found is None:
        raise LookupError(f"the upstream {account.upstream} is not registered")
    return found


def _new_call(
    connection: Connection,
    call_request: CallRequest,
    plan: _Plan,
    terms: SubmitTerms,
) -> str:
    row = {
        **call_request.account.key,
        "process": terms.process,
        "tool": call_request.tool,
        "call_key": plan.key,
        "joined": plan.root,
        "cached": json.dumps(plan.cached) if plan.cached else None,
        "saved": plan.saved if plan.cached else None,
        # The run takes the result of a step, and is delivered as a whole.
        "delivered_at": terms.now if call_request.place is not None else None,
        "client": call_request.client_name or None,
        "now": terms.now,
    }
    while True:
        call = new_id(CALL_CHARACTERS)
        if _insert_call(connection, **row, id=call) == 1:
            return call


@dataclass(frozen=True, kw_only=True)
class _JobDefaults:
    """What all new jobs of a call have in common."""

    call: str
    day: str
    priority: int


def _new_job(
    connection: Connection,
    call_request: CallRequest,
    variant: _Variant,
    common: _JobDefaults,
    terms: SubmitTerms,
) -> JobRow:
    request, labels, place = variant.request, call_request.labels, call_request.place
    row = {
        **call_request.account.key,
        "call": common.call,
        "position": variant.position,
        "operation": request.name(),
        "arguments": request.canonical(),
        "deferred": int(request.is_deferred()),
        "process": terms.process,
        "day": common.day,
        "price": request.price(),
        "label": labels[variant.position] if variant.position < len(labels) else None,
        "variant": variant.position + 1 if call_request.numbered else 0,
        "label_source": int(call_request.label_source),
        "output_dir": str(call_request.output_dir) if call_request.output_dir else None,
    }
    row |= {
        "run": place.run if place else None,
        "step": place.step if place else None,
        "item": place.item if place else 0,
    }
    seq, extra = None, {"retry_of": call_request.retry_of, "result_key": variant.result_key}
    while seq is None:  # with 50 random bits, an id is taken once in years
        job = new_id(ID_CHARACTERS)
        seq = _insert_job(
            connection,
            **row,
            **extra,
            id=job,
            priority=common.priority,
            price_list=PRICE_LIST,
            now=terms.now,
        )
    for name, media in call_request.inputs.items():
        _insert_input(connection, job=job, field=name, media=media)
    terms.dispatch(connection, job, common.priority)
    return JobRow(
        **row,  # type: ignore[arg-type]  # a test compares it with the row
        client=call_request.client_name or None,
        seq=seq,
        id=job,
        priority=common.priority,
        state="queued",
        lease_version=1,
        attempt=0,
        wake_at=0.0,
        charged="reserved",
        generation=None,
        answer=None,
        error=None,
        created_at=terms.now,
        sent_at=None,
        finished_at=None,
        cancel_at=None,
    )


@dataclass(frozen=True, kw_only=True)
class ForeignGeneration:
    """A generation that another program started with the same key."""

    account: Account
    kind: type[Operation]
    """The operation that started it; it determines how to poll."""
    generation: str
    label: str | None = None
    """Label of the result."""
    output_dir: Path | None = None
    """Folder of the readable copies; None: no copies."""
    client_name: str = ""
    """What the client is called in lists of jobs; "": it has no name."""


def adopt_generation(
    connection: Connection, generation: ForeignGeneration, *, process: str, now: float, since: float
) -> tuple[str, bool]:
    """Write a job that is only polled; return its id and whether it is new.

    The generation was charged where it was started, so the price here is 0.

    Args:
        connection: The writer's.
        generation: The generation.
        process: The process that polls.
        now: Unix seconds.
        since: Unix seconds. An unknown job of this generation is reused if started after that.
    """
    keys = generation.account.key
    known = _find_generation(connection, **keys, generation=generation.generation, since=since)
    if known is not None:
        return known, False
    day = budget.day_of(connection, generation.account, now)
    call, job = new_id(CALL_CHARACTERS), new_id(ID_CHARACTERS)
    _insert_call(
        connection,
        **keys,
        id=call,
        process=process,
        tool=ADOPT_TOOL,
        call_key=f"{ADOPT_TOOL}:{call}",  # unique, so that no call joins it
        joined=None,
        cached=None,
        saved=None,
        delivered_at=None,
        client=generation.client_name or None,
        now=now,
    )
    _insert_adopted(
        connection,
        **keys,
        id=job,
        call=call,
        operation=generation.kind.name(),
        process=process,
        day=day,
        price_list=PRICE_LIST,
        generation=generation.generation,
        label=generation.label,
        output_dir=str(generation.output_dir) if generation.output_dir else None,
        now=now,
    )
    row = load_job(connection, job)
    if row is None:
        raise RuntimeError(f"job {job} is missing although it was just written")
    budget.open_charge(connection, row, attempt=1, day=day, now=now)
    return job, True
