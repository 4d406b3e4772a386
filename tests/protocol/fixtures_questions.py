"""Tools for the conformance suite that need input from the client, in both protocol eras.

Legacy clients receive a request from the server. From 2026-07-28 on, the result is the question
(`InputRequiredResult`), and the client calls again with its reply.
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
    """The fields that `test_elicitation` asks for."""

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
    titledSingle: str = Field(json_schema_extra={"oneOf": TITLED})  # noqa: N815 -- the suite's name
    legacyEnum: str = Field(  # noqa: N815 -- the suite's name
        json_schema_extra={
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        }
    )
    untitledMulti: list[str] = Field(  # noqa: N815 -- the suite's name
        json_schema_extra={"items": {"type": "string", "enum": OPTIONS}}
    )
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": TITLED}})  # noqa: N815 -- the suite's name


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


def text_result(text: str) -> CallToolResult:
    """Return a text result."""
    return CallToolResult(content=[TextContent(text=text)])


def questions(requests: dict[str, InputRequest], state: str | None = None) -> InputRequiredResult:
    """Return a result that requests input."""
    return InputRequiredResult(input_requests=requests, request_state=state)


def content_of(ctx: Context[Any, Any], key: str) -> dict[str, Any] | None:
    """Return what the user entered, or None if there is no accepted reply."""
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
    return text_result(f"LLM response: {result.content}")


async def test_elicitation(message: str, ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user for two fields."""
    return text_result(f"User response: {await ctx.elicit(message, User)}")


async def test_elicitation_sep1034_defaults(ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user, with a default of every primitive type."""
    return text_result(f"Elicitation completed: {await ctx.elicit('Please review', Defaults)}")


async def test_elicitation_sep1330_enums(ctx: Context[Any, Any]) -> CallToolResult:
    """Ask the user for a choice of every kind."""
    return text_result(f"Elicitation completed: {await ctx.elicit('Please choose', Choices)}")


async def test_input_required_result_elicitation(ctx: Context[Any, Any]) -> Answer:
    """Ask for a name until there is one."""
    entered = content_of(ctx, "user_name")
    if entered is None:
        return questions({"user_name": ask("What is your name?", "name")})
    return text_result(f"Hello, {entered['name']}!")


async def test_streaming_elicitation(ctx: Context[Any, Any]) -> Answer:
    """Ask after a notification, so that the response is a stream."""
    await ctx.report_progress(1, 2)
    return questions({"user_name": ask("What is your name?", "name")})


async def test_input_required_result_sampling(ctx: Context[Any, Any]) -> Answer:
    """Ask the client's model."""
    reply = (ctx.input_responses or {}).get("capital_question")
    if reply is None:
        return questions({"capital_question": sample("What is the capital of France?")})
    return text_result(f"Answered: {reply}")


async def test_input_required_result_list_roots(ctx: Context[Any, Any]) -> Answer:
    """Ask for the client's roots."""
    reply = (ctx.input_responses or {}).get("client_roots")
    if reply is None:
        return questions({"client_roots": ListRootsRequest()})
    return text_result(f"Roots: {reply}")


async def test_input_required_result_capabilities(ctx: Context[Any, Any]) -> Answer:
    """Ask only for input that the client supports."""
    capabilities = ctx.client_capabilities
    requests: dict[str, InputRequest] = {}
    if capabilities is not None and capabilities.elicitation is not None:
        requests["user_name"] = ask("What is your name?", "name")
    if capabilities is not None and capabilities.sampling is not None:
        requests["greeting"] = sample("Generate a greeting")
    return questions(requests) if requests else text_result("The client supports no input.")


async def test_missing_capability(ctx: Context[Any, Any]) -> CallToolResult:
    """Require sampling, and refuse a client that does not offer it."""
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs sampling.",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return text_result("The client offers sampling.")


async def test_input_required_result_request_state(ctx: Context[Any, Any]) -> Answer:
    """Ask, and get the same state back in the second round."""
    if ctx.request_state != "asked":
        return questions({"confirm": CONFIRM}, "asked")
    return text_result(f"state-ok: {content_of(ctx, 'confirm')}")


async def test_input_required_result_tampered_state(ctx: Context[Any, Any]) -> Answer:
    """Ask with a state that the server signs; a modified one never gets this far."""
    if ctx.request_state is None:
        return questions({"confirm": CONFIRM}, "sealed")
    if ctx.request_state != "sealed":
        raise MCPError(INVALID_PARAMS, "The state was modified.")
    return text_result("The state is unchanged.")


async def test_input_required_result_multiple_inputs(ctx: Context[Any, Any]) -> Answer:
    """Ask for user, model and roots at once."""
    wanted = {"user_name", "greeting", "client_roots"}
    if not wanted <= set(ctx.input_responses or {}):
        return questions(
            {
                "user_name": ask("What is your name?", "name"),
                "greeting": sample("Generate a greeting", 50),
                "client_roots": ListRootsRequest(),
            },
            "three requests",
        )
    return text_result("All received.")


async def test_input_required_result_multi_round(ctx: Context[Any, Any]) -> Answer:
    """Ask twice, one after the other."""
    if ctx.request_state is None:
        return questions({"step1": ask("Step 1: What is your name?", "name")}, "round 1")
    if ctx.request_state == "round 1":
        step = ask("Step 2: What is your favorite color?", "color")
        return questions({"step2": step}, "round 2")
    entered = cast("dict[str, Any]", content_of(ctx, "step2"))
    return text_result(f"Your color is {entered['color']}.")


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
