"""URIs of stored media and of jobs: `media://k7f3q2m9xa`, `job://k7f3q2m9xa`.

Every layer uses them, so this module imports nothing from the project.
"""

from dataclasses import dataclass

MEDIA_SCHEME = "media://"
JOB_SCHEME = "job://"
RUN_PREFIX = "run-"
"""How the ids of runs of workflows begin; they are used like those of jobs."""


@dataclass(frozen=True)
class Uri:
    """The parts of `media://k7f3q2m9xa/original`."""

    scheme: str
    """Including the colon and slashes."""
    name: str
    """An id or a label."""
    rest: str
    """The path after the name, without its slash; may be empty."""


def media_uri(name: str) -> str:
    """Return the URI of stored media.

    Args:
        name: Its id or its label.
    """
    return f"{MEDIA_SCHEME}{name}"


def job_uri(job_id: str) -> str:
    """Return the URI of a job."""
    return f"{JOB_SCHEME}{job_id}"


def is_run(job_id: str) -> bool:
    """Return whether an id means a run of a workflow, not a single job."""
    return job_id.startswith(RUN_PREFIX)


def parse_uri(text: str, scheme: str) -> Uri | None:
    """Return the parts of a URI, or None if it has another scheme or none.

    Args:
        text: The text to parse.
        scheme: `MEDIA_SCHEME`, `JOB_SCHEME` or another one with colon and slashes; matched without
            case.
    """
    if not text.casefold().startswith(scheme):
        return None
    name, _, rest = text[len(scheme) :].partition("/")
    return Uri(scheme, name, rest)


def job_id_of(reference: str) -> str:
    """Return the id in a job URI, or the reference itself if it isn't one."""
    found = parse_uri(reference, JOB_SCHEME)
    return reference if found is None else found.name
