"""Random sequences of storing, editing, labelling, deleting and restoring."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.media import deletion
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import request_of
from support.imaging.sample_files import png
from support.media.media import NOW, Desk, desk

pytestmark = pytest.mark.anyio

STEPS = 60
ROOTS = ("hero", "Fox", "hero v2", "Flour & Salt")


@dataclass
class Walk:
    """A random walk, with what must be true after each step."""

    here: Desk
    chosen: random.Random
    data: dict[str, bytes] = field(default_factory=dict)
    """Bytes of every item, by id."""
    deleted: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """Every name that an item ever had."""

    async def step(self) -> None:
        """Do one thing at random."""
        living = sorted(self.data.keys() - self.deleted)
        steps = [self.make, *([self.edit, self.label, self.delete] if living else [])]
        steps += [self.restore] if self.deleted else []
        await self.chosen.choice(steps)()

    async def make(self) -> None:
        """Store a result with a label that was asked for, or one from a prompt."""
        source = self.chosen.choice((NameSource.CALLER, NameSource.CONTENT))
        await self._add(request_of(self.chosen.choice(ROOTS), source))

    async def edit(self) -> None:
        """Store a result that gets the next version of another item's name."""
        parent = await self._living()
        root = await self.here.store.root_of(parent)
        assert root is not None
        await self._add(request_of(root, NameSource.PARENT), parents={"image": parent.id})

    async def label(self) -> None:
        """Give an item another label."""
        item = await self._living()
        renamed = await self.here.store.set_label(item, self.chosen.choice(ROOTS))
        self.names.add(renamed.name)

    async def delete(self) -> None:
        """Delete one or two items."""
        items = {(await self._living()).id for _ in range(2)}
        found = await self.here.store.many(sorted(items))
        await deletion.delete(self.here.store, found, now=NOW)
        self.deleted |= items

    async def restore(self) -> None:
        """Restore an item by its id, or by its label if that is the only one."""
        media = self.chosen.choice(sorted(self.deleted))
        found = await deletion.find_deleted(self.here.store, media)
        try:
            by_name = await deletion.find_deleted(self.here.store, found.name)
        except ArgumentsError:
            by_name = found
        [restored] = await deletion.restore(self.here.store, [by_name])
        self.deleted.remove(restored.id)
        self.names.add(restored.name)

    async def check(self) -> None:
        """Check names, labels and bytes."""
        store = self.here.store
        for name in sorted(self.names):
            found = await store.find(name)
            assert found is None or found.id not in self.deleted, name
        living = await store.many(sorted(self.data.keys() - self.deleted))
        assert len({item.label for item in living}) == len(living)
        for item in living:
            exact = await store.find(f"{item.label}.png")
            assert exact is not None
            assert exact.id == item.id, item.label
            assert item.path.read_bytes() == self.data[item.id]
        for media in self.deleted:
            with pytest.raises(NotFoundError, match="was deleted at"):
                await store.get(media)

    async def _add(self, name: object, **how: object) -> None:
        data = png((10 + len(self.data), 10))
        item = await self.here.generated(data, name=name, **how)  # type: ignore[arg-type]  # of Provenance
        self.data[item.id] = data
        self.names.add(item.name)

    async def _living(self) -> MediaItem:
        return await self.here.store.get(
            self.chosen.choice(sorted(self.data.keys() - self.deleted))
        )


@pytest.mark.parametrize("seed", range(5))
async def test_names_never_mean_deleted_media_and_restoring_gives_the_same_bytes(
    seed: int, tmp_path: Path
) -> None:
    """*Chosen*: after any sequence of results, edits, labels, deletions and restorations."""
    async with desk(tmp_path) as here:
        walk = Walk(here, random.Random(seed))  # noqa: S311 -- a repeatable walk
        for _ in range(STEPS):
            await walk.step()
            await walk.check()

        assert walk.deleted
        assert len(walk.data) > 10


async def test_all_items_are_deleted_or_none(tmp_path: Path) -> None:
    """*Chosen*: one was deleted by another program meanwhile."""
    async with desk(tmp_path) as here:
        items = [await here.generated(png((10, n)), label=f"i{n}") for n in (1, 2, 3)]
        await deletion.delete(here.store, items[1:2], now=NOW)

        with pytest.raises(NotFoundError, match=r'"i2" was deleted meanwhile. Nothing else was'):
            await deletion.delete(here.store, items, now=NOW)

        assert [each.name for each in (await here.store.list()).items] == ["i3", "i1"]


async def test_a_restored_series_keeps_its_names(tmp_path: Path) -> None:
    """*Chosen*: the other variants have the same version, which doesn't make it taken."""
    async with desk(tmp_path) as here:
        for number in (1, 2, 3):
            wanted = request_of("hero", variant=number, series="call")
            await here.generated(png((10, number)), name=wanted)
        picked = await here.store.set_label(await here.store.get("hero-2"), "hero")
        for item in (picked, await here.store.get("hero-3")):
            await deletion.delete(here.store, [item], now=NOW)
            found = await deletion.find_deleted(here.store, item.name)
            [restored] = await deletion.restore(here.store, [found])

            assert restored.name == item.name
        assert (await here.store.get("hero")).id == picked.id
