"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `target` and put it in its place when the block ends well.

    Raises:
        OSError: The folder cannot be written, or the disk is full; nothing is left behind.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    file = temporary.open("xb")
    try:
        with file:
            yield file
        os.replace(temporary, target)  # noqa: PTH105 -- says more plainly what happens to target
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
