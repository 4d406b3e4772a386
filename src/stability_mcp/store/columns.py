"""The kinds of column that the tables are made of."""

from sqlalchemy import REAL, Column, Integer, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem

metadata = MetaData()


def table(name: str, *parts: SchemaItem, by_key: bool = False) -> Table:
    """Make a strict table; `by_key` keeps its rows in its primary key, without a number of its own.

    A `seq` never comes back, not even after the newest row was deleted: cursors rely on it.
    """
    numbered = any(isinstance(part, Column) and part.name == "seq" for part in parts)
    return Table(
        name,
        metadata,
        *parts,
        sqlite_strict=True,
        sqlite_autoincrement=numbered,
        sqlite_with_rowid=not by_key,
    )


def words(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    """Return a column of text."""
    return Column(name, Text, nullable=null, primary_key=key)


def count(name: str, default: int | None = None, *, null: bool = False) -> Column[int]:
    """Return a column of whole numbers."""
    shown = None if default is None else str(default)
    return Column(name, Integer, nullable=null, default=default, server_default=shown)


def time(name: str, *, null: bool = True, default: str | None = None) -> Column[float]:
    """Return a column of unix seconds."""
    return Column(name, REAL, nullable=null, server_default=default)


def order() -> Column[int]:
    """Return the column by which rows are ordered."""
    return Column("seq", Integer, primary_key=True)


def public_id() -> Column[str]:
    """Return the column by which a row is named outside."""
    return Column("id", Text, nullable=False, unique=True)
