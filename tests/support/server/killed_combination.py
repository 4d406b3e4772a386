"""A process that is killed after a paid upscale, before the transparency is put back.

Run as `python -m support.server.killed_combination FOLDER`; `logo.png` is in the folder.
"""

import os
import signal
import sys
from pathlib import Path

import anyio

from stability_mcp.studio import combining, open_studio
from support.server.in_memory import settings_in


def _die(*_: object) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return True


async def _upscale(folder: Path) -> None:
    setattr(combining, "put_alpha", _die)  # noqa: B010 -- a function of the module
    async with open_studio(settings_in(folder)) as studio:
        await studio.call("upscale_fast", {"image": "logo.png"}, label="big", wait=60)


if __name__ == "__main__":
    anyio.run(_upscale, Path(sys.argv[1]))
