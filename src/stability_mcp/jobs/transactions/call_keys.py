"""A call as it arrives, and what makes two calls, or two results, the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.api.fields import MAX_SEED
from stability_mcp.api.operation import Operation
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account


@dataclass(frozen=True, slots=True)
class _Input:
    id: str
    blob: str


_input_hashes = load(__file__).many("input_hashes", _Input)


@dataclass(frozen=True, kw_only=True)
class CallRequest:
    """A call as it arrives: validated, its inputs imported and named by media id."""

    account: Account
    tool: str
    operation: Operation
    count: int = 1
    """How many variants; an explicit seed counts up from one to the next."""
    labels: Sequence[str | None] = ()
    """Names of the results, one for each variant."""
    output_dir: Path | None = None
    """Folder of the readable copies; None: none."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Media ids by the name of the field that takes the file."""
    retry_of: str | None = None
    """The job that this one repeats: it takes over no call and no finished job answers for it."""


def input_hashes(connection: Connection, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of the files that a call sends, by field."""
    if not inputs:
        return {}
    found = {row.id: row.blob for row in _input_hashes(connection, ids=list(inputs.values()))}
    return {name: found.get(media, media) for name, media in inputs.items()}


def call_key(call_request: CallRequest, hashes: Mapping[str, str]) -> str:
    """Return what makes two calls the same: whose, where, what, and how many; no label is in it."""
    return _key(call_request, call_request.operation, hashes, count=call_request.count)


def result_key(
    call_request: CallRequest, request: Operation, hashes: Mapping[str, str]
) -> str | None:
    """Return what makes two results the same; None where the API varies them by itself."""
    return _key(call_request, request, hashes, count=None) if is_repeatable(request) else None


def is_repeatable(operation: Operation) -> bool:
    """Return whether the same request gives the same result: an explicit seed, or none to vary."""
    return "seed" not in type(operation).model_fields or bool(getattr(operation, "seed", None))


def spread_seeds(operation: Operation, count: int) -> list[Operation]:
    """Return the requests of `count` variants: an explicit seed counts up, for it repeats a result.

    0 and no seed ask for a random one each time, so those stay as they are.
    """
    first = getattr(operation, "seed", None)
    if not first:
        return [operation] * count
    seeds = ((first - 1 + step) % MAX_SEED + 1 for step in range(count))  # never over, never 0
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
