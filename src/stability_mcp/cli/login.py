"""`stability-mcp login` and `logout`: the API key in the keyring of the operating system."""

import getpass
import sys

import anyio
import typer
from pydantic import SecretStr

from stability_mcp import stored_key
from stability_mcp.errors import ConfigurationError
from stability_mcp.setting_values import KEY, find_placeholder, variable
from stability_mcp.settings import KEYS_URL, Settings

MAX_KEY_CHARACTERS = 1_000
"""Keys have about 51 characters; a longer text isn't one."""


def run_login(settings: Settings) -> None:
    """Ask for the key, check it with a free request, and store it.

    Raises:
        ConfigurationError: it isn't a key, the API rejected it or couldn't be asked, or the keyring
            isn't available; nothing was stored.
    """
    key = _asked()
    balance = anyio.run(_checked_balance, settings.model_copy(update={KEY: SecretStr(key)}))
    stored_key.store_key(settings.base_dir, key)
    typer.echo(f"The key is valid ({balance:g} credits) and stored in the keyring.")
    typer.echo(f"Every server that uses {settings.base_dir} uses it from its next start.")
    if settings.key_source == "environment":
        typer.echo(f"{variable(KEY)} is set here and takes precedence over the keyring.")


def run_logout(settings: Settings) -> None:
    """Remove the key from the keyring.

    Raises:
        ConfigurationError: there is none for this data folder, or it may still be in the keyring.
    """
    if not stored_key.is_marked(settings.base_dir):
        raise ConfigurationError(
            f"No key is stored in the keyring for {settings.base_dir}.",
            hint=f"A key in {variable(KEY)} is removed where it was set.",
        )
    stored_key.delete_key(settings.base_dir)
    typer.echo("The key was removed from the keyring. Running servers keep it until they end.")
    typer.echo(f"To make it invalid everywhere, delete it at {KEYS_URL}")


def _asked() -> str:
    """Return the key that a person typed without echo, or a line of standard input."""
    if sys.stdin.isatty():
        typed = getpass.getpass("API key (it isn't shown): ")
    else:
        typed = sys.stdin.readline(MAX_KEY_CHARACTERS + 1)
    _, key = find_placeholder(KEY, typed.strip())
    if not isinstance(key, str) or not key or len(key) > MAX_KEY_CHARACTERS:
        raise ConfigurationError(
            "That isn't an API key; nothing was stored.", hint=f"Create one at {KEYS_URL}"
        )
    return key


async def _checked_balance(settings: Settings) -> float:
    """Return the credits of the account, which checks the key at no cost."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp login") as studio:
        status = await studio.status()
    if status.key_rejected:
        raise ConfigurationError(
            "The API rejected this key; nothing was stored.",
            hint=f"Copy it again, or create one at {KEYS_URL}",
        )
    if status.balance is None:
        raise ConfigurationError(
            f"The key could not be checked; nothing was stored. {status.balance_note}",
            hint="Try again later.",
        )
    return status.balance
