"""Prompts: menu entries for the user that become instructions for the model.

To add a prompt
---------------
Write a model of its arguments (`PromptArguments`), whose docstring people read in the menu, and an
async function of (given, context), named like the prompt and decorated with `@prompt`, that returns
the instructions; then name it in `PROMPTS`. A plan in them is printed by `plan_section`, and a test
plans it. Nothing heavy may be imported here: the server imports this package when it starts.
"""

from collections.abc import Mapping

from stability_mcp.server.prompts.director import ai_director
from stability_mcp.server.prompts.music import make_a_song
from stability_mcp.server.prompts.pictures import edit_picture, product_photos, restore_photo
from stability_mcp.server.prompts.prompt_definition import PromptContext, PromptDefinition
from stability_mcp.server.prompts.series import brand_look, compare_models, storyboard

_EVERY = (
    ai_director,
    edit_picture,
    product_photos,
    storyboard,
    restore_photo,
    brand_look,
    make_a_song,
    compare_models,
)
PROMPTS: Mapping[str, PromptDefinition] = {each.name: each for each in _EVERY}
"""Every prompt in the order in which it is listed."""


def offered_prompts(enabled: frozenset[str]) -> tuple[PromptDefinition, ...]:
    """Return the prompts that work with these tools."""
    return tuple(each for each in PROMPTS.values() if each.needs <= enabled)


__all__ = ["PROMPTS", "PromptContext", "PromptDefinition", "offered_prompts"]
