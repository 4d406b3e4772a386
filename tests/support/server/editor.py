"""An editor that names its workspace folders to servers that ask."""

from pathlib import Path

import anyio
from mcp.client import ClientRequestContext
from mcp.types import ErrorData, ListRootsResult, Root


class Editor:
    """The client's side: names folders when asked, and counts the questions."""

    def __init__(self, *folders: Path | str) -> None:
        self.uris = [each if isinstance(each, str) else each.as_uri() for each in folders]
        self.asked = 0
        self.error = False
        self.silent = False

    async def __call__(self, context: ClientRequestContext) -> ListRootsResult | ErrorData:  # noqa: ARG002
        """Answer `roots/list`."""
        self.asked += 1
        if self.silent:
            await anyio.sleep_forever()
        if self.error:
            return ErrorData(code=-32603, message="no folder is open")
        return ListRootsResult(roots=[Root(uri=uri) for uri in self.uris])
