"""Results of tools that answer with data or a page of text; they need neither store nor studio.

Every text goes through `plain()`, as in `results`.
"""

import json
from collections.abc import Mapping
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from stability_mcp.server.tool import Data
from stability_mcp.text import plain


def of_data(data: BaseModel, *, uncollected: str | None) -> CallToolResult:
    """Return the result of a tool that only returns data: as structure, and the same as text."""
    structure = cleaned(data.model_dump(mode="json", exclude_none=True))
    data_text = data.as_text() if isinstance(data, Data) else None
    text = [
        data_text or json.dumps(structure, ensure_ascii=False, separators=(",", ":")),
        *filter(None, [uncollected]),
    ]
    return CallToolResult(
        content=[TextContent(text=plain(each)) for each in text], structured_content=structure
    )


def of_text(text: str, *, uncollected: str | None) -> CallToolResult:
    """Return the result of a tool that answers with a page of text."""
    parts = [text, *filter(None, [uncollected])]
    return CallToolResult(content=[TextContent(text=plain(each)) for each in parts])


def cleaned(value: Any) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return JSON whose texts can leave the program."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list | tuple) else value
