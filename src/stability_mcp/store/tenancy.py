"""Whose rows: an account is an owner and the upstream that the owner's requests go to.

Every job, charge, rate slot and result belongs to one account. A generation can be polled only with
the key that started it, and a picture of the emulator is never taken for a paid one.
"""

from dataclasses import dataclass

from stability_mcp.store.format import EMULATOR_ID

LOCAL_OWNER = "local"
"""The one user of a store on this machine."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where requests go and who pays."""

    id: str
    """A keyed hash of base URL and key, which cannot be turned back; `emulator`."""
    base_url: str

    @property
    def emulated(self) -> bool:
        """Return whether this is the built-in emulator: nothing is charged there."""
        return self.id == EMULATOR_ID


@dataclass(frozen=True, kw_only=True)
class Account:
    """The owner of rows, and the id of the upstream they belong to."""

    owner: str
    upstream: str

    @property
    def emulated(self) -> bool:
        """Return whether its upstream is the built-in emulator."""
        return self.upstream == EMULATOR_ID

    @property
    def key(self) -> dict[str, str]:
        """Return the values of the columns `owner` and `upstream`."""
        return {"owner": self.owner, "upstream": self.upstream}


EMULATOR = Upstream(id=EMULATOR_ID, base_url="http://emulator")
"""The built-in emulator; its state is its own."""
