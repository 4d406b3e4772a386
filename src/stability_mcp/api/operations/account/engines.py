"""Engines: https://platform.stability.ai/docs/api-reference#tag/Engines/paths/list."""

from typing import Any

from pydantic import BaseModel

from stability_mcp.api.described import Described
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Spec


class Engine(Described):
    """One engine of API version 1."""

    id: str
    """Value for engine_id."""
    name: str = ""
    """Engine name."""
    description: str = ""
    """Description."""
    type: str = ""
    """Kind of result: PICTURE, AUDIO, VIDEO, TEXT, CLASSIFICATION or STORAGE."""


class EngineList(Described):
    """The engines this account may use."""

    engines: list[Engine]
    """In the API's order."""


class Engines(Query):
    """List the engines that the v1 operations can use on this account.

    Other operations need no engine.
    """

    title = "List v1 engines"
    spec = Spec(method="GET", path="/v1/engines/list")
    result = EngineList
    example = [
        {
            "description": "Stability-AI Stable Diffusion XL v1.0",
            "id": "stable-diffusion-xl-1024-v1-0",
            "name": "Stable Diffusion XL v1.0",
            "type": "PICTURE",
        }
    ]

    @classmethod
    def read(cls, body: Any) -> BaseModel:  # noqa: ANN401 -- JSON of any shape
        """Wrap the bare list that the API returns in a result."""
        return cls.result.model_validate({"engines": body})
