"""Balance: https://platform.stability.ai/docs/api-reference#tag/User/paths/balance."""

from typing import Annotated

from pydantic import AfterValidator

from stability_mcp.api.described import Described
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Spec

MAX_CREDITS = 1e12
"""Credits that no account has; a response with more, or with NaN, is invalid."""


def _check_balance(credits_left: float) -> float:
    if not abs(credits_left) < MAX_CREDITS:  # true of NaN as well
        raise ValueError("is not a number of credits")
    return credits_left


class CreditBalance(Described):
    """Credits left on the account."""

    credits: Annotated[float, AfterValidator(_check_balance)]
    """Credits left; 1 credit is 0.01 USD. Lags by a few minutes."""


class Balance(Query):
    """Read how many credits the Stability account has left.

    The figure lags by a few minutes, so it can't show what a call cost.
    """

    title = "Account balance"
    spec = Spec(method="GET", path="/v1/user/balance")
    result = CreditBalance
    example = {"credits": 0.6336833840314097}
