"""Tools for the conformance suite that return content, progress, log lines or an error.

The suite prescribes their names, arguments and results.
"""

import base64
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import ConfigDict, Field

PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
).decode()
"""A PNG with one red pixel."""

SILENCE = base64.b64encode(
    b"RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00"
    b"\x02\x00\x10\x00data\x02\x00\x00\x00\x00\x00"
).decode()
"""A WAV with one silent sample."""

STEP_SECONDS = 0.05
"""Pause between notifications, required by the suite to see them arrive separately."""

RICH_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def image() -> ImageContent:
    """Return the picture that the suite expects."""
    return ImageContent(data=PIXEL, mime_type="image/png")


def embedded(uri: str, text: str, media_type: str = "text/plain") -> EmbeddedResource:
    """Return an embedded text resource."""
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=media_type, text=text))


async def test_simple_text() -> str:
    """Return a line of text."""
    return "This is a simple text response for testing."


async def test_image_content() -> list[ImageContent]:
    """Return a picture."""
    return [image()]


async def test_audio_content() -> list[AudioContent]:
    """Return audio."""
    return [AudioContent(data=SILENCE, mime_type="audio/wav")]


async def test_embedded_resource() -> list[EmbeddedResource]:
    """Return a resource."""
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


async def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Return text, a picture and a resource."""
    data = embedded("test://mixed-content-resource", '{"test":"data"}', "application/json")
    return [TextContent(text="Multiple content types test:"), image(), data]


async def test_error_handling() -> str:
    """Return an error."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_headers(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """Take an argument that is also sent as an HTTP header."""
    return f"Region: {region}"


async def test_tool_with_progress(ctx: Context[Any, Any]) -> str:
    """Report progress three times."""
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100, f"{progress} of 100")
        await anyio.sleep(STEP_SECONDS)
    return "done"


async def test_tool_with_logging(ctx: Context[Any, Any]) -> str:
    """Log three lines to the client."""
    for line in ("started", "processing data", "completed"):
        await ctx.info(f"Tool execution {line}")
        await anyio.sleep(STEP_SECONDS)
    return "done"


async def test_logging_tool(ctx: Context[Any, Any]) -> str:
    """Log a line, which a client that did not request logs must not receive."""
    await ctx.info("logged")
    return "done"


async def test_trigger_tool_change(ctx: Context[Any, Any]) -> str:
    """Notify subscribers that the tools changed."""
    await ctx.notify_tools_changed()
    return "notified"


async def test_trigger_prompt_change(ctx: Context[Any, Any]) -> str:
    """Notify subscribers that the prompts changed."""
    await ctx.notify_prompts_changed()
    return "notified"


class AnyArguments(ArgModelBase):
    """Accepts any arguments: the tool's schema is written by hand."""

    model_config = ConfigDict(extra="allow")


async def _done() -> CallToolResult:
    return CallToolResult(content=[TextContent(text="done")])


RICH_SCHEMA_TOOL = Tool(
    fn=_done,
    name="json_schema_2020_12_tool",
    description="Tool with JSON Schema 2020-12 features",
    parameters=RICH_SCHEMA,
    is_async=True,
    fn_metadata=FuncMetadata(arg_model=AnyArguments),
)

CONTENT_TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_headers,
    test_tool_with_progress,
    test_tool_with_logging,
    test_logging_tool,
    test_trigger_tool_change,
    test_trigger_prompt_change,
)
