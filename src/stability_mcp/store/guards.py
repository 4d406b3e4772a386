"""Guards: files that a living process still needs, whatever the journal says of their owner.

A process that was stopped, or whose own lock somebody deleted, is taken for dead while an answer
that is paid comes in. Whoever tidies up after it must not remove that. The operating system gives a
guard back however its process ends.
"""

import os
import sys
from pathlib import Path

if sys.platform == "win32":

    class Guards:
        """Nothing: a file that is open cannot be removed here."""

        def hold(self, path: Path) -> None:
            """Do nothing."""

        def let_go(self, path: Path) -> None:
            """Do nothing."""

        def let_all_go(self) -> None:
            """Do nothing."""

    def is_guarded(path: Path) -> bool:  # noqa: ARG001 -- the one below does
        """Return no."""
        return False

else:
    import fcntl

    class Guards:
        """The files that this process needs."""

        def __init__(self) -> None:
            self._files: dict[Path, int] = {}

        def hold(self, path: Path) -> None:
            """Guard a file that exists, under whatever name it gets later."""
            if path not in self._files:
                self._files[path] = file = os.open(path, os.O_RDONLY)
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

        def let_go(self, path: Path) -> None:
            """Guard a file no more, named as it was when that began."""
            file = self._files.pop(path, None)
            if file is not None:
                os.close(file)

        def let_all_go(self) -> None:
            """Guard nothing more: whoever was guarding ends."""
            for path in list(self._files):
                self.let_go(path)

    def is_guarded(path: Path) -> bool:
        """Return whether a living process needs a file; False: also where there is none."""
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False
