"""One request to a route: its studio, what its client prefers, and the tools it may call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from starlette.requests import Request

from stability_mcp.api.parsing import parse_model
from stability_mcp.rest.accepting import prefers_json
from stability_mcp.rest.body_stream import BodyStream
from stability_mcp.rest.identity import Identity, identity_of
from stability_mcp.rest.preference import Preference
from stability_mcp.rest.rest_face import RestFace
from stability_mcp.rest.route import RestRoute
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.price_questions import Confirmer
from stability_mcp.server.tools import load_tools
from stability_mcp.settings import Settings
from stability_mcp.studio import CallKey, Studio
from stability_mcp.studio.workflow.run_start import RunOptions

NO_FILES = "calls over HTTP read no files of this machine"
"""Why a tool must not use what only the user at this machine may, as a clause."""


@dataclass(frozen=True, kw_only=True)
class RestCall:
    """A request to a route, read as far as its arguments."""

    route: RestRoute
    request: Request
    face: RestFace
    opened: Studio | None
    """As this client may use it: it reads no files of this machine; None: the route needs none."""
    notes: list[str] = field(default_factory=list)
    """What was repaired or converted in files that the request carried."""
    body: BodyStream
    """The bytes of the body, for a route that reads them itself."""

    key: CallKey | None = None
    """The `Idempotency-Key` with what it is for; None: it was sent without one."""

    @property
    def studio(self) -> Studio:
        """Return the studio as this client may use it."""
        if self.opened is None:
            raise RuntimeError(f"the route {self.route.name} is open, so it has no studio")
        return self.opened

    @property
    def settings(self) -> Settings:
        """Return the operator's settings."""
        return self.face.settings

    @property
    def identity(self) -> Identity:
        """Return who sent it."""
        return identity_of(self.request.scope)

    @cached_property
    def preference(self) -> Preference:
        """Return how long the client prefers to wait."""
        return Preference.of(self.request.headers.getlist("prefer"))

    @property
    def wait(self) -> float:
        """Return how long to wait for synchronous work, in seconds."""
        return self.preference.seconds(self.settings.rest_wait)

    @property
    def patience(self) -> float:
        """Return how long to wait for work that usually isn't waited for, in seconds."""
        return self.preference.seconds(0)

    @cached_property
    def accept(self) -> str:
        """Return the media types that the client accepts; a parameter may replace the header."""
        named = self.request.query_params.get("accept_type")
        return named or self.request.headers.get("accept", "*/*")

    @property
    def prefers_json(self) -> bool:
        """Return whether the client prefers JSON to bytes."""
        return prefers_json(self.accept)

    def confirmer(self, agreed: float | None) -> Confirmer:
        """Return the price check of the call.

        Args:
            agreed: Credits that the user agreed to; None: the client doesn't know.
        """
        return Confirmer(
            lazy_studio=self.face.get_lazy_studio(),
            studio=self.studio,
            elicitation=None,
            agreed=agreed,
            max_wait=0,
        )

    def run_options(self, agreed: float | None = None) -> RunOptions:
        """Return the options of a call about a run of a workflow.

        Args:
            agreed: Credits that the user agreed to.
        """
        return RunOptions(
            wait=self.patience, confirm=self.confirmer(agreed), preview=False, key=self.key
        )

    async def tool(self, name: str, arguments: Mapping[str, Any], *, wait: float = 0) -> Any:  # noqa: ANN401 -- what the tool returns
        """Call the function of a tool; its arguments are parsed as those of a tool call.

        Args:
            name: The name of the tool.
            arguments: Its arguments.
            wait: Seconds that it may wait.

        Raises:
            StudioError: the tool refuses.
        """
        tool = (await load_tools())[name]
        parsed: Any = arguments
        if not tool.parses:
            parsed = parse_model(tool.arguments, arguments, what=name, hints=tool.hints)
        context = CallContext(
            tool=name,
            settings=self.settings,
            enabled=frozenset(all_tools()),
            wait=wait,
            confirm=partial(RestCall.confirmer, self),
            connection=self.face.connection,
            exposure=NO_FILES,
            client="REST",
            client_name="REST",
        )
        return await tool.function(self.studio, parsed, context)
