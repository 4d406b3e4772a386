"""Starts the server from an unpacked bundle; the host runs this file with uv."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

if __name__ == "__main__":
    from stability_mcp.__main__ import main

    main()
