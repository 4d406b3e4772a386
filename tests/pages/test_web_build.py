"""The built page: it is what its source gives, small, and without addresses or source maps."""

import gzip
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protocol.support_node import NODE
from support.checkout import ROOT

WEB = ROOT / "src" / "web"
STATIC = ROOT / "src" / "stability_mcp" / "pages" / "static"
PAGE, APPS = "ui", "apps"
SECONDS = 120.0
"""Ends a build that hangs; it takes two seconds."""
FIRST, EACH, ALL = 25_000, 60_000, 105_000
"""*Chosen*: gzipped bytes of the first page, of any page with all its parts, and of everything."""
GALLERY = "src/gallery/page.tsx"
ENTRY = "index.html"

pytestmark = pytest.mark.processes


def run(*arguments: str) -> str:
    """Run Node in the folder of the source and return its output, which must not be a failure."""
    if not (WEB / "node_modules").is_dir():
        pytest.fail(f"{WEB / 'node_modules'} is not installed: run make setup", pytrace=False)
    done = subprocess.run(
        [str(NODE), *arguments],
        capture_output=True,
        check=False,
        cwd=WEB,
        env={**os.environ, "NODE_ENV": "production"},
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


@dataclass(frozen=True)
class Build:
    """A build of the source as it is now."""

    folder: Path
    manifest: Mapping[str, Any]
    """By module: its file, style sheets and imports."""

    def files(self, module: str, *, with_parts: bool) -> set[str]:
        """Return the files that a module needs; with those that it loads later, if asked."""
        found: set[str] = set()
        waiting, seen = [module], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            entry = self.manifest[name]
            found |= {entry["file"], *entry.get("css", [])}
            waiting += entry.get("imports", [])
            if with_parts:
                later = entry.get("dynamicImports", [])
                waiting += [each for each in later if not each.endswith("/page.tsx")]
        return found

    def size(self, files: set[str]) -> int:
        """Return the gzipped size of files, in bytes."""
        return sum(len(gzip.compress((self.folder / each).read_bytes(), 9)) for each in files)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build the page once."""
    folder = tmp_path_factory.mktemp("page")
    run("node_modules/vite/bin/vite.js", "build", "--outDir", str(folder), "--manifest")
    manifest = folder / ".vite" / "manifest.json"
    read = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.unlink()
    manifest.parent.rmdir()
    return Build(folder, read)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_rebuild_of_the_page_changes_no_byte(build: Build) -> None:
    """What is committed is what the source gives, so a review of the source is enough."""
    rebuilt, committed = contents(build.folder), contents(STATIC / PAGE)
    assert sorted(rebuilt) == sorted(committed), "run make web"
    assert [name for name in rebuilt if rebuilt[name] != committed[name]] == []


def test_a_rebuild_of_the_apps_changes_no_byte(tmp_path: Path) -> None:
    """The same for the Apps inside chats."""
    run("vite.apps.ts", str(tmp_path))
    assert contents(tmp_path) == contents(STATIC / APPS), "run make web"


def test_the_types_hold() -> None:
    """TypeScript, strict; the builds above drop types unchecked."""
    run("node_modules/typescript/bin/tsc", "-p", ".")


def test_the_pure_logic_of_the_pages_works() -> None:
    """The tests in `src/web/tests`, in one process of Node."""
    files = sorted(str(each) for each in (WEB / "tests").rglob("*.test.ts"))
    output = run("--test", "--test-isolation=none", "--test-reporter=tap", *files)
    assert "# fail 0" in output
    assert "# pass 0" not in output


def test_the_first_page_is_small(build: Build) -> None:
    """A gallery is there after one round of requests on loopback."""
    files = {ENTRY} | build.files(ENTRY, with_parts=False) | build.files(GALLERY, with_parts=False)
    assert build.size(files) <= FIRST


def test_every_page_is_small_with_all_its_parts(build: Build) -> None:
    """Whatever a user opens on one page, it loads at most this."""
    pages = [each for each in build.manifest if each.endswith("/page.tsx")]
    assert GALLERY in pages
    frame = {ENTRY} | build.files(ENTRY, with_parts=True)
    sizes = {each: build.size(frame | build.files(each, with_parts=True)) for each in pages}
    assert {page: size for page, size in sizes.items() if size > EACH} == {}
    assert build.size({each.name for each in build.folder.iterdir()}) <= ALL


def test_built_files_have_no_source_map_and_name_no_address() -> None:
    """The page works without a network; a map would be larger than the page."""
    for file in [*(STATIC / PAGE).iterdir(), *(STATIC / APPS).iterdir()]:
        text = file.read_text(encoding="utf-8")
        assert file.suffix != ".map"
        assert "sourceMappingURL" not in text, file
        for address in ("https://", "http://"):
            others = text.replace("http://www.w3.org/", "")
            assert address not in others, f"{file.name}: {address}"


def test_the_lock_file_names_no_package_address() -> None:
    """A mirror of the registry serves the same packages: they are known by their hashes."""
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > len(lock["packages"][""]["dependencies"])
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
