"""Streams of events: the present state, changes, ids that miss nothing, limits, framing."""

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
import pytest
from starlette.types import Message

from stability_mcp.rest.events.source import MAX_ENDED, SPARE_ENDED, EventSource, EventTiming
from stability_mcp.rest.events.stream import (
    MAX_CLIENT_STREAMS,
    MAX_LOCAL_STREAMS,
    EventStream,
    EventStreamResponse,
)
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.change_feed import MAX_ENDS, Position, Seen, StateChanges
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_start import RunOptions
from support.rest.event_lines import Received, received
from support.rest.rest_server import admin, refused, rest_server
from support.rest.server_process import http_server
from support.server.in_memory import settings_in

CORE = "/generate/core"
NOW = {"prefer": "respond-async"}
MAX_PINGS = 3
"""Pings without an awaited event, 15 s each, after which it is missing."""
STOP_SECONDS = 10
"""A server stops within 2 s, on a machine with other work."""
LATER = 2**42
"""A number of an end that is later than any of today, which are milliseconds."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("events")) as found:
        yield found


@contextmanager
def streaming(
    client: httpx2.Client,
    path: str = "/events",
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> Iterator[Iterator[Received]]:
    """Open a stream and yield what arrives."""
    with client.stream("GET", path, timeout=30, headers=headers, params=params) as answer:
        yield received(answer)


def until(events: Iterator[Received], name: str, **facts: object) -> Received:
    """Return the next event with a name and these facts."""
    pings = 0
    for each in events:
        pings += each.name == ":ping"
        assert pings < MAX_PINGS, f"no event {name} with {facts}"
        if each.name == name and facts.items() <= (each.data or {}).items():
            return each
    raise AssertionError(f"the stream ended without an event {name} with {facts}")


def beginning(client: httpx2.Client, headers: Mapping[str, str] | None = None) -> list[Received]:
    """Return the present state, up to spending and balance: the one that changed last is last."""
    found: list[Received] = []
    with streaming(client, headers=headers) as events:
        while not {"spending", "balance"} <= {each.name for each in found}:
            found.append(next(events))
    return found


def started(client: httpx2.Client, prompt: str) -> str:
    """Start a picture and return the id of its job."""
    answer = client.post(CORE, data={"prompt": prompt}, headers=NOW)
    assert answer.status_code == 202, answer.text
    job: str = answer.json()["id"]
    return job


# What a stream says -------------------------------------------------------------------------------


def test_a_stream_begins_with_spending_and_balance_and_follows_a_job(client: httpx2.Client) -> None:
    """Documented: first the present state, then changes; a result is an event too."""
    with streaming(client) as events:
        first = [next(events).name, next(events).name]
        job = started(client, "a fox that is followed")
        done = until(events, "job", id=job, status="done")
        stored = until(events, "media", job=job)
        spent = until(events, "spending", reserved=0.0)

    assert sorted(first) == ["balance", "spending"]
    result = client.get(f"/results/{job}", headers={"accept": "application/json"}).json()
    assert done.data | {"notes": []} == result | {"notes": []}  # an answer may add notes
    assert [each["id"] for each in done.data["media"]] == [stored.data["id"]]
    assert spent.data["today"] >= 3


def test_the_stream_of_a_job_closes_with_its_end(client: httpx2.Client) -> None:
    """Documented: `event: end`; a job that had ended before gives its state and the end."""
    job = started(client, "a fox with an end")
    with streaming(client, f"/jobs/{job}/events") as events:
        live = list(events)
    with streaming(client, f"/jobs/{job}/events") as events:
        late = list(events)

    assert {(each.name, each.data["id"]) for each in live} == {("job", job), ("end", job)}
    assert live[-1].data == {"id": job, "status": "done"}
    assert [each.name for each in late] == ["job", "end"]
    assert late[0].data["status"] == "done"


def test_an_unknown_job_has_no_stream(client: httpx2.Client) -> None:
    """Documented: 404 for what doesn't exist, or is another account's."""
    refused(client.get("/jobs/zzzzzzzzzz/events"), 404, "not_found")
    refused(client.get("/jobs/run-zzzzzz/events"), 404, "not_found")


def test_headers_keep_proxies_from_storing_and_buffering(client: httpx2.Client) -> None:
    """Documented: no-store; a HEAD request opens no stream."""
    for _ in range(MAX_LOCAL_STREAMS + 1):
        answer = client.head("/events")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == (
        "no-store",
        "no",
    )


@pytest.mark.parametrize(
    "label",
    ["<script>\u202e", "a\u2028data: x\u0085b", "x\revent: end\ndata: {}"],
)
def test_no_label_breaks_the_framing(client: httpx2.Client, label: str) -> None:
    """Documented: markup, RTL marks, line breaks in prompts and labels."""
    with streaming(client) as events:
        until(events, "balance")
        sent = client.post(
            CORE,
            content=json.dumps({"prompt": "framed", "label": label}),
            headers={"content-type": "application/json", **NOW},
        )
        done = until(events, "job", id=sent.json()["id"], status="done")

    assert "end" not in done.data
    assert done.data["label"]


# Ids ----------------------------------------------------------------------------------------------


def test_an_id_gives_what_ended_since(client: httpx2.Client) -> None:
    """Documented: Last-Event-ID, as a header or in the query, misses no end and no media."""
    before = beginning(client)[-1].last_id
    job = client.post(CORE, data={"prompt": "an unwatched fox"}).headers["x-job-id"]

    ways: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"last-event-id": before}, {}),
        ({}, {"last_event_id": before}),
    ]
    for headers, params in ways:
        with streaming(client, headers=headers, params=params) as events:
            again = until(events, "job", id=job)
            stored = until(events, "media", job=job)
        assert again.data["status"] == "done"
        assert stored.last_id != before
    with streaming(client, headers={"last-event-id": stored.last_id}) as events:
        names = [next(events).name, next(events).name]
    assert names == ["spending", "balance"]


@pytest.mark.parametrize(
    "given",
    ["", "1", "x" * 5_000, "0123456789ab.0.0.0", "{}.-1.0.0", "{}.0.0", "{}." + "9" * 30 + ".0.0"],
)
def test_the_id_of_another_store_gives_the_present_state(client: httpx2.Client, given: str) -> None:
    """Chosen: it isn't an error, as a browser would repeat it forever."""
    tag = beginning(client)[-1].last_id.partition(".")[0]

    found = beginning(client, headers={"last-event-id": given.replace("{}", tag)})

    assert sorted(each.name for each in found) == ["balance", "spending"]


@pytest.mark.processes
def test_an_id_misses_nothing_over_a_kill_and_a_restart(tmp_path: Path) -> None:
    """Documented: ids count ends in the store, so the next process knows them."""
    with (
        http_server(tmp_path, STABILITY_OUTPUT_DIR="none") as server,
        httpx2.Client(base_url=server.rest) as client,
        streaming(client) as events,
    ):
        seen = until(events, "balance").last_id
        first = started(client, "before the kill")
        until(events, "job", id=first)
        server.kill()
        with pytest.raises(httpx2.TransportError):
            list(events)
    with (
        http_server(tmp_path, STABILITY_OUTPUT_DIR="none") as server,
        httpx2.Client(base_url=server.rest, timeout=60) as client,
    ):
        answer = client.post(CORE, data={"prompt": "after the kill"})
        missed = {answer.headers["x-job-id"], first}
        with streaming(client, headers={"last-event-id": seen}) as events:
            while missed:
                each = until(events, "job")
                if "finished" in each.data:
                    missed.discard(each.data["id"])
            server.process.terminate()
            rest = list(events)  # it ends cleanly, although the client doesn't close it
            server.process.wait(STOP_SECONDS)

    assert {each.name for each in rest} <= {"job", "media", "spending", "balance"}


# Limits -------------------------------------------------------------------------------------------


def test_a_client_has_twenty_streams(client: httpx2.Client) -> None:
    """Documented: the next is 429 with Retry-After; a closed one makes room."""
    with ExitStack() as opened:
        for _ in range(MAX_CLIENT_STREAMS):
            one = opened.enter_context(ExitStack())
            answer = one.enter_context(client.stream("GET", "/events", headers=admin()))
            assert answer.status_code == 200
        over = client.get("/events", headers=admin())
        assert "20 open event streams" in refused(over, 429, "too_many_streams")
        assert int(over.headers["retry-after"]) > 0
        assert sorted(each.name for each in beginning(client)) == ["balance", "spending"]
        one.close()
        answer = opened.enter_context(_retried(client))

    assert answer.status_code == 200


@contextmanager
def _retried(client: httpx2.Client) -> Iterator[httpx2.Response]:
    """Open a stream, as soon as the server has seen that another one was closed."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with client.stream("GET", "/events", headers=admin()) as answer:
            if answer.status_code == 200:
                yield answer
                return
    raise AssertionError("the closed stream still counts")


def test_a_server_with_open_streams_stops(tmp_path: Path) -> None:
    """Chosen: clients connect again to the next one."""
    with rest_server(tmp_path) as client, streaming(client) as events:
        until(events, "balance")


# In process ---------------------------------------------------------------------------------------


@dataclass
class Reader:
    """An ASGI client of one stream, which reads as long as it may."""

    may_read: anyio.Event = field(default_factory=anyio.Event)
    got: bytearray = field(default_factory=bytearray)
    has_ended: bool = False

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.body":
            await self.may_read.wait()
            self.got += message["body"]
            self.has_ended = not message.get("more_body")

    async def follow(self, source: EventSource, stream: EventStream) -> None:
        """Read a stream to its end."""

        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        with source.followed():
            await source.wait_until_read()
            response = EventStreamResponse(stream, source, ExitStack())
            scope = {"type": "http", "method": "GET"}
            await response(scope, receive, self.send)

    async def until(self, text: bytes) -> None:
        """Wait until a text has arrived."""
        with anyio.fail_after(30):
            while text not in self.got:  # noqa: ASYNC110 -- nothing sets an event
                await anyio.sleep(0.002)


@asynccontextmanager
async def followed(
    folder: Path, timing: EventTiming | None = None
) -> AsyncIterator[tuple[Studio, EventSource]]:
    """Open a studio, and a source of events that the block follows."""
    async with open_studio(settings_in(folder, {"output_dir": None})) as studio:
        feed = studio.changes
        source = EventSource(feed, await feed.tag(), timing or EventTiming())
        async with anyio.create_task_group() as group:
            with source.followed():
                group.start_soon(source.run)
                await source.wait_until_read()
                yield studio, source


@pytest.mark.anyio
async def test_an_idle_stream_gets_pings(tmp_path: Path) -> None:
    """Documented: `: ping`, every 15 s."""
    async with followed(tmp_path, EventTiming(ping=0.01)) as (_, source):
        reader = Reader()
        reader.may_read.set()
        async with anyio.create_task_group() as group:
            group.start_soon(reader.follow, source, EventStream(source))
            await reader.until(b": ping\n\n: ping\n\n")
            group.cancel_scope.cancel()

    assert EventTiming().ping == 15


@pytest.mark.anyio
async def test_a_client_that_reads_nothing_is_closed(tmp_path: Path) -> None:
    """Chosen: it would hold a socket and a place forever."""
    async with followed(tmp_path, EventTiming(send=0.05)) as (_, source):
        reader = Reader()
        with anyio.fail_after(30):
            await reader.follow(source, EventStream(source))

    assert reader.got == b""


@pytest.mark.anyio
async def test_a_slow_client_gets_the_newest_state_and_every_end(tmp_path: Path) -> None:
    """Chosen: nothing is queued for it; what was dropped is read from the database again."""
    rows = MAX_ENDED + SPARE_ENDED + MAX_ENDS
    async with followed(tmp_path) as (studio, source):
        reader, stream = Reader(), EventStream(source)
        async with anyio.create_task_group() as group:
            group.start_soon(reader.follow, source, stream)
            done = await studio.call("generate_core", {"prompt": "a fox"}, wait=60)
            job = done.jobs[0].id
            await anyio.to_thread.run_sync(_copy_job, studio.settings.home_dir, job, rows)
            with anyio.fail_after(30):
                while source.position.jobs < LATER + rows:
                    await source.wait_for_change(source.tick)
            kept = len(source.after(0))
            reader.may_read.set()
            await reader.until(f".{LATER + rows}.".encode())
            group.cancel_scope.cancel()

    ended = {line for line in bytes(reader.got).split(b"\n") if b'"status":"done"' in line}
    assert kept <= MAX_ENDED + SPARE_ENDED + 10
    assert len(ended) == rows + 1


def _copy_job(home: Path, job: str, rows: int) -> None:
    """Add ended jobs, as another process would."""
    columns = (
        "owner, upstream, position, operation, arguments, deferred, priority, state, "
        "lease_version, attempt, wake_at, day, price, charged, created_at, finished_at, variant, "
        "label_source, price_list"
    )
    _write(
        home,
        f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "  # noqa: S608 -- no input
        f"WHERE n < {rows}) INSERT INTO jobs (id, end_number, {columns}) "
        "SELECT 'copy' || n, " + f"{LATER} + n, {columns} FROM jobs, numbers WHERE id = '{job}'",
    )


def _write(home: Path, statement: str) -> None:
    """Change rows, as another process does."""
    with closing(sqlite3.connect(home / "store.db")) as connection, connection:
        connection.execute(statement)


@pytest.mark.anyio
async def test_changes_of_other_processes_arrive_and_cost_one_read(tmp_path: Path) -> None:
    """Documented: the store is polled, and rows are read once per change for all streams."""
    async with followed(tmp_path, EventTiming(poll=0.01)) as (studio, source):
        reads = 0
        feed_read = source._feed.read  # noqa: SLF001 -- counts reads

        async def counted(seen: Seen | None) -> StateChanges:
            nonlocal reads
            reads += 1
            return await feed_read(seen)

        source._feed.read = counted  # type: ignore[method-assign]  # noqa: SLF001 -- as above
        readers = [Reader() for _ in range(5)]
        async with anyio.create_task_group() as group:
            for each in readers:
                each.may_read.set()
                group.start_soon(each.follow, source, EventStream(source))
            await studio.call("generate_core", {"prompt": "a fox"}, wait=60)
            for each in readers:
                await each.until(b'"status":"done"')
            await _quiet(source)
            before = reads
            with anyio.move_on_after(0.1):
                await source.wait_for_change(source.tick)
            idle = reads - before
            await anyio.to_thread.run_sync(
                _write, studio.settings.home_dir, "UPDATE upstreams SET paused_why = 'a pause'"
            )
            for each in readers:
                await each.until(b'"paused":"a pause"')
            found = reads - before
            group.cancel_scope.cancel()

    assert (idle, found) == (0, 1)


async def _quiet(source: EventSource) -> None:
    """Wait until nothing has changed for several polls."""
    while True:
        with anyio.move_on_after(0.1) as waiting:
            await source.wait_for_change(source.tick)
        if waiting.cancelled_caught:
            return


@pytest.mark.anyio
async def test_the_stream_of_a_call_or_a_run_ends_with_all_of_it(tmp_path: Path) -> None:
    """Documented: one job, call or run."""
    step = {
        "id": "draw",
        "tool": "generate_core",
        "foreach": ["a fox", "a dog"],
        "arguments": {"prompt": "$item"},
    }
    async with followed(tmp_path) as (studio, source):
        outcome = await studio.call("generate_core", {"prompt": "two"}, count=2, wait=0)
        run = await studio.runs.start(
            PlanWish(plan={"steps": [step]}), RunOptions(wait=0, preview=False)
        )
        found = []
        for name in (str(outcome.call), run.state.row.id):
            reader = Reader()
            reader.may_read.set()
            subject = await studio.changes.find(name)
            with anyio.fail_after(60):
                await reader.follow(source, EventStream(source, subject=subject))
            assert reader.has_ended
            found.append(bytes(reader.got).decode())

    call, whole = found
    assert call.endswith(f'event: end\ndata: {{"id":"{outcome.call}","status":"done"}}\n\n')
    assert {job.id for job in outcome.jobs} == {
        job.id for job in outcome.jobs if f'"id":"{job.id}"' in call
    }
    assert "run-" not in call
    assert whole.endswith(f'event: end\ndata: {{"id":"{run.state.row.id}","status":"done"}}\n\n')
    assert '"done":2,"total":2' in whole


@pytest.mark.anyio
async def test_the_watcher_ends_with_the_last_stream(tmp_path: Path) -> None:
    """Chosen: an idle server polls nothing."""
    async with open_studio(settings_in(tmp_path, {"output_dir": None})) as studio:
        source = EventSource(studio.changes, "0" * 12, EventTiming())
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                with source.followed():
                    group.start_soon(source.run)
                    await source.wait_until_read()

    assert source.is_closed


def test_the_later_of_two_positions_counts_each_number() -> None:
    """Chosen: a page may be ahead of the source in one number and behind in another."""
    assert Position(3, 1, 7).or_later(Position(1, 2, 9)) == Position(3, 2, 9)
    assert Position(3, 1, 7).or_earlier(Position(1, 2, 9)) == Position(1, 1, 7)
