"""Templates of workflows: one module each, named like the template.

To add a template
-----------------
Write a model of its arguments (`TemplateArguments`), whose docstring is the description that a
model reads, and an async function of (arguments, media), named like the module and decorated with
`@template`, that returns a `Plan`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stability_mcp.workflows.template import Template


@cache
def all_templates() -> Mapping[str, "Template"]:
    """Return every template by name."""
    from stability_mcp.workflows.template import Template

    modules = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    found = (value for module in modules for value in vars(module).values())
    return {each.name: each for each in found if isinstance(each, Template)}
