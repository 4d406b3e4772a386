"""Media and jobs as JSON for programs, in `_meta`, structured content and resources."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.tool import Data
from stability_mcp.studio import JobOrigin, JobRecord, MediaItem, MediaOrigin
from stability_mcp.text import CHARGES
from stability_mcp.uris import media_uri


class MediaFacts(Data):
    """One stored picture, sound or 3D model."""

    id: str
    uri: str
    """URI for tools and resources."""
    label: str | None = None
    """Name, also of the file."""
    tags: list[str] | None = None
    media_type: str
    bytes: int
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    seconds: float | None = None
    seed: str | None = None
    operation: str | None = None
    """Operation that made it."""
    origin: str
    """generated, imported or fitted."""
    job: str | None = None
    filtered: bool | None = None
    """Blurred by the API's moderation."""
    unreadable: bool | None = None
    """Stored as the API sent it, but not readable by this server."""
    emulated: bool | None = None
    """Made by the built-in emulator."""
    path: str | None = None
    """Path of the readable copy."""
    created: str

    @classmethod
    def of(cls, item: MediaItem, tags: Sequence[str] = ()) -> "MediaFacts":
        """Return an item as JSON facts."""
        return cls(
            id=item.id,
            uri=item.uri,
            label=item.label,
            tags=list(tags) or None,
            media_type=item.media_type,
            bytes=item.bytes,
            width=item.width,
            height=item.height,
            seconds=item.seconds,
            seed=seed_of(item),
            operation=item.operation,
            origin=item.origin,
            job=item.job,
            filtered=item.filtered or None,
            unreadable=item.unreadable or None,
            emulated=item.emulated or None,
            path=str(item.copy_path) if item.copy_path else None,
            created=when(item.created_at),
        )


class ListedMediaFacts(MediaFacts):
    """One item of a list, with where it came from."""

    prompt: str | None = None
    credits: float | None = None
    """Price of its job."""
    charged: str | None = None
    """charged, not charged, reserved or may have been charged."""
    parents: list[str] = Field(default_factory=list)
    """URIs of what it was made from."""

    @classmethod
    def of_origin(cls, origin: MediaOrigin) -> "ListedMediaFacts":
        """Return an item of a list as JSON facts."""
        job = origin.job
        return cls(
            **dict(MediaFacts.of(origin.item, origin.tags)),
            prompt=origin.prompt,
            credits=job.price / 1000 if job else None,
            charged=CHARGES[job.charged] if job else None,
            parents=[each.uri for each in origin.sources],
        )


def seed_of(item: MediaItem) -> str | None:
    """Return the seed with which an item can be made again; None: its operation takes none.

    The API sends a seed with every picture, also of operations that have no such parameter.
    """
    row = OPERATIONS.get(item.operation or "")  # None: a newer program has more rows
    return item.seed if row is None or "seed" in row.model_fields else None


class SentFacts(Data):
    """One picture of a request, as sent."""

    field: str
    """Argument that it was sent for."""
    uri: str
    """URI for tools and resources."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""

    @classmethod
    def of(cls, field: str, item: MediaItem) -> "SentFacts":
        """Return a picture of a request as JSON facts."""
        return cls(field=field, uri=item.uri, width=item.width, height=item.height)


class JobFacts(Data):
    """One job: a run of an operation."""

    id: str
    operation: str
    state: str
    """queued, paused, submitting, submitted, storing, done, failed, cancelled or unknown."""
    progress: str
    label: str | None = None
    credits: float
    """List price."""
    charged: str
    """charged, not charged, reserved or may have been charged."""
    error: str | None = None
    generation: str | None = None
    """Id of the deferred generation at the API, until its result is stored."""
    fetchable_until: str | None = None
    """Time until which job_wait can still fetch a missing result."""
    media: list[str] = Field(default_factory=list)
    """URIs of the results."""
    collected: bool
    """Whether the result was delivered in an answer."""
    created: str
    finished: str | None = None

    @classmethod
    def of(cls, job: JobRecord) -> "JobFacts":
        """Return a job as JSON facts."""
        return cls(
            id=job.id,
            operation=job.operation,
            state=job.state,
            progress=job.progress,
            label=job.label,
            credits=job.price / 1000,
            charged=CHARGES[job.charged],
            error=job.error,
            generation=None if job.state == "done" else job.generation,
            fetchable_until=when(job.fetchable_until) if job.fetchable_until else None,
            media=[media_uri(each) for each in job.media],
            collected=job.collected,
            created=when(job.created_at),
            finished=when(job.finished_at) if job.finished_at else None,
        )


class ListedJobFacts(JobFacts):
    """One job of a list, with what it was given."""

    prompt: str | None = None
    parents: list[str] = Field(default_factory=list)
    """URIs of its input files."""

    @classmethod
    def of_origin(cls, origin: JobOrigin) -> "ListedJobFacts":
        """Return a job of a list as JSON facts."""
        return cls(
            **dict(JobFacts.of(origin.job)),
            prompt=origin.prompt,
            parents=[each.uri for each in origin.sources],
        )


def when(at: float) -> str:
    """Return a unix time as `2026-11-22T14:02:07+01:00`, in this machine's time zone."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
