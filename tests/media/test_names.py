"""The rule for names: random sequences against a small model, and the cases it doesn't reach."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability_mcp import store
from stability_mcp.errors import ArgumentsError
from stability_mcp.media import names
from stability_mcp.media.labels import NameSource, parse_label
from stability_mcp.store.migrations import migrate
from stability_mcp.store.queries import Connection
from support.store import frozen
from support.store.rows import rows

SCHEMA = (Path(store.__file__).parent / "schema.sql").read_text(encoding="utf-8")
OWNER = "local"
ROOTS = ("hero", "Fox cub", "ÄPFEL & Birnen", "take 2")
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    lambda text: text.replace(" ", "-"),
    lambda text: f" {text.replace(' ', '_')} ",
)


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    return connection


def _add(connection: Connection, media: str, wanted: names.NameRequest) -> str:
    """Store an item without bytes under the first free name; return the name."""
    label = names.claim(connection, OWNER, media, wanted)
    _insert(connection, media, label)
    return label


def _insert(connection: Connection, media: str, label: str) -> None:
    connection.execute(
        "INSERT INTO media (id, owner, blob, media_type, origin, label, created_at)"
        " VALUES (?, ?, 'x', 'image/png', 'generated', ?, 0)",
        (media, OWNER, label),
    )


@dataclass
class Given:
    """One name that was given, in the model."""

    item: str
    root: str
    version: int
    variant: int
    asked: bool

    @property
    def text(self) -> str:
        """Return the name."""
        version = f" v{self.version}" if self.version > 1 else ""
        return f"{self.root}{version}{f'-{self.variant}' if self.variant else ''}"


@dataclass
class Model:
    """The rule in its shortest form: a list of names in the order they were given."""

    given: list[Given] = field(default_factory=list)
    labels: dict[str, Given] = field(default_factory=dict)

    def name(self, item: str, root: str, *, version: int, variant: int, asked: bool) -> str:
        """Give an item a name."""
        new = Given(item, root, version, variant, asked)
        self.given.append(new)
        self.labels[item] = new
        return new.text

    def next_version(self, root: str) -> int:
        """Return the version that the next item of a root gets."""
        return max((each.version for each in self.given if each.root == root), default=0) + 1

    def label(self, item: str, root: str) -> str:
        """Do `media_label`."""
        own = [each for each in self.given if each.item == item and each.root == root]
        single = [each for each in own if not each.variant]
        if single:
            self.given.remove(single[-1])
            version = single[-1].version
            return self.name(item, root, version=version, variant=0, asked=True)
        if own and not any(
            not each.variant
            for each in self.given
            if (each.root, each.version) == (root, own[-1].version)
        ):
            return self.name(item, root, version=own[-1].version, variant=0, asked=True)
        return self.name(item, root, version=self.next_version(root), variant=0, asked=True)

    def meaning(self, root: str) -> str | None:
        """Return the item that a root means; None: several variants."""
        newest = [each for each in self.given if each.root == root and each.asked][-1]
        return newest.item if not newest.variant else self.of_version(root, newest.version)

    def of_version(self, root: str, version: int) -> str | None:
        """Return the item of a version; None: several variants."""
        found = [each for each in self.given if (each.root, each.version) == (root, version)]
        single = [each for each in found if not each.variant]
        return (single or found)[-1].item if single or len(found) == 1 else None


STEPS = st.one_of(
    st.tuples(st.just("generate"), st.sampled_from(ROOTS), st.just(1)),
    st.tuples(st.just("variants"), st.sampled_from(ROOTS), st.integers(2, 8)),
    st.tuples(st.just("edit"), st.just(""), st.integers(0, 50)),
    st.tuples(st.just("label"), st.sampled_from(ROOTS), st.integers(0, 50)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=14), st.sampled_from(SPELLINGS))
def test_every_name_means_what_the_rule_says(
    steps: list[tuple[str, str, int]], spelling: Callable[[str], str]
) -> None:
    """*Documented* (design): after any sequence of results, edits, series and labels."""
    model = Model()
    with closing(_connect()) as connection:
        for number, step in enumerate(steps):
            _play(connection, model, number, step)
        for root in {each.root for each in model.given}:
            expected = model.meaning(root)
            assert _meaning(connection, spelling(root)) == expected
            assert _meaning(connection, f"{spelling(root)} v1") == model.of_version(root, 1)
        for each in model.given:
            if each.version > 1 and not each.variant:
                assert _meaning(connection, spelling(each.text)) == each.item
            if each.variant:
                assert _meaning(connection, each.text) == each.item
            if not each.variant:
                assert _meaning(connection, f"{each.text}.png") == each.item


def _play(
    connection: Connection, model: Model, number: int, given_step: tuple[str, str, int]
) -> None:
    step, root, amount = given_step
    known = list(model.labels)
    if step == "generate":
        version = model.next_version(root)
        expected = model.name(f"i{number}", root, version=version, variant=0, asked=True)
        assert _add(connection, f"i{number}", names.request_of(root)) == expected
    elif step == "variants":
        version = model.next_version(root)
        for n in range(1, amount + 1):
            item = f"i{number}-{n}"
            wanted = names.request_of(root, variant=n, series=f"call{number}")
            expected = model.name(item, root, version=version, variant=n, asked=True)
            assert _add(connection, item, wanted) == expected
    elif known and step == "edit":
        parent = known[amount % len(known)]
        root = model.labels[parent].root
        assert names.root_of(connection, parent, model.labels[parent].text) == root
        version = model.next_version(root)
        expected = model.name(f"i{number}", root, version=version, variant=0, asked=False)
        assert _add(connection, f"i{number}", names.request_of(root, NameSource.PARENT)) == expected
    elif known:
        item = known[amount % len(known)]
        expected = model.label(item, root)
        assert names.rename(connection, OWNER, item, parse_label(root)) == expected
        connection.execute("UPDATE media SET label = ? WHERE id = ?", (expected, item))


def _meaning(connection: Connection, reference: str) -> str | None:
    """Return the id that a name means; None: several variants."""
    try:
        found = names.find(connection, OWNER, reference)
    except ArgumentsError:
        return None
    assert found is not None
    return found


def test_a_label_with_a_version_asks_for_that_version() -> None:
    """*Chosen*: `hero v3` is free, so it is given; the next one is `hero v4`."""
    with closing(_connect()) as connection:
        wanted = ("hero v3", "hero", "hero v3", "Hero_V9", "hero v1")
        got = [_add(connection, f"i{n}", names.request_of(each)) for n, each in enumerate(wanted)]

    assert got == ["hero v3", "hero v4", "hero v5", "Hero_V9", "hero v1"]


def test_a_name_made_from_a_prompt_never_replaces_one_that_was_asked_for() -> None:
    """*Chosen*: `fox` stays the picture that the caller named so."""
    with closing(_connect()) as connection:
        first = _add(connection, "prompt1", names.request_of("fox", NameSource.CONTENT))
        assert names.find(connection, OWNER, "fox") == "prompt1"
        second = _add(connection, "asked", names.request_of("fox"))
        third = _add(connection, "prompt2", names.request_of("fox", NameSource.CONTENT))

        assert [first, second, third] == ["fox", "fox v2", "fox v3"]
        assert names.find(connection, OWNER, "fox") == "asked"


def test_a_series_avoids_every_name_that_exists() -> None:
    """*Chosen*: all its variants share one version, so none may be taken."""
    with closing(_connect()) as connection:
        _add(connection, "other", names.request_of("hero-3"))
        wanted = [names.request_of("hero", variant=n, series="call") for n in range(1, 5)]
        got = [_add(connection, f"v{n}", each) for n, each in enumerate(wanted)]

        assert got == ["hero v2-1", "hero v2-2", "hero v2-3", "hero v2-4"]
        assert names.find(connection, OWNER, "hero 3") == "other"


def test_names_of_deleted_media_are_free() -> None:
    """*Chosen*: nothing of the deleted item is left to confuse it with."""
    with closing(_connect()) as connection:
        _add(connection, "gone", names.request_of("hero"))
        connection.execute("UPDATE media SET deleted_at = 1")

        assert names.find(connection, OWNER, "hero") is None
        assert _add(connection, "new", names.request_of("Hero")) == "Hero"


def test_a_label_that_an_older_program_wrote_is_found_and_kept() -> None:
    """*Chosen*: a running older program writes no names."""
    with closing(_connect()) as connection:
        _insert(connection, "older", "hero")

        assert names.find(connection, OWNER, "hero") == "older"
        assert _add(connection, "new", names.request_of("hero")) == "hero v2"
        assert names.find(connection, OWNER, "hero") == "new"


def test_labels_of_an_older_store_keep_their_text_and_exact_match(tmp_path: Path) -> None:
    """*Documented* (design): `hero-2` was a version in the older rule, and stays that item."""
    home = frozen.thaw(frozen.STORES[4], tmp_path)
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        migrate(connection, home)
        old = dict(
            rows(home, "SELECT label, id FROM media WHERE label IS NOT NULL AND deleted_at IS NULL")
        )
        assert {"hero", "Hero", "HERO", "hero-2", "hero v2", "GRÖßE"} <= old.keys()
        for label, item in old.items():
            assert names.find(connection, OWNER, label) == item
        assert names.find(connection, OWNER, "Größe") == old["GRÖßE"]
        assert names.find(connection, OWNER, "grösse") == old["GRÖßE"]

        assert _add(connection, "new", names.request_of("hero")) == "hero v3"
        assert names.find(connection, OWNER, "hero") == "new"
        assert names.find(connection, OWNER, "hero v2") == old["hero v2"]
        assert names.find(connection, OWNER, "hero-2") == old["hero-2"]


def test_an_ambiguous_name_lists_its_variants() -> None:
    """*Documented* (design): the caller is asked for one; nothing is guessed."""
    with closing(_connect()) as connection:
        for n in (1, 2):
            _add(connection, f"v{n}", names.request_of("logo", variant=n, series="call"))

        with pytest.raises(ArgumentsError, match="2 variants: logo-1 and logo-2"):
            names.find(connection, OWNER, "Logo")
