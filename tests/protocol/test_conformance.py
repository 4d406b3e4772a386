"""The protocol's own suite against our server factory, over HTTP, in both eras of the protocol.

The suite's fixtures (`fixtures_*.py`) are added to our server through what the factory offers, so
that it is our tools, lists, errors and transport that it judges.
"""

import re
from pathlib import Path

import pytest

from protocol.support_node import CONFORMANCE, installed, node
from protocol.support_serving import serving

SECONDS = 120

# Streams that can be resumed need a store of events, which a server on the user's own machine has
# no use for; the suite's own server does not pass it either, and it is not counted.
UNSERVED = {"server-sse-polling"}

SUMMARY = re.compile(r"^[✓✗] (?P<scenario>\S+): (?P<passed>\d+) passed, (?P<failed>\d+) failed")


@pytest.mark.long(20)
@pytest.mark.parametrize(("revision", "checks"), [("2025-11-25", 80), ("2026-07-28", 190)])
def test_the_conformance_suite_finds_no_fault(revision: str, checks: int, tmp_path: Path) -> None:
    """Documented: every check that a revision of the protocol requires, and those beside them."""
    suite = installed(CONFORMANCE)

    with serving(["-m", "protocol.fixtures_server"], tmp_path) as url:
        told = node(
            suite,
            *("server", "--url", url, "--requirements", revision, "-o", str(tmp_path / "told")),
            home=tmp_path,
            seconds=SECONDS,
        )

    found = [match for line in told.stdout.splitlines() if (match := SUMMARY.match(line))]
    assert told.returncode == 0, told.stdout[-4_000:] + told.stderr[-2_000:]
    assert {each["scenario"] for each in found if int(each["failed"])} <= UNSERVED
    assert sum(int(each["passed"]) for each in found) >= checks
