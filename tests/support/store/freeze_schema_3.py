# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN003, ANN201 -- types of an old version that checkers don't see
"""Generates the frozen stores of schema 3: `schema_3.sql`, `emulator_3.sql`, `emulated_api.sql`.

They have rows in every state of commit b1e6ad3, written by its own transactions with a fixed clock
and fixed random numbers; a few columns that need an interface or many jobs are set directly. The
migration tests read the files, which are never edited. The script runs only with that commit:

    git worktree add --detach /tmp/frozen b1e6ad3
    TZ=UTC PYTHONPATH=/tmp/frozen/src:tests .venv/bin/python -m support.store.freeze_schema_3

The API key of the paid account is `KEY`, at the default base URL.
"""

import io
import json
import random
import re
import secrets
import sqlite3
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
from PIL import Image

from stability_emulator import EMULATOR_KEY
from stability_emulator.accounts import owner_of
from stability_emulator.generations import Artifact
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.models import Answer, Generation
from stability_mcp.jobs import budget, rate_limit
from stability_mcp.jobs.models import RateLimit, load_job
from stability_mcp.jobs.transactions import call_keys, cancel, finish, recover, send, submit, usage
from stability_mcp.maintenance import blob_check, retention_rows
from stability_mcp.media import records
from stability_mcp.notify import outbox
from stability_mcp.policy import audit, confirmation
from stability_mcp.store import schema
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import EMULATOR, Account, Upstream

DATA = Path(__file__).parents[2] / "store"
BASE_URL, KEY = "https://api.stability.ai", "sk-frozen"
DAY = 86_400.0
FIRST_DAY = 1_795_082_400.0
"""2026-11-19, 10:00 in UTC."""
OLD, SECOND_DAY = FIRST_DAY - 60 * DAY, FIRST_DAY + DAY
INDEX = re.compile(r"CREATE (UNIQUE )?INDEX")
OUTPUTS = "/home/user/Pictures"


class Past:
    """A store, and methods that add events to it at given times."""

    def __init__(self, home: Path, upstream: Upstream) -> None:
        self.database = Database(home)
        self.home = home
        self.upstream = upstream
        self.account = Account(owner="local", upstream=upstream.id)
        self.process = "firstprocess00000000000000"
        self.do(usage.register_upstream, upstream)

    def do(self, work, *values, **named):
        """Run a function of the program as one write transaction."""
        return self.database.write_now(lambda c: work(c, *values, **named), name="freeze.write")

    def begin_process(self, name: str, now: float) -> None:
        """Register a process without a lock file, like one that was killed."""
        self.process = name
        row = {
            "id": name,
            "upstream": self.upstream.id,
            "pid": 4711,
            "program": "stability-mcp",
            "writes_schema": 3,
            "host": "frozen",
            "started_at": now,
        }
        self.do(lambda c: c.execute(schema.processes.insert(), row))

    def call(self, tool: str, arguments: dict, now: float, **values):
        """Submit a call."""
        operation = OPERATIONS[tool].model_validate(arguments)
        request = call_keys.CallRequest(
            account=self.account, tool=tool, operation=operation, **values
        )
        terms = submit.SubmitTerms(process=self.process, now=now, budget=10_000_000)
        return self.do(submit.insert_call, request, terms)

    def core(self, prompt: str, now: float, **values):
        """Submit a call of 3 credits; return its only job."""
        return self.call("generate_core", {"prompt": prompt}, now, **values).job_ids[0]

    def job(self, job: str):
        """Read a job."""
        return self.do(load_job, job)

    def send(self, job: str, now: float, *, out: bool = True) -> None:
        """Send the request of a job."""
        intent = self.do(send.begin, self.job(job), limit=RateLimit(), now=now)
        if out:
            self.do(send.mark_sent, intent.slot, now + 0.25)

    def headers(self, job: str, now: float) -> None:
        """Receive the headers of a response."""
        answer = Answer(status=200, media_type="image/png", length=None, seed="7")
        self.do(send.save_headers, self.job(job), replace(answer, finish_reason="SUCCESS"), now=now)

    def generation(self, job: str, name: str, now: float) -> None:
        """Receive the id of a generation."""
        self.do(send.save_generation, self.job(job), name * 64, wake_at=now + 10, now=now)

    def file(self, shade: int) -> Path:
        """Write a tiny picture."""
        file = io.BytesIO()
        Image.new("RGB", (2, 2), (shade, shade, 7)).save(file, "PNG")
        path = self.home / "spool" / "result.body"
        path.write_bytes(file.getvalue())
        return path

    def store(self, job: str, shade: int, now: float) -> str:
        """Store the result of a job and return its media id."""
        path = self.file(shade)
        info = records.file_info(path)
        made = Generation(
            path=path,
            media_type=info.media_type,
            bytes=info.bytes,
            sha256=info.sha256,
            seed="7",
            finish_reason="SUCCESS",
        )
        result = finish.JobResult(generation=made, info=info, file=path)
        blobs = records.Blobs(home=self.home)
        return self.do(finish.store_results, blobs, self.job(job), [result], now=now).media[0]

    def done(self, job: str, shade: int, now: float) -> str:
        """Run all steps of a job."""
        self.send(job, now)
        self.headers(job, now + 3)
        return self.store(job, shade, now + 4)

    def add(self, shade: int, label: str | None, origin: str, now: float, **making) -> str:
        """Import a file."""
        path = self.file(shade)
        new = records.NewMedia(
            owner="local",
            label=label,
            file=path,
            info=records.file_info(path),
            provenance=records.Provenance(origin=origin, **making),
        )
        return self.do(records.insert_media, records.Blobs(home=self.home), new, now=now)

    def copied(self, media: str, name: str) -> None:
        """Record the path of a readable copy."""
        row = {"copy_path": f"{OUTPUTS}/2026-11-19/{name}"}
        change = schema.media.update().where(schema.media.c.id == media).values(row)
        self.do(lambda c: c.execute(change))

    def change_blob(self, media: str, now: float) -> None:
        """Lose the bytes of an item, and delete it as `doctor --repair` does."""
        find = schema.media.select().where(schema.media.c.id == media)
        row = self.do(lambda c: c.execute(find).one())
        blob = blob_check.Blob(sha256=row.blob, bytes=10_000)
        self.do(blob_check.give_up, self.home, blob, now)

    def claim(self, job: str, now: float):
        """Claim the notification of a job."""
        due = self.do(outbox.due, self.account, since=OLD - DAY, now=now, limit=100)
        [end] = [each for each in due if each.id == job]
        return self.do(outbox.claim, end, now=now)


def paid(home: Path) -> None:
    """Fill the store of a paid account."""
    first = Database(home)
    upstream = anyio.run(first.fingerprint, BASE_URL, KEY)
    anyio.run(first.close)
    past = Past(home, Upstream(id=upstream, base_url=BASE_URL))
    old_jobs(past)
    first_day(past)
    notifications(past)
    second_day(past)
    other_rows(past)


def old_jobs(past: Past) -> None:
    """Jobs that retention has stripped, one of them taken over from another program."""
    past.begin_process("oldprocess0000000000000000", OLD)
    past.do(outbox.start, past.account, now=OLD)
    job = past.core("an old lighthouse", OLD, labels=["old"], output_dir=Path(OUTPUTS))
    past.done(job, 1, OLD + 1)
    adopted = adopt(past, "a", OLD + 20)
    past.store(adopted, 2, OLD + 60)
    failed = past.core("an old prompt", OLD + 100)
    past.send(failed, OLD + 101)
    past.do(finish.fail_free, past.job(failed), error="The API refused.", now=OLD + 102)
    cutoff = OLD + 30 * DAY
    past.do(retention_rows.sweep_jobs, [job, adopted, failed], cutoff=cutoff, seconds=60)
    past.do(recover.release_dead_process, past.process, now=OLD + DAY)


def adopt(past: Past, generation: str, now: float) -> str:
    """Take over a generation that another program started."""
    found = submit.ForeignGeneration(
        account=past.account, kind=OPERATIONS["upscale_creative"], generation=generation * 64
    )
    job, _ = past.do(submit.adopt_generation, found, process=past.process, now=now, since=now - DAY)
    return job


def first_day(past: Past) -> None:
    """Calls that were delivered, abandoned, joined and answered by the cache; jobs that ended."""
    now = FIRST_DAY
    past.begin_process("firstprocess00000000000000", now)
    reference = past.add(3, "reference", "imported", now)
    past.add(3, None, "fitted", now, operation="fit", arguments={"width": 64})
    seeded = {"prompt": "a lighthouse", "seed": 5}
    values = {"labels": ["lighthouse"], "output_dir": Path(OUTPUTS)}
    call = past.call("generate_core", seeded, now, **values)
    lighthouse = past.done(call.job_ids[0], 4, now + 1)
    past.copied(lighthouse, "lighthouse.png")
    past.do(finish.save_notes, call.id, ["image: reference, shrunk to 64x64"])
    past.do(finish.mark_delivered, [call.id], now + 6)
    again = past.call("generate_core", seeded, now + 10, **values)  # the cache answers
    past.do(finish.mark_delivered, [again.id], now + 11)
    many = past.call("generate_core", {"prompt": "boats", "seed": 9}, now + 12, count=2, **values)
    for shade, job in enumerate(many.job_ids, 5):
        past.done(job, shade, now + 13)  # their labels are taken
    past.do(finish.mark_delivered, [many.id], now + 20)
    image = {"image": lighthouse}
    fast = past.call("upscale_fast", image, now + 30, inputs=image, labels=["hero"])
    past.done(fast.job_ids[0], 7, now + 31)  # uncollected: a result without a delivery
    lost = past.core("a picture whose bytes are lost", now + 40)
    past.change_blob(past.done(lost, 8, now + 41), now + 50)
    given_up = past.call("generate_core", {"prompt": "a pier"}, now + 60, labels=["pier"])
    past.do(finish.mark_abandoned, given_up.id, now + 61)
    past.done(given_up.job_ids[0], 9, now + 62)
    past.call("generate_core", {"prompt": "a pier"}, now + 70)  # joins the one above
    cancelled = past.call("generate_core", {"prompt": "never mind"}, now + 80)
    past.do(finish.cancel_call, cancelled.id, now + 81)
    past.do(cancel.cancel_jobs, owner="local", jobs=cancelled.job_ids, now=now + 81)
    refused(past, now + 90)
    past.core("queued on the first day", now + 200, inputs={"image": reference})
    assert past.do(recover.paused_jobs, past.account).jobs == []
    stale = past.call("generate_core", {"prompt": "a batch"}, now - 7_000, count=2)
    past.do(recover.release_dead_process, past.process, now=now + 300)
    me = recover.RecoveringProcess(process="nobody", upstream=past.upstream.id)
    assert past.do(recover.pause_stale, me, now=now - 6_000) == len(stale.job_ids)


def refused(past: Past, now: float) -> None:
    """Jobs that failed, were retried, or have an unknown outcome."""
    free = past.core("refused", now)
    past.send(free, now)
    past.do(finish.fail_free, past.job(free), error="The API refused: 400.", now=now + 1)
    unusable = past.core("unusable", now)
    past.send(unusable, now + 2)
    past.headers(unusable, now + 3)
    past.do(finish.fail_charged, past.job(unusable), error="No picture came.", now=now + 4)
    unsent = past.core("never sent", now)
    past.do(finish.fail_free, past.job(unsent), error="The input is gone.", now=now + 5)
    repeated = past.core("twice", now, retry_of=free)
    past.send(repeated, now + 6)
    past.do(finish.requeue, past.job(repeated), error="503", wake_at=now + 7)
    past.done(repeated, 10, now + 8)
    unknown = past.core("unknown", now)
    past.send(unknown, now + 20, out=False)
    error = str(finish.interrupted_error(past.job(unknown)))
    past.do(finish.mark_unknown, past.job(unknown), error=error, now=now + 21)


def notifications(past: Past) -> None:
    """Notifications: sent, sent before a late result, claimed, failed and released."""
    now = FIRST_DAY + 3_600
    past.begin_process("teller00000000000000000000", now)
    jobs = [past.core(f"end {number}", now) for number in range(5)]
    for shade, job in enumerate(jobs[:4], 20):
        past.done(job, shade, now + shade)
    notified, claimed, failed, released, late = jobs
    past.do(outbox.mark_delivered, past.claim(notified, now + 60), now=now + 61)
    past.claim(claimed, now + 62)
    past.do(outbox.mark_failed, past.claim(failed, now + 63), now=now + 64)
    past.do(outbox.release, past.claim(released, now + 65), now=now + 66)
    past.send(late, now + 70)
    past.do(finish.mark_unknown, past.job(late), error="No answer came.", now=now + 71)
    past.do(outbox.mark_delivered, past.claim(late, now + 72), now=now + 73)
    past.store(late, 24, now + 80)  # a late result: it must be notified again
    past.do(recover.release_dead_process, past.process, now=now + 100)


def second_day(past: Past) -> None:
    """Unfinished jobs of a process that was killed."""
    now = SECOND_DAY
    past.begin_process("killedprocess0000000000000", now)
    past.core("queued on the second day", now, labels=["later"], output_dir=Path(OUTPUTS))
    batch = past.call("generate_core", {"prompt": "queued in a batch"}, now, count=3).job_ids
    low = schema.jobs.update().where(schema.jobs.c.id.in_(batch)).values(lane=1)
    past.do(lambda c: c.execute(low))
    submitting = past.core("submitting", now)
    past.send(submitting, now + 1, out=False)
    cancelled = past.core("cancelled while it was out", now)
    past.send(cancelled, now + 2)
    past.do(cancel.cancel_jobs, owner="local", jobs=[cancelled], now=now + 3)
    storing = past.core("storing", now)
    past.send(storing, now + 4)
    past.headers(storing, now + 5)
    image = {"image": past.add(11, "boat", "imported", now)}
    creative = {"prompt": "a boat", **image}
    for name, missing in (("b", False), ("c", True)):
        call = past.call("upscale_creative", creative, now + 6, inputs=image, retry_of=storing)
        [job] = call.job_ids
        past.send(job, now + 6)
        past.generation(job, name, now + 7)
        if missing:  # unknown, and its generation may still be fetched
            past.do(finish.mark_unknown, past.job(job), error="The API answers 404.", now=now + 700)
    adopt(past, "d", now + 20)
    past.store(adopt(past, "e", now + 20), 12, now + 40)
    lost = adopt(past, "f", now + 20)
    past.do(finish.fail_free, past.job(lost), error="It has expired.", now=now + 50)
    day = past.job(submitting).day
    assert past.job(storing).day == day, "one day"


def other_rows(past: Past) -> None:
    """Confirmations, audit, client timeouts, a raised budget, balance, another account."""
    now = SECOND_DAY + 100
    operation = OPERATIONS["generate_ultra"].model_validate({"prompt": "a castle"})
    for count in range(1, 6):
        quote = confirmation.quote_for(
            past.account, operation, {}, count=count, credits=8_000 * count
        )
        question = past.do(confirmation.ask, quote, now + count)
        answers = {2: "no", 3: "yes", 4: "yes", 5: "dismissed"}
        if count in answers:
            past.do(confirmation.answer, quote, question, answer=answers[count], now=now + 9)
        if count == 4:
            past.do(use, question)
    subject = audit.Subject(
        account=past.account, operation="generate_core", prompt_hash="0123456789abcdef"
    )
    for event in ("blocked", "warned", "moderated", "repeated"):
        past.do(audit.record, subject, event=event, detail=f"{event}: 'a word'", now=now)
    past.do(usage.record_give_up, "Claude Desktop", 60.0, now=now)
    past.do(usage.record_give_up, "Claude Desktop", 61.0, now=now + 1)
    past.do(usage.record_give_up, "другой клиент", 240.5, now=now + 2)
    past.do(budget.raise_ceiling, past.account, limit=20_000_000, now=now)
    past.do(usage.save_balance, past.upstream.id, balance=123_450, now=now)
    past.do(rate_limit.block_upstream, upstream=past.upstream.id, until=now + 60)
    other = Upstream(id="0123456789abcdef", base_url="https://proxy.example/stability")
    past.do(usage.register_upstream, other)
    past.do(usage.pause_upstream, other.id, "The API answers 402: no credits are left.")


def use(connection, question: int) -> None:
    """Record that a process used a confirmation."""
    found = schema.confirmations.c.id == question
    connection.execute(schema.confirmations.update().where(found).values(used_by="4711"))


def emulated(home: Path) -> None:
    """Fill the store that is used without a key."""
    past = Past(home, EMULATOR)
    past.do(outbox.start, past.account, now=FIRST_DAY)
    past.begin_process("emulated000000000000000000", FIRST_DAY)
    call = past.call("generate_core", {"prompt": "a lighthouse", "seed": 5}, FIRST_DAY)
    past.done(call.job_ids[0], 30, FIRST_DAY + 1)
    past.do(finish.mark_delivered, [call.id], FIRST_DAY + 6)
    past.core("queued", FIRST_DAY + 10)
    adopt(past, "a", FIRST_DAY + 20)
    past.claim(call.job_ids[0], FIRST_DAY + 30)
    old = past.core("old", OLD)
    past.done(old, 31, OLD + 1)
    past.do(retention_rows.sweep_jobs, [old], cutoff=OLD + DAY, seconds=60)


def emulated_api(folder: Path) -> None:
    """Fill the emulated API's own database, which stands for a remote machine."""
    state = State(folder, credits=25, clock=lambda: FIRST_DAY)
    owner = owner_of(EMULATOR_KEY)
    core = OPERATIONS["generate_core"].model_validate({"prompt": "a lighthouse"})
    request, _ = state.log_request(owner, "POST", "/v2beta/stable-image/generate/core")
    state.charge(request, core)
    state.log_response(request, 200)
    rain = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 10})
    request, _ = state.log_request(owner, "POST", "/v2beta/audio/stable-audio-3/text-to-audio")
    state.set_credits(EMULATOR_KEY, 100)
    state.start(request, rain, Artifact(media_type="audio/wav", pieces=[b"RIFF"], seed=7))
    state.log_response(request, 202)
    state.log_request("", "GET", "/v1/user/balance")
    state.close()


def dump(database: Path, blobs: Path | None, title: str) -> str:
    """Return a database as SQL, with the files of its blobs as comments in base64."""
    with closing(sqlite3.connect(database)) as connection:
        lines = [tidy(line) for line in connection.iterdump() if line != "COMMIT;"]
    indexes = sorted(
        line for line in lines if INDEX.match(line)
    )  # in the order of creation, which varies
    lines = [line for line in lines if line not in indexes] + indexes
    text = [f"-- {title}", "-- Made by support/store/freeze_schema_3.py. Frozen: never edit."]
    files = sorted(path for path in blobs.rglob("*") if path.is_file()) if blobs else []
    text += [f"-- blob {file.name} {b64encode(file.read_bytes()).decode()}" for file in files]
    return "\n".join([*text, "PRAGMA journal_mode=WAL;", *lines, "COMMIT;"]) + "\n"


def tidy(line: str) -> str:
    """Return a CREATE TABLE statement formatted as by hand."""
    if not line.startswith("CREATE TABLE"):
        return line
    parts = (part.rstrip() for part in line.replace("\t", "    ").splitlines())
    return "\n".join(part for part in parts if part not in {"", ";"}).rstrip(";") + ";"


def freeze() -> None:
    """Write the files."""
    dice = random.Random(3)  # noqa: S311 -- the same ids every time
    secrets.token_bytes = dice.randbytes
    secrets.token_hex = lambda count=32: dice.randbytes(count).hex()
    time.time = lambda: SECOND_DAY
    stores = (
        ("schema_3", "A store of schema 3 with rows in every state.", paid),
        ("emulator_3", "A store of schema 3 that is used without a key.", emulated),
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, title, fill in stores:
            home = Path(folder) / name
            fill(home)
            text = dump(home / "store.db", home / "blobs", title)
            (DATA / f"{name}.sql").write_text(text, encoding="utf-8")
        emulated_api(Path(folder))
        text = dump(Path(folder) / "emulated-api.db", None, "What the emulated API remembers.")
        (DATA / "emulated_api.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    freeze()
    sys.stdout.write(json.dumps({"made": str(DATA)}) + "\n")
