"""Tools of the conformance suite that ask the client something, in both eras of the protocol.

Handshake clients are asked by a request of the server; from 2026-07-28 on the answer itself is a
question (`InputRequiredResult`), and the client calls again with its reply.
"""

from typing import Any, Literal, cast

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field, JsonValue

Answer = CallToolResult | InputRequiredResult


class User(BaseModel):
    """What `test_elicitation` asks for."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    """A default of every primitive type."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


OPTIONS: list[JsonValue] = ["option1", "option2", "option3"]
TITLED: list[JsonValue] = [
    {"const": "value1", "title": "First Option"},
    {"const": "value2", "title": "Second Option"},
    {"const": "value3", "title": "Third Option"},
]


class Choices(BaseModel):
    """Every way to offer a choice."""

    untitledSingle: str = Field(json_schema_extra={"enum": OPTIONS})  # noqa: N815 -- the suite's name
    titledSingle: str = Field(json_schema_extra={"oneOf": TITLED})  # noqa: N815 -- likewise
    legacyEnum: str = Field(  # noqa: N815 -- likewise
        json_schema_extra={
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        }
    )
    untitledMulti: list[str] = Field(  # noqa: N815 -- likewise
        json_schema_extra={"items": {"type": "string", "enum": OPTIONS}}
    )
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": TITLED}})  # noqa: N815 -- likewise


def ask(message: str, field: str, kind: str = "string") -> ElicitRequest:
    """Return a question to the user with one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, max_tokens: int = 100) -> CreateMessageRequest:
    """Return a question to the client's model."""
    message = SamplingMessage(role="user", content=TextContent(text=prompt))
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def said(text: str) -> CallToolResult:
    """Return a text as a result."""
    return CallToolResult(content=[TextContent(text=text)])


def questions(requests: dict[str, InputRequest], state: str | None = None) -> InputRequiredResult:
    """Return a result that asks."""
    return InputRequiredResult(input_requests=requests, request_state=state)


def content_of(ctx: Context[Any, Any], key: str) -> dict[str, Any] | None:
    """Return what the user entered; None where there is no reply yet, or not a yes."""
    reply = (ctx.input_responses or {}).get(key)
    if isinstance(reply, ElicitResult) and reply.action == "accept":
        return dict(reply.content or {})
    return None


CONFIRM = ask("Please confirm", "ok", "boolean")


async def test_sampling(prompt: str, ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the client's model."""
    result = await ctx.session.create_message(
        [SamplingMessage(role="user", content=TextContent(text=prompt))],
        max_tokens=100,
        related_request_id=ctx.request_id,
    )
    return said(f"LLM response: {result.content}")


async def test_elicitation(message: str, ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user for two fields."""
    return said(f"User response: {await ctx.elicit(message, User)}")


async def test_elicitation_sep1034_defaults(ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user, with a default of every primitive type."""
    return said(f"Elicitation completed: {await ctx.elicit('Please review', Defaults)}")


async def test_elicitation_sep1330_enums(ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user to choose, in every way there is."""
    return said(f"Elicitation completed: {await ctx.elicit('Please choose', Choices)}")


async def test_input_required_result_elicitation(ctx: Context[Any, Any]) -> Answer:
    """Ask for a name, and again until there is one."""
    entered = content_of(ctx, "user_name")
    if entered is None:
        return questions({"user_name": ask("What is your name?", "name")})
    return said(f"Hello, {entered['name']}!")


async def test_streaming_elicitation(ctx: Context[Any, Any]) -> Answer:
    """Ask after a notification, so that the answer is a stream."""
    await ctx.report_progress(1, 2)
    return questions({"user_name": ask("What is your name?", "name")})


async def test_input_required_result_sampling(ctx: Context[Any, Any]) -> Answer:
    """Ask the client's model."""
    reply = (ctx.input_responses or {}).get("capital_question")
    if reply is None:
        return questions({"capital_question": sample("What is the capital of France?")})
    return said(f"Answered: {reply}")


async def test_input_required_result_list_roots(ctx: Context[Any, Any]) -> Answer:
    """Ask for the client's roots."""
    reply = (ctx.input_responses or {}).get("client_roots")
    if reply is None:
        return questions({"client_roots": ListRootsRequest()})
    return said(f"Roots: {reply}")


async def test_input_required_result_capabilities(ctx: Context[Any, Any]) -> Answer:
    """Ask only what the client says it can be asked."""
    can = ctx.client_capabilities
    asked: dict[str, InputRequest] = {}
    if can is not None and can.elicitation is not None:
        asked["user_name"] = ask("What is your name?", "name")
    if can is not None and can.sampling is not None:
        asked["greeting"] = sample("Generate a greeting")
    return questions(asked) if asked else said("There is nobody to ask.")


async def test_missing_capability(ctx: Context[Any, Any]) -> CallToolResult:
    """Need sampling, and refuse a client that does not offer it."""
    can = ctx.client_capabilities
    if can is None or can.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool asks the client's model.",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return said("The client can be asked.")


async def test_input_required_result_request_state(ctx: Context[Any, Any]) -> Answer:
    """Ask, and find the own state again in the second round."""
    if ctx.request_state != "asked":
        return questions({"confirm": CONFIRM}, "asked")
    return said(f"state-ok: {content_of(ctx, 'confirm')}")


async def test_input_required_result_tampered_state(ctx: Context[Any, Any]) -> Answer:
    """Ask with a state that the server seals: a changed one never gets this far."""
    if ctx.request_state is None:
        return questions({"confirm": CONFIRM}, "sealed")
    if ctx.request_state != "sealed":
        raise MCPError(INVALID_PARAMS, "The state was changed.")
    return said("The state is whole.")


async def test_input_required_result_multiple_inputs(ctx: Context[Any, Any]) -> Answer:
    """Ask user, model and roots at once."""
    wanted = {"user_name", "greeting", "client_roots"}
    if not wanted <= set(ctx.input_responses or {}):
        return questions(
            {
                "user_name": ask("What is your name?", "name"),
                "greeting": sample("Generate a greeting", 50),
                "client_roots": ListRootsRequest(),
            },
            "three asked",
        )
    return said("All answered.")


async def test_input_required_result_multi_round(ctx: Context[Any, Any]) -> Answer:
    """Ask twice, one after the other."""
    if ctx.request_state is None:
        return questions({"step1": ask("Step 1: What is your name?", "name")}, "round 1")
    if ctx.request_state == "round 1":
        step = ask("Step 2: What is your favorite color?", "color")
        return questions({"step2": step}, "round 2")
    entered = cast("dict[str, Any]", content_of(ctx, "step2"))
    return said(f"Your color is {entered['color']}.")


QUESTIONS = (
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_input_required_result_elicitation,
    test_streaming_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_capabilities,
    test_missing_capability,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
)
