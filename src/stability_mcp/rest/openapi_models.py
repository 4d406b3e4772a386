"""Schemas of pydantic models as components of the OpenAPI document."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stability_mcp.api.wire_schema import Schema
from stability_mcp.rest.job_form import CallForm, JobForm
from stability_mcp.rest.run_form import RunForm

MODELS: tuple[type[BaseModel], ...] = (JobForm, CallForm, RunForm)
"""Models of the answers that many routes give."""

_TEMPLATE = "#/components/schemas/{model}"


def model_components(models: Sequence[type[BaseModel]]) -> dict[str, Schema]:
    """Return the schemas of models and of the models inside them, by component name."""
    _, full = models_json_schema(
        [(each, "serialization") for each in models], ref_template=_TEMPLATE
    )
    return {component_name(name): as_answer(each) for name, each in full["$defs"].items()}


def model_reference(model: type[BaseModel], schemas: dict[str, Schema]) -> Schema:
    """Return a reference to a model's schema, after adding it to the components."""
    schemas |= model_components([model])
    return {"$ref": _TEMPLATE.format(model=component_name(model.__name__))}


def component_name(name: str) -> str:
    """Return the name of a model's component: types of clients are called Job, not JobForm."""
    return name.removesuffix("Form")


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
        place, _, name = schema["$ref"].rpartition("/")
        about = {key: each for key, each in schema.items() if key == "description"}
        return {"$ref": f"{place}/{component_name(name)}", **about}
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
