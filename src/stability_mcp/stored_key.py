"""Keeps the API key in the keyring of the operating system (extra `keyring`).

A mark in the data folder says that its key is in the keyring. Without the mark the keyring is never
opened, because on some systems opening it shows a dialog. The mark holds no secret.
"""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from stability_mcp.errors import ConfigurationError

SERVICE = "stability-mcp"
"""Name of the entry, as the system's own program for keys shows it."""
MARK = "key-in-keyring"
"""File in the data folder; its content is the account of the entry."""
MAX_MARK_BYTES = 200
SECONDS = 2.0
"""Time limit for reading: a locked keyring waits for a person, and the host for the server."""
INTERACTIVE_SECONDS = 120.0
"""Time limit for `login` and `logout`, during which a person may unlock the keyring."""

T = TypeVar("T")


def is_marked(folder: Path) -> bool:
    """Return whether the key of a data folder is in the keyring."""
    return (folder / MARK).is_file()


def read_key(folder: Path) -> str:
    """Return the key of a data folder with a mark.

    Raises:
        ConfigurationError: the keyring isn't available, is locked, or has no such entry.
    """
    account = _account(folder)
    key = _within(SECONDS, lambda keyring: keyring.get_password(SERVICE, account))
    if not key:
        raise ConfigurationError(
            "The keyring has no API key for this data folder.",
            hint="Run `stability-mcp login` again.",
        )
    return str(key)


def store_key(folder: Path, key: str) -> None:
    """Store the key of a data folder in the keyring, and mark the folder.

    Raises:
        ConfigurationError: the keyring isn't available or refuses it.
        OSError: the folder can't be written.
    """
    account = _account(folder) if is_marked(folder) else f"api-key-{secrets.token_hex(6)}"
    _within(INTERACTIVE_SECONDS, lambda keyring: keyring.set_password(SERVICE, account, key))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(f"{account}\n", encoding="utf-8")


def delete_key(folder: Path) -> None:
    """Remove the key of a data folder from the keyring, and the mark in any case.

    Raises:
        ConfigurationError: the entry may still be in the keyring.
        OSError: the mark can't be removed.
    """
    account = _account(folder)
    (folder / MARK).unlink()

    def delete(keyring: Any) -> None:  # noqa: ANN401 -- the module
        if keyring.get_password(SERVICE, account) is not None:
            keyring.delete_password(SERVICE, account)

    _within(INTERACTIVE_SECONDS, delete)


def _account(folder: Path) -> str:
    with (folder / MARK).open("rb") as file:
        return file.read(MAX_MARK_BYTES).decode("utf-8", "replace").strip()


def _within(seconds: float, ask: Callable[[Any], T]) -> T:
    """Ask the keyring in a thread, which is abandoned after some seconds.

    Raises:
        ConfigurationError: it isn't installed, isn't secure, doesn't answer or reports an error.
    """
    answers: list[T] = []
    errors: list[ConfigurationError] = []

    def work() -> None:
        try:
            answers.append(ask(_open()))
        except ConfigurationError as error:
            errors.append(error)
        except Exception as error:  # noqa: BLE001 -- every backend has errors of its own
            errors.append(_refused(error))

    thread = threading.Thread(target=work, name="keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise ConfigurationError(
            f"The keyring did not answer within {seconds:g} s; it may be locked.",
            hint="Unlock it and start again, or set STABILITY_API_KEY.",
        )
    return answers[0]


def _open() -> Any:  # noqa: ANN401 -- the module; it has no types where it isn't installed
    try:
        import keyring
        from keyring.core import recommended
    except ImportError:
        raise ConfigurationError(
            "The library for the keyring isn't installed.",
            hint='Install it with pip install "stability-mcp[keyring]", or set STABILITY_API_KEY.',
        ) from None
    if not recommended(keyring.get_keyring()):
        # The null and fail backends store nothing; others write the key into a readable file.
        raise ConfigurationError(
            "This machine has no secure keyring.", hint="Set STABILITY_API_KEY instead."
        )
    return keyring


def _refused(error: Exception) -> ConfigurationError:
    # The text of the error may repeat what was stored.
    return ConfigurationError(
        f"The keyring reported {type(error).__name__}.",
        hint="Unlock it and start again, or set STABILITY_API_KEY.",
    )
