"""Accounts: an owner and the upstream that the owner's requests go to.

Every job, charge, rate-limit slot and result belongs to one account. A generation can only be
polled with the key that started it, and emulated pictures are never mistaken for paid ones.
"""

from dataclasses import dataclass

from stability_mcp.store.format import EMULATOR_ID

LOCAL_OWNER = "local"
"""Owner of all rows in a single-user store on this machine."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The API endpoint that requests go to, and the key that pays for them."""

    id: str
    """A keyed hash of base URL and API key that doesn't reveal the key; or `emulator`."""
    base_url: str

    @property
    def emulated(self) -> bool:
        """Return whether this is the built-in emulator, which never charges."""
        return self.id == EMULATOR_ID


@dataclass(frozen=True, kw_only=True)
class Account:
    """An owner and the id of an upstream."""

    owner: str
    upstream: str

    @property
    def emulated(self) -> bool:
        """Return whether the upstream is the built-in emulator."""
        return self.upstream == EMULATOR_ID

    @property
    def key(self) -> dict[str, str]:
        """Return the values for the columns `owner` and `upstream`."""
        return {"owner": self.owner, "upstream": self.upstream}


EMULATOR = Upstream(id=EMULATOR_ID, base_url="http://emulator")
"""The built-in emulator, which keeps its own state."""
