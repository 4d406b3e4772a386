"""Adapts sounds to an operation's limits: one that is too long is cut, a large WAV is reduced.

Metadata isn't sent. The original stays unchanged. A sound that is too short is refused: the API
documents no padding, and a loop would be another piece of music.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from stability_mcp.api.fields import AudioLimits
from stability_mcp.api.operation import MIB, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.formats import WayOut
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.sniff import extension
from stability_mcp.imaging.sound_fit import FittedSound, cut_mp3, fit_wav
from stability_mcp.imaging.sound_strip import has_metadata, strip_sound
from stability_mcp.media.fitting import FittedFiles, fitted_from, not_stored
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.local_files import store_local
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, quoted

_WAV_BYTES = 4 * 1024 * 1024
"""Memory for a WAV, which is read in blocks; an MP3 is read at once."""


async def fit_sounds(
    operation: type[Operation],
    sounds: Mapping[str, MediaItem],
    library: MediaLibrary,
    *,
    max_bytes: int,
    clock: Callable[[], float],
) -> FittedFiles:
    """Fit the sounds of a request, given by field.

    Raises:
        FileUnusableError: a sound is too short, or can't be made to fit.
        StorageError: the disk of the store is full.
    """
    fitted_files = FittedFiles()
    for name, item in sounds.items():
        limits = operation.file_fields()[name].limits
        if not isinstance(limits, AudioLimits):  # pragma: no cover -- sound always has AudioLimits
            continue
        _check(name, item, limits)
        is_long = _is_too_long(item, limits)
        misfits = is_long or item.bytes > max_bytes
        if not misfits and not await in_file_thread(partial(has_metadata, item.path)):
            continue
        make = partial(_make, operation, item, limits, max_bytes)
        fitted, sent = await _store(name, item, make, library, clock())
        fitted_files.files[name] = sent
        first, *others = fitted.changes or ["metadata removed before sending"]
        limit = f"limit {limits.max_seconds:g} s" if is_long else f"limit {max_bytes / MIB:.1f} MiB"
        note = ", ".join([f"{first} ({limit})" if misfits else first, *others])
        longer = _accepts_length(operation, item) if is_long else None
        whole = f"; {longer} accepts the whole sound" if longer else ""
        fitted_files.notes.append(f"{name}: {note}{whole}")
    return fitted_files


def _check(name: str, item: MediaItem, limits: AudioLimits) -> None:
    """Raise FileUnusableError if a sound is in another format, or too short."""
    form = extension(item.media_type)
    if form not in limits.formats:
        raise FileUnusableError(
            f"{name}: {quoted(item.name)} is {form.upper()}; only "
            f"{listed(each.upper() for each in limits.formats)} are accepted.",
            hint=(WayOut.SOUND if form == "m4a" else WayOut.SOUND_OR_EXTRA).value,
        )
    if item.seconds is not None and item.seconds < limits.min_seconds:
        raise FileUnusableError(
            f"{name}: {_length_text(item, limits)}",
            hint="Use a longer sound, or repeat this one in an audio editor: "
            "it isn't looped or padded automatically.",
        )


def _is_too_long(item: MediaItem, limits: AudioLimits) -> bool:
    return item.seconds is not None and item.seconds > limits.max_seconds


async def _make(
    operation: type[Operation],
    item: MediaItem,
    limits: AudioLimits,
    max_bytes: int,
    target: Path,
) -> FittedSound:
    """Write the part of a sound that fits to `target`.

    Raises:
        FileUnusableError: there is none.
    """
    fitted = None
    misfits = _is_too_long(item, limits) or item.bytes > max_bytes
    if extension(item.media_type) == "wav" and misfits:
        work = partial(fit_wav, max_seconds=limits.max_seconds, max_bytes=max_bytes)
        fitted = await run(work, item.path, target, facts=_WAV_BYTES)
    elif _is_too_long(item, limits):
        cut = partial(cut_mp3, max_seconds=limits.max_seconds)
        fitted = await run(cut, item.path, target, facts=item.bytes)
    elif await run(strip_sound, item.path, target, facts=item.bytes):
        fitted = FittedSound(item.seconds or 0, [])
    if fitted is None and _is_too_long(item, limits):
        longer = _accepts_length(operation, item)
        trim = f"rim it to {limits.max_seconds:g} s or less."
        raise FileUnusableError(
            _length_text(item, limits),
            hint=f"Use {longer}, which accepts its length, or t{trim}" if longer else f"T{trim}",
        )
    if fitted is None or (await in_file_thread(target.stat)).st_size > max_bytes:
        raise FileUnusableError(
            f"{quoted(item.name)} has {item.bytes:,} bytes; a request can hold {max_bytes:,}.",
            hint="Export it as MP3 with a lower bit rate, or trim it.",
        )
    return fitted


async def _store(
    name: str,
    item: MediaItem,
    make: Callable[[Path], Awaitable[FittedSound]],
    library: MediaLibrary,
    now: float,
) -> tuple[FittedSound, MediaItem]:
    """Store what is made of a sound, with the sound as its parent.

    Raises:
        FileUnusableError: it can't be made to fit.
        StorageError: the disk of the store is full.
    """
    provenance = fitted_from(item)
    try:
        stored = await store_local(library, make, provenance, name=None, now=now)
    except FileUnusableError as error:
        raise FileUnusableError(f"{name}: {error.message}", hint=error.hint) from None
    except OSError as error:
        raise not_stored(name, error) from error
    return stored.made, stored.item


def _length_text(item: MediaItem, limits: AudioLimits) -> str:
    return (
        f"{quoted(item.name)} is {item.seconds or 0:.1f} s long; it must be from "
        f"{limits.min_seconds:g} to {limits.max_seconds:g} s."
    )


def _accepts_length(operation: type[Operation], item: MediaItem) -> str | None:
    """Return the operation of the same purpose that accepts the whole sound, or None."""
    endpoint = operation.spec.path.rpartition("/")[2]
    return next(
        (
            name
            for name, other in OPERATIONS.items()
            for mark in other.file_fields().values()
            if other.spec.path.endswith(f"/{endpoint}")
            and isinstance(mark.limits, AudioLimits)
            and not _is_too_long(item, mark.limits)
        ),
        None,
    )
