"""Makes and checks the tokens of links to local pages: upload, view and paint.

Tokens live in memory, so all links end with the process. They are looked up by hash: comparing
them takes the same time whether a guess is close or not.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from stability_mcp.local_tools.local_tool import Paint
from stability_mcp.studio.uploads import Upload

TOKEN_BYTES = 16
"""128 bits: cannot be guessed at any rate that a loopback port answers."""

VIEW_SECONDS = 86_400.0
"""Conversations last a day at most; a link in an older one should open nothing."""

UPLOAD_SECONDS = 600.0
"""Long enough to find some files, short enough that a forgotten link is soon useless."""

PAINT_SECONDS = 3_600.0
"""Careful painting takes minutes; the user may come back to it after lunch."""

MAX_PAINTS = 16
"""Paint links kept. The oldest ends first."""

MAX_PAINTED = 50
"""Masks that one link stores: a page that saves in a loop doesn't fill the disk."""

MAX_VIEWS = 1_000
"""View links kept, at about 0.5 KB each: far more than a day of pictures. The oldest ends first."""

MAX_UPLOADS = 16
"""Upload links remembered, so that a page that is still open can say that its link was used."""


@dataclass(frozen=True, kw_only=True)
class ViewLink:
    """Allows looking at one item and downloading it; nothing else."""

    token: str
    item: str
    """The id of the item."""
    expires_at: float
    """Unix seconds."""


@dataclass(kw_only=True)
class PaintLink:
    """Allows looking at one picture and storing masks of it; nothing else."""

    token: str
    paint: Paint
    """The picture, and the mask that the user continues."""
    expires_at: float
    """Unix seconds."""
    saved: int = 0
    """Masks that were stored through it."""


class Links:
    """The links of one studio.

    Args:
        clock: Returns the time in unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._views: dict[bytes, ViewLink] = {}
        self._view_of_item: dict[str, bytes] = {}
        self._uploads: dict[bytes, Upload] = {}
        self._paints: dict[bytes, PaintLink] = {}
        self.painted: list[str] = []
        """Lines about painted masks that no answer has had yet."""

    def view(self, item: str) -> ViewLink:
        """Return the link to an item; the same one while it is valid."""
        known = self._views.get(self._view_of_item.get(item, b""))
        if known is not None and self._clock() < known.expires_at:
            return known
        token = _new_token()
        link = ViewLink(token=token, item=item, expires_at=self._clock() + VIEW_SECONDS)
        self._forget_view(item)
        while len(self._views) >= MAX_VIEWS:
            self._forget_view(next(iter(self._views.values())).item)
        self._views[_hash(token)] = link
        self._view_of_item[item] = _hash(token)
        return link

    def find_view(self, token: str) -> ViewLink | None:
        """Return the valid view link with this token, or None."""
        link = self._views.get(_hash(token))
        return link if link is not None and self._clock() < link.expires_at else None

    def upload(self) -> Upload:
        """Return the upload that is open or whose files no call has returned, or a new one."""
        latest = self.latest_upload
        if latest is not None and (latest.state == "open" or latest.is_undelivered):
            return latest
        token = _new_token()
        upload = Upload(token, expires_at=self._clock() + UPLOAD_SECONDS, clock=self._clock)
        while len(self._uploads) >= MAX_UPLOADS:
            del self._uploads[next(iter(self._uploads))]
        self._uploads[_hash(token)] = upload
        return upload

    def paint(self, paint: Paint) -> PaintLink:
        """Return a new link to paint on a picture."""
        token = _new_token()
        link = PaintLink(token=token, paint=paint, expires_at=self._clock() + PAINT_SECONDS)
        while len(self._paints) >= MAX_PAINTS:
            del self._paints[next(iter(self._paints))]
        self._paints[_hash(token)] = link
        return link

    def find_paint(self, token: str) -> PaintLink | None:
        """Return the valid paint link with this token, or None."""
        link = self._paints.get(_hash(token))
        return link if link is not None and self._clock() < link.expires_at else None

    @property
    def latest_upload(self) -> Upload | None:
        """Return the newest upload, in whatever state, or None."""
        return next(reversed(self._uploads.values()), None)

    def find_upload(self, token: str) -> Upload | None:
        """Return the upload with this token, in whatever state, or None."""
        return self._uploads.get(_hash(token))

    def _forget_view(self, item: str) -> None:
        token = self._view_of_item.pop(item, None)
        if token is not None:
            self._views.pop(token, None)


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
