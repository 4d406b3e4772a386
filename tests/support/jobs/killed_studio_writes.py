"""Kill table for the writes of media, confirmation questions, webhooks and maintenance.

`ROWS` defines what must be true after each: no row without its bytes, and no bytes deleted that a
row needs.
"""

import hashlib
import shlex
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from anyio import create_task_group

from stability_mcp.errors import ArgumentsError
from stability_mcp.maintenance.repair import StoreCheck
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention
from stability_mcp.media import deletion
from stability_mcp.media.importer import Importer
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.notify.delivery import Delivery
from stability_mcp.notify.outbox import CLAIM_SECONDS
from stability_mcp.notify.targets import target_of
from stability_mcp.policy.confirmation import Quote
from stability_mcp.policy.terms import TermLists, Terms
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import EMULATOR, Account
from stability_mcp.studio.permissions import Permissions
from support.jobs.jobs import ACCOUNT, OWNER, PRICE, Wire, core, picture, running_jobs, succeeds
from support.jobs.killed_writes import Act, Read, Row, opened, sql, write
from support.notify.receivers import ended, until

KEEP = 30
QUOTE = Quote(
    account=ACCOUNT, operation="generate_core", count=1, credits=PRICE, question_key="k" * 64
)
EMULATED = Account(owner=OWNER, upstream=EMULATOR.id)
STRAY = "5" * 64
"""The name of a blob that has no row."""


def _media(database: Database) -> MediaLibrary:
    return MediaLibrary(database, ACCOUNT)


async def _import(database: Database) -> None:
    folder = database.home.parent
    importer = Importer(library=_media(database), roots=Roots([folder]))
    await importer.import_file(str(folder / "picture.png"), None)


async def _a_file(home: Path) -> None:
    (home.parent / "picture.png").write_bytes(picture(1))


async def _imported(home: Path) -> None:
    await _a_file(home)
    async with opened(home) as database:
        await _import(database)


async def _two_results(home: Path) -> None:
    """Generate "hero" and another result, which is then renamed to "kept"."""
    async with running_jobs(home, Wire([succeeds(picture(2)), succeeds(picture(3))])) as jobs:
        for prompt, label in (("hero", "hero"), ("other", "other")):
            made = await jobs.submit(core(prompt), tool="test", labels=[label])
            await jobs.wait(made.job_ids, 10)
    async with opened(home) as database:
        await _rename(database, "other", "kept")


async def _rename(database: Database, label: str, wanted: str) -> None:
    store = _media(database)
    await store.set_label(await store.get(label), wanted)


async def _take_label_of_another(database: Database) -> None:
    await _rename(database, "kept", "hero")


async def _tag(database: Database) -> None:
    store = _media(database)
    await store.set_tags(await store.get("kept"), ["sea"])


async def _delete(database: Database) -> None:
    store = _media(database)
    items = [await store.get(each) for each in ("hero", "kept")]
    await deletion.delete(store, items, now=time.time())


async def _restore(database: Database) -> None:
    store = _media(database)
    found = [await deletion.find_deleted(store, each) for each in ("hero", "kept")]
    await deletion.restore(store, found)


async def _deleted(home: Path) -> None:
    await _two_results(home)
    async with opened(home) as database:
        await _delete(database)


async def _with_an_edited_copy(home: Path) -> None:
    await _two_results(home)
    path = home.parent / "hero.png"
    path.write_bytes(picture(4))
    async with opened(home) as database:
        store = _media(database)
        await store.set_copy_path((await store.get("hero")).id, path)


async def _use_edited_copy(database: Database) -> None:
    importer = Importer(library=_media(database), roots=Roots([database.home.parent]))
    await importer.import_file("hero", None)


def _permissions(database: Database) -> Permissions:
    return Permissions(database, ACCOUNT, terms=TermLists(blocked=Terms(["lighthouse"])))


def _asked(*steps: Callable[[Permissions], Awaitable[object]]) -> Callable[[Path], Awaitable[None]]:
    """Return an arrangement that asks about a quote and then runs further steps."""

    async def arrange(home: Path) -> None:
        async with opened(home) as database:
            for step in (_ask, *steps):
                await step(_permissions(database))

    return arrange


async def _ask(permissions: Permissions) -> object:
    return await permissions.ask(QUOTE)


async def _agree(permissions: Permissions) -> object:
    return await permissions.answer(QUOTE, 1, "yes")


async def _use(permissions: Permissions) -> object:
    return await permissions.use(QUOTE)


async def _give_back(permissions: Permissions) -> object:
    await permissions.give_back(1)
    return None


async def _check_a_blocked_prompt(permissions: Permissions) -> object:
    with suppress(ArgumentsError):
        async with permissions.check(
            PreparedInputs(operation=core("a lighthouse")), count=1, confirm=None
        ):
            """Never reached: the prompt is blocked."""
    return None


def _permit(step: Callable[[Permissions], Awaitable[object]]) -> Act:
    async def act(database: Database) -> None:
        await step(_permissions(database))

    return act


async def _question(database: Database) -> object:
    """Return the answer to the question that is still valid: "" if it isn't answered yet."""
    found = await _permissions(database).question(QUOTE)
    return None if found is None else found.answer or ""


async def _audited(database: Database) -> object:
    return [each.event for each in await _permissions(database).audited(9)]


def _webhooks_received(home: Path) -> int:
    """Return how often the job's webhook was received."""
    file = home.parent / "received"
    return len(file.read_text().splitlines()) if file.exists() else 0


async def _count_received(database: Database) -> object:
    return _webhooks_received(database.home)


async def _one_ended(home: Path) -> None:
    async with opened(home) as database:
        await _delivery(database).begin()
        await ended(database, time.time())
        await write(database, "UPDATE jobs SET charged = 'no'", "UPDATE spending SET reserved = 0")


def _delivery(database: Database, then: str = "") -> Delivery:
    """Return a delivery to a command that records what it receives and then runs `then`."""
    script = f"cat >> {shlex.quote(str(database.home.parent / 'received'))}; {then}"
    target = shlex.join(["sh", "-c", script])
    return Delivery(database, target_of(target), EMULATED, interval=0.02)


async def _begin(database: Database) -> None:
    await _delivery(database).begin()


def _deliver(then: str = "", *, finish: bool = True) -> Act:
    """Return an act that delivers one webhook after every claim and backoff has expired."""

    async def act(database: Database) -> None:
        before = _webhooks_received(database.home)
        await write(
            database,
            f"UPDATE jobs SET notify_after = notify_after - {2 * CLAIM_SECONDS}",  # noqa: S608 -- our own number
        )
        delivery = _delivery(database, then)
        await delivery.begin()
        async with create_task_group() as group:
            group.start_soon(delivery.run)
            await until(lambda: _webhooks_received(database.home) > before)
            if finish:
                await delivery.finish()
            group.cancel_scope.cancel()

    return act


async def _sweep(database: Database) -> None:
    """Sweep as if everything in the store were old."""
    later = time.time() + (KEEP + 10) * DAY_SECONDS
    await Retention(database, Keep(days=KEEP), clock=lambda: later).sweep()


async def _shrink(database: Database) -> None:
    """Sweep as if a day had passed and nothing fitted; what was renamed stays."""
    later = time.time() + DAY_SECONDS
    await Retention(database, Keep(bytes=0), clock=lambda: later).sweep()


async def _repair(database: Database) -> None:
    later = time.time() + 7_200
    async for _ in StoreCheck(database, repair=True, clock=lambda: later).findings():
        """Each finding is repaired when it is found."""


def _files(home: Path, folder: str) -> list[Path]:
    return sorted(path for path in (home / folder).rglob("*") if path.is_file())


def _counts(*tables: str) -> Read:
    """Return a reader that counts rows of these tables, then files in blobs and quarantine."""

    async def read(database: Database) -> object:
        found = [
            (await sql(f"SELECT count(*) FROM {each}")(database))[0][0]  # noqa: S608 -- names below
            for each in tables
        ]
        home = database.home
        return (*found, len(_files(home, "blobs")), len(_files(home, "quarantine")))

    return read


async def _whole(database: Database) -> object:
    """Return how many blobs match the hash in their name."""
    return sum(
        hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        for path in _files(database.home, "blobs")
    )


async def _miscounted(home: Path) -> None:
    await _two_results(home)
    async with opened(home) as database:
        await write(database, "UPDATE spending SET reserved = reserved + 7, spent = spent - 7")


async def _with_a_stray(home: Path) -> None:
    await _two_results(home)
    folder = home / "blobs" / STRAY[:2]
    folder.mkdir(exist_ok=True)
    (folder / STRAY).write_bytes(b"stray")


async def _with_an_old_run(home: Path) -> None:
    await _two_results(home)
    async with opened(home) as database:
        await write(
            database,
            "INSERT INTO runs (id, owner, upstream, title, plan, plan_format, inputs, files, "
            "max_credits, state, created_at, changed_at, finished_at) "
            "VALUES ('run1', 'local', 'u', '', '', 1, '', '', 0, 'done', 1, 1, 1)",
            "INSERT INTO run_items (run, step, item, tool, arguments, state, started_at) "
            "VALUES ('run1', 'draft', 0, 'generate_core', '{}', 'done', 1)",
        )


async def _moved_away(home: Path) -> None:
    """Move the bytes of one result back to the spool, where its response was received."""
    await _two_results(home)
    first = _files(home, "blobs")[0]
    async with opened(home) as database:
        [(job,)] = await sql(f"SELECT job FROM media WHERE blob = '{first.name}'")(database)  # noqa: S608 -- a hash
    first.rename(home / "spool" / f"{job}.1.body")


async def _spoiled(home: Path) -> None:
    """Destroy the bytes of one result."""
    await _two_results(home)
    _files(home, "blobs")[0].write_bytes(b"half")


ROWS = {
    "media.insert": Row(
        arrange=_a_file, act=_import, read=_counts("media"), old=(0, 1, 0), new=(1, 1, 0)
    ),
    "media.set_label": Row(
        arrange=_two_results,
        act=_take_label_of_another,
        read=sql("SELECT label FROM media ORDER BY seq"),
        old=[("hero",), ("kept",)],
        new=[("hero",), ("hero v2",)],
    ),
    "media.set_tags": Row(
        arrange=_two_results,
        act=_tag,
        read=sql("SELECT tag FROM media_tags"),
        old=[],
        new=[("sea",)],
    ),
    "media.delete": Row(
        arrange=_two_results,
        act=_delete,
        read=_counts("media WHERE deleted_at IS NULL"),
        old=(2, 2, 0),
        new=(0, 2, 0),
    ),
    "media.restore": Row(
        arrange=_deleted,
        act=_restore,
        read=_counts("media WHERE deleted_at IS NULL"),
        old=(0, 2, 0),
        new=(2, 2, 0),
    ),
    "media.retouch": Row(
        arrange=_with_an_edited_copy,
        act=_use_edited_copy,
        read=_counts("media", "media_parents", "media WHERE copy_path IS NOT NULL"),
        old=(2, 0, 1, 3, 0),
        new=(3, 1, 1, 3, 0),
    ),
    "policy.ask": Row(act=_permit(_ask), read=_question, old=None, new=""),
    "policy.answer": Row(arrange=_asked(), act=_permit(_agree), read=_question, old="", new="yes"),
    "policy.use": Row(
        arrange=_asked(_agree), act=_permit(_use), read=_question, old="yes", new=None
    ),
    "policy.give_back": Row(
        arrange=_asked(_agree, _use), act=_permit(_give_back), read=_question, old=None, new="yes"
    ),
    "policy.audit": Row(
        act=_permit(_check_a_blocked_prompt), read=_audited, old=[], new=["blocked"]
    ),
    "notify.start": Row(
        act=_begin,
        read=sql("SELECT count(*) FROM meta WHERE key LIKE 'notify_since:%'"),
        old=[(0,)],
        new=[(1,)],
    ),
    # Delivery is at least once: a webhook sent but not recorded is sent again.
    "notify.claim": Row(arrange=_one_ended, act=_deliver(), read=_count_received, old=0, new=1),
    "notify.delivered": Row(arrange=_one_ended, act=_deliver(), read=_count_received, old=1, new=2),
    "notify.failed": Row(
        arrange=_one_ended, act=_deliver("exit 1"), read=_count_received, old=1, new=2
    ),
    "notify.release": Row(
        arrange=_one_ended,
        act=_deliver("sleep 60", finish=False),
        read=_count_received,
        old=1,
        new=2,
    ),
    "maintenance.retain_jobs": Row(
        arrange=_two_results, act=_sweep, read=_counts("media"), old=(2, 2, 0), new=(1, 1, 0)
    ),
    "maintenance.retain_media": Row(
        arrange=_imported, act=_sweep, read=_counts("media"), old=(1, 1, 0), new=(0, 0, 0)
    ),
    "maintenance.retain_runs": Row(
        arrange=_with_an_old_run,
        act=_sweep,
        read=_counts("runs", "run_items"),
        old=(1, 1, 2, 0),
        new=(0, 0, 1, 0),
    ),
    "maintenance.retain_calls": Row(
        arrange=_two_results,
        act=_sweep,
        read=_counts("calls", "media"),
        old=(2, 1, 2, 0),
        new=(1, 1, 1, 0),
    ),
    "maintenance.retain_blobs": Row(
        arrange=_two_results, act=_sweep, read=_counts("media"), old=(1, 1, 0), new=(1, 1, 0)
    ),
    "maintenance.shrink": Row(
        arrange=_two_results, act=_shrink, read=_counts("media"), old=(2, 2, 0), new=(1, 1, 0)
    ),
    "maintenance.purge_media": Row(
        arrange=_deleted, act=_sweep, read=_counts("media"), old=(2, 2, 0), new=(0, 0, 0)
    ),
    "maintenance.purge_blobs": Row(
        arrange=_deleted,
        act=_sweep,
        read=_counts("media", "blobs"),
        old=(0, 2, 0, 0),
        new=(0, 0, 0, 0),
    ),
    "maintenance.recount": Row(
        arrange=_miscounted,
        act=_repair,
        read=sql("SELECT reserved, spent FROM spending"),
        old=[(7, 2 * PRICE - 7)],
        new=[(0, 2 * PRICE)],
        sound=False,
    ),
    "maintenance.quarantine_blob": Row(
        arrange=_with_a_stray, act=_repair, read=_counts("media"), old=(2, 2, 1), new=(2, 2, 1)
    ),
    "maintenance.restore_blob": Row(arrange=_moved_away, act=_repair, read=_whole, old=2, new=2),
    "maintenance.give_up_blob": Row(
        arrange=_spoiled,
        act=_repair,
        read=_counts("media WHERE deleted_at IS NULL"),
        old=(2, 1, 1),
        new=(1, 1, 1),
        sound=False,
    ),
}
