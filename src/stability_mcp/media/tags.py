"""Tags: words that group media across names, set by `media_label` and matched as names are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from stability_mcp.errors import ArgumentsError
from stability_mcp.store.database import Database
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load
from stability_mcp.text import name_key, quoted, visible

MAX_TAGS = 20
"""Tags of one item. *Chosen*: more are a description."""
MAX_TAG_CHARACTERS = 40
"""Characters of a tag. *Chosen*: a word or two, short enough for a line of a list."""


@dataclass(frozen=True, slots=True)
class _Tagged:
    media: str
    tag: str


_SQL = load(__file__)
_delete_tags = _SQL.count("delete_tags")
_insert_tag = _SQL.count("insert_tag")
_tags_of = _SQL.many("tags_of", _Tagged)


def parse_tags(texts: Sequence[str]) -> tuple[str, ...]:
    """Return tags in their order, without repetitions.

    Raises:
        ArgumentsError: there are too many, or one is blank or too long.
    """
    tags: dict[str, str] = {}
    for text in texts:
        tag = clean_tag(text)
        tags.setdefault(name_key(tag), tag)
    if len(tags) > MAX_TAGS:
        raise ArgumentsError(
            f"{len(tags)} tags were given; an item can have {MAX_TAGS}.",
            hint="Leave some out.",
        )
    return tuple(tags.values())


def clean_tag(text: str) -> str:
    """Return a tag without invisible characters and repeated spaces.

    Raises:
        ArgumentsError: it is blank or too long.
    """
    tag = " ".join(visible(normalize("NFC", text)).split())
    if not tag:
        raise ArgumentsError(
            f"The tag {quoted(text)} is blank.", hint="Use a word, or pass [] to remove all tags."
        )
    if len(tag) > MAX_TAG_CHARACTERS:
        raise ArgumentsError(
            f"The tag {quoted(tag)} has {len(tag)} characters; the maximum is "
            f"{MAX_TAG_CHARACTERS}.",
            hint="Shorten it.",
        )
    return tag


def replace_tags(connection: Connection, owner: str, media: str, tags: Iterable[str]) -> None:
    """Replace all tags of an item; a deleted one gets none."""
    _delete_tags(connection, media=media)
    for position, tag in enumerate(tags):
        _insert_tag(
            connection, owner=owner, media=media, tag=tag, tag_key=name_key(tag), position=position
        )


def forget_tags(connection: Connection, media: str) -> None:
    """Remove all tags of an item."""
    _delete_tags(connection, media=media)


async def tags_of(database: Database, items: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the tags of items, in the order in which they were given; untagged ones are missing.

    Args:
        database: The store.
        items: Ids of items; the caller has checked their owner.
    """
    wanted = list(items)

    def read(connection: Connection) -> dict[str, tuple[str, ...]]:
        found = defaultdict[str, list[str]](list)
        for part in in_parts(wanted, MAX_IDS_PER_QUERY):
            for row in _tags_of(connection, ids=part):
                found[row.media].append(row.tag)
        return {media: tuple(tags) for media, tags in found.items()}

    return await database.read(read) if wanted else {}
