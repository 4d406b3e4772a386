"""The extra `[formats]`, which `make setup` installs apart from the environment."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(sys.prefix) / "formats"


@contextmanager
def installed_extra() -> Iterator[None]:
    """Make the extra available to this process for a while; skip the test if it isn't installed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(FOLDER)
        pytest.importorskip("pillow_heif", reason="the extra [formats] isn't installed")
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "pillow_heif"]:
        del sys.modules[name]


def heic(image: Image.Image, *, exif: bytes | None = None) -> bytes:
    """Return a picture as HEIC, nearly without loss; an orientation in `exif` becomes its own."""
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.encode(
        image.mode,
        image.size,
        image.tobytes(),
        buffer,
        quality=-1,
        chroma=444,
        exif=exif,
        icc_profile=image.info.get("icc_profile"),
    )
    return buffer.getvalue()
