"""Notifies clients of changed `job://` resources: jobs that start, change state or end.

It polls the database, because other programs on the same folder start and end jobs too. Clients of
the newer protocol listen (`subscriptions/listen`) through the server's bus. Older ones subscribe to
a resource and are notified of list changes; the SDK has no public hook for that, nor for the
capability.
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
"""Poll interval while any client listens."""

JobStates = dict[str, tuple[str, int]]
"""State and attempt of the unfinished jobs, by id."""


class Bus(InMemorySubscriptionBus):
    """The SDK's bus, with a count of its listeners."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: set[object] = set()

    @property
    def has_listeners(self) -> bool:
        """Return whether any client listens."""
        return bool(self._tokens)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register a listener and return a function that removes it; calling it twice is fine."""
        unsubscribe, token = super().subscribe(listener), object()
        self._tokens.add(token)

        def leave() -> None:
            unsubscribe()
            self._tokens.discard(token)

        return leave


class Subscriptions:
    """The subscribed clients of one server, with their resources."""

    def __init__(self) -> None:
        self.bus = Bus()
        self._wanted: dict[Connection, tuple[ServerSession, set[str]]] = {}

    def serve(self, server: Server[LazyStudio]) -> None:
        """Add subscriptions and the capability for clients of the older protocol."""
        # The SDK's own example server patches the same two, as there is no public hook.
        options = NotificationOptions(resources_changed=True)
        server.create_initialization_options = partial(  # type: ignore[method-assign]  # no other seam
            server.create_initialization_options, options
        )
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe
        )

    async def remember_client(
        self, ctx: ServerRequestContext[LazyStudio, Any], call_next: CallNext
    ) -> HandlerResult:
        """Remember clients that list resources, as middleware."""
        if ctx.method == "resources/list":
            self._remember(ctx.session)
        return await call_next(ctx)

    def _remember(self, session: ServerSession) -> set[str]:
        """Remember a client until it disconnects, and return its subscribed resources."""
        connection = session._connection  # noqa: SLF001 -- a session lives as long as one request
        if connection not in self._wanted:
            self._wanted[connection] = (session, set())
            connection.exit_stack.callback(self._wanted.pop, connection, None)
        return self._wanted[connection][1]

    async def watch(self, lazy_studio: LazyStudio) -> None:
        """Poll the database while a client listens, and notify clients, until cancelled."""
        await lazy_studio.ready.wait()
        newest = 0
        before: JobStates | None = None
        while True:
            studio = lazy_studio.opened
            if studio is not None and (self._wanted or self.bus.has_listeners):
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
        self._remember(ctx.session).add(str(params.uri))
        return EmptyResult()

    async def _unsubscribe(
        self, ctx: ServerRequestContext[LazyStudio, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._remember(ctx.session).discard(str(params.uri))
        return EmptyResult()
