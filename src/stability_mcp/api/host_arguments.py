"""Arguments that hosts and agent frameworks add to the calls of every tool.

They aren't the model's and have no meaning here, so they are left out. A row is added when a host
is seen to send a name, with the report as its source. Names that begin with `_` need no row: hosts
use them for themselves (`_meta`, moltis-org/moltis#182).
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class HostArgument:
    """A name that a host adds."""

    name: str
    host: str
    source: str
    """Where it was seen."""
    only_with: str = ""
    """Another name that the host then adds, too; for names that a model could also mean."""


HOST_ARGUMENTS = (
    HostArgument(
        "random_string",
        "Cursor",
        'stand-in "Dummy parameter for no-parameter tools", declared by 10 public servers',
    ),
    HostArgument("task_progress", "Cline", "cline/cline#8256, #9684, #9919, #10426"),
    HostArgument("toolCallId", "n8n", "n8n-io/n8n#21500, #21716"),
    HostArgument("tool", "n8n", "n8n-io/n8n#21500, #35067", only_with="toolCallId"),
    HostArgument(
        "wait_for_previous",
        "Gemini CLI",
        "parameter of its scheduler, removed by hand in several public servers and clients",
    ),
)

_ROWS = {each.name: each for each in HOST_ARGUMENTS}


def is_from_host(name: str, given: Container[str]) -> bool:
    """Return whether the host added an argument that the tool doesn't have.

    Args:
        name: The name of the argument.
        given: Names of all arguments of the call.
    """
    if name.startswith("_"):
        return True
    row = _ROWS.get(name)
    return row is not None and (not row.only_with or row.only_with in given)


def without_host_arguments(given: Iterable[str], known: Container[str]) -> list[str]:
    """Return the names without those that the host added; a known name is never the host's."""
    names = list(given)
    return [name for name in names if name in known or not is_from_host(name, names)]
