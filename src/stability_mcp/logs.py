"""Configures logging to stderr, as text or JSON, with secrets redacted.

stdout is reserved for the protocol.
"""

import json
import logging
import sys
from collections.abc import Mapping
from types import MappingProxyType

from stability_mcp.done_target import SECRET_PREFIX
from stability_mcp.setting_values import KEY, SIGNING
from stability_mcp.settings import Settings

HIDDEN: Mapping[str, str] = MappingProxyType({KEY: "sk-…", SIGNING: f"{SECRET_PREFIX}…"})
"""What replaces each secret in log lines, by field."""

QUIET = ("httpx2", "httpcore2", "PIL", "mcp", "uvicorn.access")
"""Loggers of libraries whose debug lines contain headers, statements or every request."""


log = logging.getLogger(__name__)


class _Redacted(logging.Formatter):
    """Formats a record and redacts secrets in the finished text, including tracebacks."""

    def __init__(self, secrets: Mapping[str, str], *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        text = self._json(record) if self._as_json else super().format(record)
        for secret, shown in self._secrets.items():
            text = text.replace(secret, shown)
        return text

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
    given = ((getattr(settings, field), shown) for field, shown in HIDDEN.items())
    secrets = {value.get_secret_value(): shown for value, shown in given if value is not None}
    handler.setFormatter(_Redacted(secrets, as_json=settings.log_format == "json"))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))
    for notice in settings.notices:
        log.warning("%s", notice)
