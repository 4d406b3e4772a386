"""Start-up imports: Pillow and tinytag are only loaded when needed."""

import subprocess
import sys

import pytest


@pytest.mark.processes
def test_reading_headers_loads_neither_pillow_nor_tinytag() -> None:
    """Chosen: reading the size of a paid result must not take the 15 ms to load each."""
    program = (
        "import io, sys\n"
        "from stability_mcp.imaging import fit, mask, memory, preview, probe, provenance, sheet\n"
        "png = b'\\x89PNG\\r\\n\\x1a\\n' + bytes.fromhex('0000000d49484452000000010000000108"
        "000000003a7e9b550000000a49444154789c63600000000200014873afa0'\n"
        "'0000000049454e44ae426082')\n"
        "assert probe.probe(io.BytesIO(png)).size == (1, 1)\n"
        "assert not {'PIL', 'PIL.Image', 'tinytag'} & set(sys.modules), 'loaded too early'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
