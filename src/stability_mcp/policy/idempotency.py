"""Idempotency keys: a client that sends a request again with the same key doesn't pay again.

A key is stored in the transaction that starts what is charged: a call (T1), a run of a workflow, a
decision about a run, or paused jobs that are resumed. A request that is refused before that leaves
its key unused. A second transaction with the same key raises `KeyUsedError` and writes nothing.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from stability_mcp.errors import ArgumentsError
from stability_mcp.store.ids import looks_like_id
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.uris import MEDIA_SCHEME, parse_uri

KEEP_SECONDS = 30 * 86_400.0
"""How long a key is kept. *Chosen*: 30 days, the longest that a large API keeps keys (Stripe's, its
version 2); clients retry for hours at most, so a key that comes later belongs to another request.
"""

MAX_KEY_CHARACTERS = 255
"""*Documented*: rest.md 3."""

MAX_HASHED_MEDIA = MAX_IDS_PER_QUERY
"""Media ids in the arguments of a request that are hashed by their bytes; further ones count as
text. *Chosen*: no operation takes more than 3 files; a larger list would be more than one query."""

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}")


class KeyUsedError(Exception):
    """Another transaction used the key; this one wrote nothing."""


@dataclass(frozen=True, kw_only=True)
class CallKey:
    """The key of a request.

    Raises:
        ArgumentsError: it isn't 1 to 255 visible ASCII characters.
    """

    key: str
    request_hash: str
    """Identifies the request; see `request_hash`."""

    def __post_init__(self) -> None:
        check_key(self.key)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What a key was used for: one of `call`, `run` and `jobs` is set."""

    request_hash: str
    call: str | None
    """The call that it started."""
    run: str | None
    """The run that it started or decided about."""
    jobs: str | None
    """JSON: the paused jobs that it resumed."""
    created_at: float
    """Unix seconds."""

    @property
    def resumed(self) -> Sequence[str]:
        """Return the paused jobs that it resumed."""
        found: list[str] = json.loads(self.jobs or "[]")
        return found


@dataclass(frozen=True, slots=True)
class _Blob:
    id: str
    blob: str


_SQL = load(__file__)
_find = _SQL.one("find", KeyUse)
_record = _SQL.count("record")
_remove_old = _SQL.count("remove_old")
_blobs = _SQL.many("blobs", _Blob)


def check_key(key: str) -> None:
    """Check the form of a key; raises ArgumentsError."""
    if not _KEY.fullmatch(key):
        raise ArgumentsError(
            f"Idempotency-Key: a key has 1 to {MAX_KEY_CHARACTERS} visible ASCII characters, and "
            "no spaces.",
            hint="Send a random UUID.",
        )


def find(connection: Connection, owner: str, key: str) -> KeyUse | None:
    """Return what a key was used for; None: it is unused."""
    return _find(connection, owner=owner, key=key)


def check_unused(connection: Connection, owner: str, key: CallKey) -> None:
    """Check that a key is unused, before anything else about its request is checked.

    Raises:
        KeyUsedError: it is used.
    """
    if find(connection, owner, key.key) is not None:
        raise KeyUsedError


def record(
    connection: Connection, owner: str, key: CallKey, started: Mapping[str, Any], now: float
) -> None:
    """Record what a key started, in the transaction that starts it.

    Args:
        connection: The writer's.
        owner: The owner of the key.
        key: The key.
        started: One of `call` and `run`, an id each, and `jobs`, a list of ids.
        now: Unix seconds.

    Raises:
        KeyUsedError: another transaction was faster.
    """
    jobs = started.get("jobs")
    row = {
        "request_hash": key.request_hash,
        "call": started.get("call"),
        "run": started.get("run"),
        "jobs": None if jobs is None else json.dumps(list(jobs)),
    }
    if _record(connection, owner=owner, key=key.key, **row, now=now) == 0:
        raise KeyUsedError


def remove_old(connection: Connection, *, cutoff: float, limit: int) -> int:
    """Remove the oldest keys from before `cutoff`, at most `limit`; return how many."""
    return _remove_old(connection, cutoff=cutoff, limit=limit)


def request_hash(
    connection: Connection, account: Account, route: str, arguments: Mapping[str, object]
) -> str:
    """Return the hash that identifies a request.

    Media count by their bytes: a client that sends a file again sends the same request, also if the
    first item was removed meanwhile.

    Args:
        connection: A reader's.
        account: The account that makes the request; another API key makes another request.
        route: Method, path template and path values: `POST /generate/core`.
        arguments: JSON values; files as media ids or `media://` URIs.
    """
    named = dict.fromkeys(each for text in _texts(arguments) if (each := _media_id(text)))
    ids = list(islice(named, MAX_HASHED_MEDIA))
    blobs = {row.id: row.blob for row in _blobs(connection, owner=account.owner, ids=ids)}
    request = [account.upstream, route, _by_bytes(arguments, blobs)]
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _media_id(text: str) -> str | None:
    """Return the media id that a text may be, or None."""
    uri = parse_uri(text, MEDIA_SCHEME) if len(text) < MAX_KEY_CHARACTERS else None
    name = text if uri is None else uri.name
    return name if looks_like_id(name) else None


def _texts(value: object) -> Iterator[str]:
    """Yield the strings of a JSON value, at any depth, but not the names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


def _by_bytes(value: object, blobs: Mapping[str, str]) -> object:
    """Return a JSON value in which the hash of their bytes replaces media."""
    if isinstance(value, str):
        blob = blobs.get(_media_id(value) or "")
        return value if blob is None else {"sha256": blob}
    if isinstance(value, Mapping):
        return {str(name): _by_bytes(each, blobs) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_by_bytes(each, blobs) for each in value]
    return value
