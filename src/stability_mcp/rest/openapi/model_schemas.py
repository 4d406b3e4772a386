"""Schemas of pydantic models as components of the OpenAPI document."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stability_mcp.api.wire_schema import Schema
from stability_mcp.rest.job_form import CallForm, JobForm
from stability_mcp.rest.run_form import RunForm

MODELS: tuple[type[BaseModel], ...] = (JobForm, CallForm, RunForm)
"""Models of the answers that many routes give."""

_PLACE = "#/components/schemas/"


class ModelSchemas:
    """The schemas of models, and of the models inside them, as components.

    Args:
        models: Models of answers.

    Raises:
        ValueError: two models have one name, and clients would have one type for both.
    """

    def __init__(self, models: Iterable[type[BaseModel]]) -> None:
        wanted = list(dict.fromkeys((*MODELS, *models)))
        places, full = models_json_schema(
            [(each, "serialization") for each in wanted], ref_template=f"{_PLACE}{{model}}"
        )
        self._names = {model: _name(place["$ref"]) for (model, _), place in places.items()}
        self.components: dict[str, Schema] = {}
        for key, schema in full["$defs"].items():
            name = _name(key)
            if name in self.components:
                raise ValueError(f"Two models are called {name}: rename one.")
            self.components[name] = as_answer(schema)

    def reference(self, model: type[BaseModel]) -> Schema:
        """Return a reference to the schema of one of the models."""
        return {"$ref": f"{_PLACE}{self._names[model]}"}


def _name(place: str) -> str:
    """Return the name of a component: types of clients are called Job, not JobForm.

    For a name that two models share, pydantic puts the module in front: `a__b__Job`.
    """
    return place.rpartition("/")[2].rpartition("__")[2].removesuffix("Form")


def as_answer(schema: Any) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return the schema of a part of an answer: what is absent is left out, never null."""
    if isinstance(schema, list):
        return [as_answer(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(branches) == 1 and len(branches) < len(schema["anyOf"]):
        about = {name: schema[name] for name in ("description",) if name in schema}
        return {**as_answer(branches[0]), **about}
    if "$ref" in schema:
        about = {key: each for key, each in schema.items() if key == "description"}
        return {"$ref": f"{_PLACE}{_name(schema['$ref'])}", **about}
    found = {
        name: as_answer(each)
        for name, each in schema.items()
        if name not in {"title", "default"} or isinstance(each, dict)
    }
    if found.get("type") == "object" and "properties" in found:
        needed = [
            name
            for name, each in schema["properties"].items()
            if {"type": "null"} not in each.get("anyOf", ())
        ]
        found["required"] = needed
        if not needed:
            del found["required"]
    return found
