"""Files to send: found, opened and recognised; blocking."""

from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

from stability_mcp.client.answers import SentFile
from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
)
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.operation import Operation
from stability_mcp.wording import quoted


def open_input(field: str, path: Path) -> BufferedReader:
    """Open a file that is sent as a field.

    Raises:
        FileMissingError: it is not there.
        FileForbiddenError: it may not be read.
        FileUnusableError: it cannot be read.
    """
    named = f"The file of {field}, {quoted(path.name)},"
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FileMissingError(f"{named} is not there.", cure="Name one that is.") from None
    except PermissionError:
        raise FileForbiddenError(f"{named} may not be read.", cure="Allow reading it.") from None
    except (OSError, ValueError) as error:
        raise FileUnusableError(f"{named} cannot be read ({type(error).__name__}).") from None


def recognised(operation: Operation, files: Mapping[str, Path] | None) -> dict[str, SentFile]:
    """Return what is sent for each file field that has a value.

    Args:
        operation: The request.
        files: Paths by field; for fields that are not in it, their value is the path.

    Raises:
        ArgumentsError: a file is given for a field that takes none.
        InputFileError: a file is not there, cannot be read, or is of the wrong kind.
    """
    marks = operation.file_fields()
    for field in (files or {}).keys() - marks.keys():
        raise ArgumentsError(f"{operation.name()} takes no file called {quoted(field)}.")
    sent = {}
    for field, mark in marks.items():
        value = getattr(operation, field)
        if value is None:
            continue
        path = (files or {}).get(field) or Path(value).expanduser()
        with open_input(field, path) as file:
            found = media_type(file.read(HEAD_BYTES))
        if found is None or found.partition("/")[0] != mark.media:
            raise FileUnusableError(
                f"The file of {field}, {quoted(path.name)}, is no {mark.media}.",
                cure=f"{operation.name()} takes {', '.join(mark.limits.formats)}.",
            )
        sent[field] = SentFile(path=path, media_type=found)
    return sent
