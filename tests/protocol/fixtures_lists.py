"""Resources, prompts and legacy-only methods that the conformance suite expects."""

import base64
import json
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.types import (
    EmptyResult,
    InputRequiredResult,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from protocol.fixtures_content import PIXEL, embedded, image
from protocol.fixtures_questions import ask, content_of, questions


def add_resources(server: MCPServer[Any]) -> None:
    """Add the resources to a server."""

    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """A picture."""
        return base64.b64decode(PIXEL)

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched_resource() -> str:
        """A text that clients can subscribe to."""
        return "Watched"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 -- the name in the suite's template
        """A text with an id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def add_prompts(server: MCPServer[Any]) -> None:
    """Add the prompts to a server."""

    @server.prompt()
    def test_simple_prompt() -> str:
        """Return a line of text."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Return its arguments."""
        return f"Prompt with arguments: arg1={arg1!r}, arg2={arg2!r}"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 -- the suite's name
        """Return a resource."""
        return [
            UserMessage(embedded(resourceUri, "Embedded resource content for testing.")),
            UserMessage("Please process the embedded resource above."),
        ]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """Return a picture."""
        return [UserMessage(image()), UserMessage("Please analyze the image above.")]

    @server.prompt()
    def test_input_required_result_prompt(
        ctx: Context[Any, Any],
    ) -> list[UserMessage] | InputRequiredResult:
        """Ask the user before returning a text."""
        entered = content_of(ctx, "user_context")
        if entered is None:
            question = ask("What context should the prompt use?", "context")
            return questions({"user_context": question})
        return [UserMessage(f"The context is {entered['context']}.")]


def add_handshake_methods(server: MCPServer[Any]) -> None:
    """Handle log levels and subscriptions, which revision 2026-07-28 removed."""
    low = server._lowlevel_server  # noqa: SLF001 -- the SDK has no public API for them

    async def set_level(_: object, __: SetLevelRequestParams) -> EmptyResult:
        return EmptyResult()

    async def subscribe(_: object, __: SubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    async def unsubscribe(_: object, __: UnsubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    low.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
    low.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
    low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)
