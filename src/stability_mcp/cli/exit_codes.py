"""Exit codes by kind of error, so that a script can tell what to do without reading the text."""

import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NoReturn

from stability_mcp import errors
from stability_mcp.errors import StudioError
from stability_mcp.text import CHARGES

SUCCESS = 0
OTHER = 1
USAGE = 2
SETTING = 3
INPUT_FILE = 4
NOT_FOUND = 5
LIMIT = 6
API = 7
MAYBE_CHARGED = 8
CHARGED = 9

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        SUCCESS: "Success.",
        OTHER: "Another error, such as a full disk, or a bug. Not charged.",
        USAGE: "The command or an argument of the tool is wrong. Not charged.",
        SETTING: "A setting, or a host's configuration, is wrong. Not charged.",
        INPUT_FILE: "An input file is missing, not allowed or unusable. Not charged.",
        NOT_FOUND: "No tool, media or job has that name. Not charged.",
        LIMIT: "The daily budget would be exceeded, or the price needs approval. Not charged.",
        API: "The API refused the request or could not be reached. Not charged.",
        MAYBE_CHARGED: "The outcome is unknown; it may have been charged.",
        CHARGED: "It was charged, but the result cannot be used.",
    }
)
"""What each exit code means; the documentation has the same table."""

_BY_KIND: Mapping[type[Exception], int] = MappingProxyType(
    {
        errors.ArgumentsError: USAGE,
        errors.ConfigurationError: SETTING,
        errors.InputFileError: INPUT_FILE,
        errors.NotFoundError: NOT_FOUND,
        errors.BudgetError: LIMIT,
        errors.ConfirmationError: LIMIT,
        errors.JobError: API,
        errors.RequestError: API,
    }
)
_BY_CHARGE: Mapping[str, int] = MappingProxyType(
    {CHARGES["unknown"]: MAYBE_CHARGED, CHARGES["yes"]: CHARGED}
)


def code_of(kind: str, charged: str) -> int:
    """Return the exit code of an error.

    Args:
        kind: The name of its class; a name that isn't one of this package's errors is a bug.
        charged: Its charge in the words of `text.CHARGES`; money matters more than the kind.
    """
    if charged in _BY_CHARGE:
        return _BY_CHARGE[charged]
    found = getattr(errors, kind, None)
    if not isinstance(found, type):
        return OTHER
    return next((_BY_KIND[each] for each in found.__mro__ if each in _BY_KIND), OTHER)


def exit_with(error: StudioError) -> NoReturn:
    """Print an error on stderr and exit with the code of its kind."""
    text = error.startup_text if isinstance(error, errors.ConfigurationError) else str(error)
    sys.stderr.write(f"stability-mcp: {text}\n")
    sys.exit(code_of(type(error).__name__, CHARGES[error.charged]))


def studio_error_in(error: BaseException) -> StudioError | None:
    """Return the only `StudioError` of an exception, which may be a group; None: there isn't one.

    A task group wraps what is raised within it in a group.
    """
    found = list(_leaves(error))
    return found[0] if len(found) == 1 and isinstance(found[0], StudioError) else None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
