"""Models whose field descriptions are the docstrings below the fields, read on demand."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Described(BaseModel):
    """A model whose fields are described by their docstrings.

    Pydantic's `use_attribute_docstrings` reads the sources of all rows on import, which takes most
    of the import time. Only schemas need the descriptions, so this class reads them for a schema.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the docstring of each field to the schema as its description."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in _field_docstrings(cls).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return schema


@cache
def _field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each field of a model and its bases."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Described):
            try:
                source = inspect.getsource(base)
            except OSError:  # a class created at run time, or no sources installed
                continue
            found |= _docstrings_in(ast.parse(dedent(source)).body[0])
    return found


def _docstrings_in(tree: ast.stmt) -> dict[str, str]:
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
