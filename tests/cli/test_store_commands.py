"""`stability-mcp sweep`, `backup` and `restore`, and the store's size in `doctor`."""

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
import typer

from cli.conftest import Cli
from stability_mcp.cli.exit_codes import INPUT_FILE, OTHER, USAGE
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import HeldLock

DAY = 86_400.0
AGE = {"jobs": ("created_at", "finished_at"), "calls": ("created_at",), "media": ("created_at",)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the emulator's store."""
    return tmp_path / "home" / "emulator"


def make(cli: Cli, *prompts: str) -> None:
    """Make a result of each prompt."""
    for prompt in prompts:
        assert cli("call", "generate_core", "--prompt", prompt)[0] == 0


def age(home: Path, days: float) -> None:
    """Make everything in the store older."""
    with closing(sqlite3.connect(home / "store.db")) as connection, connection:
        for table, columns in AGE.items():
            for column in columns:
                connection.execute(f"UPDATE {table} SET {column} = {column} - ?", (days * DAY,))  # noqa: S608 -- names above
    then = time.time() - days * DAY
    for path in (home / "blobs").rglob("*"):
        os.utime(path, (then, then))


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *, agreed: bool) -> list[str]:
    """Answer every question of a command; return the questions."""
    asked: list[str] = []

    def confirm(text: str) -> bool:
        asked.append(text)
        return agreed

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", confirm)
    return asked


def test_sweep_tells_what_it_would_remove_and_then_what_it_removed(cli: Cli, home: Path) -> None:
    """Documented (docs/settings.md): with --dry-run only the first."""
    make(cli, "a lighthouse", "a fox")
    age(home, 40)
    make(cli, "a boat")

    dry = cli("sweep", "--older", "30", "--dry-run")
    code, out, _ = cli("sweep", "--older", "30")

    counts = r"2 jobs, 2 calls, 2 stored files \([\d.]+ [KM]B\)"
    assert re.match(rf"older than 30 days and not needed: {counts}\n", dry[1])
    assert re.search(
        r'  2 media items, made from [\d-]+ [\d:]+ to .*: "lighthouse" and "fox"', dry[1]
    )
    assert (code, out.startswith(dry[1])) == (0, True)
    assert re.search(rf"\nremoved: {counts}; the ledger and readable copies stay\n$", out)
    assert "nothing to remove" in cli("sweep", "--older", "30")[1]
    assert "boat" in cli("log")[1]


def test_sweep_asks_on_a_terminal(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """*Chosen*: what is removed can't be restored."""
    make(cli, "a lighthouse")
    age(home, 40)
    asked = on_a_terminal(monkeypatch, agreed=False)

    assert "removed:" not in cli("sweep", "--older", "30")[1]
    assert asked == ["Remove these?"]
    assert "removed:" in cli("sweep", "--older", "30", "--yes")[1]
    assert len(asked) == 1


@pytest.mark.parametrize("days", ["0", "-1", "many", "40000"])
def test_an_age_is_a_number_of_days(days: str, cli: Cli) -> None:
    """*Chosen*: 0 would remove everything."""
    code, _, err = cli("sweep", "--older", days)
    assert (code, "--older" in err) == (USAGE, True)


def test_a_backup_is_restored_and_doctor_finds_the_store_whole(
    cli: Cli, home: Path, tmp_path: Path
) -> None:
    """Documented (docs/files-and-folders.md): which store, what is in it and what isn't."""
    make(cli, "a lighthouse")
    file = tmp_path / "b.tar"

    code, out, _ = cli("backup", str(file))
    make(cli, "a fox")
    restored = cli("restore", str(file))
    checked = cli("doctor")

    assert code == 0
    assert f"{file}: backup of the emulator's store in {home} as of" in out
    assert ": 1 media item, 1 job, 3 credits in the ledger" in out
    assert "no API key, token, readable copy" in out
    assert restored[0] == 0
    assert f"{home}: restored to" in restored[1]
    assert "the earlier store is in" in restored[1]
    assert checked[0] == 0
    assert "the store is consistent; 1 of 1 stored files" in checked[1]
    assert re.search(r"  ok   the store takes [\d.]+ MB \(database .*, media .*\)\n", checked[1])
    assert "  note 1 folder of earlier stores that `restore` replaced" in checked[1]


@pytest.mark.parametrize("name", ["store.db", "emulator/backup/b.tar"])
def test_no_backup_is_written_into_the_folder_of_both_stores(
    cli: Cli, home: Path, name: str
) -> None:
    """*Chosen*: `--force` would replace the other store by a backup of this one."""
    make(cli, "a lighthouse")
    file = home.parent / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"precious")

    code, out, err = cli("backup", str(file), "--force")

    assert (code, out) == (USAGE, "")
    assert f"{file} is inside the data folder {home.parent}." in err
    assert file.read_bytes() == b"precious"


def test_restore_asks_on_a_terminal(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: with the folder of the store in the question."""
    make(cli, "a lighthouse")
    cli("backup", str(tmp_path / "b.tar"))
    asked = on_a_terminal(monkeypatch, agreed=False)

    assert cli("restore", str(tmp_path / "b.tar"))[:2] == (0, "")
    assert asked == [f"Replace the emulator's store in {home}? It is kept in a folder next to it."]


def test_a_backup_without_the_key_says_that_the_other_store_is_missing(
    cli: Cli, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: the key is usually set in the host's configuration only."""
    key = {"STABILITY_API_KEY": "sk-backup", "STABILITY_BASE_URL": emulator_url}
    nothing = cli("backup", str(tmp_path / "a.tar"))
    assert nothing[0] == USAGE
    assert re.search(r"no store in .*emulator yet.*Set STABILITY_API_KEY", nothing[2])
    make(cli, "a lighthouse")
    assert cli("budget", **key)[0] == 0

    _, out, _ = cli("backup", str(tmp_path / "b.tar"))
    of_api = cli("backup", str(tmp_path / "c.tar"), **key)
    wrong = cli("restore", str(tmp_path / "c.tar"))

    assert "the store of the real API in" in out
    assert "set STABILITY_API_KEY in this terminal to back that one up" in out
    assert "backup of the store of the real API in" in of_api[1]
    assert wrong[0] == INPUT_FILE
    assert "the backup is of the store of the real API, but this command uses the" in wrong[2]


def test_a_restore_names_the_program_that_uses_the_store(
    cli: Cli, home: Path, tmp_path: Path
) -> None:
    """Documented (docs/troubleshooting.md): one line on stderr."""
    make(cli, "a lighthouse")
    cli("backup", str(tmp_path / "b.tar"))
    with closing(sqlite3.connect(home / "store.db")) as connection, connection:
        connection.execute(
            "INSERT INTO processes (id, upstream, pid, program, writes_schema, started_at)"
            " VALUES ('p1', 'emulator', 4711, 'stability-mcp', 7, 0)"
        )
    lock = HeldLock(lock_path(home, "p1"))

    code, out, err = cli("restore", str(tmp_path / "b.tar"))
    lock.release()

    assert (code, out, err.count("\n")) == (OTHER, "", 1)
    assert f"the store in {home} is in use by stability-mcp (process 4711)." in err


def test_doctor_tells_what_retention_would_remove(cli: Cli, home: Path) -> None:
    """Documented (docs/jobs-and-money.md): as the next sweep of a server does."""
    make(cli, "a lighthouse")
    age(home, 40)

    _, days, _ = cli("doctor", STABILITY_KEEP_DAYS="30")
    _, size, _ = cli("doctor", STABILITY_KEEP_BYTES="100 MB")

    assert "  ok   the next sweep removes 1 job, 1 call, 1 stored file (" in days
    assert "; 1 media item, made from" in days
    assert "  ok   retention: nothing to remove" in size
    assert re.search(r"STABILITY_KEEP_BYTES +100000000  \(environment\)", size)
    assert (
        "  done retention removed 1 job" in cli("doctor", "--repair", STABILITY_KEEP_DAYS="30")[1]
    )
