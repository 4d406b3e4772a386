"""Adapts pictures to an operation's limits; each adapted picture is a separate media item.

The original picture stays unchanged. Masks are fitted after their pictures because they must have
the size at which those are sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.operation import MIB, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError, StorageError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.fit import AlphaUse, Fitted, fit_image, fit_mask, fitting_memory
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.misfit import MisfitError
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sizes import SOFT_FACTOR, enlargement, fitting_size
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.local_files import store_local
from stability_mcp.media.records import Provenance
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain

FITTED_FROM = "fitted_from"
"""Role of the original picture that a fitted one was made from."""

MASK_SHARE = 4
"""At most a quarter of the request is reserved for a mask while its picture is fitted; the mask
then gets all the remaining bytes."""
MIN_MASK_BYTES = 65_536

Fitting = Callable[[Path, Facts, Path], Fitted | None]
"""Takes a picture, its `probe` facts and the output path; returns None if it already fits."""


class _FitsAlready(Exception):  # noqa: N818 -- not an error
    """A picture doesn't need to be fitted."""


@dataclass
class FittedFiles:
    """The files of a request that were changed to fit."""

    files: dict[str, MediaItem] = field(default_factory=dict)
    """The fitted files, by field."""
    notes: list[str] = field(default_factory=list)
    """The changes, one line per file."""


class Fitter:
    """Fits the pictures of one request.

    Args:
        library: Stores the fitted pictures.
        operation: The operation that they are sent to.
        max_bytes: Maximum bytes for all pictures together.
        black_marks: Whether black marks the area to change instead of white.
        alpha: How the transparency of pictures is handled; masks have none.
    """

    def __init__(
        self,
        library: MediaLibrary,
        operation: type[Operation],
        max_bytes: int,
        *,
        black_marks: bool = False,
        alpha: AlphaUse = "send",
    ) -> None:
        self._library = library
        self._operation = operation
        self._max_bytes = max_bytes
        self._black_marks = black_marks
        self._alpha = alpha
        self._marks = operation.file_fields()
        self._fitted_files = FittedFiles()

    async def fit(
        self, pictures: Mapping[str, MediaItem], *, clock: Callable[[], float]
    ) -> FittedFiles:
        """Fit pictures, given by field, and then their masks.

        Raises:
            FileUnusableError: a picture would have to be cropped or padded, or is damaged.
            StorageError: the disk of the store is full.
        """
        fitted_files = self._fitted_files
        facts = {
            name: await in_file_thread(partial(probe, item.path)) for name, item in pictures.items()
        }
        masks = [name for name in pictures if self._marks[name].mask_for in pictures]
        # Small pictures first, so that large ones can use the bytes that small ones leave.
        whole = sorted(pictures.keys() - set(masks), key=lambda name: pictures[name].bytes)
        kept = sum(
            min(max(pictures[name].bytes, MIN_MASK_BYTES), self._max_bytes // MASK_SHARE)
            for name in masks
        )
        left, sizes = self._max_bytes - kept, {}
        for index, name in enumerate(whole):
            fitting = self._picture_fitting(name, left // (len(whole) - index), pictures[name])
            sent = await self._fit_one(name, pictures[name], facts[name], fitting, clock())
            left -= sent.bytes
            sizes[name] = Size(sent.width or 0, sent.height or 0)
        left += kept
        for index, name in enumerate(masks):
            picture = self._marks[name].mask_for or ""
            fitting = self._mask_fitting(
                name, facts[picture], sizes[picture], left // (len(masks) - index)
            )
            sent = await self._fit_one(name, pictures[name], facts[name], fitting, clock())
            left -= sent.bytes
        return fitted_files

    async def _fit_one(
        self, name: str, item: MediaItem, facts: Facts, fitting: Fitting, now: float
    ) -> MediaItem:
        async def make(target: Path) -> Fitted:
            need = self._memory(name, facts)
            fitted = await run(fitting, item.path, facts, target, facts=need)
            if fitted is None:
                raise _FitsAlready
            return fitted

        try:
            stored = await store_local(self._library, make, fitted_from(item), name=None, now=now)
        except _FitsAlready:
            return item
        except MisfitError as error:
            others = accepting_operations(self._operation, facts)
            raise MisfitError(
                error.misfit, argument=name, picture=item.uri, accepted_by=others
            ) from None
        except FileUnusableError as error:
            raise FileUnusableError(f"{name}: {error.message}", hint=error.hint) from None
        except OSError as error:
            raise not_stored(name, error) from error
        sent, fitted = stored.item, stored.made
        self._fitted_files.files[name] = sent
        self._fitted_files.notes.append(f"{name}: {self._describe(name, facts, fitted, sent)}")
        return sent

    def _memory(self, name: str, facts: Facts) -> int:
        """Return the bytes needed to fit a picture."""
        limits = self._marks[name].limits
        if self._marks[name].mask_for or not isinstance(limits, ImageLimits):
            return estimate(facts)
        return fitting_memory(facts, limits, self._alpha)

    def _picture_fitting(self, name: str, max_bytes: int, item: MediaItem) -> Fitting:
        """Return the function that fits a picture."""
        limits = self._marks[name].limits

        def fitting(source: Path, facts: Facts, target: Path) -> Fitted | None:
            if not isinstance(limits, ImageLimits):  # pragma: no cover -- pictures have ImageLimits
                return None
            return fit_image(
                source,
                facts,
                limits,
                max_bytes=max_bytes,
                target=target,
                # Results of the API are intact; files from elsewhere may be damaged in the middle.
                check=item.origin == "imported",
                alpha=self._alpha,
            )

        return fitting

    def _mask_fitting(self, name: str, picture: Facts, size: Size, max_bytes: int) -> Fitting:
        """Return the function that fits a mask to a picture sent at this size."""
        limits = self._marks[name].limits
        # Where sizes are listed, a mask must have exactly that of its picture.
        listed_sizes = isinstance(limits, ImageLimits) and limits.sizes

        def fitting(source: Path, facts: Facts, target: Path) -> Fitted | None:
            return fit_mask(
                source,
                facts,
                picture=picture,
                size=size,
                max_bytes=max_bytes,
                target=target,
                black_marks=self._black_marks,
                limits=ImageLimits(sizes=(size,)) if listed_sizes else ImageLimits(),
            )

        return fitting

    def _describe(self, name: str, facts: Facts, fitted: Fitted, sent: MediaItem) -> str:
        """Return the changes to a picture, with the limit that caused them and a way around it."""
        changes = fitted.changes or ["re-encoded"]
        limits = self._marks[name].limits
        if not isinstance(limits, ImageLimits) or self._marks[name].mask_for:
            return ", ".join(changes)
        limit = _exceeded_limit(facts, limits)
        if limit is None:
            too_long = facts.bytes > sent.bytes and facts.bytes > self._max_bytes
            most = f"; requests are limited to {self._max_bytes / MIB:.1f} MiB"
            return ", ".join(changes) + (most if too_long else "")
        others = [
            other.name()
            for other in OPERATIONS.values()
            if self._operation.enlarges and other.enlarges and _accepts_full_size(other, facts)
        ]
        factor = enlargement(facts.size, Size(sent.width or 0, sent.height or 0))
        accepts = "accepts it as it is" if factor > 1 else "accepts the full size"
        full_size = f"; {others[0]} {accepts}" if others else ""
        soft = "; the result will be soft" if factor >= SOFT_FACTOR else ""
        # A picture over such a limit is resized, and a resize is always the first change.
        return ", ".join([f"{changes[0]} ({limit})", *changes[1:]]) + full_size + soft


def fitted_from(item: MediaItem) -> Provenance:
    """Return the provenance of a file that is fitted from an item."""
    return Provenance(
        origin="fitted",
        upstream=item.upstream,
        emulated=item.emulated,
        parents={FITTED_FROM: item.id},
    )


def not_stored(name: str, error: OSError) -> StorageError:
    """Return the error for a fitted file, named by its field, that can't be written."""
    return StorageError(
        f"{name}: the adapted file could not be stored: {plain(error.strerror or '')}.",
        hint="Free disk space, then call again.",
    )


def accepting_operations(operation: type[Operation], facts: Facts) -> list[str]:
    """Return the other operations of the family that accept the shape of a picture."""
    return [
        other.name()
        for other in OPERATIONS.values()
        if other.toolset() == operation.toolset() and _fitting_size(other, facts) is not None
    ]


def _exceeded_limit(facts: Facts, limits: ImageLimits) -> str | None:
    """Return the size limit that a picture exceeds, as a phrase; None if it exceeds none."""
    longer = max(facts.size)
    if limits.max_pixels and facts.pixels > limits.max_pixels:
        return f"limit {limits.max_pixels / 1e6:.2f} MP"
    if limits.max_side and longer > limits.max_side:
        return f"limit {limits.max_side} pixels per side"
    if limits.sizes and facts.size not in limits.sizes:
        return "only certain sizes are accepted"
    if min(facts.size) < limits.min_side:
        return f"minimum {limits.min_side} pixels per side"
    return None


def _accepts_full_size(operation: type[Operation], facts: Facts) -> bool:
    return _fitting_size(operation, facts) == facts.size


def _fitting_size(operation: type[Operation], facts: Facts) -> Size | None:
    """Return the size at which an operation gets a picture; None if it doesn't accept it."""
    marks = [mark for mark in operation.file_fields().values() if mark.mask_for is None]
    limits = marks[0].limits if marks else None
    if not isinstance(limits, ImageLimits):
        return None
    try:
        return fitting_size(facts.size, limits)
    except FileUnusableError:
        return None
