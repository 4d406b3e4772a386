"""The process's TLS context: created once, as reading the trust store takes 20 to 40 ms.

This module imports httpx2, which takes 40 ms; import it in a thread.

Length: one function; imported in a thread with the first connection.
"""

import os
import ssl
import threading
from functools import cache

import httpx2

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that replace the system's certificates in httpx2."""

_making = threading.Lock()


def tls_context() -> ssl.SSLContext:
    """Return the shared context; the first call blocks."""
    with _making:  # clients that connect at the same time share one
        return _context(*map(os.environ.get, VARIABLES))


@cache
def _context(*certificates: str | None) -> ssl.SSLContext:  # noqa: ARG001 -- the cache key
    return httpx2.create_ssl_context()
