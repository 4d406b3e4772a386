"""The page's own API at `/api/ui`: session, tools, operations, workflows and links to pictures.

Everything else that the page needs is a REST route. No route has logic of its own: tools do the
work, and the studio keeps the rest.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from stability_mcp import __version__
from stability_mcp.pages.operation_list import OperationList
from stability_mcp.pages.page_token import bearer
from stability_mcp.pages.picture_links import FORMS, PictureLinks
from stability_mcp.pages.run_details import plan_of_template, run_details
from stability_mcp.pages.saved_plans import list_workflows, save_workflow
from stability_mcp.pages.ui_answers import UiProblemError, failure, json_answer
from stability_mcp.pages.ui_face import ToolRequest, UiFace

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body: the longest plan, or 10,000 strokes of a mask. Files go to the REST routes."""
MAX_PICTURES = 200
"""Ids in one request for links: as many as a page of a list has rows."""

Endpoint = Callable[[Request], Awaitable[Response]]


class UiApi:
    """The routes.

    Args:
        face: What the program hands the page.
        links: Signs links to pictures.
    """

    def __init__(self, face: UiFace, links: PictureLinks) -> None:
        self._face = face
        self._links = links
        self._operations: OperationList | None = None
        self._example_prices: dict[str, list[float]] = {}
        self.routes = [
            Route("/api/ui/session", _answering(self.open_session), methods=["POST"]),
            self._route("GET", "session", self.session),
            self._route("POST", "tools/{name}", self.tool),
            self._route("GET", "operations", self.operations),
            self._route("GET", "workflows", self.workflows),
            self._route("PUT", "workflows/{name}", self.save_workflow),
            self._route("GET", "runs/{id}", self.run),
            self._route("POST", "plans", self.plan),
            self._route("POST", "pictures", self.pictures),
        ]

    def _route(self, method: str, path: str, function: Endpoint) -> Route:
        """Return a route that needs the page's token."""

        async def checked(request: Request) -> Response:
            if not self._face.tokens.is_valid(bearer(request.headers.get("authorization", ""))):
                raise UiProblemError(
                    401,
                    "unauthorized",
                    "This page belongs to a server that was stopped. Open the new link that "
                    "`stability-mcp ui` printed.",
                )
            return await function(request)

        return Route(f"/api/ui/{path}", _answering(checked), methods=[method])

    async def open_session(self, request: Request) -> Response:
        """Exchange a one-time code for a token."""
        code = (await self._object(request)).get("code")
        if not isinstance(code, str):
            raise UiProblemError(400, "invalid_arguments", "code must be text.")
        return json_answer({"token": self._face.tokens.exchange(code)})

    async def session(self, _request: Request) -> Response:
        """Return what every page shows: version, upstream and money, in credits."""
        studio = await self._face.get_studio()
        settings, spent = studio.settings, await studio.spending()
        amounts = {
            "budget": spent.limit,
            "spent": spent.today,
            "reserved": spent.reserved,
            "balance": spent.balance,
            "confirm_above": settings.confirm_millicredits,
        }
        return json_answer(
            {
                "version": __version__,
                "upstream": "emulator" if settings.emulated else settings.base_url,
                "emulated": settings.emulated,
                **{
                    name: None if value is None else value / 1000 for name, value in amounts.items()
                },
            }
        )

    async def tool(self, request: Request) -> Response:
        """Run a tool and return its text and its facts."""
        wanted = ToolRequest(
            name=request.path_params["name"],
            arguments=await self._object(request),
            key=request.headers.get("idempotency-key"),
            prefer=request.headers.getlist("prefer"),
        )
        return json_answer(await self._face.call_tool(wanted))

    async def operations(self, request: Request) -> Response:
        """Return the operations and local tools that the page has forms for."""
        if self._operations is None:
            self._operations = await to_thread.run_sync(OperationList.of, self._face.definitions())
        headers = {"etag": self._operations.etag, "cache-control": "private, no-cache"}
        if self._operations.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return json_answer(self._operations.entries, headers=headers)

    async def workflows(self, _request: Request) -> Response:
        """Return the templates and the saved plans."""
        return json_answer(
            await list_workflows(await self._face.get_studio(), self._example_prices)
        )

    async def save_workflow(self, request: Request) -> Response:
        """Save a plan in place of the version that was edited."""
        return await save_workflow(
            await self._face.get_studio(),
            request.path_params["name"],
            await self._object(request),
            if_match=request.headers.get("if-match"),
        )

    async def run(self, request: Request) -> Response:
        """Return the plan and the items of a run; REST has its state and results."""
        studio = await self._face.get_studio()
        return json_answer(await run_details(studio, request.path_params["id"]))

    async def plan(self, request: Request) -> Response:
        """Return the plan that a template makes of its arguments."""
        studio = await self._face.get_studio()
        return json_answer(await plan_of_template(studio, await self._object(request)))

    async def pictures(self, request: Request) -> Response:
        """Return links to the pictures of stored media; unknown and deleted ids are left out."""
        ids = (await self._object(request)).get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise UiProblemError(400, "invalid_arguments", "ids must be a list of media ids.")
        if len(ids) > MAX_PICTURES:
            raise UiProblemError(
                400, "invalid_arguments", f"ids must have at most {MAX_PICTURES} entries."
            )
        studio = await self._face.get_studio()
        found = await studio.media_of(dict.fromkeys(ids))
        return json_answer(
            {each.id: {form: self._links.link(each.id, form) for form in FORMS} for each in found}
        )

    async def _object(self, request: Request) -> Mapping[str, Any]:
        """Return the JSON object in the body of a request.

        Raises:
            UiProblemError: it is too large, or isn't valid.
        """
        body = bytearray()
        async for block in request.stream():
            body += block
            if len(body) > MAX_BODY_BYTES:
                raise UiProblemError(
                    413,
                    "too_large",
                    f"The request is larger than {MAX_BODY_BYTES:,} bytes. Nothing was charged.",
                )
        value = self._face.read_json(bytes(body)) if body else {}
        if not isinstance(value, dict):
            raise UiProblemError(400, "invalid_body", "The body must be a JSON object.")
        return value


def _answering(function: Endpoint) -> Endpoint:
    """Return an endpoint that turns every error into an answer."""

    async def answer(request: Request) -> Response:
        try:
            return await function(request)
        except ClientDisconnect:
            return Response(status_code=499)  # the page is closed
        except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes an answer
            return failure(error)

    return answer
