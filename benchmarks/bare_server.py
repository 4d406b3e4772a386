"""The least that can be called an MCP server for this API: what the real one is measured against.

The same SDK and the same HTTP library; one tool that makes the same request and writes the file. It
keeps no books: a host that gives up loses what it paid for.
"""

import os
import uuid
from functools import cache
from pathlib import Path

import httpx2
from mcp.server import MCPServer

URL = os.environ["STABILITY_BASE_URL"]
HEADERS = {"authorization": f"Bearer {os.environ['STABILITY_API_KEY']}", "accept": "*/*"}
FOLDER = Path(os.environ["STABILITY_OUTPUT_DIR"])

server = MCPServer("bare", version="1")


@cache
def client() -> httpx2.AsyncClient:
    """Return the one client, made with the first call: it reads certificates, which takes time."""
    return httpx2.AsyncClient(base_url=URL, headers=HEADERS, timeout=300)


@server.tool()
async def generate_core(prompt: str) -> str:
    """Make a picture."""
    form = {"prompt": prompt, "aspect_ratio": "1:1", "seed": "0", "output_format": "png"}
    parts = {name: (None, value) for name, value in form.items()}
    answer = await client().post("/v2beta/stable-image/generate/core", files=parts)
    answer.raise_for_status()
    path = FOLDER / f"{uuid.uuid4().hex}.png"
    path.write_bytes(answer.content)
    return f"{path} seed {answer.headers['seed']}"


if __name__ == "__main__":
    server.run()
