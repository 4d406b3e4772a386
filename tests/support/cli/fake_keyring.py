"""A keyring backend that keeps its entries in a file, and can be locked, slow or insecure.

`keyring` loads it by the variable PYTHON_KEYRING_BACKEND, as users choose another backend.
"""

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

FILE = "FAKE_KEYRING"
"""The variable with the path of the file."""
MODE = "FAKE_KEYRING_MODE"
"""The variable with `locked` (refuses), `hanging` (waits for a person) or nothing."""


class FakeKeyring(KeyringBackend):
    """Keeps passwords by service and account."""

    priority = 5.0

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password, or None."""
        return self._entries().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password."""
        entries = self._entries()
        entries[f"{service}/{username}"] = password
        Path(os.environ[FILE]).write_text(json.dumps(entries), encoding="utf-8")

    def delete_password(self, service: str, username: str) -> None:
        """Remove a password."""
        entries = self._entries()
        del entries[f"{service}/{username}"]
        Path(os.environ[FILE]).write_text(json.dumps(entries), encoding="utf-8")

    def _entries(self) -> dict[str, str]:
        mode = os.environ.get(MODE)
        if mode == "locked":
            raise KeyringLocked("secret detail")
        if mode == "hanging":
            threading.Event().wait(60)
        file = Path(os.environ[FILE])
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


class PlainFile(FakeKeyring):
    """A backend that says that it isn't secure, like those that write into a readable file."""

    priority = 0.5
