"""A store, roots and an importer in a folder, for tests of media."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from stability_mcp.api.operation import MIB, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.media.importer import Importer
from stability_mcp.media.inputs import PreparedInputs, prepare_inputs
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import NameRequest, request_of
from stability_mcp.media.records import Blobs, NewMedia, Provenance, file_info, insert_media
from stability_mcp.media.roots import Roots
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account

OWNER = "local"
NOW = 1_795_000_000.0
_numbers = itertools.count()


def request(name: str, **arguments: object) -> Operation:
    """Return a request for an operation."""
    return OPERATIONS[name].model_validate(arguments)


@dataclass
class Desk:
    """The objects that media tests work with."""

    home: Path
    root: Path
    """The only allowed folder."""
    copies: Path
    store: MediaLibrary
    importer: Importer

    def file(self, name: str, data: bytes) -> Path:
        """Write a file into the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    async def generated(
        self,
        data: bytes,
        *,
        label: str | None = None,
        name: NameRequest | None = None,
        owner: str = OWNER,
        **provenance: object,
    ) -> MediaItem:
        """Store bytes as the result of an operation, as a job does."""
        wanted = request_of(label) if label is not None else name
        file = self.home / "spool" / f"made-{next(_numbers)}.body"
        file.write_bytes(data)
        given: dict[str, Any] = {
            "origin": "generated",
            "upstream": "emulator",
            "operation": "generate_core",
            "arguments": {"prompt": "a lighthouse"},
            "seed": "7",
        }
        how = Provenance(**(given | provenance))
        info = file_info(file)
        return await self.store.database.write(
            lambda connection: insert_media(
                connection,
                Blobs(home=self.home),
                NewMedia(owner=owner, name=wanted, file=file, info=info, provenance=how),
                now=NOW,
            ),
            name="test.write",
        )

    async def prepare(
        self, name: str, *, max_file_size: int = 10 * MIB, **arguments: object
    ) -> PreparedInputs:
        """Prepare a call of an operation."""
        return await prepare_inputs(
            request(name, **arguments), self.importer, max_file_size=max_file_size
        )

    def spool(self) -> list[str]:
        """Return the names of the files in the spool."""
        return sorted(path.name for path in (self.home / "spool").iterdir())

    def blobs(self) -> Iterator[Path]:
        """Return the paths of the blobs."""
        return (path for path in (self.home / "blobs").rglob("*") if path.is_file())


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """Open a store in a folder, next to an allowed folder."""
    home, root, copies = folder / "home", folder / "root", folder / "root" / "copies"
    root.mkdir(exist_ok=True)
    database = await to_thread.run_sync(Database, home)
    store = MediaLibrary(database, Account(owner=OWNER, upstream="emulator"))
    try:
        with anyio.fail_after(60):
            yield Desk(
                home=home,
                root=root,
                copies=copies,
                store=store,
                importer=Importer(library=store, roots=Roots([root]), clock=lambda: NOW),
            )
    finally:
        await database.close()
