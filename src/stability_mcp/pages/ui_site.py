"""The application of the web page: the built files, its API and its pictures, behind the guard."""

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from stability_mcp.pages.assets import INDEX, Assets
from stability_mcp.pages.page_guard import PageGuard
from stability_mcp.pages.page_token import PATH
from stability_mcp.pages.picture_links import PictureLinks
from stability_mcp.pages.ui_answers import UiProblemError, failure
from stability_mcp.pages.ui_api import UiApi
from stability_mcp.pages.ui_face import UiFace
from stability_mcp.pages.ui_pictures import UiPictures


def ui_app(face: UiFace, assets: Assets | None = None) -> ASGIApp:
    """Return the application; reads the built files, so call it in a thread.

    Args:
        face: What the program hands the page.
        assets: The built files; None: those of the package.
    """
    links = PictureLinks()
    served = partial(_asset, assets or Assets())
    app = Starlette(
        routes=[
            *UiApi(face, links).routes,
            *UiPictures(face, links).routes,
            Route(PATH, _to_page),
            Route(f"{PATH}/", served),
            Route(f"{PATH}/{{name}}", served),
        ],
        exception_handlers={HTTPException: _unknown},
    )
    app.router.redirect_slashes = False
    return PageGuard(app)


async def _to_page(_request: Request) -> Response:
    """Redirect to the page; browsers keep the fragment, which has the code."""
    return RedirectResponse(f"{PATH}/", 308)


async def _asset(assets: Assets, request: Request) -> Response:
    try:
        return assets.answer(request, request.path_params.get("name", INDEX))
    except UiProblemError as error:
        return failure(error)


async def _unknown(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that no route has."""
    status = getattr(error, "status_code", 404)
    text = f"There is no {request.method} {request.url.path[:200]}. Nothing was charged."
    return failure(UiProblemError(status, "not_found", text))
