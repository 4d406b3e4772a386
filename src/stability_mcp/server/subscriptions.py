"""Tells clients that jobs came, went on or ended: `job://` resources change.

The journal is looked at, not the calls of this server: other programs on the same folder start and
end jobs too. Clients of the newer protocol listen by themselves (`subscriptions/listen`), through
the server's bus. The others subscribe to a resource, and are told of the list as they are; the SDK
has no public place for either, nor for saying so when they connect.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
)
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.uris import job_uri

POLL_SECONDS = 0.5
"""How often the journal is looked at, while somebody listens."""

JobStates = dict[str, tuple[str, int]]
"""State and attempt of the unfinished jobs, by id."""


class Bus(InMemorySubscriptionBus):
    """The SDK's bus, which knows whether anybody listens."""

    def __init__(self) -> None:
        super().__init__()
        self._here: set[object] = set()

    @property
    def heard(self) -> bool:
        """Return whether anybody listens."""
        return bool(self._here)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register a listener and return what takes it away again, however often it is called."""
        unsubscribe, token = super().subscribe(listener), object()
        self._here.add(token)

        def leave() -> None:
            unsubscribe()
            self._here.discard(token)

        return leave


class Subscriptions:
    """The clients of one server that want to know, and what they subscribed to."""

    def __init__(self) -> None:
        self.bus = Bus()
        self._wanted: dict[Connection, tuple[ServerSession, set[str]]] = {}

    def serve(self, server: Server[LazyStudio]) -> None:
        """Let clients of the older protocol subscribe, and tell them that they can."""
        # The SDK's own example server reaches for the same two, for want of others.
        options = NotificationOptions(resources_changed=True)
        server.create_initialization_options = partial(  # type: ignore[method-assign]  # no other seam
            server.create_initialization_options, options
        )
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe
        )

    async def meet(
        self, ctx: ServerRequestContext[LazyStudio, Any], call_next: CallNext
    ) -> HandlerResult:
        """Remember a client that asks for the list; this is middleware."""
        if ctx.method == "resources/list":
            self._met(ctx.session)
        return await call_next(ctx)

    def _met(self, session: ServerSession) -> set[str]:
        """Remember a client until it is gone, and return the resources that it subscribed to."""
        connection = session._connection  # noqa: SLF001 -- a session lives as long as one request
        if connection not in self._wanted:
            self._wanted[connection] = (session, set())
            connection.exit_stack.callback(self._wanted.pop, connection, None)
        return self._wanted[connection][1]

    async def watch(self, lazy_studio: LazyStudio) -> None:
        """Watch the journal while a client listens, and notify it, until cancelled."""
        await lazy_studio.ready.wait()
        newest = 0
        before: JobStates | None = None
        while True:
            studio = lazy_studio.opened
            if studio is not None and (self._wanted or self.bus.heard):
                latest, now = await studio.activity()
                if before is not None:
                    await self._notify_all(before, now, more=latest != newest)
                newest, before = latest, now
            else:
                before = None
            await anyio.sleep(POLL_SECONDS)

    async def _notify_all(self, before: JobStates, now: JobStates, *, more: bool) -> None:
        changed = {job for job in before.keys() | now.keys() if before.get(job) != now.get(job)}
        if more or changed:  # a state is part of the list
            await self._notify_list_changed()
        for job in sorted(changed):
            await self._notify_resource_updated(job_uri(job))

    async def _notify_list_changed(self) -> None:
        await self.bus.publish(ResourcesListChanged())
        for session, _ in list(self._wanted.values()):
            await session.send_resource_list_changed()

    async def _notify_resource_updated(self, uri: str) -> None:
        await self.bus.publish(ResourceUpdated(uri=uri))
        for session, uris in list(self._wanted.values()):
            if uri in uris:
                await session.send_resource_updated(uri)

    async def _subscribe(
        self, ctx: ServerRequestContext[LazyStudio, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        self._met(ctx.session).add(str(params.uri))
        return EmptyResult()

    async def _unsubscribe(
        self, ctx: ServerRequestContext[LazyStudio, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._met(ctx.session).discard(str(params.uri))
        return EmptyResult()
