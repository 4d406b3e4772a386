"""What a scenario is: a brief, the world it is played in, what a good result has, and a budget.

Scenarios are data. The scripted agent plays their calls; a person with a model only gets the brief.
Both are scored by `checker.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from stability_emulator.faults import Fault

LINK = "{link}"
"""In a brief or argument: the address at which the world serves its `links`."""

Era = Literal["auto", "legacy"]
"""An era of the protocol, as the SDK's client names it."""

RunState = Literal["running", "review", "paused", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Found:
    """A text that the agent copies from an earlier answer: the first group of a pattern."""

    pattern: str
    every: bool = False
    """All matches in the newest answer that has any, as a list; else the first one."""


class Call:
    """A call that the scripted agent makes.

    Args:
        tool: Name of the tool.
        arguments: Its arguments, with `Found` for what comes from an earlier answer.
    """

    is_refused = False

    def __init__(self, tool: str, /, **arguments: Any) -> None:  # noqa: ANN401 -- JSON or Found
        self.tool = tool
        self.arguments: Mapping[str, Any] = arguments


class Refused(Call):
    """A call that must be answered with an error, from which the agent learns what to do."""

    is_refused = True


@dataclass(frozen=True)
class NewKey:
    """The user stores another API key and restarts the server."""

    key: str


@dataclass(frozen=True)
class Restart:
    """The user restarts the host and with it the server."""


@dataclass(frozen=True)
class Credits:
    """The user buys credits."""

    credits: float


@dataclass(frozen=True)
class NetworkReturns:
    """The API can be reached from now on."""


Event = NewKey | Restart | Credits | NetworkReturns


@dataclass(frozen=True)
class Turn:
    """What the user says, and what the scripted agent does until the user speaks again."""

    says: str
    calls: Sequence[Call]
    happens: Sequence[Event] = ()
    """Before the user says it."""


@dataclass(frozen=True, kw_only=True)
class ApiAccount:
    """An account at an emulated API that runs as a separate server, used with a key."""

    key: str = "sk-evaluation-0123456789"
    """The key that the server is configured with."""
    credits: float = 100
    faults: Sequence[Fault] = ()
    is_reachable: bool = True


@dataclass(frozen=True, kw_only=True)
class World:
    """What the server finds on the machine."""

    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Content by path below the home folder."""
    settings: Mapping[str, object] = field(default_factory=dict)
    account: ApiAccount | None = None
    """None: no key, so the built-in emulator."""
    workspace: str | None = None
    """Folder that the client names as its workspace."""
    clipboard: str | None = None
    """File whose content the user copied."""
    links: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Content by path below `LINK`."""

    @property
    def is_for_people(self) -> bool:
        """Return whether a person can play in it: only the scripted agent trusts the links."""
        return not self.links


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The most that a good conversation uses."""

    calls: int
    bytes: int
    """Of all answers, as JSON; a preview counts as 88,000."""
    credits: float = 0


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """Files that the user gets, in the output folder or in an archive there."""

    pattern: str
    """Path below the output folder with wildcards, in any folder there if it names none; below the
    home folder with `~/`. `a.zip!*.png` is a member of an archive."""
    count: int = 1
    format: str | None = None
    """As Pillow names it; or WAV, MP3, GLB."""
    size: tuple[int, int] | None = None
    min_size: tuple[int, int] | None = None
    is_square: bool = False
    has_transparency: bool | None = None
    max_bytes: int | None = None
    seconds: float | None = None
    """Length of a sound, within a tenth of a second."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One conversation."""

    name: str
    conversation: str
    """What it is about, as in the list of conversations."""
    turns: Sequence[Turn]
    allowed: Sequence[str]
    """Tools that a good agent may call, with wildcards."""
    good: Sequence[str]
    """What a good result has, for people; the checker sees `files`, `charges` and `answers`."""
    bad: Sequence[str]
    """What a bad agent does."""
    budget: Budget
    charges: Mapping[str, int] = field(default_factory=dict)
    """Charged results by tool, with wildcards; nothing else may be charged."""
    files: Sequence[Delivered] = ()
    answers: Sequence[str] = ()
    """Patterns that the answers must contain, each at least once."""
    pictures: int = 0
    """Previews that the answers must contain, at least."""
    runs: Mapping[RunState, int] = field(default_factory=dict)
    """Number of workflow runs by state at the end."""
    user: Sequence[str] = ()
    """The user's answers to the server's questions, in order: yes or no."""
    world: World = field(default_factory=World)
    calls_before: str = ""
    """Calls that it took before there were workflows, where they were counted."""

    @property
    def brief(self) -> str:
        """Return everything the user says."""
        return "\n\n".join(turn.says for turn in self.turns)

    @property
    def eras(self) -> Sequence[Era]:
        """Return the protocol eras it can be played in: the newest has no workspace folders."""
        return ("legacy",) if self.world.workspace else ("auto", "legacy")

    @property
    def calls(self) -> list[Call]:
        """Return the scripted agent's calls."""
        return [call for turn in self.turns for call in turn.calls]
