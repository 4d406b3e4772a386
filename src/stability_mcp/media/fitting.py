"""Pictures made to fit an operation: each a media item of its own, made from what was named.

The picture that was named stays as it is. Masks are fitted after their pictures, since they have to
be as large as those are sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stability_mcp.api.fields import AudioLimits, ImageLimits, Size
from stability_mcp.api.operation import MIB, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError, StorageError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.fit import Fitted, fit_image, fit_mask
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.media.importer import spool_path
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.records import Provenance, file_info, sync_file
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain

FITTED_FROM = "fitted_from"
"""Role of the picture that a fitted one was made from."""

MASK_SHARE = 4
"""While its picture is fitted a mask keeps a quarter of the request at most, then what is left."""
MIN_MASK_BYTES = 65_536

Fitting = Callable[[Path, Facts, Path], Fitted | None]
"""Takes a picture, what `probe` says of it and where to write; returns None if it fits already."""


@dataclass
class FittedFiles:
    """What became of the pictures of a request."""

    files: dict[str, MediaItem] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Fitter:
    """Fits the pictures of one request.

    Args:
        library: Where fitted pictures are kept.
        operation: What they are sent to.
        max_bytes: Most bytes of all of them together.
    """

    def __init__(self, library: MediaLibrary, operation: type[Operation], max_bytes: int) -> None:
        self._library = library
        self._operation = operation
        self._max_bytes = max_bytes
        self._marks = operation.file_fields()
        self._fitted_files = FittedFiles()

    async def fit(
        self, pictures: Mapping[str, MediaItem], *, clock: Callable[[], float]
    ) -> FittedFiles:
        """Fit pictures, by field, and then their masks.

        Raises:
            FileUnusableError: only cropping or padding would help, or it is damaged.
            StorageError: our own disk is full.
        """
        fitted_files = self._fitted_files
        facts = {
            name: await in_file_thread(partial(probe, item.path)) for name, item in pictures.items()
        }
        masks = [name for name in pictures if self._marks[name].mask_for in pictures]
        # Small ones first: what they leave of their share is for the large ones.
        whole = sorted(pictures.keys() - set(masks), key=lambda name: pictures[name].bytes)
        kept = sum(
            min(max(pictures[name].bytes, MIN_MASK_BYTES), self._max_bytes // MASK_SHARE)
            for name in masks
        )
        left, sizes = self._max_bytes - kept, {}
        for index, name in enumerate(whole):
            fitting: Fitting = partial(
                _fitted, self._marks[name].limits, left // (len(whole) - index)
            )
            sent = await self._fit_one(name, pictures[name], facts[name], fitting, clock())
            left -= sent.bytes
            sizes[name] = Size(sent.width or 0, sent.height or 0)
        left += kept
        for index, name in enumerate(masks):
            picture = self._marks[name].mask_for or ""
            fitting = _mask_fitting(facts[picture], sizes[picture], left // (len(masks) - index))
            sent = await self._fit_one(name, pictures[name], facts[name], fitting, clock())
            left -= sent.bytes
        return fitted_files

    async def _fit_one(
        self, name: str, item: MediaItem, facts: Facts, fitting: Fitting, now: float
    ) -> MediaItem:
        target = spool_path(self._library.home, "fit")
        try:
            fitted = await run(fitting, item.path, facts, target, facts=facts)
            if fitted is None:
                return item
            await in_file_thread(partial(sync_file, target))
            info = await in_file_thread(partial(file_info, target))
            provenance = Provenance(
                origin="fitted",
                upstream=item.upstream,
                emulated=item.emulated,
                parents={FITTED_FROM: item.id},
            )
            sent, _ = await self._library.add(target, info, provenance, label=None, now=now)
        except FileUnusableError as error:
            raise FileUnusableError(f"{name}: {error.message}", hint=error.hint) from None
        except OSError as error:
            raise StorageError(
                f"{name}: the picture could not be made to fit: {plain(error.strerror or '')}.",
                hint="Make room on the disk, then call again.",
            ) from error
        finally:
            await in_file_thread(partial(target.unlink, missing_ok=True))
        self._fitted_files.files[name] = sent
        self._fitted_files.notes.append(
            f"{name}: {_done(fitted.changes)}{self._why(name, facts, sent)}"
        )
        return sent

    def _why(self, name: str, facts: Facts, sent: MediaItem) -> str:
        """Return the limit that made a picture smaller, and what takes it whole."""
        limits = self._marks[name].limits
        if not isinstance(limits, ImageLimits) or self._marks[name].mask_for:
            return ""
        limit = _limit(facts, limits)
        if limit is None:
            bytes_too = facts.bytes > sent.bytes and facts.bytes > self._max_bytes
            most = f"{self._operation.name()} takes requests of {self._max_bytes / MIB:.1f} MiB"
            return f": {most}" if bytes_too else ""
        others = [
            other.name()
            for other in OPERATIONS.values()
            if other.result_label == self._operation.result_label and _takes_whole(other, facts)
        ]
        whole = f"; {others[0]} takes it whole" if others else ""
        return f": {self._operation.name()} takes {limit}{whole}"


def _fitted(
    limits: ImageLimits | AudioLimits, max_bytes: int, source: Path, facts: Facts, target: Path
) -> Fitted | None:
    if not isinstance(limits, ImageLimits):  # pragma: no cover -- a picture's field has such limits
        return None
    return fit_image(source, facts, limits, max_bytes=max_bytes, target=target)


def _mask_fitting(picture: Facts, size: Size, max_bytes: int) -> Fitting:
    """Return what fits a mask to a picture that is sent in this size."""

    def fitting(source: Path, facts: Facts, target: Path) -> Fitted | None:
        return fit_mask(
            source, facts, picture=picture, size=size, max_bytes=max_bytes, target=target
        )

    return fitting


def _done(changes: list[str]) -> str:
    """Return the changes as what was sent: `sent at 1024x1024 of 1536x1536, EXIF left out`."""
    first = changes[0] if changes else "changed"
    how = "at " if first[0].isdigit() and " of " in first else ""
    how = "with " if first.endswith("left out") else how
    return f"sent {how}{', '.join(changes)}"


def _limit(facts: Facts, limits: ImageLimits) -> str | None:
    """Return the limit that a picture breaks, in words."""
    longer = max(facts.size)
    if limits.max_pixels and facts.pixels > limits.max_pixels:
        return f"at most {limits.max_pixels / 1e6:.2f} MP"
    if limits.max_side and longer > limits.max_side:
        return f"sides of at most {limits.max_side} pixels"
    if limits.sizes and facts.size not in limits.sizes:
        return "certain sizes only"
    if min(facts.size) < limits.min_side:
        return f"sides of at least {limits.min_side} pixels"
    return None


def _takes_whole(operation: type[Operation], facts: Facts) -> bool:
    marks = [mark for mark in operation.file_fields().values() if mark.mask_for is None]
    limits = marks[0].limits if marks else None
    if not isinstance(limits, ImageLimits):
        return False
    try:
        return fitting_size(facts.size, limits) == facts.size
    except FileUnusableError:
        return False
