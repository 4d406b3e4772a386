"""The routes, one file per group; each constant that is a `RestRoute` is one.

To add a route, write a model of its arguments and an async function of (call, arguments), decorated
with `@route`. It calls the studio or a tool (`call.tool`) and makes no rule of its own.
"""

import importlib
import pkgutil
from functools import cache

from stability_mcp.rest.operation_routes import operation_routes
from stability_mcp.rest.route import RestRoute


@cache
def all_routes() -> tuple[RestRoute, ...]:
    """Return every route: those of the operations, then those of the files here."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    loaded = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = (value for module in loaded for value in vars(module).values())
    own = {each.name: each for each in found if isinstance(each, RestRoute)}
    return (*operation_routes(), *own.values())
