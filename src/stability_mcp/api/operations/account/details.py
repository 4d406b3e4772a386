"""Account: https://platform.stability.ai/docs/api-reference#tag/User/paths/account."""

from stability_mcp.api.described import Described
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Spec


class Organization(Described):
    """An organization that the user belongs to."""

    id: str
    """Its id."""
    name: str = ""
    """Its name."""
    role: str = ""
    """What the user is in it."""
    is_default: bool = False
    """Whether it is billed unless another one is named."""


class AccountDetails(Described):
    """The user that the API key belongs to."""

    id: str
    """The user's id."""
    email: str
    """The user's address."""
    organizations: list[Organization] = []
    """Where the user belongs."""
    profile_picture: str | None = None
    """URL of the user's picture."""


class Details(Query):
    """Show whose Stability account it is and which organizations it belongs to.

    For credits left use `account_balance`.
    """

    spec = Spec(method="GET", path="/v1/user/account")
    result = AccountDetails
    example = {
        "id": "user-1234",
        "email": "someone@example.com",
        "organizations": [
            {"id": "org-5678", "name": "Personal", "role": "MEMBER", "is_default": True}
        ],
    }
