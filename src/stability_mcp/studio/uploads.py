"""Files that a user uploads through a link: the state of the link, and storing what arrives."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import anyio

from stability_mcp.errors import FileTooLargeError, FileUnusableError, InputFileError, StudioError
from stability_mcp.media.importer import Importer
from stability_mcp.media.items import MediaItem
from stability_mcp.media.roots import MAX_BYTES
from stability_mcp.studio.received_files import shown_name, write_blocks
from stability_mcp.text import quoted

MAX_FILES = 20
"""Files of one link: a contact sheet of more shows nothing, and an answer lists each of them."""

MAX_REFUSED = 40
"""Refused files of one link: a folder dropped by mistake, not an endless list in memory."""

MAX_LINK_BYTES = 500_000_000
"""Bytes of one link, refused files included: five of the largest files, or 100 photos."""

MAX_AT_ONCE = 3
"""Files received at a time: each takes a thread, a file and, while it is checked, memory."""

State = Literal["open", "finished", "expired"]
Problem = Literal["interrupted", "too_large", "too_many", "unusable", "not_stored"]
"""Why a file was refused: it broke off, it is too large, the link is full, it isn't media, or this
machine could not store it."""


class TooManyError(InputFileError):
    """The link has as many files as it takes, now or in all."""


class InterruptedUploadError(FileUnusableError):
    """The browser stopped sending the file, or sent it too slowly."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="Try again.")


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """One file that the user sent: the item it is stored as, or why it was refused."""

    name: str
    """Its name on the user's machine, cleaned and shortened."""
    item: MediaItem | None = None
    """None: it was refused."""
    note: str = ""
    """What was repaired or converted."""
    problem: Problem | None = None
    error: str = ""
    hint: str = ""


class Upload:
    """One upload link: open until the user finishes or the time is over.

    Args:
        token: The token in the link.
        expires_at: Unix seconds.
        clock: Returns the time in unix seconds.
    """

    def __init__(self, token: str, *, expires_at: float, clock: Callable[[], float]) -> None:
        self.token = token
        self.expires_at = expires_at
        self.files: list[UploadedFile] = []
        self.delivered = False
        """Whether a call returned the files."""
        self._clock = clock
        self._finished = False
        self._active = 0
        self._bytes = 0
        self._changed = anyio.Event()

    @property
    def state(self) -> State:
        """Return whether files are still accepted."""
        if self._finished:
            return "finished"
        return "open" if self._clock() < self.expires_at else "expired"

    @property
    def has_ended(self) -> bool:
        """Return whether no more files will arrive."""
        return self.state != "open" and not self._active

    @property
    def is_undelivered(self) -> bool:
        """Return whether files arrived, or are arriving, that no call has returned yet."""
        return bool(self.files or self._active) and not self.delivered

    @property
    def items(self) -> list[MediaItem]:
        """Return the stored files, each once, in the order in which they arrived."""
        return list({each.item.id: each.item for each in self.files if each.item}.values())

    @property
    def refused(self) -> list[UploadedFile]:
        """Return the files that were not stored."""
        return [each for each in self.files if each.item is None]

    def finish(self) -> None:
        """Use up the link."""
        self._finished = True
        self._notify()

    async def wait(self, seconds: float) -> None:
        """Return at the next change: a file arrived, or the link ended; or after some seconds."""
        left = self.expires_at - self._clock()
        with anyio.move_on_after(min(seconds, left) if self.state == "open" else seconds):
            if not self.has_ended:
                await self._changed.wait()

    def check_size(self, file: int, more: int) -> None:
        """Check sizes before more bytes are received.

        Args:
            file: The size of the file in bytes, as far as it is known.
            more: Its bytes that aren't counted yet.

        Raises:
            FileTooLargeError: the file is too large, or all files together are.
        """
        if file > MAX_BYTES:
            raise FileTooLargeError(
                f"The file is larger than the maximum of {MAX_BYTES:,} bytes.",
                hint="Use a smaller file.",
            )
        if self._bytes + more > MAX_LINK_BYTES:
            raise FileTooLargeError(
                f"One link takes {MAX_LINK_BYTES:,} bytes in all.",
                hint="Press Done, then ask your assistant for another link.",
            )

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Reserve room for one more file while the block runs.

        Raises:
            TooManyError: the link takes no more files, or not now.
        """
        if self._active >= MAX_AT_ONCE:
            raise TooManyError(
                f"The page sends at most {MAX_AT_ONCE} files at a time.", hint="Try again."
            )
        stored = len(self.files) - len(self.refused)  # the same file again counts too
        if stored + self._active >= MAX_FILES or len(self.refused) >= MAX_REFUSED:
            raise TooManyError(
                f"One link takes {MAX_FILES} files.",
                hint="Press Done, then ask your assistant for another link.",
            )
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1
            self._notify()

    def count(self, size: int) -> None:
        """Count received bytes."""
        self._bytes += size

    def add(self, file: UploadedFile) -> None:
        """Record a file, stored or refused."""
        self.files.append(file)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


async def receive(
    importer: Importer, upload: Upload, name: str, blocks: AsyncIterator[bytes], *, declared: int
) -> UploadedFile:
    """Store one file of an upload, or record why it was refused.

    Args:
        importer: Stores it.
        upload: An open upload.
        name: Its name, as the browser sent it.
        blocks: The bytes; read only as far as they are wanted.
        declared: The size that the browser declared, in bytes; 0: it declared none.
    """
    given = shown_name(name)
    try:
        with upload.receiving():
            upload.check_size(declared, declared)

            async def write(target: Path) -> None:
                received = 0

                def count(size: int) -> None:
                    nonlocal received
                    upload.check_size(size, size - received)
                    upload.count(size - received)
                    received = size

                await write_blocks(target, blocks, count)

            found = await importer.import_received(
                write, shown=given, label=None, stem=PurePosixPath(given).stem
            )
            file = UploadedFile(name=given, item=found.item, note=found.note)
    except StudioError as error:
        file = UploadedFile(
            name=given,
            problem=_problem(error),
            error=error.message,
            hint=error.hint,
        )
    if file.problem != "too_many":
        upload.add(file)
    return file


_PROBLEMS: tuple[tuple[type[StudioError], Problem], ...] = (
    (FileTooLargeError, "too_large"),
    (TooManyError, "too_many"),
    (InterruptedUploadError, "interrupted"),
    (InputFileError, "unusable"),
    (StudioError, "not_stored"),
)
"""The problem of each error; the first that fits counts."""


def _problem(error: StudioError) -> Problem:
    return next(problem for kind, problem in _PROBLEMS if isinstance(error, kind))


def refused_line(file: UploadedFile) -> str:
    """Return `not stored: "notes.png": it isn't a picture. Use ...` for an answer."""
    return f"not stored: {quoted(file.name)}: {' '.join(filter(None, (file.error, file.hint)))}"
