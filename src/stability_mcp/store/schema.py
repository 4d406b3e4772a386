"""The tables of the store, and helpers for their columns."""

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData()


def table(name: str, *parts: SchemaItem, by_key: bool = False) -> Table:
    """Make a strict table; `by_key` keeps its rows in its primary key, without a number of its own.

    A `seq` never comes back, not even after the newest row was deleted: cursors rely on it.
    """
    numbered = any(isinstance(part, Column) and part.name == "seq" for part in parts)
    return Table(
        name,
        metadata,
        *parts,
        sqlite_strict=True,
        sqlite_autoincrement=numbered,
        sqlite_with_rowid=not by_key,
    )


def words(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    """Return a column of text."""
    return Column(name, Text, nullable=null, primary_key=key)


def count(name: str, default: int | None = None, *, null: bool = False) -> Column[int]:
    """Return a column of whole numbers."""
    shown = None if default is None else str(default)
    return Column(name, Integer, nullable=null, default=default, server_default=shown)


def time(name: str, *, null: bool = True, default: str | None = None) -> Column[float]:
    """Return a column of unix seconds."""
    return Column(name, REAL, nullable=null, server_default=default)


def order() -> Column[int]:
    """Return the column by which rows are ordered."""
    return Column("seq", Integer, primary_key=True)


def public_id() -> Column[str]:
    """Return the column by which a row is named outside."""
    return Column("id", Text, nullable=False, unique=True)


meta = table("meta", words("key", key=True), words("value"))
"""schema, oldest_writer, store_id, fingerprint_secret; ceiling:<owner>:<upstream>:<day>."""

upstreams = table(
    "upstreams",  # whose money, rate limit and generations
    words("id", key=True),  # keyed hash of base URL and key; "emulator"
    words("base_url"),
    count("emulated", 0),
    time("blocked_until", null=False, default="0"),  # a 429 stops every process
    words("paused_why", null=True),  # 401, 402: nothing is sent until a balance query answers
    count("balance", null=True),  # "about"; never in arithmetic
    time("balance_at"),
)

processes = table(
    "processes",  # alive = somebody holds locks/<id>.lock; the row is for people and adoption
    words("id", key=True),
    words("upstream"),
    count("pid"),
    words("program"),
    count("writes_schema"),
    words("host", null=True),
    time("started_at", null=False),
)

calls = table(
    "calls",  # one tools/call that spends: joining, handing over, "uncollected"
    order(),
    public_id(),
    words("owner"),
    words("upstream"),
    words("process"),  # who asked
    words("tool"),
    words("call_key"),  # hash of owner, upstream, operation, arguments, input hashes, count
    Column("joined", Text, ForeignKey("calls.id")),  # NULL: it owns jobs; else it waits for those
    time("created_at", null=False),
    time("abandoned_at"),  # the request ended without the result
    time("handed_at"),  # ... with it
    time("cancelled_at"),  # its asker gave it up; its jobs may go on
    words("said", null=True),  # JSON: how its inputs were found and made to fit
    words("cached", null=True),  # JSON: jobs of earlier calls that answer for it, by position
    count("saved", null=True),  # millicredits that those would have cost again
)
Index("calls_key", calls.c.call_key, calls.c.seq)
Index("calls_open", calls.c.owner, calls.c.seq, sqlite_where=calls.c.handed_at.is_(None))
Index("calls_joined", calls.c.joined, sqlite_where=calls.c.joined.isnot(None))
Index(  # identical calls that may be taken over, among the many that were handed over
    "calls_joinable", calls.c.call_key, calls.c.created_at, sqlite_where=calls.c.handed_at.is_(None)
)
Index(
    "calls_saved",
    calls.c.owner,
    calls.c.upstream,
    calls.c.saved,
    sqlite_where=calls.c.saved.isnot(None),
)

jobs = table(
    "jobs",
    order(),
    public_id(),
    words("owner"),
    Column("upstream", Text, ForeignKey("upstreams.id"), nullable=False),
    Column("call", Text, ForeignKey("calls.id")),
    count("position", 0),  # count: n jobs of one call
    words("run", null=True),  # workflow coordinates
    words("step", null=True),
    count("item", 0),
    words("retry_of", null=True),
    words("operation"),
    words("arguments"),  # canonical JSON; files as media ids; never URLs, paths or bytes
    words("result_key", null=True),  # set only where the same call gives the same result
    count("deferred"),
    count("lane", 0),  # 0 somebody waits, 1 batch, workflow
    words("state"),  # queued paused submitting submitted storing | done failed cancelled unknown
    words("process", null=True),  # who drives it; fences SENDING, never results
    count("epoch", 0),
    time("lease_until"),  # hosted only
    count("attempt", 0),  # one per POST; a RESULT is accepted by attempt
    time("wake_at", null=False, default="0"),
    time("cancel_at"),
    words("day"),
    count("price"),
    words("price_list"),
    Column("charged", Text, nullable=False, server_default="no"),  # no held assumed yes
    words("generation", null=True),
    words("answer", null=True),
    words("error", null=True),
    words("engine_id", null=True),
    words("label", null=True),  # of the process that was asked, so that an adopter files it
    words("output_dir", null=True),  # where the user looks
    time("created_at", null=False),
    time("sent_at"),
    time("answered_at"),
    time("finished_at"),
    time("told_at"),  # of its end, whom STABILITY_ON_DONE names; below 0: not before then
)
_unfinished = jobs.c.finished_at.is_(None)
Index(
    "jobs_due", jobs.c.upstream, jobs.c.state, jobs.c.lane, jobs.c.wake_at, sqlite_where=_unfinished
)
Index("jobs_driven", jobs.c.process, sqlite_where=_unfinished)
Index("jobs_call", jobs.c.call, jobs.c.position)
Index(
    "jobs_cache",
    jobs.c.result_key,
    jobs.c.seq,
    sqlite_where=text("result_key IS NOT NULL AND state = 'done'"),
)
Index("jobs_list", jobs.c.owner, jobs.c.seq)
Index(  # what ended lately, and what ended long ago
    "jobs_ended",
    jobs.c.upstream,
    jobs.c.finished_at,
    sqlite_where=jobs.c.finished_at.isnot(None),
)
Index(  # whether a generation is known here
    "jobs_generation",
    jobs.c.upstream,
    jobs.c.generation,
    sqlite_where=jobs.c.generation.isnot(None),
)
Index("jobs_state", jobs.c.owner, jobs.c.state, jobs.c.seq)  # the few unfinished among the many
Index(  # one job a step, whoever schedules it
    "jobs_step",
    jobs.c.run,
    jobs.c.step,
    jobs.c.item,
    unique=True,
    sqlite_where=text("run IS NOT NULL AND retry_of IS NULL"),
)

charges = table(
    "charges",  # the ledger, one row a POST, never deleted
    Column("id", Integer, primary_key=True),
    words("owner"),
    words("upstream"),
    Column("job", Text, ForeignKey("jobs.id"), nullable=False),
    count("attempt"),
    words("day"),
    count("credits"),  # millicredits
    words("state"),  # sent charged assumed free
    time("at", null=False),
    UniqueConstraint("job", "attempt"),
)
Index("charges_day", charges.c.owner, charges.c.upstream, charges.c.day)

spending = table(
    "spending",  # the guard: one conditional UPDATE
    words("owner", key=True),
    words("upstream", key=True),
    words("day", key=True),
    count("held", 0),
    count("spent", 0),
    CheckConstraint("held >= 0"),
    CheckConstraint("spent >= 0"),
    by_key=True,
)

requests = table(
    "requests",  # rate: a place is taken until 10.5 s after the request is known to be out
    Column("id", Integer, primary_key=True),
    words("upstream"),
    words("process"),
    time("granted_at", null=False),
    time("sent_at"),
)
Index("requests_sent", requests.c.upstream, requests.c.sent_at)

blobs = table(
    "blobs",
    words("sha256", key=True),
    count("bytes"),
    words("media_type"),
    time("created_at", null=False),
    by_key=True,
)

media = table(
    "media",
    order(),
    public_id(),
    words("owner"),
    count("emulated", 0),
    words("upstream", null=True),  # NULL: imported
    Column("job", Text, ForeignKey("jobs.id")),
    count("position", 0),
    Column("blob", Text, ForeignKey("blobs.sha256"), nullable=False),
    words("media_type"),
    count("width", null=True),
    count("height", null=True),
    Column("seconds", REAL),
    words("seed", null=True),  # text: a provider's 2^63 must not cost a paid result
    words("finish_reason", null=True),
    words("origin"),  # generated, imported, fitted
    words(
        "operation", null=True
    ),  # plain JSON of what made it: {"operation": ..., "arguments": ...}
    words("label", null=True),
    words("copy_path", null=True),
    time("created_at", null=False),
    time("deleted_at"),
)
Index("media_job", media.c.job, media.c.position, unique=True, sqlite_where=media.c.job.isnot(None))
Index("media_list", media.c.owner, media.c.seq, sqlite_where=media.c.deleted_at.is_(None))
Index(  # lists of one kind
    "media_kind",
    media.c.owner,
    media.c.media_type,
    media.c.seq,
    sqlite_where=media.c.deleted_at.is_(None),
)
Index(
    "media_label",
    media.c.owner,
    media.c.label,
    unique=True,
    sqlite_where=text("label IS NOT NULL AND deleted_at IS NULL"),
)
Index("media_blob", media.c.blob)
Index(  # whose readable copy a file is
    "media_copy", media.c.owner, media.c.copy_path, sqlite_where=media.c.copy_path.isnot(None)
)

media_parents = table(
    "media_parents",
    words("child", key=True),
    words("parent", key=True),
    words("role", key=True),
    by_key=True,
)
Index("media_parents_parent", media_parents.c.parent)

job_inputs = table(
    "job_inputs",  # pins inputs against retention
    words("job", key=True),
    words("field", key=True),
    Column("position", Integer, primary_key=True),
    words("media"),
    by_key=True,
)
Index("job_inputs_media", job_inputs.c.media)

confirmations = table(
    "confirmations",  # a question to the user whether so much may be spent, and the answer
    Column("id", Integer, primary_key=True),
    words("owner"),
    words("upstream"),
    words("call_key"),  # the question key of `policy.confirmation`, not `calls.call_key`
    count("credits"),  # millicredits
    time("asked_at", null=False),
    words("answer", null=True),  # yes no; NULL: none yet
    time("answered_at"),
    words("used_by", null=True),  # the process that spent it; a yes counts once
)
Index("confirmations_key", confirmations.c.call_key, confirmations.c.id)

audit = table(
    "audit",  # what was refused or flagged, for the person who answers for the prompts
    Column("id", Integer, primary_key=True),
    words("owner"),
    words("upstream"),
    time("at", null=False),
    words("event"),  # blocked warned moderated repeated
    words("operation"),
    words("prompt_hash"),  # never the prompt itself
    words("detail"),
)
Index("audit_prompt", audit.c.prompt_hash, audit.c.id)
