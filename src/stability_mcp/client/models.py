"""What the API answered: the headers of a 2xx, and what they and the body amount to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from stability_mcp.api.operation import Operation


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The headers of a 2xx answer; every value is text or None on doubt, so reading never fails.

    Seed, finish reason and type exist only here, so they are journalled while the body streams.
    """

    status: int
    media_type: str | None
    """Type without parameters, in lower case: `image/png`."""
    length: int | None
    """Bytes of the body as announced; None where it was not."""
    seed: str | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    generation: str | None = None
    """Id to poll for; only in the answer of a deferred start."""
    sha256: str | None = None
    """Hash of the body, computed while it was stored; None: not computed. Not journalled."""

    def to_json(self) -> str:
        """Return the headers as JSON for the journal."""
        headers = asdict(self)
        del headers["sha256"]
        return json.dumps(headers)

    @classmethod
    def from_json(cls, text: str) -> "Answer":
        """Read back what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One picture, sound or model that the API made, on disk."""

    path: Path
    media_type: str
    """As its magic bytes say; as the API declared it where these cannot be read."""
    bytes: int
    sha256: str
    seed: str | None
    finish_reason: str | None

    @property
    def filtered(self) -> bool:
        """Return whether moderation blurred the result; it was charged all the same."""
        return self.finish_reason not in {None, "SUCCESS"}


@dataclass(frozen=True, kw_only=True)
class SentFile:
    """A file to send: what a `File` field of an operation became."""

    path: Path
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """A generation that the API is still making; the API keeps it for 24 hours."""

    operation: type[Operation]
    id: str
