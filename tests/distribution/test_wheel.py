"""The package as users install it: contents, size, and every way to run it.

The source distribution is built from the checkout, and the wheel from that, as an installer would.
The wheel's environment contains only its declared dependencies, as links to those of the tests, so
nothing is downloaded.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from packaging.requirements import Requirement
from scripts.distribution import PACKAGE, PROJECT, ROOT

from stability_mcp import __version__
from support.server.in_memory import environment_in, fine, text

pytestmark = [pytest.mark.processes, pytest.mark.long(20)]

SECONDS = 60
MAX_WHEEL_BYTES = 2_400_000
MAX_SDIST_BYTES = 2_000_000
"""*Chosen*: a packed file of code is 1.75 KB on average, so this is 1,100 files and the data."""
MAX_DATA_BYTES = 560_000
"""Of everything that isn't Python: the font and the emulator's notes are half of it, and the built
page and Apps, which have bounds of their own, a third."""
MAX_PAGE_BYTES = 1_000_000
"""Of the demo's page."""
DATA = {
    "stability_mcp/py.typed",
    "stability_mcp/tool_schemas/generate_core.json",
    "stability_mcp/store/schema.sql",
    "stability_mcp/pages/static/upload.html",
    "stability_mcp/pages/static/upload.js",
    "stability_mcp/pages/static/theme.css",
    "stability_emulator/py.typed",
    "stability_emulator/sound/notes.bin",
    f"stability_mcp-{__version__}.dist-info/licenses/LICENSE",
}
"""Some files that aren't modules, one of each kind."""


def build(source: Path, target: str, folder: Path) -> Path:
    """Build a wheel or sdist with the tests' own hatchling."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=SECONDS)
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("built")
    sdist = build(ROOT, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    [source] = (folder / "unpacked").iterdir()
    return sdist, build(source, "wheel", folder / "wheel")


def dependencies(requirements: list[str]) -> dict[str, Distribution]:
    """Return installed distributions that requirements lead to, by name."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(each), "") for each in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        needed = distribution(requirement.name)
        known = requirement.name in found
        found[requirement.name] = needed
        own = list(map(Requirement, needed.requires or ()))
        if not known:
            waiting += [(each, "") for each in own]
        waiting += [
            (each, chosen)
            for chosen in requirement.extras
            for each in own
            if each.marker and "extra" in str(each.marker)
        ]
    return found


def link(dependency: Distribution, site: Path) -> None:
    """Link a distribution's packages and modules into an environment."""
    for path in dependency.files or ():
        top = path.parts[0]
        target = site / top
        if top not in {"..", "__pycache__"} and not target.exists():
            target.symlink_to(Path(str(dependency.locate_file(top))))


@pytest.fixture(scope="module")
def scripts(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a clean environment; returns the folder of its programs."""
    environment = tmp_path_factory.mktemp("environment") / "env"
    venv.create(environment, symlinks=True, with_pip=False)
    [site] = environment.glob("lib/python*/site-packages")
    for each in dependencies(PROJECT["dependencies"]).values():
        link(each, site)
    python = environment / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-index", "--no-deps", "--disable-pip-version-check", str(built[1])],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    return python.parent


def clean_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment in which Python finds nothing of the checkout."""
    inherited = environment_in(folder, **more)
    return {name: value for name, value in inherited.items() if name != "PYTHONPATH"}


def run(scripts: Path, folder: Path, *words: str, **more: str) -> str:
    """Run the installed program and return what it prints."""
    done = subprocess.run(
        [scripts / PACKAGE, *words],
        cwd=folder,
        env=clean_environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _data_bytes(wheel: Path) -> int:
    """Return the compressed size of the files that aren't Python."""
    with zipfile.ZipFile(wheel) as archive:
        return sum(each.compress_size for each in archive.infolist() if ".py" not in each.filename)


def test_the_wheel_contains_all_of_the_packages_and_nothing_else(built: tuple[Path, Path]) -> None:
    """*Chosen*: a missing data file is noticed only when it is needed."""
    sdist, wheel = built
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        top = {each.split("/")[1] for each in archive.getnames()}
    expected = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").glob("stability_*/**/*")
        if path.is_file() and path.suffix != ".pyc"
        if not any(part.endswith(".egg-info") for part in path.parts)
    }
    schemas = {f"stability_mcp/tool_schemas/{each.name}" for each in ROOT.glob("tool_schemas/*")}
    metadata = {each for each in names if each.startswith(f"stability_mcp-{__version__}.dist-info")}

    assert names - metadata == expected | schemas
    assert names >= DATA
    assert _data_bytes(wheel) < MAX_DATA_BYTES
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    assert sdist.stat().st_size < MAX_SDIST_BYTES
    assert top == {
        *("src", "tool_schemas", "CHANGELOG.md", "LICENSE", "README.md"),
        *("pyproject.toml", "PKG-INFO", ".gitignore"),
    }


def test_the_installed_demo_makes_every_kind_of_result(scripts: Path, tmp_path: Path) -> None:
    """*Documented* (README): pictures, a sound and a 3D model, with nothing but the emulator."""
    printed = run(scripts, tmp_path, "demo")
    folder = tmp_path / "out" / "emulated"
    page = folder / "demo.html"
    made = [path for path in folder.rglob("*.*") if path != page and path.is_file()]

    assert sorted(each.suffix for each in made) == [".glb", ".mp3", *[".png"] * 5]
    assert all(f"    {path}\n" in printed for path in made)
    assert "Nothing was charged. With a key this costs 100 credits (1.00 USD)." in printed
    assert f"The files are in {folder}." in printed
    assert f"What was made from what: {page.as_uri()}\n" in printed
    assert page.stat().st_size < MAX_PAGE_BYTES
    assert not (tmp_path / "home").exists(), "the demo has a temporary data folder"


@pytest.fixture
def emulator(scripts: Path, tmp_path: Path) -> Iterator[str]:
    """Run the installed emulator; returns its address."""
    command = [str(scripts / PACKAGE), "emulator", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        url = None
        while url is None:
            line = process.stderr.readline()
            assert line, "the emulator exited before it printed its address"
            url = re.search(r"http://127\.0\.0\.1:\d+", line)
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield url.group()
        process.terminate()
        drain.join(10)


@pytest.mark.anyio
async def test_the_installed_programs_work_together(
    scripts: Path, tmp_path: Path, emulator: str
) -> None:
    """*Documented* (README): version, emulator, `call` and the server for an MCP client."""
    upstream = {"STABILITY_API_KEY": "sk-wheel", "STABILITY_BASE_URL": emulator}
    server = StdioServerParameters(
        command=str(scripts / PACKAGE), env=clean_environment(tmp_path, **upstream)
    )

    assert run(scripts, tmp_path, "--version").strip() == __version__
    called = run(scripts, tmp_path, "call", "generate_core", "--prompt", "a fox", **upstream)
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        listed = fine(await client.call_tool("media_list", {}))

    assert "generate_core: 1 picture, 3 credits" in called
    assert len(tools) > 20
    assert "fox" in text(listed)


def test_the_clean_environment_has_only_declared_packages(scripts: Path, tmp_path: Path) -> None:
    """*Chosen*: a missing dependency must fail the tests above."""
    program = (
        "import importlib.util, json, stability_mcp; "
        "found = {n: importlib.util.find_spec(n) is not None for n in ('pytest', 'hatchling')}; "
        "print(json.dumps([stability_mcp.__file__, found]))"
    )
    done = subprocess.run(
        [scripts / "python", "-c", program],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    package, found = json.loads(done.stdout)

    assert Path(package).is_relative_to(scripts.parent)
    assert not any(found.values())
