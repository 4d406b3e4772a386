"""The tables.

Money is integer millicredits; times are unix seconds, for people: no rule kills by them. No CHECK
on state words: a new state must not need a table rebuild. Order and cursors go by `seq`, never by
time. Changes are additive (nullable or defaulted columns, new tables, new indexes), so that an
older program can go on writing; `format.SCHEMA` counts them, `format.OLDEST_WRITER` is the oldest
that may, and `migrations` says how an older store gets them.
"""

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)

from stability_mcp.store.columns import count as _count
from stability_mcp.store.columns import order as _seq
from stability_mcp.store.columns import public_id as _id
from stability_mcp.store.columns import table as _table
from stability_mcp.store.columns import time as _time
from stability_mcp.store.columns import words as _text

meta = _table("meta", _text("key", key=True), _text("value"))
"""schema, oldest_writer, store_id, fingerprint_secret; ceiling:<owner>:<upstream>:<day>."""

upstreams = _table(
    "upstreams",  # whose money, rate limit and generations
    _text("id", key=True),  # keyed hash of base URL and key; "emulator"
    _text("base_url"),
    _count("emulated", 0),
    _time("blocked_until", null=False, default="0"),  # a 429 stops every process
    _text("paused_why", null=True),  # 401, 402: nothing is sent until a balance query answers
    _count("balance", null=True),  # "about"; never in arithmetic
    _time("balance_at"),
)

processes = _table(
    "processes",  # alive = somebody holds locks/<id>.lock; the row is for people and adoption
    _text("id", key=True),
    _text("upstream"),
    _count("pid"),
    _text("program"),
    _count("writes_schema"),
    _text("host", null=True),
    _time("started_at", null=False),
)

calls = _table(
    "calls",  # one tools/call that spends: joining, handing over, "uncollected"
    _seq(),
    _id(),
    _text("owner"),
    _text("upstream"),
    _text("process"),  # who asked
    _text("tool"),
    _text("call_key"),  # hash of owner, upstream, operation, arguments, input hashes, count
    Column("joined", Text, ForeignKey("calls.id")),  # NULL: it owns jobs; else it waits for those
    _time("created_at", null=False),
    _time("abandoned_at"),  # the request ended without the result
    _time("handed_at"),  # ... with it
    _time("cancelled_at"),  # its asker gave it up; its jobs may go on
    _text("said", null=True),  # JSON: how its inputs were found and made to fit
    _text("cached", null=True),  # JSON: jobs of earlier calls that answer for it, by position
    _count("saved", null=True),  # millicredits that those would have cost again
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

jobs = _table(
    "jobs",
    _seq(),
    _id(),
    _text("owner"),
    Column("upstream", Text, ForeignKey("upstreams.id"), nullable=False),
    Column("call", Text, ForeignKey("calls.id")),
    _count("position", 0),  # count: n jobs of one call
    _text("run", null=True),  # workflow coordinates
    _text("step", null=True),
    _count("item", 0),
    _text("retry_of", null=True),
    _text("operation"),
    _text("arguments"),  # canonical JSON; files as media ids; never URLs, paths or bytes
    _text("result_key", null=True),  # set only where the same call gives the same result
    _count("deferred"),
    _count("lane", 0),  # 0 somebody waits, 1 batch, workflow
    _text("state"),  # queued paused submitting submitted storing | done failed cancelled unknown
    _text("process", null=True),  # who drives it; fences SENDING, never results
    _count("epoch", 0),
    _time("lease_until"),  # hosted only
    _count("attempt", 0),  # one per POST; a RESULT is accepted by attempt
    _time("wake_at", null=False, default="0"),
    _time("cancel_at"),
    _text("day"),
    _count("price"),
    _text("price_list"),
    Column("charged", Text, nullable=False, server_default="no"),  # no held assumed yes
    _text("generation", null=True),
    _text("answer", null=True),
    _text("error", null=True),
    _text("engine_id", null=True),
    _text("label", null=True),  # of the process that was asked, so that an adopter files it
    _text("output_dir", null=True),  # where the user looks
    _time("created_at", null=False),
    _time("sent_at"),
    _time("answered_at"),
    _time("finished_at"),
    _time("told_at"),  # of its end, whom STABILITY_ON_DONE names; below 0: not before then
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

charges = _table(
    "charges",  # the ledger, one row a POST, never deleted
    Column("id", Integer, primary_key=True),
    _text("owner"),
    _text("upstream"),
    Column("job", Text, ForeignKey("jobs.id"), nullable=False),
    _count("attempt"),
    _text("day"),
    _count("credits"),  # millicredits
    _text("state"),  # sent charged assumed free
    _time("at", null=False),
    UniqueConstraint("job", "attempt"),
)
Index("charges_day", charges.c.owner, charges.c.upstream, charges.c.day)

spending = _table(
    "spending",  # the guard: one conditional UPDATE
    _text("owner", key=True),
    _text("upstream", key=True),
    _text("day", key=True),
    _count("held", 0),
    _count("spent", 0),
    CheckConstraint("held >= 0"),
    CheckConstraint("spent >= 0"),
    by_key=True,
)

requests = _table(
    "requests",  # rate: a place is taken until 10.5 s after the request is known to be out
    Column("id", Integer, primary_key=True),
    _text("upstream"),
    _text("process"),
    _time("granted_at", null=False),
    _time("sent_at"),
)
Index("requests_sent", requests.c.upstream, requests.c.sent_at)

blobs = _table(
    "blobs",
    _text("sha256", key=True),
    _count("bytes"),
    _text("media_type"),
    _time("created_at", null=False),
    by_key=True,
)

media = _table(
    "media",
    _seq(),
    _id(),
    _text("owner"),
    _count("emulated", 0),
    _text("upstream", null=True),  # NULL: imported
    Column("job", Text, ForeignKey("jobs.id")),
    _count("position", 0),
    Column("blob", Text, ForeignKey("blobs.sha256"), nullable=False),
    _text("media_type"),
    _count("width", null=True),
    _count("height", null=True),
    Column("seconds", REAL),
    _text("seed", null=True),  # text: a provider's 2^63 must not cost a paid result
    _text("finish_reason", null=True),
    _text("origin"),  # generated, imported, fitted
    _text(
        "operation", null=True
    ),  # plain JSON of what made it: {"operation": ..., "arguments": ...}
    _text("label", null=True),
    _text("copy_path", null=True),
    _time("created_at", null=False),
    _time("deleted_at"),
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

media_parents = _table(
    "media_parents",
    _text("child", key=True),
    _text("parent", key=True),
    _text("role", key=True),
    by_key=True,
)
Index("media_parents_parent", media_parents.c.parent)

job_inputs = _table(
    "job_inputs",  # pins inputs against retention
    _text("job", key=True),
    _text("field", key=True),
    Column("position", Integer, primary_key=True),
    _text("media"),
    by_key=True,
)
Index("job_inputs_media", job_inputs.c.media)

confirmations = _table(
    "confirmations",  # a question to the user whether so much may be spent, and the answer
    Column("id", Integer, primary_key=True),
    _text("owner"),
    _text("upstream"),
    _text("call_key"),  # identical calls share it; see `calls`
    _count("credits"),  # millicredits
    _time("asked_at", null=False),
    _text("answer", null=True),  # yes no; NULL: none yet
    _time("answered_at"),
    _text("used_by", null=True),  # the process that spent it; a yes counts once
)
Index("confirmations_key", confirmations.c.call_key, confirmations.c.id)

audit = _table(
    "audit",  # what was refused or flagged, for the person who answers for the prompts
    Column("id", Integer, primary_key=True),
    _text("owner"),
    _text("upstream"),
    _time("at", null=False),
    _text("event"),  # blocked warned moderated repeated
    _text("operation"),
    _text("prompt_hash"),  # never the prompt itself
    _text("detail"),
)
Index("audit_prompt", audit.c.prompt_hash, audit.c.id)
