"""Simulates a slow disk: a preloaded library in which every fsync takes longer."""

import shutil
import subprocess
import sys
from pathlib import Path

DELAY_MILLISECONDS = 5
WHY_NOT_SLOW = "needs Linux and a C compiler"

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define SLOW(name) \\
    int name(int file) { \\
        static int (*sync_file)(int); \\
        if (!sync_file) sync_file = (int (*)(int))dlsym(RTLD_NEXT, #name); \\
        usleep(DELAY_MILLISECONDS * 1000); \\
        return sync_file(file); \\
    }

SLOW(fsync)
SLOW(fdatasync)
"""


def slow_disk(folder: Path) -> Path | None:
    """Build the library for `LD_PRELOAD`; return None if this system does not support it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        return None
    library = folder / "slow-disk.so"
    options = ("-shared", "-fPIC", "-x", "c", f"-DDELAY_MILLISECONDS={DELAY_MILLISECONDS}")
    built = subprocess.run(  # noqa: S603 -- a compiler found by name
        [compiler, *options, "-o", str(library), "-", "-ldl"],
        input=SOURCE,
        text=True,
        capture_output=True,
        check=False,
    )
    return library if built.returncode == 0 else None
