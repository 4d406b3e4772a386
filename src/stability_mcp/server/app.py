"""Builds the server, for stdio, HTTP, the command line and tests.

It lists tools from the shipped schema files and loads nothing heavy; the first call that needs the
operations or the store loads them (see `tool_calls.py`, `lazy_studio.py`, `opening.py`).
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    Completion,
    CompletionArgument,
    CompletionContext,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    PromptReference,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
    ToolAnnotations,
)
from pydantic import AnyUrl, ConfigDict

from stability_mcp import __version__
from stability_mcp.api.notation import parse_object
from stability_mcp.server import apps, resources
from stability_mcp.server.call_context import TICKET, CallContext, reporter
from stability_mcp.server.catalog import all_tools, enabled_tools, without
from stability_mcp.server.client_roots import forget_on_change, workspace_source
from stability_mcp.server.completions import complete
from stability_mcp.server.definition import Definition
from stability_mcp.server.elicitation import Elicitation
from stability_mcp.server.error_results import unknown_tool
from stability_mcp.server.face import PLAIN_FACE, Face
from stability_mcp.server.kept_list import KeptToolList
from stability_mcp.server.lazy_studio import LazyStudio, OpenStudio, lazy_studio_open, open_lazily
from stability_mcp.server.loading import load
from stability_mcp.server.opening import open_existing
from stability_mcp.server.prompts import PromptContext, offered_prompts
from stability_mcp.server.subscriptions import Subscriptions
from stability_mcp.server.tasks.extension import TasksExtension
from stability_mcp.server.tasks.job_tasks import JobTasks
from stability_mcp.server.tasks.port import Tasks
from stability_mcp.server.tools import FREE_TOOLS
from stability_mcp.settings import Settings
from stability_mcp.text import did_you_mean, quoted

NAME = "stability-mcp"
TITLE = "Stability AI"

MAX_INSTRUCTIONS = 1_500
"""Maximum characters of the instructions, which are part of every conversation."""
INSTRUCTIONS = (Path(__file__).parent / "instructions.md").read_text(encoding="utf-8")
EMULATED = (
    "There is no API key: everything runs on a built-in emulator that makes placeholders at no "
    "cost; tell the user."
)

FREE_CALLS = "stability_mcp.server.free_calls"
TOOL_CALLS = "stability_mcp.server.tool_calls"
"""Modules that run calls, each loaded with the first call that needs it."""

BEFORE_THE_HANDSHAKE = frozenset({"initialize", "ping"})
"""Methods sent before the handshake is complete; `server/discover` is a complete handshake."""

_current: ContextVar[LazyStudio] = ContextVar("lazy_studio")
"""The studio of the current request; the SDK passes no context to completions."""


class RawArguments(ArgModelBase):
    """Passes arguments through unchecked; our own models validate them with better messages."""

    model_config = ConfigDict(extra="allow")

    def model_dump_one_level(self) -> dict[str, Any]:
        """Return them as the only argument of the tool's function."""
        return {"arguments": dict(self.model_extra or {})}


class StudioServer(MCPServer[LazyStudio]):
    """The SDK's server with this project's tools, resources and errors for unknown tools."""

    def __init__(
        self,
        settings: Settings,
        *,
        opener: OpenStudio,
        extra_tools: Iterable[Tool],
        carriers: Iterable[Tasks],
        face: Face,
    ) -> None:
        self._studio_settings = settings
        self._lazy_studios: set[LazyStudio] = set()
        self._tool_list = KeptToolList()
        self._wait = face.wait if settings.wait is None else settings.wait
        self._exposure = face.exposure
        self._many_clients = face.over_http
        self._listed_as = face.listed_as
        self._every = frozenset(all_tools())
        shown = enabled_tools(settings.toolsets)
        extra_tools = list(extra_tools)
        self._enabled = frozenset(each.name for each in shown)
        self._offered = self._enabled | {tool.name for tool in extra_tools}
        subscriptions = Subscriptions()
        super().__init__(
            NAME,
            title=TITLE,
            version=__version__,
            instructions=instructions(self._enabled, self._every, emulated=settings.emulated),
            tools=[*(self._tool(each) for each in shown), *extra_tools],
            lifespan=partial(
                _lifespan,
                settings,
                partial(lazy_studio_open, settings, opener, face),
                self._lazy_studios,
                subscriptions,
            ),
            middleware=[
                _remember_lazy_studio,
                _read_arguments,
                subscriptions.remember_client,
                self._tool_list.answer,
                *([apps.advertise] if settings.apps != "off" else []),
            ],
            subscriptions=subscriptions.bus,
            extensions=[
                TasksExtension([*carriers, JobTasks(self._enabled)]),
                *([apps.AppsExtension()] if settings.apps != "off" else []),
            ],
            log_level=settings.log_level,
        )
        subscriptions.serve(self._lowlevel_server)
        forget_on_change(self._lowlevel_server)

    def _tool(self, definition: Definition) -> Tool:
        async def run(
            arguments: dict[str, Any], ctx: Context[LazyStudio, Any]
        ) -> CallToolResult | InputRequiredResult:
            return await self._run(definition.name, arguments, ctx)

        return Tool(
            fn=run,
            name=definition.name,
            title=definition.title,
            description=definition.description,
            parameters=definition.input_schema,
            fn_metadata=FuncMetadata(
                arg_model=RawArguments, output_schema=definition.output_schema
            ),
            is_async=True,
            context_kwarg="ctx",
            annotations=ToolAnnotations.model_validate(dict(definition.annotations)),
            meta=apps.app_meta(definition, self._studio_settings.apps),
        )

    async def _run(
        self, name: str, arguments: dict[str, Any], ctx: Context[LazyStudio, Any]
    ) -> CallToolResult | InputRequiredResult:
        calls = await load(FREE_CALLS if name in FREE_TOOLS else TOOL_CALLS)
        params = ctx.session.client_params
        context = CallContext(
            tool=name,
            settings=self._studio_settings,
            enabled=self._enabled,
            wait=self._wait,
            progress=reporter(ctx),
            elicitation=Elicitation(ctx),
            ticket=TICKET.get(),
            pages=ctx.request_context.lifespan_context.pages,
            workspace=workspace_source(ctx.session, self._exposure),
            connection=ctx.session._connection.state if self._many_clients else None,  # noqa: SLF001 -- as in `client_roots`
            exposure=self._exposure,
            client=f"{params.client_info.name} {params.client_info.version}" if params else "",
            client_name=_client_name(ctx),
            listed_as=self._listed_as or _client_name(ctx),
        )
        result: CallToolResult | InputRequiredResult = await calls.call(
            ctx.request_context.lifespan_context, arguments, context
        )
        return result

    async def run_streams(
        self,
        read: ReadStream[SessionMessage | Exception],
        write: WriteStream[SessionMessage],
    ) -> None:
        """Serve one client over a pair of streams, until the first one ends."""
        options = self._lowlevel_server.create_initialization_options()
        await self._lowlevel_server.run(read, write, options)

    @property
    def lazy_studio(self) -> LazyStudio:
        """Return the studio of the running server, which another face may share."""
        return next(iter(self._lazy_studios))

    async def finish(self) -> None:
        """Send nothing new; return when requests in flight are finished and stored."""
        for lazy_studio in list(self._lazy_studios):
            lazy_studio.close()
            await lazy_studio.closed.wait()

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[LazyStudio, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; an unknown name gets a suggestion."""
        if name not in self._offered:
            return unknown_tool(
                name,
                enabled=self._offered,
                every=self._every,
                toolsets=self._studio_settings.toolsets,
            )
        return await super().call_tool(name, arguments, context)

    def add_tool(self, fn: Callable[..., Any], *names: Any, **options: Any) -> None:  # noqa: ANN401 -- the SDK's
        """Add a tool to the list."""
        super().add_tool(fn, *names, **options)
        self._tool_list.drop()

    def remove_tool(self, name: str) -> None:
        """Remove a tool from the list."""
        super().remove_tool(name)
        self._tool_list.drop()

    async def list_prompts(self) -> list[Prompt]:
        """List the prompts whose tools are enabled, and those that were added."""
        ours = offered_prompts(self._enabled)
        return [*(each.listed() for each in ours), *await super().list_prompts()]

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[LazyStudio, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """Return the instructions of a prompt; an unknown name gets a suggestion."""
        ours = {each.name: each for each in offered_prompts(self._enabled)}
        if context is None or name not in ours:
            added = [each.name for each in await super().list_prompts()]
            if name not in added:
                hint = did_you_mean(name, (*ours, *added))
                raise MCPError(
                    INVALID_PARAMS, f"There is no prompt {quoted(name)}. {hint}".rstrip()
                )
            return await super().get_prompt(name, arguments, context)
        prompt_context = PromptContext(
            lazy_studio=context.request_context.lifespan_context,
            enabled=self._enabled,
            client=_client_name(context),
        )
        return await ours[name].get(arguments or {}, prompt_context)

    async def list_resources(self) -> list[Resource]:
        """List the static resources and the newest jobs."""
        jobs = await resources.jobs(_current.get())
        return [*resources.STATIC, *jobs, *await super().list_resources()]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """List the templates of resource URIs."""
        return [*resources.TEMPLATES, *await super().list_resource_templates()]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[LazyStudio, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read an App, a built-in resource, or one that was added."""
        page = await apps.read(str(uri), self._studio_settings.apps)
        if page is not None:
            return page
        if context is not None:
            lazy_studio = context.request_context.lifespan_context
            client = _client_name(context)
            found = await resources.read(str(uri), lazy_studio, self._enabled, client)
            if found is not None:
                return found
        return await super().read_resource(uri, context)


def build_server(
    settings: Settings,
    *,
    open_studio: OpenStudio = open_lazily,
    extra_tools: Sequence[Tool] = (),
    carriers: Sequence[Tasks] = (),
    face: Face = PLAIN_FACE,
) -> StudioServer:
    """Build the server.

    Args:
        settings: The operator's settings.
        open_studio: Opens the studio.
        extra_tools: Additional tools, such as the fixtures of a conformance suite.
        carriers: Run the extra tools as tasks, for clients that support tasks.
        face: The program that runs the server.

    Raises:
        ConfigurationError: a toolset doesn't exist, or the file of defaults is wrong.
    """
    if settings.defaults is not None:
        from stability_mcp.studio import read_defaults  # slow, so only where it is needed

        read_defaults(settings.defaults)
    server = StudioServer(
        settings,
        opener=open_studio,
        extra_tools=extra_tools,
        carriers=carriers,
        face=face,
    )
    server.completion()(_complete)  # type: ignore[no-untyped-call]  # the SDK left it untyped
    return server


def instructions(enabled: Iterable[str], every: Iterable[str], *, emulated: bool) -> str:
    """Return the instructions that a client gets on connecting; they name only enabled tools."""
    off = set(every) - set(enabled)
    lines = [without(line, off) for line in INSTRUCTIONS.splitlines()]
    return "\n".join([*lines, *([EMULATED] if emulated else [])])


def _client_name(context: Context[LazyStudio, Any]) -> str:
    """Return the name that the client gave itself; "" if none."""
    params = context.session.client_params
    return params.client_info.name if params else ""


async def _complete(
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None,  # noqa: ARG001 -- the SDK's signature
) -> Completion:
    return await complete(ref, argument, _current.get())


async def _remember_lazy_studio(
    ctx: ServerRequestContext[LazyStudio, Any], call_next: CallNext
) -> HandlerResult:
    _current.set(ctx.lifespan_context)
    if ctx.method not in BEFORE_THE_HANDSHAKE:
        ctx.lifespan_context.handshake_done.set()
    return await call_next(ctx)


async def _read_arguments(
    ctx: ServerRequestContext[LazyStudio, Any], call_next: CallNext
) -> HandlerResult:
    """Accept arguments that come as JSON text, or as an empty text or list: none."""
    arguments = (ctx.params or {}).get("arguments")
    if ctx.method == "tools/call" and isinstance(arguments, str | list):
        read = parse_object(arguments)
        if read is not None:
            ctx = replace(ctx, params={**(ctx.params or {}), "arguments": read})
    return await call_next(ctx)


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    opening: Callable[[], AbstractAsyncContextManager[LazyStudio]],
    lazy_studios: set[LazyStudio],
    subscriptions: Subscriptions,
    server: MCPServer[LazyStudio],  # noqa: ARG001 -- the SDK's signature
) -> AsyncIterator[LazyStudio]:
    with ExitStack() as stack:
        async with opening() as lazy_studio:
            lazy_studios.add(lazy_studio)
            # Only after requests in flight are finished: hosts close stdin, then send a signal.
            stack.callback(lazy_studios.discard, lazy_studio)
            lazy_studio.spawn(partial(subscriptions.watch, lazy_studio))
            lazy_studio.spawn(partial(open_existing, settings.home_dir, lazy_studio))
            yield lazy_studio
