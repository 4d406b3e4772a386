"""The paths of the operations' routes: those of the API, without its versions and products.

Length: routes and error texts need it, and neither may import the other.
"""

from stability_mcp.api.operation import Operation

_PREFIXES = (
    ("/v2beta/stable-image/", "/"),
    ("/v2beta/audio/stable-audio-2/", "/audio/"),
    ("/v2beta/audio/stable-audio/", "/audio3/"),
    ("/v2beta/", "/"),
    ("/v1/generation/", "/v1/generation/"),
    ("/v1/", "/"),
)
"""Beginnings of the API's paths, and what they become; the first that fits counts."""


def operation_path(row: type[Operation]) -> str:
    """Return the path of an operation's route."""
    path = row.spec.path
    for given, ours in _PREFIXES:
        if path.startswith(given):
            return ours + path.removeprefix(given)
    return path
