"""What programs read of media and jobs, in `_meta`, structured content and resources alike."""

from datetime import datetime

from pydantic import Field

from stability_mcp.server.tool import Data
from stability_mcp.studio import JobRecord, MediaItem
from stability_mcp.uris import media_uri

STATE_OF_CHARGE = {
    "no": "nothing",
    "reserved": "reserved",
    "assumed": "may be charged",
    "yes": "yes",
}


class MediaFacts(Data):
    """One stored picture, sound or model."""

    id: str
    uri: str
    """How tools and resources name it."""
    label: str | None = None
    """Its name; also the name of its file."""
    media_type: str
    bytes: int
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    seconds: float | None = None
    seed: str | None = None
    operation: str | None = None
    """What made it."""
    origin: str
    """generated, imported or fitted."""
    job: str | None = None
    filtered: bool | None = None
    """Blurred by the API's moderation."""
    unreadable: bool | None = None
    """Stored as the API sent it, but not readable here."""
    emulated: bool | None = None
    """Made by the built-in emulator."""
    path: str | None = None
    """The readable copy."""
    created: str

    @classmethod
    def of(cls, item: MediaItem) -> "MediaFacts":
        """Return the facts of an item."""
        return cls(
            id=item.id,
            uri=item.uri,
            label=item.label,
            media_type=item.media_type,
            bytes=item.bytes,
            width=item.width,
            height=item.height,
            seconds=item.seconds,
            seed=item.seed,
            operation=item.operation,
            origin=item.origin,
            job=item.job,
            filtered=item.filtered or None,
            unreadable=item.unreadable or None,
            emulated=item.emulated or None,
            path=str(item.copy_path) if item.copy_path else None,
            created=when(item.created_at),
        )


class JobFacts(Data):
    """One job: an operation that is, was or will be carried out."""

    id: str
    operation: str
    state: str
    """queued, paused, submitting, submitted, storing, done, failed, cancelled or unknown."""
    progress: str
    label: str | None = None
    credits: float
    """List price."""
    charged: str
    """nothing, reserved, may be charged or yes."""
    error: str | None = None
    generation: str | None = None
    """Id of a deferred generation without a result yet."""
    fetchable_until: str | None = None
    """Until when job_wait looks for a result that the API did not have."""
    media: list[str] = Field(default_factory=list)
    """URIs of the results."""
    collected: bool
    """Whether an answer delivered the result."""
    created: str
    finished: str | None = None

    @classmethod
    def of(cls, job: JobRecord) -> "JobFacts":
        """Return the facts of a job."""
        return cls(
            id=job.id,
            operation=job.operation,
            state=job.state,
            progress=job.progress,
            label=job.label,
            credits=job.price / 1000,
            charged=STATE_OF_CHARGE[job.charged],
            error=job.error,
            generation=None if job.state == "done" else job.generation,
            fetchable_until=when(job.fetchable_until) if job.fetchable_until else None,
            media=[media_uri(each) for each in job.media],
            collected=job.collected,
            created=when(job.created_at),
            finished=when(job.finished_at) if job.finished_at else None,
        )


def when(at: float) -> str:
    """Return a moment as `2026-11-22T14:02:07+01:00`, by this machine's clock."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
