"""`stability-mcp restore`: the old store or the new one, and nothing paid is sent again."""

import asyncio
import hashlib
import io
import os
import re
import shutil
import signal
import sqlite3
import sys
import tarfile
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import ArgumentsError, FileMissingError, FileUnusableError, StorageError
from stability_mcp.maintenance.backup_format import (
    MANIFEST,
    BackupWriter,
    Manifest,
    blob_name,
    file_sha256,
)
from stability_mcp.maintenance.restore import Restore
from stability_mcp.maintenance.restored_rows import EndedJobs
from stability_mcp.maintenance.store_size import store_size
from stability_mcp.store.database import Database
from stability_mcp.store.format import SCHEMA
from support.jobs.forks import Forks
from support.jobs.jobs import (
    AT_ONCE,
    PRICE,
    Wire,
    core,
    deferred,
    hangs,
    picture,
    running_jobs,
    starts_generation,
    submit,
    succeeds,
)
from support.maintenance.backups import ENDS, back_up, findings, restore, tree
from support.store import frozen
from support.store.rows import change, damage, ledger, money, rows

pytestmark = pytest.mark.anyio

LABELS = "SELECT label FROM media WHERE deleted_at IS NULL ORDER BY seq"
STARTED = "SELECT count(*) FROM jobs WHERE generation IS NOT NULL"
UNUSED_YES = """INSERT INTO confirmations (owner, upstream, question_key, credits, asked_at, answer)
    VALUES ('local', 'u', 'k', 1, 1, 'yes')"""
RUN = """INSERT INTO runs (id, owner, upstream, process, title, plan, plan_format, inputs, files,
    max_credits, workspace, state, created_at, changed_at, finished_at)
    VALUES (?, 'local', 'u', 'p', '', '', 1, '', '', 0, '["/home/ann/project"]', ?, 1, 1, ?)"""
STATES = "SELECT state, charged FROM jobs ORDER BY seq"


async def make(home: Path, *labels: str) -> None:
    """Make a result for each label."""
    async with running_jobs(
        home, Wire([succeeds(picture(hash(each) % 200)) for each in labels])
    ) as j:
        for label in labels:
            made = await j.submit(core(label), tool="test", labels=[label])
            await j.wait(made.job_ids, 10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store with "before" (`then`), back it up, and add "after" (`home`)."""
    folder = tmp_path_factory.mktemp("made")

    async def run() -> None:
        await make(folder / "home", "before")
        shutil.copytree(folder / "home", folder / "then")
        await back_up(folder / "home", folder / "b.tar")
        await make(folder / "home", "after")

    anyio.run(run)
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return a store and an older backup of it."""
    shutil.copytree(made / "home", tmp_path / "home")
    return tmp_path / "home", Path(shutil.copy(made / "b.tar", tmp_path))


@pytest.fixture
def source(made: Path, tmp_path: Path) -> Path:
    """Return a store to make a backup of by hand."""
    return Path(shutil.copytree(made / "then", tmp_path / "source"))


def labels(home: Path) -> list[str]:
    """Return the labels of the media in a store."""
    return [label for (label,) in rows(home, LABELS)]


def earlier_stores(home: Path) -> list[Path]:
    """Return the folders that restores kept."""
    return sorted(home.parent.glob(f"{home.name}.before-restore-*"))


async def test_the_store_becomes_that_of_the_backup_and_the_old_one_is_kept(
    store: tuple[Path, Path],
) -> None:
    """Documented (docs/files-and-folders.md): both are whole, and the folder has its time."""
    home, file = store
    (home / "http-token").write_text("token")
    (home / "quarantine" / "odd").write_bytes(b"a paid response")

    restored = await restore(home, file)

    assert labels(home) == ["before"]
    assert await findings(home) == []
    assert (home / "http-token").read_text() == "token"
    [kept] = earlier_stores(home)
    assert restored.earlier == kept
    assert re.fullmatch(r"home\.before-restore-\d{4}-\d\d-\d\d-\d{6}", kept.name)
    assert labels(kept) == ["before", "after"]
    assert (kept / "quarantine" / "odd").read_bytes() == b"a paid response"
    assert await findings(kept) == []
    assert not (home / "restore.tmp").exists()
    assert store_size(home).replaced == (kept,)


async def test_a_backup_is_restored_into_an_empty_home(
    store: tuple[Path, Path], tmp_path: Path
) -> None:
    """*Chosen*: a new machine has no data folder yet."""
    _, file = store
    new = tmp_path / "new" / "home"

    restored = await restore(new, file)

    assert (restored.earlier, labels(new), await findings(new)) == (None, ["before"], [])
    await make(new, "more")
    assert labels(new) == ["before", "more"]


async def test_a_damaged_store_can_be_replaced_and_stays_as_it_is(store: tuple[Path, Path]) -> None:
    """*Chosen*: damage is the usual reason for a restore; the rest may still be read by hand."""
    home, file = store
    damage(home, "jobs")
    blob = next(path for path in (home / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"half")

    await restore(home, file)

    assert (labels(home), await findings(home)) == (["before"], [])
    [kept] = earlier_stores(home)
    assert (kept / "blobs" / blob.name[:2] / blob.name).read_bytes() == b"half"


async def test_a_store_without_its_database_is_kept_too(store: tuple[Path, Path]) -> None:
    """*Chosen*: the files may be all that is left."""
    home, file = store
    for path in home.glob("store.db*"):
        path.unlink()

    await restore(home, file)

    [kept] = earlier_stores(home)
    assert sum(path.is_file() for path in (kept / "blobs").rglob("*")) == 2
    assert await findings(home) == []


async def test_a_running_program_is_named_and_nothing_is_changed(
    store: tuple[Path, Path], tmp_path: Path
) -> None:
    """Documented (docs/troubleshooting.md): close it first."""
    home, file = store
    async with running_jobs(home, Wire([succeeds()])):
        before = tree(tmp_path)
        with pytest.raises(StorageError) as error:
            await restore(home, file)
        assert tree(tmp_path) == before
    assert f"in use by stability-mcp (process {os.getpid()})" in str(error.value)


async def test_a_program_that_has_only_opened_the_store_counts_too(
    store: tuple[Path, Path],
) -> None:
    """*Chosen*: it would keep using the old database and lose what it writes."""
    home, file = store
    database = await anyio.to_thread.run_sync(Database, home)
    with pytest.raises(StorageError, match=r"in use by another stability-mcp command"):
        await restore(home, file)
    await database.close()
    with closing(sqlite3.connect(home / "store.db")) as other:
        other.execute("SELECT count(*) FROM jobs").fetchone()
        with pytest.raises(StorageError, match=r"such as sqlite3 in a terminal"):
            await restore(home, file)
    assert labels(home) == ["before", "after"]
    assert earlier_stores(home) == []
    await restore(home, file)
    assert labels(home) == ["before"]


async def test_a_program_that_starts_meanwhile_opens_the_new_store(
    store: tuple[Path, Path],
) -> None:
    """*Chosen*: it waits for the write lock."""
    home, file = store
    opened: list[Database] = []

    async with anyio.create_task_group() as group:

        async def start() -> None:
            opened.append(await anyio.to_thread.run_sync(Database, home))

        def observe(moment: str, name: str) -> None:
            if (moment, name) == ("before", "restore.keep"):
                anyio.from_thread.run_sync(group.start_soon, start)

        await replaced(home, file, observe)
    [database] = opened
    found = await database.read(lambda c: c.execute(LABELS).fetchall())
    await database.close()
    assert found == [("before",)]


async def replaced(home: Path, file: Path, observe: Callable[[str, str], None]) -> None:
    """Restore with an observer."""
    await Restore(
        home=home, file=file, kind="api", progress=lambda *_: None, observer=observe
    ).run()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("place", ["unpacking", *ENDS])
async def test_a_killed_restore_leaves_the_old_store_or_the_new_one(
    store: tuple[Path, Path], place: str, forks: Forks
) -> None:
    """*Chosen*: one rename replaces it; running the command again completes it."""
    home, file = store
    new = ENDS.get(place, "old") == "new"

    work = "support.maintenance.backups:killed_restore"
    assert await forks.run(work, str(home), str(file), place) == -signal.SIGKILL

    assert labels(home) == (["before"] if new else ["before", "after"])
    assert [each.text for each in await findings(home) if each.bad] == []
    assert all(labels(kept) == ["before", "after"] for kept in earlier_stores(home))
    assert len(earlier_stores(home)) >= new
    await restore(home, file)
    assert (labels(home), await findings(home)) == (["before"], [])
    assert not (home / "restore.tmp").exists()


async def test_nothing_that_may_have_been_paid_since_is_sent_again(tmp_path: Path) -> None:
    """Documented (docs/jobs-and-money.md): in flight is unknown, waiting is cancelled."""
    home, file, new = tmp_path / "home", tmp_path / "b.tar", tmp_path / "new"
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([succeeds(), starts_generation(), hangs(sent, release)], [lambda _: None])
    async with running_jobs(home, wire, concurrency=1, timing=AT_ONCE) as jobs:
        await jobs.wait(await submit(jobs), 10)
        await jobs.submit(deferred(), tool="test")
        await until(lambda: rows(home, STARTED) == [(1,)])
        waiting = await submit(jobs, 3)
        await sent.wait()
        change(home, UNUSED_YES)
        for state in ("running", "review", "done"):
            change(home, RUN, f"{state}1", state, 1.0 if state == "done" else None)
        await back_up(home, file)
        release.set()
        await jobs.wait(waiting, 10)
    assert len(wire.posts) == 5
    price = rows(home, "SELECT price FROM jobs WHERE generation IS NOT NULL")[0][0]

    restored = await restore(new, file)

    assert restored.jobs == EndedJobs(cancelled=2, unknown=1, polled=1, runs=1)
    assert rows(new, STATES) == [
        ("done", "yes"),
        ("submitted", "reserved"),
        ("unknown", "assumed"),
        ("cancelled", "no"),
        ("cancelled", "no"),
    ]
    assert sorted(ledger(new)) == ["assumed", "charged", "sent"]
    assert money(new) == (price, 2 * PRICE)
    assert rows(new, "SELECT * FROM confirmations") == []
    assert rows(new, "SELECT id, state, process, workspace FROM runs ORDER BY seq") == [
        ("running1", "paused", None, None),
        ("review1", "review", None, None),
        ("done1", "done", None, None),
    ]
    [(why,)] = rows(new, "SELECT why FROM runs WHERE state = 'paused'")
    assert why.endswith("so resume may pay for it again.")
    errors = {error for (error,) in rows(new, "SELECT error FROM jobs WHERE state = 'cancelled'")}
    assert "may have been sent and charged since" in errors.pop()
    again = Wire([succeeds()], [lambda _: None])
    async with running_jobs(new, again, timing=AT_ONCE):
        await until(lambda: again.polls > 1)
    assert again.posts == []


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 -- no event is set for it
            await anyio.sleep(0.01)


@pytest.mark.parametrize("older", frozen.STORES, ids=lambda path: path.stem)
async def test_a_backup_of_an_older_program_is_upgraded(older: Path, tmp_path: Path) -> None:
    """*Chosen*: a backup outlives versions of the program."""
    old = frozen.thaw(older, tmp_path / "old")
    change(old, "UPDATE media SET deleted_at = 1")  # not every file of it is frozen
    media = rows(old, "SELECT id FROM media ORDER BY id")
    ledger_then = rows(old, "SELECT job, attempt, credits FROM charges ORDER BY id")
    schema = int(rows(old, "SELECT value FROM meta WHERE key = 'schema'")[0][0])

    await restore(tmp_path / "new", packed(tmp_path, parts_of(old, schema=schema)))

    new = tmp_path / "new"
    assert rows(new, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]
    assert rows(new, "SELECT id FROM media ORDER BY id") == media
    assert rows(new, "SELECT job, attempt, credits FROM charges ORDER BY id") == ledger_then
    assert [each.text for each in await findings(new) if each.bad] == []


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a backup consists of, to be changed and packed."""

    manifest: Manifest
    database: Path
    blobs: Mapping[str, bytes]


def parts_of(home: Path, **changes: object) -> Parts:
    """Return the parts of the backup of a store that isn't open."""
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    database = home / "store.db"
    wanted = {sha256 for (sha256,) in rows(home, "SELECT blob FROM media")}
    files = ((home / "blobs").rglob(sha256) for sha256 in sorted(wanted))
    blobs = {path.name: path.read_bytes() for found in files for path in found}
    manifest = Manifest(
        program="0",
        kind="api",
        made_at=1.0,
        database_sha256=file_sha256(database),
        database_bytes=database.stat().st_size,
        blobs=len(blobs),
        blob_bytes=sum(map(len, blobs.values())),
        media=0,
        jobs=0,
        charged=0,
    )
    return Parts(
        manifest=replace(manifest, **changes),  # type: ignore[arg-type]  # wrong values are the point
        database=database,
        blobs=blobs,
    )


def packed(folder: Path, parts: Parts) -> Path:
    """Write a backup."""
    file = folder / "packed.tar"
    with file.open("wb") as out:
        writer = BackupWriter(out)
        described = parts.manifest.to_json()
        writer.add(MANIFEST, len(described), iter([described]))
        data = parts.database.read_bytes()
        writer.add("store.db", len(data), iter([data]))
        for sha256, blob in parts.blobs.items():
            writer.add(blob_name(sha256), len(blob), iter([blob]))
        writer.finish()
    return file


def changed_by(*statements: str) -> Callable[[Path], Parts]:
    """Return the parts of a store after statements by hand."""

    def change_it(home: Path) -> Parts:
        with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
            for each in ("PRAGMA foreign_keys=OFF", *statements):
                connection.execute(each)
        return parts_of(home)

    return change_it


def with_manifest(**changes: object) -> Callable[[Path], Parts]:
    """Return the parts of a store with another manifest."""
    return lambda home: parts_of(home, **changes)


def without_blobs(home: Path) -> Parts:
    """Return the parts of a store without its files; the manifest says so."""
    return replace(parts_of(home, blobs=0, blob_bytes=0), blobs={})


def with_other_bytes(home: Path) -> Parts:
    """Return the parts of a store with a file whose bytes were changed."""
    parts = parts_of(home)
    return replace(parts, blobs={key: data[:-1] + b"!" for key, data in parts.blobs.items()})


def of_no_media(home: Path) -> Parts:
    """Return the parts of a store with a file that no media item needs."""
    parts = parts_of(home, blobs=2, blob_bytes=parts_of(home).manifest.blob_bytes + 1)
    return replace(parts, blobs={**parts.blobs, hashlib.sha256(b"!").hexdigest(): b"!"})


JOB_COLUMNS = ("jobs SET id", "media SET job", "charges SET job")
AGAIN = """INSERT INTO media (id, owner, blob, media_type, origin, created_at)
    SELECT 'x', owner, blob, media_type, 'imported', 1 FROM media LIMIT 1"""
ODD_RUN = """INSERT INTO runs (id, owner, upstream, title, plan, plan_format, inputs, files,
    max_credits, state, created_at, changed_at)
    VALUES ('../x', '', '', '', '', 1, '', '', 0, '', 1, 1)"""
ODD = "UPDATE calls SET process = '../../../tmp/x'"

WRONG: Mapping[str, tuple[Callable[[Path], Parts], str]] = {
    "a newer schema": (with_manifest(schema=SCHEMA + 1), "made by a newer stability-mcp"),
    "a newer format": (with_manifest(format=2), "made by a newer stability-mcp"),
    "another schema": (with_manifest(schema=SCHEMA - 1), "name different versions"),
    "the other store": (
        with_manifest(kind="emulator"),
        "of the emulator's store, but this command",
    ),
    "no kind": (with_manifest(kind="x"), "its manifest is invalid"),
    "a negative size": (with_manifest(blobs=-1), "its manifest is invalid"),
    "no time": (with_manifest(made_at=float("nan")), "its manifest is invalid"),
    "a text as a number": (with_manifest(jobs="9"), "its manifest is invalid"),
    "another database": (with_manifest(database_sha256="0" * 64), "store.db was changed"),
    "more files": (with_manifest(blobs=9), "files are missing"),
    "less bytes": (with_manifest(blob_bytes=3), "larger than its manifest says"),
    "no files": (without_blobs, "the file of a media item is missing"),
    "changed bytes": (with_other_bytes, "was changed"),
    "a file of nothing": (of_no_media, "belong to no media item"),
    "a trigger": (
        changed_by("CREATE TRIGGER t AFTER INSERT ON media BEGIN DELETE FROM charges; END"),
        "has a trigger",
    ),
    "a view": (changed_by("CREATE VIEW v AS SELECT 1"), "has a view"),
    "another table": (changed_by("CREATE TABLE t (a)"), "other tables"),
    "a lost table": (changed_by("DROP TABLE audit"), "other tables"),
    "another column": (changed_by("ALTER TABLE jobs DROP COLUMN stripped_at"), "no such column"),
    "a virtual table": (changed_by("CREATE VIRTUAL TABLE v USING fts5(a)"), "has a virtual table"),
    "a label twice": (
        changed_by("DROP INDEX media_label", AGAIN, "UPDATE media SET label = 'same'"),
        "is damaged",
    ),
    "no calls": (changed_by("DROP TABLE calls"), "other tables"),
    "no secret": (changed_by("DELETE FROM meta WHERE key = 'fingerprint_secret'"), "has no ids"),
    "no version": (
        changed_by("UPDATE meta SET value = 'x' WHERE key = 'oldest_writer'"),
        "has no ids",
    ),
    "a text in no encoding": (
        changed_by("UPDATE jobs SET label = CAST(x'80ff' AS TEXT)"),
        "is damaged",
    ),
    "no row left": (
        changed_by("UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'media'"),
        "invalid row numbers",
    ),
    "a job as a path": (
        changed_by(*(f"UPDATE {each} = '../x'" for each in JOB_COLUMNS)),
        "invalid name for a job",
    ),
    "a lock as a path": (changed_by(ODD), "invalid name for a process"),
    "a run as a path": (changed_by(ODD_RUN), "invalid name for a run"),
    "a hash as a path": (changed_by("UPDATE blobs SET sha256 = '../x'"), "name for a file"),
    "a row of nothing": (changed_by("UPDATE media SET job = 'x'"), "is damaged"),
    "another size": (changed_by("UPDATE blobs SET bytes = bytes + 1"), "different sizes"),
}
"""Backups whose parts are wrong, and why they are refused."""


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_backup_that_no_program_wrote_changes_nothing(
    wrong: str, store: tuple[Path, Path], source: Path, tmp_path: Path
) -> None:
    """*Chosen*: the file may come from a stranger."""
    arrange, why = WRONG[wrong]
    home, _ = store
    file = packed(tmp_path, arrange(source))
    before = tree(home)

    with pytest.raises(FileUnusableError, match=re.escape(why)):
        await restore(home, file)

    assert {name: each for name, each in tree(home).items() if name in before} == before
    assert set(tree(home)) - set(before) <= {"restore.lock"}
    assert labels(home) == ["before", "after"]


async def test_the_tables_are_those_of_this_program_whatever_the_backup_has(
    source: Path, tmp_path: Path
) -> None:
    """*Chosen*: a constraint or an index that is odd or lost would cost a paid result later."""
    parts = changed_by(
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'label TEXT',"
        " 'label TEXT CHECK (label IS NOT ''after'')') WHERE name = 'media'",
        "PRAGMA writable_schema=RESET",
        "DROP INDEX media_label",
        "CREATE INDEX media_label ON media (label)",
        "CREATE UNIQUE INDEX odd ON charges (day)",
        "DROP INDEX jobs_step",
        "ALTER TABLE jobs ADD COLUMN odd TEXT AS (hex(zeroblob(10)))",
    )(source)

    await restore(tmp_path / "new", packed(tmp_path, parts))

    await make(tmp_path / "fresh")
    tables = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    assert rows(tmp_path / "new", tables) == rows(tmp_path / "fresh", tables)
    assert labels(tmp_path / "new") == ["before"]
    await make(tmp_path / "new", "after")
    assert labels(tmp_path / "new") == ["before", "after"]


async def test_the_newest_row_numbers_are_kept(source: Path, tmp_path: Path) -> None:
    """*Chosen*: numbers of removed rows aren't used again, as cursors rely on them."""
    numbers = "SELECT name, seq FROM sqlite_sequence ORDER BY name"
    change(source, "UPDATE sqlite_sequence SET seq = seq + 7")
    then = rows(source, numbers)

    await restore(tmp_path / "new", packed(tmp_path, parts_of(source)))

    assert rows(tmp_path / "new", numbers) == then


def _with(file: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Add members to a backup with Python's own writer, which writes extension headers too."""
    with tarfile.open(file) as archive:
        found = [(each, archive.extractfile(each).read()) for each in archive]  # type: ignore[union-attr]  # plain files
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in (*found, *members):
            archive.addfile(info, io.BytesIO(data))
    return file


def _member(name: str, data: bytes = b"x", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


HOSTILE: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "a path out of the folder": (lambda f: _with(f, _member("../evil")), "doesn't belong in one"),
    "an absolute path": (lambda f: _with(f, _member("/tmp/evil")), "doesn't belong in one"),  # noqa: S108
    "a path like a blob": (
        lambda f: _with(f, _member(f"blobs/aa/../../{'a' * 64}")),
        "doesn't belong in one",
    ),
    "a link": (
        lambda f: _with(f, _member("blobs/x", b"", type=tarfile.SYMTYPE, linkname="/etc")),
        "isn't a plain file",
    ),
    "a device": (lambda f: _with(f, _member("d", b"", type=tarfile.CHRTYPE)), "isn't a plain file"),
    "a sparse file": (
        lambda f: _with(f, _member("s", b"", type=tarfile.GNUTYPE_SPARSE)),
        "isn't a plain file",
    ),
    "an extension header": (
        lambda f: _with(f, _member("x" * 200)),
        "isn't a plain file",
    ),
    "its database twice": (lambda f: _with(f, _member("store.db")), "twice"),
    "a file cut off": (lambda f: os.truncate(f, f.stat().st_size // 2), "it is truncated"),
    "its end cut off": (lambda f: os.truncate(f, f.stat().st_size - 10_240), "truncated"),
    "something after its end": (
        lambda f: f.write_bytes(f.read_bytes() + b"x" * 10_240),
        "bytes after its end",
    ),
    "no archive": (lambda f: f.write_bytes(b"x" * 2_000), "isn't a tar file"),
    "nothing": (lambda f: f.write_bytes(b""), "truncated"),
    "zeros": (lambda f: f.write_bytes(bytes(10_240)), "no database"),
}
"""Archives that no program wrote, and why they are refused."""


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_archive_is_refused(hostile: str, source: Path, tmp_path: Path) -> None:
    """*Chosen*: only what `backup` writes is read."""
    spoil, why = HOSTILE[hostile]
    new = tmp_path / "outer" / "new"
    file = packed(tmp_path, parts_of(source))
    spoil(file)

    with pytest.raises(FileUnusableError, match=re.escape(why)):
        await restore(new, file)

    assert not (tmp_path / "evil").exists()
    assert set(tree(tmp_path / "outer")) <= {"new/restore.lock"}


async def test_a_cancelled_restore_stops_and_leaves_nothing(store: tuple[Path, Path]) -> None:
    """*Chosen*: Ctrl-C in a terminal; what was unpacked would take the room of a second store."""
    home, file = store
    begun, stopping = threading.Event(), threading.Event()

    def progress(*_: int) -> None:
        begun.set()
        stopping.wait(20)

    made = Restore(home=home, file=file, kind="api", progress=progress)
    task = asyncio.create_task(made.run())
    await anyio.to_thread.run_sync(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stopping.set()
    await until(lambda: not (home / "restore.tmp").exists())
    assert labels(home) == ["before", "after"]


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """*Chosen*: the usual mistake."""
    with pytest.raises(FileMissingError, match=r"there is no file .*b\.tar"):
        await restore(tmp_path / "home", tmp_path / "b.tar")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("folder", ["", "restore.tmp", "quarantine"])
async def test_a_backup_in_the_data_folder_is_refused_and_kept(
    folder: str, store: tuple[Path, Path]
) -> None:
    """*Chosen*: a restore removes files there, so that the backup would be lost too."""
    home, file = store
    (home / folder).mkdir(exist_ok=True)
    inside = file.rename(home / folder / "b.tar")
    with pytest.raises(ArgumentsError, match=r"is inside the data folder"):
        await restore(home, inside)
    assert tarfile.is_tarfile(inside)
    assert labels(home) == ["before", "after"]


async def test_a_disk_error_is_reported_and_changes_nothing(store: tuple[Path, Path]) -> None:
    """*Chosen*: an error of the system becomes a sentence, and the next restore can run."""
    home, file = store
    with pytest.raises(StorageError, match=r"File name too long"):
        await restore(home, file.with_name("b" * 300))
    (home / "restore.tmp").write_text("in the way")
    with pytest.raises(StorageError, match=r"could not be unpacked \(File exists\)"):
        await restore(home, file)
    assert labels(home) == ["before", "after"]
    (home / "restore.tmp").unlink()
    await restore(home, file)
    assert labels(home) == ["before"]


async def test_a_store_whose_ended_jobs_are_not_durable_is_not_put_in_place(
    store: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: its waiting jobs would be sent again; a full disk can fail the checkpoint."""
    home, file = store
    monkeypatch.setattr("stability_mcp.maintenance.restore.fold_log", lambda _: False)
    with pytest.raises(StorageError, match=r"can't be completed"):
        await restore(home, file)
    assert labels(home) == ["before", "after"]
    assert not (home / "restore.tmp").exists()


async def test_a_full_disk_is_noticed_before_anything_is_unpacked(
    store: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: the old store needs its disk too."""
    home, file = store
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))  # noqa: SLF001 -- its type has no public name
    before = tree(home)
    with pytest.raises(StorageError, match=r"has 1 byte free"):
        await restore(home, file)
    assert tree(home) == before
