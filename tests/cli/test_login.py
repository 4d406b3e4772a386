"""The API key in the keyring: `login`, `logout`, and servers that read it."""

import json
import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli
from stability_mcp.settings import read_settings
from stability_mcp.stored_key import MARK
from support.cli import fake_keyring

KEY = f"sk-{'a1' * 24}"
OTHER = f"sk-{'b2' * 24}"


@pytest.fixture
def keyring_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a keyring of the test."""
    file = tmp_path / "keyring.json"
    monkeypatch.setenv(fake_keyring.FILE, str(file))
    _use(monkeypatch, "FakeKeyring")
    return file


def _use(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    import keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", getattr(fake_keyring, backend)())


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Answer the next question of a command."""
    monkeypatch.setattr("sys.stdin", StringIO(f"{text}\n"))


@pytest.fixture
def logged_in(
    cli: Cli, keyring_file: Path, emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Store KEY, and return the file of the keyring."""
    monkeypatch.setenv("STABILITY_BASE_URL", emulator_url)
    typed(monkeypatch, KEY)
    code, out, err = cli("login")
    assert code == 0, err
    assert "The key is valid (25 credits) and stored" in out
    assert KEY not in out + err
    return keyring_file


def test_a_stored_key_is_used_from_the_next_start(
    cli: Cli, logged_in: Path, tmp_path: Path
) -> None:
    """Documented (docs/settings.md): servers and commands of this data folder use it."""
    assert list(json.loads(logged_in.read_text()).values()) == [KEY]
    settings = read_settings()
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    assert (settings.emulated, settings.key_source) == (False, "keyring")

    _, out, _ = cli("doctor")
    assert "STABILITY_API_KEY          set  (keyring)" in out
    code, out, err = cli("call", "server_status", "--json")
    assert code == 0, err
    assert json.loads(out)["note"].startswith("Real API key from the keyring")
    assert KEY not in out + err
    for file in (tmp_path / "home").rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file


@pytest.mark.usefixtures("logged_in")
def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documented (docs/settings.md): what is set for one program is meant."""
    monkeypatch.setenv("STABILITY_API_KEY", OTHER)
    settings = read_settings()

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == OTHER
    assert settings.key_source == "environment"


@pytest.mark.usefixtures("logged_in")
def test_without_the_mark_the_keyring_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (docs/settings.md): other data folders, the demo and tests never read it."""
    assert read_settings(keyring=False).emulated
    monkeypatch.setenv(fake_keyring.MODE, "hanging")
    monkeypatch.setenv("STABILITY_HOME", str(tmp_path / "other"))
    began = time.monotonic()

    assert read_settings().emulated
    assert time.monotonic() - began < 1


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("mode", ["locked", "hanging"])
def test_a_keyring_that_does_not_open_leaves_the_emulator_and_says_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Chosen: a server that waits for a dialog would look broken in its host."""
    monkeypatch.setenv(fake_keyring.MODE, mode)
    monkeypatch.setattr("stability_mcp.stored_key.SECONDS", 0.2)
    began = time.monotonic()
    settings = read_settings()

    assert time.monotonic() - began < 2
    assert settings.emulated
    [notice] = settings.notices
    assert notice.startswith("The stored API key isn't used. The keyring")
    assert "secret detail" not in notice
    _, out, _ = cli("call", "generate_core", "--prompt", "a fox")
    assert out.startswith("NO API KEY (the stored key could not be read)")


def test_logout_removes_key_and_mark(cli: Cli, logged_in: Path, tmp_path: Path) -> None:
    """Documented (docs/settings.md): afterwards there is no key."""
    code, out, _ = cli("logout")

    assert code == 0
    assert "removed" in out
    assert json.loads(logged_in.read_text()) == {}
    assert not (tmp_path / "home" / MARK).exists()
    assert read_settings().emulated
    code, _, err = cli("logout")
    assert code == 3
    assert "No key is stored" in err


@pytest.mark.usefixtures("logged_in")
def test_logout_removes_the_mark_even_if_the_keyring_is_locked(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: this server is to run without the key."""
    monkeypatch.setenv(fake_keyring.MODE, "locked")
    code, _, err = cli("logout")

    assert code == 3
    assert "KeyringLocked" in err
    assert not (tmp_path / "home" / MARK).exists()


def test_a_second_login_replaces_the_key(
    cli: Cli, logged_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: one entry for each data folder."""
    typed(monkeypatch, f"  {OTHER} ")
    cli("login")

    assert list(json.loads(logged_in.read_text()).values()) == [OTHER]


@pytest.mark.parametrize("text", ["", "   ", "sk-your-key", "${STABILITY_API_KEY}", "x" * 2_000])
def test_text_that_cannot_be_a_key_is_refused_before_it_is_sent(
    cli: Cli, keyring_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Chosen: a placeholder was pasted."""
    typed(monkeypatch, text)
    code, _, err = cli("login", STABILITY_BASE_URL="http://127.0.0.1:9")

    assert code == 3
    assert "isn't an API key; nothing was stored" in err
    assert not keyring_file.exists()
    assert not (tmp_path / "home" / MARK).exists()


@pytest.mark.parametrize(
    ("key", "url", "problem"),
    [
        ("not-a-key", None, "The API rejected this key; nothing was stored."),
        (KEY, "http://127.0.0.1:9", "The key could not be checked; nothing was stored."),
    ],
)
def test_a_key_that_was_not_accepted_is_not_stored(  # noqa: PLR0913 -- fixtures
    *,
    cli: Cli,
    keyring_file: Path,
    emulator_url: str,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    url: str | None,
    problem: str,
) -> None:
    """Chosen: a server that starts with a wrong key fails later and less clearly."""
    typed(monkeypatch, key)
    variables: dict[str, Any] = {"STABILITY_BASE_URL": url or emulator_url}
    code, _, err = cli("login", **variables, STABILITY_MAX_RETRIES="0")

    assert code == 3
    assert problem in err
    assert key not in err
    assert not keyring_file.exists()


def test_a_backend_that_writes_readable_files_is_refused(
    cli: Cli,
    keyring_file: Path,
    emulator_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Documented (keyring): a priority below 1 isn't recommended; secrets never reach files."""
    _use(monkeypatch, "PlainFile")
    typed(monkeypatch, KEY)
    code, _, err = cli("login", STABILITY_BASE_URL=emulator_url)

    assert code == 3
    assert "no secure keyring" in err
    assert not keyring_file.exists()


def test_without_the_extra_the_error_names_it(
    cli: Cli, emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the extra is optional."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    typed(monkeypatch, KEY)
    code, _, err = cli("login", STABILITY_BASE_URL=emulator_url)

    assert code == 3
    assert 'pip install "stability-mcp[keyring]"' in err


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_the_key_is_typed_without_echo(
    tmp_path: Path, keyring_file: Path, emulator_url: str
) -> None:
    """Chosen: it stays out of sight and of recorded terminals."""
    import pty

    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "STABILITY_HOME": str(tmp_path / "home"),
        "STABILITY_OUTPUT_DIR": "none",
        "STABILITY_BASE_URL": emulator_url,
        "PYTHON_KEYRING_BACKEND": "support.cli.fake_keyring.FakeKeyring",
        "PYTHONPATH": os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "stability_mcp", "login"],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"shown): " not in shown:
        shown += os.read(ours, 1_024)
    os.write(ours, f"{KEY}\n".encode())
    assert process.wait(60) == 0
    shown += os.read(ours, 65_536)
    os.close(ours)

    assert KEY.encode() not in shown
    assert KEY in keyring_file.read_text()
