"""The log of requests: pages, filters, times, and what still counts towards the rate limit."""

from collections.abc import Iterator

import pytest

from stability_mcp.errors import NotFoundError
from stability_mcp.figures.request_log import LoggedRequest, LogPage, LogQuery, read_log
from support.jobs.jobs import ACCOUNT
from support.jobs.ledger import CORE, DAYS, FAST, Ledger
from support.store.rows import execute, in_memory


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Return an empty store."""
    with in_memory() as connection:
        yield Ledger(connection)


def _read(ledger: Ledger, **chosen: object) -> LogPage:
    query = LogQuery(**{"limit": 10, "operations": [CORE, FAST], **chosen})  # type: ignore[arg-type]
    return read_log(ledger.connection, ACCOUNT, query)


def _only(ledger: Ledger, **columns: object) -> LoggedRequest:
    """Change the only job, and return its only request."""
    for name, value in columns.items():
        execute(ledger.connection, f"UPDATE jobs SET {name} = :value", value=value)  # noqa: S608 -- a column
    [found] = _read(ledger).requests
    return found


def test_pages_are_continuous_and_newest_first(ledger: Ledger) -> None:
    """Documented (rest.md 7): cursor in, next_cursor out."""
    for _ in range(5):
        ledger.job()

    found: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = _read(ledger, limit=2, cursor=cursor)
        found += [each.id for each in page.requests]
        cursor, pages = page.next_cursor, pages + 1

    assert found == [5, 4, 3, 2, 1]
    assert pages == 3


@pytest.mark.parametrize("cursor", ["x", "-1", "", str(2**70)])
def test_an_invalid_cursor_is_refused(ledger: Ledger, cursor: str) -> None:
    """Chosen: a wrong cursor must not look like an empty log."""
    with pytest.raises(NotFoundError, match="isn't a cursor of the request log"):
        _read(ledger, cursor=cursor)


def test_operation_state_and_time_filter(ledger: Ledger) -> None:
    """Documented (routes.yaml): operation_filter, state and since."""
    ledger.job(day=DAYS[0])
    ledger.job(FAST)
    ledger.job(state="failed", charge="free")
    ledger.job(state="storing", charge="sent")
    ledger.job(state="failed", charge=None)

    def states(**chosen: object) -> list[str]:
        return [each.state for each in _read(ledger, **chosen).requests]

    newest = _read(ledger).requests[0].at
    assert states() == ["storing", "failed", "done", "done"], "a job that sent nothing isn't listed"
    assert states(operations=[FAST]) == ["done"]
    assert states(operations=[]) == []
    assert states(state="running") == ["storing"]
    assert states(state="failed") == ["failed"]
    assert states(since=newest) == ["storing", "failed", "done"]


def test_other_accounts_are_not_listed(ledger: Ledger) -> None:
    """Chosen: every statement names its owner."""
    ledger.job()
    execute(ledger.connection, "UPDATE charges SET owner = 'else'")

    assert _read(ledger).requests == ()


def test_the_time_is_that_of_the_answer(ledger: Ledger) -> None:
    """Chosen: from sending until the answer begins; a deferred result takes longer."""
    ledger.job(took=40)

    sent = _only(ledger).sent_at or 0

    assert _only(ledger, attempt=1, answered_at=sent + 2).seconds == pytest.approx(2)
    assert _only(ledger, answered_at=None).seconds == pytest.approx(40)
    assert _only(ledger, answered_at=sent - 5).seconds == pytest.approx(40), "of an earlier attempt"
    assert _only(ledger, finished_at=None).seconds is None
    assert _only(ledger, attempt=2).seconds is None, "a later attempt replaced its times"


def test_slots_are_on_the_first_page_while_they_count(ledger: Ledger) -> None:
    """Chosen: polls and free queries leave no other trace."""
    ledger.job()
    for granted, sent in ((100.0, 101.0), (200.0, 201.0), (200.0, None), (100.0, None)):
        execute(
            ledger.connection,
            "INSERT INTO requests (upstream, process, granted_at, sent_at)"
            " VALUES (:upstream, 'p', :granted, :sent)",
            upstream=ACCOUNT.upstream,
            granted=granted,
            sent=sent,
        )

    slots = _read(ledger, slots_since=150.0).slots

    assert [(each.granted_at, each.sent_at) for each in slots] == [(200.0, None), (200.0, 201.0)]
    assert _read(ledger, slots_since=150.0, cursor="99").slots == ()
