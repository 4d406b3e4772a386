"""No statement about media looks through all media of their owner, unless it is a list."""

import re

import pytest

from stability_mcp.store.queries import Statement
from support.store import sql
from support.store.rows import in_memory

MANY = 20
"""Values of each list: with a few, SQLite would choose the right index without help."""

LISTS = frozenset({"candidates.newest", "library.newest_seq", "search.newest_labels"})
"""Statements that go through an owner's media from the newest on, and stop after some."""

_WHOLE = re.compile(r"SCAN (media|known)\w*|(media|known)\w* USING .*\(owner=\?\)")


def _statements() -> list[Statement]:
    return [
        statement
        for file, _, statement in sql.statements()
        if file.path.parent.name == "media" and statement.name not in LISTS
    ]


@pytest.mark.parametrize("statement", _statements(), ids=lambda each: each.name)
def test_a_statement_finds_media_by_more_than_their_owner(statement: Statement) -> None:
    """*Measured*: 140 ms for one item among 100,000, against 0.1 ms by its own index."""
    explained = Statement(
        name=statement.name,
        sql=f"EXPLAIN QUERY PLAN {statement.sql}",
        parameters=statement.parameters,
        lists=statement.lists,
        result="many",
    )
    values = {
        name: [str(at) for at in range(MANY)] if name in statement.lists else 1
        for name in statement.parameters
    }
    with in_memory() as connection:
        plan = [str(row[3]) for row in explained.run(connection, values)]

    assert [each for each in plan if _WHOLE.search(each)] == []
