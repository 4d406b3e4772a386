"""Configures logging to stderr, as text or JSON, with the API key redacted.

stdout is reserved for the protocol.
"""

import json
import logging
import sys

from stability_mcp.settings import Settings

HIDDEN = "sk-…"
"""Replaces the key in log lines."""

QUIET = ("httpx2", "httpcore2", "PIL", "mcp", "uvicorn.access")
"""Loggers of libraries whose debug lines contain headers, statements or every request."""


log = logging.getLogger(__name__)


class _Redacted(logging.Formatter):
    """Formats a record and redacts the key in the finished text, including tracebacks."""

    def __init__(self, secret: str | None, *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secret = secret
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        text = self._json(record) if self._as_json else super().format(record)
        return text.replace(self._secret, HIDDEN) if self._secret else text

    def _json(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logs(settings: Settings) -> None:
    """Send all logs to stderr in the chosen level and format, the notices about settings first.

    Call it once, at startup.
    """
    handler = logging.StreamHandler(sys.stderr)
    secret = settings.api_key.get_secret_value() if settings.api_key else None
    handler.setFormatter(_Redacted(secret, as_json=settings.log_format == "json"))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))
    for notice in settings.notices:
        log.warning("%s", notice)
