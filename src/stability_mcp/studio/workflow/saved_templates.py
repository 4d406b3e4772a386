"""Templates of the user's own: plans in JSON files in the folder `workflows` of STABILITY_HOME.

A file is `{"description": …, "plan": {…}}`, or just a plan in any notation, so that people can
write one by hand. Its name is the name of the template; the inputs of the plan are its arguments.
All functions block.
"""

import hashlib
import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from stability_mcp.errors import ArgumentsError, StorageError
from stability_mcp.imaging.strip import atomic_write
from stability_mcp.media.labels import file_form
from stability_mcp.media.newest_files import short_path
from stability_mcp.settings import Settings
from stability_mcp.store.disk import is_full
from stability_mcp.store.locks import FileLock
from stability_mcp.text import listed, name_key, plain, quoted
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_form import MAX_PLAN_CHARACTERS
from stability_mcp.workflows.plan_notation import read_plan

FOLDER = "workflows"
ENDING = ".json"
MAX_FILES = 200
"""Files that are read for a list. *Chosen*: an answer with more can't be read."""
MAX_BYTES = 4 * MAX_PLAN_CHARACTERS
"""Largest file: the longest plan, each character in 4 bytes of UTF-8."""
MAX_DESCRIPTION_CHARACTERS = 1_000
LOCK = ".lock"
"""The file that is locked while a template is replaced; no template starts with a dot."""

_WRITING = threading.Lock()
"""The lock file keeps out other processes, this one other threads."""


@dataclass(frozen=True, kw_only=True)
class SavedTemplate:
    """A template of the user's own."""

    name: str
    description: str
    plan: Plan
    version: str
    """A hash of its file, which changes with it."""


@dataclass(frozen=True, kw_only=True)
class WrittenTemplate:
    """What `SavedTemplates.write` did."""

    template: SavedTemplate | None
    """As it is stored now; None: there is none."""
    is_conflict: bool = False
    """Whether nothing was written, as another version is stored than the one that was edited."""


@dataclass(frozen=True, kw_only=True)
class SavedList:
    """The templates of the user's own."""

    templates: list[SavedTemplate] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """Files that can't be used, each with the reason, as sentences."""


class SavedTemplates:
    """Lists, reads and saves templates.

    Args:
        settings: The operator's settings; the folder is the same with and without an API key.
        built_in: Names of the templates of this program, which a file can't replace.
    """

    def __init__(self, settings: Settings, built_in: Collection[str]) -> None:
        self.folder = settings.base_dir / FOLDER
        self._built_in = {name_key(name) for name in built_in}

    def list(self) -> SavedList:
        """Return all templates, by name; a damaged file is named and doesn't hide the others."""
        found = SavedList()
        for path in islice(self._files(), MAX_FILES):
            try:
                found.templates.append(_read(path))
            except ArgumentsError as error:
                found.damaged.append(error.message)
        return found

    def find(self, name: str) -> SavedTemplate | None:
        """Return a template by name, or None.

        Raises:
            ArgumentsError: its file is damaged.
        """
        path = self._file(name.removesuffix(ENDING))
        return _read(path) if path is not None else None

    def save(
        self, name: str, plan: Plan, values: Mapping[str, Any], *, description: str = ""
    ) -> Path:
        """Save a plan as a template and return its file.

        Args:
            name: Its name; it is changed to one that can be a file name.
            plan: The plan.
            values: Values of its inputs, which become their defaults.
            description: What it makes.

        Raises:
            ArgumentsError: a template with this name exists.
            StorageError: the file can't be written.
        """
        stem = self._free_name(name)
        path = self.folder / f"{stem}{ENDING}"
        data = _encoded(with_defaults(plan, values), description)
        known = self._file(stem)
        if known is not None:
            if _has(known, data):
                return known
            raise ArgumentsError(
                f"A saved workflow is called {quoted(known.stem)} already.",
                hint=f"Choose another name, or ask the user to delete {short_path(known)}.",
            )
        with _explained(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                file.write(data)
        return path

    def write(
        self, name: str, plan: Plan, *, description: str, version: str | None
    ) -> WrittenTemplate:
        """Save a plan under a name, in place of the version that was edited.

        Args:
            name: Its name; it is changed to one that can be a file name.
            plan: The plan.
            description: What it makes.
            version: The version that was edited; None: the plan is new.

        Raises:
            ArgumentsError: the name can't be used, or the stored file is damaged.
            StorageError: the file can't be written.
        """
        stem = self._free_name(name)
        data = _encoded(plan, description)
        with _explained(self.folder / f"{stem}{ENDING}"), self._locked():
            known = self._file(stem)
            path = known or self.folder / f"{stem}{ENDING}"
            if (known is not None or version is not None) and not (known and _has(known, data)):
                stored = None if known is None else _read(known)
                if stored is None or stored.version != version:
                    return WrittenTemplate(template=stored, is_conflict=True)
            with atomic_write(path) as file:
                file.write(data)
            return WrittenTemplate(template=_read(path))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes from writing templates during the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _WRITING:
            lock = FileLock(self.folder / LOCK)
            try:
                with lock.held():
                    yield
            finally:
                lock.close()

    def _file(self, stem: str) -> Path | None:
        """Return the file of a template, whatever the case of its name, or None."""
        key = name_key(stem)
        return next((each for each in self._files() if name_key(each.stem) == key), None)

    def _free_name(self, name: str) -> str:
        stem = file_form(name.strip().removesuffix(ENDING)).replace(" ", "-").lstrip(".")
        if not name_key(stem):
            raise ArgumentsError(
                f"{quoted(name)} can't be the name of a file.", hint="Use letters and digits."
            )
        if name_key(stem) in self._built_in:
            raise ArgumentsError(
                f"{quoted(stem)} is a template of stability-mcp.", hint="Choose another name."
            )
        return stem

    def _files(self) -> Iterable[Path]:
        """Return the files in the folder by name, without those that the built-in ones hide."""
        try:
            return sorted(
                each
                for each in self.folder.iterdir()
                if each.suffix == ENDING
                and not each.name.startswith(".")
                and name_key(each.stem) not in self._built_in
            )
        except OSError:  # there is no such folder
            return ()


def _encoded(plan: Plan, description: str) -> bytes:
    """Return the contents of the file of a template."""
    saved = {
        "description": plain(description.strip() or plan.title)[:MAX_DESCRIPTION_CHARACTERS],
        "plan": plan.model_dump(mode="json", exclude_defaults=True),
    }
    return json.dumps(saved, ensure_ascii=False, indent=2).encode("utf-8", "replace")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise StorageError if the block can't write a file."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if is_full(error) else plain(error.strerror or "no access")
        raise StorageError(f"{short_path(path)} can't be written: {why}.") from error


def _has(path: Path, data: bytes) -> bool:
    """Return whether a file has these contents."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def with_defaults(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """Return a plan whose inputs have values as defaults."""
    inputs = {
        name: each.model_copy(update={"default": values[name]}) if name in values else each
        for name, each in plan.inputs.items()
    }
    return plan.model_copy(update={"inputs": inputs})


def _read(path: Path) -> SavedTemplate:
    """Read a template.

    Raises:
        ArgumentsError: the file can't be used; the message names it and says why.
    """
    where = f"The saved workflow {short_path(path)}"
    try:
        data = _contents(path)
        given = json.loads(data.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ArgumentsError(
            f"{where} can't be read: {plain(why)}.", hint="Ask the user to correct or delete it."
        ) from None
    description = given.pop("description", "") if isinstance(given, dict) else ""
    read = read_plan(given)
    if read.plan is None:
        raise ArgumentsError(
            f"{where} is damaged. {listed(map(str, read.problems), most=3)}",
            hint="Ask the user to correct or delete it.",
        )
    text = description if isinstance(description, str) and description else read.plan.title
    return SavedTemplate(
        name=path.stem,
        description=plain(text)[:MAX_DESCRIPTION_CHARACTERS],
        plan=read.plan,
        version=hashlib.sha256(data).hexdigest(),
    )


def _contents(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError("it isn't a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    return data
