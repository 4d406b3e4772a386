"""The TLS context of the process: reading the trust store takes 20 to 40 ms, so it is read once.

This module imports httpx2, which takes 40 ms; import it in a thread.

Length: one function; imported in a thread with the first connection.
"""

import os
import ssl
import threading
from functools import cache

import httpx2

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where httpx2 looks for other certificates than those of the system."""

_making = threading.Lock()


def tls_context() -> ssl.SSLContext:
    """Return the one context, with the certificates to trust; blocks at first."""
    with _making:  # two clients that connect first at the same time share one, too
        return _context(*map(os.environ.get, VARIABLES))


@cache
def _context(*certificates: str | None) -> ssl.SSLContext:  # noqa: ARG001 -- the key of the cache
    return httpx2.create_ssl_context()
