"""How many files this process may have open at once: each request that is out takes some.

A program that a desktop starts may open 256 on macOS, and 1,024 on most of Linux. The system lets
every process raise that for itself, up to a limit which is far away.
"""

import sys

if sys.platform == "win32":

    def allow_open_files(count: int) -> None:
        """Do nothing: sockets are no files here."""

else:
    import resource
    from contextlib import suppress

    def allow_open_files(count: int) -> None:
        """See to it that so many files may be open, as far as the system allows; never fewer."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY:
            count = min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < count:
            with suppress(OSError, ValueError):  # macOS has a second limit, which it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
