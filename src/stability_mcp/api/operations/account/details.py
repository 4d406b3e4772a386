"""Account: https://platform.stability.ai/docs/api-reference#tag/User/paths/account."""

from stability_mcp.api.described import Described
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Spec


class Organization(Described):
    """An organization that the user belongs to."""

    id: str
    """Organization id."""
    name: str = ""
    """Organization name."""
    role: str = ""
    """The user's role in it."""
    is_default: bool = False
    """Whether it is billed by default."""


class AccountDetails(Described):
    """The user that the API key belongs to."""

    id: str
    """User id."""
    email: str
    """Email address."""
    organizations: list[Organization] = []
    """Organizations of the user."""
    profile_picture: str | None = None
    """URL of the profile picture."""


class Details(Query):
    """Show which Stability account the API key belongs to, and its organizations.

    For credits left: `account_balance`.
    """

    title = "Account details"
    spec = Spec(method="GET", path="/v1/user/account")
    result = AccountDetails
    example = {
        "id": "user-1234",
        "email": "someone@example.com",
        "organizations": [
            {"id": "org-5678", "name": "Personal", "role": "MEMBER", "is_default": True}
        ],
    }
