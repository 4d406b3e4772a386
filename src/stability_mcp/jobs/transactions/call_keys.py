"""The request of a call, and the keys that identify identical calls and identical results."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.api.fields import MAX_SEED
from stability_mcp.api.operation import Operation
from stability_mcp.media.labels import NameSource
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.policy.spend_limits import SpendScope
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

PAGE_CLIENT = "web page"
"""What the web page is called in lists of jobs. It shows all results, so no answer to another
client announces those of its calls."""


@dataclass(frozen=True, slots=True)
class _Input:
    id: str
    blob: str


_input_hashes = load(__file__).many("input_hashes", _Input)


@dataclass(frozen=True, kw_only=True)
class StepPlace:
    """The place of a job in the run of a workflow; there is one job for each place.

    The user may pay for a job again whose outcome is unknown, so its place can have retries too.
    """

    run: str
    step: str
    item: int
    budget: int | None = None
    """Millicredits that all jobs of the run may cost together; None: no limit."""


@dataclass(frozen=True, kw_only=True)
class CallRequest:
    """A validated call, with its inputs imported and named by media id."""

    account: Account
    tool: str
    operation: Operation
    count: int = 1
    """Number of variants; an explicit seed counts up from one to the next."""
    labels: Sequence[str | None] = ()
    """Labels of the results, one per variant."""
    numbered: bool = False
    """Whether the results are a series, which shares a version: `hero-1`, `hero-2`."""
    label_source: NameSource = NameSource.CALLER
    """Where the labels come from."""
    output_dir: Path | None = None
    """Folder of the readable copies; None: no copies."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Media ids by the name of the field that takes the file."""
    retry_of: str | None = None
    """The job that this call repeats; then it neither joins a call nor uses the cache."""
    place: StepPlace | None = None
    """Where its job belongs in a run, for a call with one variant. The call joins only an earlier
    one for the same place, and with `retry_of` only an earlier retry of the same job."""
    spend_scope: SpendScope | None = None
    """The client whose spending limits the call must fit into; None: none bind the caller."""
    client_name: str = ""
    """What the client is called in lists of jobs; "": it has no name."""
    key: CallKey | None = None
    """The idempotency key, which is stored with the call; None: the client sent none."""
    notes: Sequence[str] = ()
    """Lines for the answer that are stored with the key: the answer may be given again."""


def input_hashes(connection: Connection, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of a call's input files, by field."""
    if not inputs:
        return {}
    found = {row.id: row.blob for row in _input_hashes(connection, ids=list(inputs.values()))}
    return {name: found.get(media, media) for name, media in inputs.items()}


def call_key(call_request: CallRequest, hashes: Mapping[str, str]) -> str:
    """Return the key of identical calls: account, operation, arguments, inputs, count; no label."""
    return _key(call_request, call_request.operation, hashes, count=call_request.count)


def result_key(
    call_request: CallRequest, request: Operation, hashes: Mapping[str, str]
) -> str | None:
    """Return the key of identical results; None if the result is random."""
    return _key(call_request, request, hashes, count=None) if is_repeatable(request) else None


def is_repeatable(operation: Operation) -> bool:
    """Return whether the same request gives the same result: explicit seed, or no seed field."""
    return "seed" not in type(operation).model_fields or bool(getattr(operation, "seed", None))


def spread_seeds(operation: Operation, count: int) -> list[Operation]:
    """Return the requests of `count` variants: an explicit seed counts up, so that they differ.

    With 0 or no seed the API picks a random one each time, so those requests are left unchanged.
    """
    first = getattr(operation, "seed", None)
    if not first:
        return [operation] * count
    seeds = ((first - 1 + step) % MAX_SEED + 1 for step in range(count))  # from 1 to MAX_SEED
    return [operation.model_copy(update={"seed": seed}) for seed in seeds]


def _key(
    call_request: CallRequest, request: Operation, hashes: Mapping[str, str], *, count: int | None
) -> str:
    arguments = json.loads(request.canonical())
    parts = {
        **call_request.account.key,
        "operation": request.name(),
        "arguments": {name: value for name, value in arguments.items() if name not in hashes},
        "inputs": dict(hashes),
        "count": count,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
