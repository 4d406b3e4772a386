"""Results for people: files with a name of their own and the right ending; blocking."""

import secrets
from dataclasses import replace
from pathlib import Path

from stability_mcp.client.answers import Answer, Generation
from stability_mcp.client.decode import decode
from stability_mcp.imaging.sniff import extension
from stability_mcp.operation import Operation


def spool(operation: type[Operation], folder: Path) -> Path:
    """Return a new name for a body that is under way."""
    return folder / f"{operation.name()}-{secrets.token_hex(5)}.part"


def save(operation: type[Operation], answer: Answer, body: Path) -> list[Generation]:
    """Turn a stored body into files beside it that are named like it.

    Raises:
        UnusableAnswerError: the body is not what was promised; it stays where it is.
    """
    generations = decode(operation, answer, body, body.parent)
    if operation.answer == "artifacts":
        body.unlink()
        return generations
    return [
        replace(made, path=body.rename(body.with_suffix(f".{extension(made.media_type)}")))
        for made in generations
    ]
