"""Reads a picture or a copied file from the system's clipboard."""

import sys
from io import BytesIO
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from stability_mcp.errors import FileMissingError, FileUnusableError
from stability_mcp.text import plain

if TYPE_CHECKING:
    from PIL import Image

MAX_SECONDS = 10.0
"""Time limit: on Linux another program sends the clipboard, and it may hang."""

INSTEAD = "Ask the user to save the picture to a folder such as Downloads, and pass its path."


async def read_clipboard() -> bytes | str:
    """Return the picture in the clipboard as a PNG file, or the path of a copied file.

    Raises:
        FileMissingError: the clipboard has neither, or cannot be read on this machine.
        FileUnusableError: the picture is too large or damaged.
    """
    try:
        with anyio.fail_after(MAX_SECONDS):
            found = await anyio.to_thread.run_sync(_grab, abandon_on_cancel=True)
    except TimeoutError:
        raise FileMissingError(
            f"The clipboard did not answer within {MAX_SECONDS:g} s.", hint=INSTEAD
        ) from None
    if found is None:
        raise FileMissingError(
            "The clipboard has no picture and no file.",
            hint="Ask the user to copy the picture again, or to save it to a folder such as "
            "Downloads; then pass its path.",
        )
    return found


def _grab() -> bytes | str | None:
    from PIL import Image, ImageGrab

    try:
        found = ImageGrab.grabclipboard()
    except NotImplementedError as error:
        why = "neither wl-paste nor xclip is installed" if sys.platform == "linux" else str(error)
        raise FileMissingError(
            f"This machine's clipboard cannot be read: {plain(why)}.", hint=INSTEAD
        ) from None
    except (ChildProcessError, FileNotFoundError) as error:
        raise FileMissingError(
            f"This machine's clipboard cannot be read: {plain(str(error))}.", hint=INSTEAD
        ) from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FileUnusableError(
            f"The picture in the clipboard cannot be read: {plain(str(error))}.", hint=INSTEAD
        ) from None
    if isinstance(found, list):
        return found[0] if found else None
    return None if found is None else _png(found)


def _png(picture: "Image.Image") -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
