"""Balance: https://platform.stability.ai/docs/api-reference#tag/User/paths/balance."""

from pydantic import BaseModel, ConfigDict

from stability_mcp.operation import Query, Spec


class CreditBalance(BaseModel):
    """Credits left on the account."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    credits: float
    """Credits left; 1 credit is 0.01 USD. The figure lags some minutes behind."""


class Balance(Query):
    """Read how many credits the Stability account has left.

    The figure lags behind by minutes, so differences do not show what a call cost.
    """

    spec = Spec(method="GET", path="/v1/user/balance")
    result = CreditBalance
    example = {"credits": 0.6336833840314097}
