"""Fixtures for all tests."""

import gc
import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpcore2
import pytest
from hypothesis import HealthCheck, settings

from stability_mcp.tls import VARIABLES
from support.emulator.served import served
from support.emulator.small import QUICK
from support.home import use_home
from support.programs import stop_forking

FAST = [
    Path(__file__).parent / each
    for each in ("api", "client", "imaging", "jobs/transactions", "media", "policy", "store")
]
"""What --fast collects in addition to the files directly in tests/."""

settings.register_profile("slow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow")  # no property depends on the speed of the machine


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --fast, which `make fast` uses."""
    parser.addoption(
        "--fast",
        action="store_true",
        help="skip tests that start processes, and forbid starting any",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --fast, collect the fast folders and the files directly in tests/ only."""
    if not config.getoption("--fast") or collection_path.parent == Path(__file__).parents[1]:
        return None
    fast = any(
        collection_path.is_relative_to(each) or each.is_relative_to(collection_path)
        for each in FAST
    )
    is_top_file = collection_path.is_file() and collection_path.parent == Path(__file__).parent
    return None if fast or is_top_file else True


@pytest.fixture(scope="session", autouse=True)
def _no_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --fast, fail any test that starts a process without the marker."""
    with pytest.MonkeyPatch.context() as patched:
        if request.config.getoption("--fast"):
            patched.setattr(subprocess.Popen, "__init__", _refuse)
            patched.setattr(BaseProcess, "start", _refuse)
        yield


def _refuse(*_: object, **__: object) -> None:
    raise AssertionError("fast tests must not start processes: mark it with `processes`")


def _starts_processes(item: pytest.Item) -> bool:
    needs = item.fixturenames if isinstance(item, pytest.Function) else ()
    return "emulator_url" in needs or item.get_closest_marker("processes") is not None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep what collection creates out of garbage collections: it lives until the end.

    Searching 10,000 tests for garbage takes each worker a second while it collects them, and more
    while it runs them.
    """
    gc.disable()
    result = yield
    gc.collect()
    gc.freeze()
    gc.enable()
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --fast, skip tests that start processes; run the longest tests first."""
    if config.getoption("--fast"):
        left_out = [item for item in items if _starts_processes(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not _starts_processes(item)]
    # Each worker starts with its own range of tests, then steals from others.
    long = [item for item in items if item.get_closest_marker("long")]
    rest = [item for item in items if not item.get_closest_marker("long")]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    stretch = len(items) // workers
    places = sorted(
        (number % workers * stretch + number // workers, number) for number in range(len(long))
    )
    long.sort(key=_seconds, reverse=True)
    for place, number in places:
        rest.insert(place, long[number])
    items[:] = rest


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("long")
    return mark.args[0] if mark else 0


TESTS = str(Path(__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (TESTS, os.environ.get("PYTHONPATH"))))
# Tests start programs of `support` with `python -m`.


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only, like the program."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _forked_programs() -> Iterator[None]:
    """Stop the server that forks programs, if a test has started it."""
    yield
    stop_forking()


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """Run an emulator that draws roughly in its own process, and yield its address."""
    with served("support.emulator.rough") as url:
        yield url


@pytest.fixture
def small_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the emulator in this process draw thumbnails, unless the test is `full_size`."""
    if request.node.get_closest_marker("full_size") is None:
        for module, name, quick in QUICK:
            monkeypatch.setattr(module, name, quick)


@pytest.fixture(scope="session", autouse=True)
def read_trust_store() -> Iterator[Callable[..., ssl.SSLContext]]:
    """Read the certificates once for all clients, 20 ms each; yield what reads them every time."""
    read = httpcore2.default_ssl_context

    @cache
    def shared(*, trust_env: bool, variables: tuple[str | None, ...]) -> ssl.SSLContext:  # noqa: ARG001 -- a part of the key
        return read(_trust_env=trust_env)

    def reading_once(*, _trust_env: bool = True) -> ssl.SSLContext:
        return shared(trust_env=_trust_env, variables=tuple(map(os.environ.get, VARIABLES)))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(httpcore2, "default_ssl_context", reading_once)
        yield read


@pytest.fixture(scope="session", autouse=True)
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Yield empty home folders, and use the first one for longer-lived processes."""
    parent = tmp_path_factory.mktemp("homes")
    homes = (parent / str(number) for number in count())
    with pytest.MonkeyPatch.context() as patched:
        use_home(next(homes), patched)
        yield homes


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """Keep the developer's key, settings and home folder out of every test and its processes."""
    for name in [name for name in os.environ if name.startswith("STABILITY_")]:
        monkeypatch.delenv(name)
    # Whether links to local pages are in answers depends on the machine; here they never are.
    monkeypatch.setenv("SSH_CONNECTION", "127.0.0.1 50000 127.0.0.1 22")
    use_home(next(_homes), monkeypatch)
